//! Weight files: what is read, and what is refused.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use dlm_nn::{
    bert::{Heads, Model, TIED},
    folder::{self, Folder},
    weights::{Checkpoint, Element, write},
};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn refused(path: &Path) -> String {
    let error = Checkpoint::open(path).unwrap_err();
    format!("{}; hint: {}", error.chain(), error.hint().unwrap_or("none"))
}

#[test]
fn both_forms_of_a_file_hold_the_same_model() {
    let folder = Folder::open(golden("tiny")).unwrap();
    let torch = Checkpoint::open(golden("tiny.bin")).unwrap();
    let names: Vec<&str> = torch.entries().iter().map(|entry| entry.name.as_str()).collect();
    assert!(names.contains(&"cls.predictions.decoder.weight"), "tied weights stand under both names");
    let (first, second) =
        (folder.model().unwrap(), Model::from_checkpoint(folder.config().clone(), torch).unwrap());
    assert_eq!(first.weights(), second.weights());
    for index in 0..first.weights().len() {
        assert_eq!(first.values(index).unwrap(), second.values(index).unwrap());
    }
}

/// GROVER's file holds the pooler, both names of tied weights, and 206 tensors for its twelve layers.
#[test]
fn every_tensor_of_a_published_layout_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let config = Folder::open(golden("tiny")).unwrap().config().clone();
    let fresh = Model::random(config.clone(), Heads::BOTH, 5);
    let values: Vec<_> = (0..fresh.weights().len()).map(|index| fresh.values(index).unwrap()).collect();
    let mut tensors: Vec<_> = fresh
        .weights()
        .iter()
        .zip(&values)
        .map(|(weight, values)| {
            (weight.parameter.name.as_str(), weight.parameter.shape.as_slice(), values.as_slice())
        })
        .collect();
    for (second, first) in TIED {
        let own = *tensors.iter().find(|(name, ..)| *name == first).unwrap();
        tensors.push((second, own.1, own.2));
    }
    assert_eq!(tensors.len(), 5 + 16 * config.layers + 7 + 2);
    let path = folder.path().join("model.safetensors");
    write(&path, &tensors, Element::F32).unwrap();
    let model = Model::from_checkpoint(config.clone(), Checkpoint::open(&path).unwrap()).unwrap();
    assert!(model.heads().pooler);
    assert_eq!(model.parameters(), fresh.parameters());
    // Each tensor is asked for: without any one of them but a second name, the file is refused, and the error names it.
    for left_out in 0..tensors.len() {
        let mut fewer = tensors.clone();
        let (name, ..) = fewer.remove(left_out);
        write(&path, &fewer, Element::F32).unwrap();
        let opened = Model::from_checkpoint(config.clone(), Checkpoint::open(&path).unwrap());
        match opened {
            Ok(_) => assert!(TIED.iter().any(|(second, _)| *second == name), "{name} is not missed"),
            Err(error) => assert!(error.to_string().contains(&format!("missing {name}")), "{error}"),
        }
    }
    // A decoder of its own is another architecture.
    let mut other = values[0].clone();
    other[20] += 1.0;
    let at = tensors.len() - 2;
    tensors[at].2 = &other;
    write(&path, &tensors, Element::F32).unwrap();
    let error = Model::from_checkpoint(config, Checkpoint::open(&path).unwrap()).unwrap_err();
    assert!(error.to_string().contains("cls.predictions.decoder.weight differs"), "{error}");
}

#[test]
fn narrow_numbers_are_read_as_they_were_rounded() {
    let folder = tempfile::tempdir().unwrap();
    let values = [0.1, -1.5, 65_504.0, 1e-3];
    for (element, expected) in [
        (Element::F32, values),
        (Element::F16, [0.099_975_586, -1.5, 65_504.0, 0.001_000_404_4]),
        (Element::Bf16, [0.100_097_656, -1.5, 65_536.0, 0.000_999_450_7]),
    ] {
        let path = folder.path().join("w.safetensors");
        write(&path, &[("w", &[2, 2], &values)], element).unwrap();
        let mut read = [0.0; 4];
        Checkpoint::open(&path).unwrap().read("w", &mut read).unwrap();
        assert_eq!(read, expected, "{element:?}");
    }
    let path = folder.path().join("wide.safetensors");
    let error = write(&path, &[("w", &[2], &[1.0, 70_000.0])], Element::F16).unwrap_err();
    assert!(error.chain().contains("\"w\" holds 70000, beyond half precision"), "{}", error.chain());
    assert!(!path.exists());
}

#[test]
fn headers_that_lie_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let header = |text: &str, rest: usize| {
        let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
        bytes.extend(text.as_bytes());
        bytes.extend(vec![0; rest]);
        bytes
    };
    for (bytes, part) in [
        (b"abc".to_vec(), "too short"),
        ([u64::MAX.to_le_bytes().as_slice(), b"{}"].concat(), "header has 18446744073709551615 bytes"),
        ([(1_u64 << 40).to_le_bytes().as_slice(), b"{}"].concat(), "header has 1099511627776 bytes"),
        (header("{not json", 0), "wrong header"),
        (header(r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4), "and has"),
        (header(r#"{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8), "wrong header"),
        (
            header(r#"{"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}"#, 8),
            "wrong header",
        ),
        (header(r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}"#, 16), "wrong header"),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = refused(&path);
        assert!(error.contains(part) && error.contains("w.safetensors"), "{error}");
    }
}

/// Writes an archive as PyTorch would.
fn archive(folder: &Path, pickle: &[u8], method: CompressionMethod) -> PathBuf {
    let path = folder.join("pytorch_model.bin");
    let mut zip = ZipWriter::new(fs::File::create(&path).unwrap());
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in [("data.pkl", pickle), ("data/0", [0; 16].as_slice())] {
        zip.start_file(format!("archive/{name}"), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    path
}

/// A pickle of one tensor of two by two, with one part replaced.
fn tensor(from: &[u8], to: &[u8]) -> Vec<u8> {
    let honest = b"\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storage\
        ctorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQK\x00K\x02K\x02\x86K\x02K\x01\x86\
        \x89ccollections\nOrderedDict\n)RtRs.";
    if from.is_empty() {
        return honest.to_vec();
    }
    let at = honest.windows(from.len()).position(|part| part == from).unwrap();
    [&honest[..at], to, &honest[at + from.len()..]].concat()
}

#[test]
fn an_honest_archive_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = archive(folder.path(), &tensor(b"", b""), CompressionMethod::Stored);
    let checkpoint = Checkpoint::open(&path).unwrap();
    assert_eq!(checkpoint.entries()[0].shape, [2, 2]);
    let mut values = [1.0; 4];
    checkpoint.read("w", &mut values).unwrap();
    assert_eq!(values, [0.0; 4]);
}

#[test]
fn programs_in_archives_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    for (pickle, part) in [
        // What `pickle.dumps` makes of an object whose __reduce__ is (os.system, ("touch /tmp/x",)).
        (b"\x80\x02cos\nsystem\nX\x0c\x00\x00\x00touch /tmp/x\x85R.".to_vec(), "asks for os.system"),
        (b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.".to_vec(), "asks for builtins.eval"),
        (tensor(b"ctorch._utils\n_rebuild_tensor_v2\n", b"cposix\nsystem\n"), "asks for posix.system"),
        (tensor(b"ctorch\nFloatStorage\n", b"ctorch\nload\n"), "asks for torch.load"),
        (b"\x80\x02(X\x01\x00\x00\x00xios\nsystem\n.".to_vec(), "asks for INST"),
        (b"\x80\x02)\x81.".to_vec(), "asks for NEWOBJ"),
        (b"\x80\x02}b.".to_vec(), "a state for what is no dictionary"),
        (tensor(b"X\x01\x00\x00\x000", b"X\x06\x00\x00\x00../../"), "a storage called"),
        (tensor(b"K\x00K\x02K\x02\x86", b"K\x01K\x02K\x02\x86"), "4 numbers from number 1 on"),
        (tensor(b"K\x02K\x01\x86\x89", b"K\x01K\x02\x86\x89"), "do not lie one after the other"),
        (tensor(b"K\x00K\x02K\x02\x86", b"K\x00J\xff\xff\xff\xffK\x02\x86"), "a negative size"),
        (tensor(b"tRs.", b"tRs"), "cut off"),
        (b"\x80\x02j\xff\xff\xff\xff.".to_vec(), "where nothing was put"),
        (b"\x80\x02K\x01r\xff\xff\xff\x7f.".to_vec(), "far beyond"),
        (b"\x80\x02K\x01.".to_vec(), "no dictionary"),
        (b"hello".to_vec(), "asks for"),
    ] {
        let path = archive(folder.path(), &pickle, CompressionMethod::Stored);
        let error = refused(&path);
        assert!(error.contains(part) && error.contains("pytorch_model.bin"), "{part}: {error}");
    }
    let path = archive(folder.path(), &tensor(b"", b""), CompressionMethod::Deflated);
    assert!(refused(&path).contains("compressed"));
}

#[test]
fn a_folder_says_how_its_model_cuts_dna() {
    let folder = tempfile::tempdir().unwrap();
    let model = Model::random(Folder::open(golden("tiny")).unwrap().config().clone(), Heads::BOTH, 1);
    let spec = |tokenizer| {
        let path = folder.path().join(format!("{tokenizer:?}").chars().take(4).collect::<String>());
        folder::write(&path, &model, tokenizer, Element::F16).unwrap();
        assert!(Folder::is_one(&path));
        let spec = Folder::open(&path).unwrap().tokenizer().unwrap();
        spec.trim_start_matches(&path.display().to_string()).to_owned()
    };
    assert_eq!(spec(folder::Tokenizer::Spec("kmer:2")), "kmer:2");
    assert_eq!(spec(folder::Tokenizer::Json("{}")), "/tokenizer.json");
    assert_eq!(spec(folder::Tokenizer::Vocabulary("[PAD]\n")), "/vocab.txt");
    let own = folder.path().join("Spec/dlm.json");
    fs::write(&own, r#"{"tokeniser": "kmer:2"}"#).unwrap();
    let error = Folder::open(folder.path().join("Spec")).unwrap().tokenizer().unwrap_err().to_string();
    assert!(error.contains("dlm.json") && error.contains("tokeniser"), "{error}");
    fs::remove_file(own).unwrap();
    let error = Folder::open(folder.path().join("Spec")).unwrap().tokenizer().unwrap_err().to_string();
    assert!(error.contains("no tokenizer.json and no vocab.txt"), "{error}");
    let error = Folder::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("config.json"), "{error}");
}
