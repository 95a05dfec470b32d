//! Both releases on small files in their exact formats.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

use dlm_plugin_nt_tasks as _;
use dlm_sdk::{ErrorKind, Registry, Result, Split, Target, Task, conformance};

fn task(data: &Path, spec: &str) -> Result<Box<dyn Task>> {
    let mut registry = Registry::builtin()?;
    registry.share("data", data.to_string_lossy());
    registry.task(spec)
}

fn fixture(spec: &str) -> Box<dyn Task> {
    task(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data"), spec).unwrap()
}

#[test]
fn both_forms_hold_the_contract_and_the_same_examples() {
    let (original, revised) = (fixture("nt-original/enhancers_types"), fixture("nt-revised/enhancers_types"));
    for task in [&original, &revised] {
        conformance::task(&**task).assert();
        assert_eq!(task.spec().target, Target::Multiclass(3));
        assert_eq!(task.spec().sequence_length, Some(24));
        assert_eq!(Split::ALL.map(|split| task.collect(split).unwrap().len()), [37, 3, 4]);
    }
    for split in Split::ALL {
        assert_eq!(original.collect(split).unwrap(), revised.collect(split).unwrap());
    }
    assert_eq!(
        original.collect(Split::Test).unwrap().view().examples().classes().collect::<Vec<_>>(),
        [0, 1, 2, 0]
    );
}

#[test]
fn flaws_and_differences_are_noted() {
    let notes = fixture("nt-original/enhancers_types").spec().notes.join("\n");
    assert!(notes.contains("100 of 400 test sequences are byte-identical"), "{notes}");
    assert!(notes.contains("train has 40 examples, the published release 14968"), "{notes}");
    assert!(notes.contains("test has 4 examples, the published release 400"), "{notes}");
    assert!(notes.contains("44 sequences are not 200 bases long"), "{notes}");
    let notes = fixture("nt-revised/enhancers_types").spec().notes.join("\n");
    assert!(notes.contains("44 sequences are not 400 bases long"), "{notes}");
}

#[test]
fn the_validation_split_is_drawn_from_the_seed() {
    let ids = |spec: &str| {
        let set = fixture(spec).collect(Split::Validation).unwrap();
        let view = set.view();
        view.examples().items.ids.to_vec()
    };
    assert_eq!(ids("nt-revised/enhancers_types"), ids("nt-revised/enhancers_types,seed=42"));
    assert_ne!(ids("nt-revised/enhancers_types"), ids("nt-revised/enhancers_types,seed=1"));
}

#[test]
fn there_is_no_default_release() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for spec in ["nt/promoter_tata", "nt:promoter_tata"] {
        let error = task(&data, spec).unwrap_err();
        assert_eq!(error.hint(), Some("say nt-original/promoter_tata or nt-revised/promoter_tata"));
    }
    assert_eq!(
        task(&data, "nt-revised/enhancers_types,split=grouped").unwrap_err().kind(),
        ErrorKind::Unsupported
    );
    let error = task(&data, "nt-revised/promoter").unwrap_err();
    assert!(error.chain().contains("promoter: there is no train.fna or train.parquet"), "{}", error.chain());
    assert!(error.hint().unwrap().contains("nt-revised/promoter_all"));
    assert!(task(&data, "nt-revised/../nt").unwrap_err().chain().contains("leaves the folder"));
}

#[test]
fn faults_name_file_and_line() {
    let fault = |content: &[u8], name: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nt/x").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::write(path.with_file_name("test.fna"), ">a|0\nACGT\n>b|1\nGGTA\n").unwrap();
        let chain = task(folder.path(), "nt-original/x").unwrap_err().chain();
        let at = chain.find("nt/x").map_or(0, |at| at + 3);
        chain[at..].to_owned()
    };
    assert_eq!(fault(b">a|0\nAC\n>b\nAC\n", "train.fna"), "x/train.fna: line 3: the header has no label");
    assert_eq!(fault(b">a|0\nAC\n>b|up\nAC\n", "train.fna"), "x/train.fna: line 3: label \"up\" is no class");
    assert_eq!(fault(b">a|0\n>b|1\nAC\n", "train.fna"), "x/train.fna: line 1: the record has no bases");
    assert_eq!(fault(b">a|0\nAC\n>b|1\n", "train.fna"), "x/train.fna: line 3: the record has no bases");
    assert_eq!(fault(b"AC\n>b|1\nAC\n", "train.fna"), "x/train.fna: line 1: bases before the first header");
    assert_eq!(fault(b">a|0\nAC!\n", "train.fna"), "x/train.fna: line 2: base 3: '!' is no base");
    assert_eq!(fault(b"", "train.fna"), "x/train.fna: it holds no example");
    assert_eq!(fault(b">a|0\nAC\n>b|0\nAG\n", "train.fna"), "x: no training example has class 1");
    assert!(
        fault(b"PAR1 and nothing else", "train.parquet")
            .starts_with("x/train.parquet: it cannot be read as parquet")
    );
    assert!(fault(b"", "train.parquet.gz").starts_with("x/train.parquet.gz: gzipped parquet is not read"));
}
