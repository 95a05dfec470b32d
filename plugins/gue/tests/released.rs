//! The task on files in the released form, and on the released files where they are at hand.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skips"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use dlm_plugin_gue as _;
use dlm_sdk::{ErrorKind, Registry, Split, Target, Task, conformance};

/// Returns the folder of real data, if there is one.
fn data() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = std::env::var_os("DLM_TEST_DATA").map_or_else(beside, PathBuf::from);
    if folder.join("gue").is_dir() {
        return Some(folder);
    }
    println!("skipped: {} holds no gue", folder.display());
    None
}

fn task(data: &Path, spec: &str) -> dlm_sdk::Result<Box<dyn Task>> {
    let mut registry = Registry::builtin()?;
    registry.share("data", data.to_string_lossy());
    registry.task(spec)
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join("gue/tf/0").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

const TRAIN: &str = "sequence,label\nACGTACGT,1\nTTGACCAT,0\nGGGGCCAT,1\n";
const DEV: &str = "sequence,label\nCCCCAAAA,0\nTTTTGGGA,1\n";

#[test]
fn released_tasks_hold_the_contract() {
    let Some(data) = data() else { return };
    for (spec, sizes) in
        [("gue/tf/0", [32_378, 1_000, 1_000]), ("gue/prom/prom_core_all", [47_356, 5_920, 5_920])]
    {
        let task = task(&data, spec).unwrap();
        conformance::task(&*task).assert();
        assert_eq!(Split::ALL.map(|split| task.collect(split).unwrap().len()), sizes);
        assert_eq!(task.spec().target, Target::Binary);
        let notes = &task.spec().notes;
        assert!(!notes.iter().any(|note| note.starts_with("warning")), "{notes:?}");
    }
}

#[test]
fn a_task_without_train_shows_its_card_and_refuses_to_load_it() {
    let Some(data) = data() else { return };
    let task_ = task(&data, "gue/splice/reconstructed").unwrap();
    assert_eq!(task_.spec().target, Target::Multiclass(3));
    assert_eq!(task_.spec().sequence_length, Some(400));
    assert_eq!(task_.collect(Split::Test).unwrap().len(), 4_562);
    let error = task_.collect(Split::Train).unwrap_err();
    assert!(error.to_string().ends_with("gue/splice/reconstructed/train.csv: no such file"), "{error}");
    let partial = task(&data, "gue/splice/reconstructed,allow-partial=yes").unwrap();
    assert_eq!(partial.collect(Split::Train).unwrap().len(), 0);
}

#[test]
fn other_sizes_and_copies_are_noted() {
    let test = "sequence,label\nACGTACGTA,0\nATGGTCAA,1\n";
    let folder = folder(&[("train.csv", TRAIN), ("dev.csv", DEV), ("test.csv", test)]);
    let task = task(folder.path(), "gue/tf/0").unwrap();
    conformance::task(&*task).assert();
    let notes = task.spec().notes.join("\n");
    assert!(notes.contains("train has 3 examples, the published release 32378"), "{notes}");
    assert!(notes.contains("7 sequences are not 101 bases long"), "{notes}");
    assert!(notes.contains("leak: 1 of 2 test sequences (50.0 %) also stand in train"), "{notes}");
}

#[test]
fn faults_name_file_and_line() {
    let fault = |name: &str, content: &str| {
        let mut files = vec![("train.csv", TRAIN), ("dev.csv", DEV), ("test.csv", DEV)];
        files.iter_mut().find(|file| file.0 == name).unwrap().1 = content;
        let folder = folder(&files);
        let chain = task(folder.path(), "gue/tf/0").unwrap_err().chain();
        let at = chain.find("tf/0/").map_or(0, |at| at + 5);
        chain[at..].to_owned()
    };
    assert_eq!(fault("dev.csv", "sequence,label\nACGT,x\n"), "dev.csv: line 2: label \"x\" is no class");
    assert_eq!(fault("dev.csv", "sequence,label\nACGT,-1\n"), "dev.csv: line 2: label \"-1\" is no class");
    assert_eq!(fault("train.csv", "sequence,label\nA,1\n,0\n"), "train.csv: line 3: the sequence is empty");
    assert_eq!(fault("train.csv", "sequence,label\nAC GT,1\n"), "train.csv: line 2: base 3: ' ' is no base");
    assert_eq!(fault("train.csv", "sequence,label\nA,1\nC,1\n"), "train.csv: no example has class 0");
    assert_eq!(fault("train.csv", "sequence,label\n"), "train.csv: it holds no example");
    assert_eq!(
        fault("test.csv", "sequence,lable\nA,1\n"),
        "test.csv: line 1: no column is called \"label\" or \"labels\""
    );
    assert_eq!(
        fault("test.csv", "sequence,label,label\nA,1,1\n"),
        "test.csv: line 1: two columns are called \"label\""
    );
    assert_eq!(
        fault("test.csv", "sequence,label,kmer\nA,1,1\n"),
        "test.csv: line 1: unknown column \"kmer\""
    );
    assert!(fault("dev.csv", "sequence,label\nACGT,3\n").ends_with("no file has an example of class 2"));
}

#[test]
fn what_is_not_there_says_what_to_do() {
    let folder = folder(&[("train.csv", TRAIN)]);
    let hint = |spec: &str| {
        let error = task(folder.path(), spec).unwrap_err();
        (error.kind(), error.hint().unwrap_or_default().to_owned())
    };
    assert!(hint("gue").1.starts_with("the human tasks are gue/prom/prom_300_all"));
    assert_eq!(hint("gue/tf/9").1, "unpack the released GUE folder there; files may be gzipped");
    assert_eq!(hint("gue/../tf").1, "name a folder below it, such as gue/tf/0");
    assert_eq!(hint("gue/tf/0,split=grouped").0, ErrorKind::Unsupported);
    let error = Registry::builtin().unwrap().task("gue/tf/0").unwrap_err();
    assert!(error.hint().unwrap().contains("--data"));
}
