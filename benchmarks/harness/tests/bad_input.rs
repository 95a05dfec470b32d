//! Every command on what it cannot read, on a disk that is full, and stopped at several moments: an error that names what
//! and where, the right exit code, and nothing left behind.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::Duration,
};

use dlm_sdk::{dna, random::Stream};
use flate2::{Compression, write::GzEncoder};

/// What a command reads, as a word that ends in `BAD` with the ending of its kind; everything else is sound.
const READERS: [&str; 25] = [
    "tokenizer train --fasta BAD.fa --merges 5 --output made.json",
    "tokenizer train --fasta good.fa --exclude BAD.bed --merges 5 --output made.json",
    "tokenizer encode --tokenizer char --fasta BAD.fa --format jsonl --output made.jsonl",
    "tokenizer encode --tokenizer char --fasta good.fa BAD.fa --format npy --output made.npy",
    "tokenizer encode --tokenizer char --fasta BAD.fa --format parquet --output made.parquet",
    "tokenizer encode --tokenizer BAD.json --fasta good.fa --format jsonl --output made.jsonl",
    "tokenizer genome --tokenizer char --fasta BAD.fa --output made.store",
    "tokenizer genome --tokenizer BAD.json --fasta good.fa --output made.store",
    "tokenizer report --tokenizer char --fasta BAD.fa --output made",
    "tokenizer report --tokenizer BAD.json --fasta good.fa --output made",
    "task show next-kmer:6,genome=BAD.fa",
    "task show promoter-tss,tss=BAD.bed --genome good.fa",
    "task show promoter-tss,tss=good.bed --genome BAD.fa",
    "task init --from BAD.csv --output made",
    "task init --from BAD.tsv --output made",
    "task init --from BAD.fa --output made",
    "task init --from good.fa --negatives BAD.fa --output made",
    "task init --from BAD.bed --genome good.fa --output made",
    "task init --from good.bed --genome BAD.fa --output made",
    "bench plan --config BAD.toml",
    "bench run --config BAD.yaml --output-path made",
    "bench run --tasks next-kmer:6 --baselines majority --genome BAD.fa --output-path made",
    "bench run --tasks next-kmer:6 --baselines tfidf:BAD.json --genome good.fa --output-path made",
    "quickstart --fasta BAD.fa --tss good.bed --output made",
    "quickstart --fasta good.fa --tss BAD.bed --output made",
];

/// What reads a folder, or a file of a fixed digest: it must not be anything else.
const FOLDERS: [&str; 9] = [
    "task show ./BAD",
    "bench run --tasks ./BAD --baselines majority --output-path made",
    "bench status BAD",
    "compare BAD --a majority --b lookup",
    "report BAD --output made.html",
    "tokenizer genome --tokenizer char --from-pickles BAD --output made.store",
    "task show gue/tf/0 --data BAD",
    "data fetch human-chr21 --from-file BAD",
    "data fetch human-genes --from-file BAD",
];

fn bases(stream: &mut Stream, length: usize) -> String {
    (0..length).map(|_| char::from(dna::BASES[stream.below(4)])).collect()
}

/// A folder with sound files of `length` bases.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new(length: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut stream = Stream::new(5, "genome");
        let mut fasta = String::new();
        for chromosome in 1..=2 {
            writeln!(fasta, ">chr{chromosome}\n{}", bases(&mut stream, length)).unwrap();
        }
        let (mut starts, mut table) = (String::new(), "sequence,label\n".to_owned());
        for gene in 0..40 {
            let at = 1_000 + gene * length / 50;
            writeln!(starts, "chr1\t{at}\t{}\tG{gene}\t0\t+", at + 1).unwrap();
        }
        for row in 0..400 {
            writeln!(table, "{},{}", bases(&mut stream, 200), row % 2).unwrap();
        }
        fs::write(folder.path().join("good.fa"), fasta).unwrap();
        fs::write(folder.path().join("good.bed"), starts).unwrap();
        fs::write(folder.path().join("good.csv"), table).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn dlm(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dlm"));
        command.current_dir(self.folder.path()).env("DLM_CACHE", self.path("cache"));
        command.args(line.split_whitespace());
        command
    }

    /// Everything in the folder, at any depth.
    fn files(&self) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path.clone());
                }
                found.insert(path);
            }
        }
        found
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::default());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// Puts something that is no input in the place of a file.
fn spoil(kind: &str, path: &Path, sound: &[u8]) {
    match kind {
        "missing" => {}
        "a folder" => fs::create_dir(path).unwrap(),
        "empty" => fs::write(path, "").unwrap(),
        "blank" => fs::write(path, "\n\n\n").unwrap(),
        "binary" => fs::write(path, (0..=255).cycle().take(5_000).collect::<Vec<u8>>()).unwrap(),
        "cut gzip" => {
            let whole = gzip(sound);
            fs::write(path, &whole[..whole.len() - 9]).unwrap();
        }
        "damaged gzip" => {
            let mut whole = gzip(sound);
            let middle = whole.len() / 2;
            whole[middle..middle + 4].fill(0x55);
            fs::write(path, whole).unwrap();
        }
        _ => unreachable!("{kind}"),
    }
}

/// Words of a line with the name of the spoilt file, and the sound twin of that file.
fn name_of(line: &str) -> (String, &'static str) {
    let word = line.split([' ', '=', ':']).find(|word| word.contains("BAD")).unwrap();
    let twin = match word.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "fa" => "good.fa",
        "bed" => "good.bed",
        _ => "good.csv",
    };
    (word.trim_start_matches("./").to_owned(), twin)
}

fn check_refusal(
    place: &Place,
    before: &BTreeSet<PathBuf>,
    line: &str,
    what: &str,
    name: &str,
    output: &Output,
) {
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{line} ({what}): {told}");
    assert!(told.starts_with("error: ") || told.contains("\nerror: "), "{line} ({what}): {told}");
    assert!(told.contains(name), "{line} ({what}): does not name the file: {told}");
    assert!(!told.contains("panicked") && !told.contains("bug in dlm"), "{line} ({what}): {told}");
    assert!(output.stdout.is_empty(), "{line} ({what}): {}", text(&output.stdout));
    let left: Vec<_> = place.files().difference(before).cloned().collect();
    let left: Vec<_> = left.into_iter().filter(|path| !path.starts_with(place.path("cache"))).collect();
    assert!(left.is_empty(), "{line} ({what}): left {left:?}");
}

#[test]
fn what_cannot_be_read_is_named() {
    let place = Place::new(30_000);
    for line in READERS.iter().chain(&FOLDERS) {
        let (name, twin) = name_of(line);
        let sound = fs::read(place.path(twin)).unwrap();
        let folder = !name.contains('.');
        for kind in ["missing", "a folder", "empty", "blank", "binary", "cut gzip", "damaged gzip"] {
            spoil(kind, &place.path(&name), &sound);
            let before = place.files();
            let output = place.dlm(line).output().unwrap();
            // An empty folder lacks the file that would be there, whose name is then told.
            let told = if folder && kind == "a folder" { "" } else { name.as_str() };
            check_refusal(&place, &before, line, kind, told, &output);
            let path = place.path(&name);
            let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        }
    }
}

/// A line that never ends must not fill the memory.
#[test]
fn a_line_without_end_is_refused() {
    let place = Place::new(30_000);
    for line in READERS {
        let (name, _) = name_of(line);
        let start = match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
            "fa" => ">",
            "json" => "{\"a\":\"",
            "bed" => "chr1\t",
            _ => "sequence,label",
        };
        // Names decide how a file is read, so the endless file has one.
        let made = Command::new("mkfifo").arg(place.path(&name)).status().unwrap();
        assert!(made.success());
        let before = place.files();
        let script = format!(
            "(printf '%s' '{start}'; yes ACGT | tr -d '\\n') >{name} 2>/dev/null & feeder=$!\n\
             ulimit -v 6000000; timeout 60 '{}' {line}; code=$?\n\
             kill $feeder 2>/dev/null; wait 2>/dev/null; exit $code",
            env!("CARGO_BIN_EXE_dlm"),
        );
        let output = Command::new("bash")
            .args(["-c", &script])
            .current_dir(place.folder.path())
            .env("DLM_CACHE", place.path("cache"))
            .output()
            .unwrap();
        check_refusal(&place, &before, line, "a line without end", &name, &output);
        fs::remove_file(place.path(&name)).unwrap();
    }
}

/// What writes files, with everything sound.
const WRITERS: [&str; 8] = [
    "tokenizer train --fasta good.fa --merges 300 --output made.json",
    "tokenizer encode --tokenizer char --fasta good.fa --format jsonl --output made.jsonl",
    "tokenizer encode --tokenizer char --fasta good.fa --format npy --output made.npy",
    "tokenizer encode --tokenizer kmer:3 --fasta good.fa --format parquet --output made.parquet",
    "tokenizer genome --tokenizer kmer:3 --fasta good.fa --output made.store",
    "tokenizer genome --tokenizer char --fasta good.fa --pickles made --output made.store",
    "tokenizer report --tokenizer kmer:4 --fasta good.fa --output made",
    "task init --from good.csv --output made",
];

#[test]
fn a_full_disk_is_told_and_nothing_is_left() {
    let place = Place::new(60_000);
    for line in WRITERS {
        let before = place.files();
        // No file may grow past four blocks of 1,024 bytes, as on a disk that fills up while it is written.
        let script = format!("trap '' XFSZ; ulimit -f 4; exec '{}' {line}", env!("CARGO_BIN_EXE_dlm"));
        let output =
            Command::new("bash").args(["-c", &script]).current_dir(place.folder.path()).output().unwrap();
        check_refusal(&place, &before, line, "a full disk", "made", &output);
        assert!(text(&output.stderr).contains("cannot be written"), "{line}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains("hint: free some space"), "{line}: {}", text(&output.stderr));
        let output = place.dlm(line).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{line}: {}", text(&output.stderr));
        for path in place.files().difference(&before) {
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
    }
}

#[test]
fn an_answer_that_cannot_be_printed_is_an_error() {
    let place = Place::new(1_000);
    for line in ["task list", "data list --json", "doctor", "bench plan --help"] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = place.dlm(line).stdout(full).stderr(Stdio::piped()).output().unwrap();
        if line.contains("help") {
            continue;
        }
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(text(&output.stderr).contains("standard output"), "{line}: {}", text(&output.stderr));
    }
}

#[test]
fn a_stop_at_any_moment_leaves_nothing() {
    let place = Place::new(2_000_000);
    let reading = "task show next-kmer:6,samples=20000 --genome good.fa";
    let mut stopped = 0;
    for line in WRITERS.into_iter().chain([reading]) {
        for delay in [0, 10, 40, 120, 300, 700] {
            let before = place.files();
            let mut child = place.dlm(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            thread::sleep(Duration::from_millis(30 + delay));
            if child.try_wait().unwrap().is_none() {
                let id = child.id().to_string();
                assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
            }
            let output = child.wait_with_output().unwrap();
            match output.status.code() {
                // Without a code the signal came before the program listened for it.
                Some(130) | None => {
                    stopped += 1;
                    // A store that is finished before its published form is begun is whole.
                    let whole = |path: &&PathBuf| !path.ends_with("made.store");
                    let left: Vec<_> = place.files().difference(&before).filter(whole).cloned().collect();
                    assert!(left.is_empty(), "{line} stopped after {delay} ms left {left:?}");
                }
                code => assert_eq!(code, Some(0), "{line} after {delay} ms: {}", text(&output.stderr)),
            }
            for path in place.files().difference(&before) {
                let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
            }
        }
    }
    // Which commands are caught depends on the machine; that none is would make this test say nothing.
    assert!(stopped > 0, "no command was ever stopped");
}
