use std::{fs, ops::ControlFlow, path::Path};

use dlm_sdk::{ErrorKind, Tokenizer as _, conformance};
use serde_json::{Value, json};

use crate::{Bpe, Trainer, open};

fn vocabulary(merges: usize) -> Bpe {
    let text = b"TTTTAAATGCATTTTGCCAGGCATAATTACGTTTTGGAAACCCTGTAGGATTTACACATGCGATATTTGG".repeat(6);
    let text: Vec<u8> =
        text.iter().enumerate().map(|(at, base)| if at % 31 == 0 { b'G' } else { *base }).collect();
    let trainer = Trainer { merges, ..Trainer::default() };
    trainer.train(&[&text], &mut |_| ControlFlow::Continue(())).unwrap().bpe().unwrap()
}

fn value(bpe: &Bpe) -> Value {
    serde_json::from_str(&bpe.to_json()).unwrap()
}

fn write(folder: &Path, name: &str, contents: impl AsRef<[u8]>) -> std::path::PathBuf {
    let path = folder.join(name);
    fs::write(&path, contents).unwrap();
    path
}

const TEXT: &[u8] = b"ATTTTGCCNNAGGCATAATTACGRTTTTGGAAACCC";

#[test]
fn what_is_saved_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.json");
    let bpe = vocabulary(40);
    bpe.save(&path).unwrap();
    let read = Bpe::from_file(&path).unwrap();
    assert_eq!(read.spec().name, "mine");
    assert_eq!(read.spec().fingerprint, bpe.spec().fingerprint);
    assert_eq!(read.spec().special, bpe.spec().special);
    assert_eq!(read.merges(), bpe.merges());
    assert_eq!(read.encode(TEXT).unwrap(), bpe.encode(TEXT).unwrap());
    assert_eq!(read.to_json(), bpe.to_json());
    assert_eq!(bpe.token(0), Some("[PAD]"));
    assert_eq!(bpe.token(9).map(str::len), Some(2));
}

#[test]
fn saving_leaves_nothing_behind_when_it_fails() {
    let folder = tempfile::tempdir().unwrap();
    let error = vocabulary(3).save(folder.path().join("absent/mine.json")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
    vocabulary(3).save("/dev/null").unwrap();
    assert!(!Path::new("/dev/null").is_file());
}

/// GROVER's published file has 610 entries: the last is the empty text, and four merges lead to it.
fn grover() -> (Bpe, Value) {
    let bpe = vocabulary(600);
    let mut file = value(&bpe);
    let entries = bpe.spec().vocab_size;
    file["model"]["vocab"][""] = entries.into();
    let merges = file["model"]["merges"].as_array_mut().unwrap();
    merges.extend(["A ", "C ", "G ", "T "].map(Value::from));
    (bpe, file)
}

#[test]
fn the_published_shape_of_grover_is_put_right() {
    let (bpe, file) = grover();
    for merges in ["as texts", "as lists"] {
        let mut file = file.clone();
        if merges == "as lists" {
            for merge in file["model"]["merges"].as_array_mut().unwrap() {
                *merge = merge.as_str().unwrap().split(' ').collect::<Vec<_>>().into();
            }
        }
        let read = Bpe::from_json(&file.to_string()).unwrap();
        assert_eq!(read.spec().vocab_size, bpe.spec().vocab_size);
        assert_eq!(read.merges(), bpe.merges());
        assert!(read.is_fast());
        assert_eq!(read.encode(TEXT).unwrap(), bpe.encode(TEXT).unwrap());
    }
}

#[test]
fn a_token_with_a_space_is_read_again() {
    let mut file = value(&vocabulary(8));
    for (text, id) in [("n |", 17), ("An |", 18)] {
        file["model"]["vocab"][text] = id.into();
    }
    let merges = file["model"]["merges"].as_array_mut().unwrap();
    merges.push(json!(["A", "n |"]));
    let bpe = Bpe::from_json(&file.to_string()).unwrap();
    let again = Bpe::from_json(&bpe.to_json()).unwrap();
    assert_eq!(again.merges(), bpe.merges());
    assert_eq!(again.merges().len(), 9);
    assert_eq!(again.spec().fingerprint, bpe.spec().fingerprint);
}

#[test]
fn every_fault_names_its_key() {
    let change = |key: &str, new: Value| {
        let mut file = value(&vocabulary(8));
        *file.pointer_mut(key).unwrap() = new;
        file.to_string()
    };
    let cases = [
        (String::new(), "line 1, column 0: not JSON"),
        ("[[[[".repeat(10_000), "not JSON"),
        ("[1]".into(), "the file: an object expected, a list found"),
        ("{}".into(), "model: an object expected, nothing found"),
        (change("/model/type", Value::Null), "model.type: a text expected, nothing found"),
        (change("/model/vocab", json!(["A"])), "model.vocab: an object expected, a list found"),
        (change("/model/vocab", json!({})), "model.vocab: it is empty"),
        (change("/model/vocab/A", json!(-1)), "model.vocab[\"A\"]: an id from 0 expected"),
        (change("/model/vocab/A", json!(4_000_000_000u32)), "model.vocab[\"A\"]: id 4000000000 is not below"),
        (change("/model/vocab/A", json!(6)), "id 6 is"),
        (change("/model/vocab", json!({"[PAD]": 0, "A": 5})), "the vocabulary has no token"),
        (change("/model/merges", Value::Null), "model.merges: a list expected"),
        (change("/model/merges/3", json!("ACG")), "model.merges[3]: a merge of two tokens expected"),
        (change("/model/merges/3", json!(["A", "C", "G"])), "model.merges[3]: a merge"),
        (change("/model/merges/3", json!("A CGCGCGCG")), "the vocabulary has no token \"CGCGCGCG\""),
        (change("/model/merges/3", json!("A n")), "the vocabulary has no token \"n\""),
        (change("/model/unk_token", json!("[WHO]")), "model.unk_token: \"[WHO]\" is not in the vocabulary"),
        (change("/model/unk_token", json!(3)), "model.unk_token: a text expected"),
        (change("/model/fuse_unk", json!("no")), "model.fuse_unk: true or false expected"),
        (change("/model/dropout", json!(0.1)), "model.dropout is 0.1"),
        (change("/added_tokens/1/content", json!(1)), "added_tokens[1].content: a text expected"),
        (change("/added_tokens/1/id", json!(2)), "added_tokens[1].id: id 2 is"),
    ];
    for (file, expected) in cases {
        let error = Bpe::from_json(&file).unwrap_err();
        assert!(error.to_string().contains(expected), "{error} does not say {expected}");
        assert!(error.hint().is_some() || matches!(error.kind(), ErrorKind::Invalid), "{error}");
    }
}

#[test]
fn files_that_are_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = open(folder.path().join("absent.json")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("absent.json"));
    let error = open(write(folder.path(), "binary.json", [0x1f, 0x8b, 0x08, 0xff])).unwrap_err();
    assert!(error.to_string().contains("binary.json: byte 1: not text"), "{error}");
    let long = write(folder.path(), "long.json", "");
    fs::File::options().write(true).open(&long).unwrap().set_len(1 << 30).unwrap();
    assert!(open(&long).unwrap_err().to_string().contains("longer than 32 MiB"));
    let error = open("/dev/zero").unwrap_err();
    assert!(error.to_string().contains("longer than"), "{error}");
    let cut = bpe_text_cut();
    let error = open(write(folder.path(), "cut.json", cut)).unwrap_err();
    assert!(error.chain().contains("cut.json: line"), "{}", error.chain());
}

fn bpe_text_cut() -> String {
    let text = vocabulary(8).to_json();
    text[..text.len() / 2].to_owned()
}

#[test]
fn a_vocabulary_keeps_the_contract() {
    conformance::tokenizer(&vocabulary(60)).assert();
    let (_, file) = grover();
    conformance::tokenizer(&Bpe::from_json(&file.to_string()).unwrap()).assert();
}

#[test]
fn paths_are_specs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.json");
    vocabulary(10).save(&path).unwrap();
    let registry = dlm_sdk::Registry::builtin().unwrap();
    for spec in [format!("bpe:{}", path.display()), path.display().to_string()] {
        assert_eq!(registry.tokenizer(&spec).unwrap().spec().vocab_size, 19);
    }
    assert!(registry.tokenizer("bpe").unwrap_err().chain().contains("tokenizer.json"));
}

/// A file of another kind, with the words it may use.
fn foreign(model: &Value, pre_tokenizer: &Value, normalizer: &Value) -> String {
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [{
            "id": 0, "content": "[UNK]", "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true,
        }],
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": null,
        "decoder": null,
        "model": model,
    })
    .to_string()
}

fn wordpiece() -> Value {
    json!({
        "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100_000,
        "vocab": {"[UNK]": 0, "A": 1, "C": 2, "G": 3, "T": 4, "N": 5, "##A": 6, "##C": 7, "##G": 8, "##T": 9, "##N": 10,
            "##TT": 11, "ACG": 12},
    })
}

#[test]
fn other_kinds_run_and_know_their_bases() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "other.json", foreign(&wordpiece(), &Value::Null, &Value::Null));
    let tokenizer = open(path).unwrap();
    let mut batch = dlm_sdk::TokenBatch::default();
    tokenizer.tokenize(&[dlm_sdk::Sequence::new(b"acgttnA")], &mut batch).unwrap();
    assert_eq!(batch.row(0).ids, [12, 11, 10, 6]);
    let ends: Vec<u32> = batch.row(0).spans.iter().map(|span| span.end).collect();
    assert_eq!(ends, [3, 5, 6, 7]);
    assert_eq!(tokenizer.token(11), Some("TT"));
}

#[test]
fn bases_that_a_file_drops_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let drop_a = json!({"type": "Replace", "pattern": {"String": "A"}, "content": ""});
    let path = write(folder.path(), "drops.json", foreign(&wordpiece(), &Value::Null, &drop_a));
    let error = open(path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(
        error.chain().contains("drops.json") && error.chain().contains("spell the sequence"),
        "{}",
        error.chain()
    );
    let model = json!({"type": "Oracle", "vocab": {}});
    let path = write(folder.path(), "oracle.json", foreign(&model, &Value::Null, &Value::Null));
    let error = open(path).unwrap_err();
    assert!(error.chain().contains("model.type is Oracle"), "{}", error.chain());
}
