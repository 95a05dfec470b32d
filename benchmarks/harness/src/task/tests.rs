//! Cards and lists of tasks made here.

use std::fmt::Write as _;

use dlm_plugin_own_data::{Init, init};
use dlm_sdk::{Error, Registry};

use super::{Card, list};

fn card(content: &str) -> Card {
    let folder = tempfile::tempdir().unwrap();
    let (from, output) = (folder.path().join("x.csv"), folder.path().join("task"));
    std::fs::write(&from, content).unwrap();
    init(&Init::new(&from, &output)).unwrap();
    let path = output.to_string_lossy().into_owned();
    let task = Registry::builtin().unwrap().task(&path).unwrap();
    Card::new("x", &*task, || Ok(())).unwrap()
}

#[test]
fn a_card_counts_classes_lengths_and_unknown_bases() {
    let card = card(
        "seq,label,split\nACGT,no,train\nACGN,yes,train\nAAAAA,yes,train\nCC,no,dev\nCCA,yes,dev\nCAT,no,test\nGAT,yes,test\n",
    );
    let text = card.text();
    assert!(
        text.contains("train       3 examples, 4 to 5 bases (median 4), 7.69 % unknown; no 1, yes 2\n"),
        "{text}"
    );
    assert!(text.contains("note        splits: as given"), "{text}");
    let json = serde_json::to_value(&card).unwrap();
    assert_eq!(json["splits"][2]["balance"][0]["class"], "no");
    assert_eq!(json["metrics"][0], "mcc");
}

#[test]
fn a_card_shows_the_spread_of_numbers() {
    let mut content = String::from("seq,label,split\n");
    for (row, split) in ["train", "train", "dev", "test"].iter().enumerate() {
        writeln!(content, "{},{row}.5,{split}", "ACGT".repeat(row + 1)).unwrap();
    }
    let text = card(&content).text();
    assert!(text.contains("2 examples, 4 to 8 bases (median 4); 0.5000 to 1.5000, mean 1.0000"), "{text}");
}

#[test]
fn a_request_to_stop_ends_a_card() {
    let folder = tempfile::tempdir().unwrap();
    let (from, output) = (folder.path().join("x.csv"), folder.path().join("task"));
    std::fs::write(&from, "seq,label,split\nACGT,0,train\nGG,1,train\nC,1,dev\nAT,0,test\n").unwrap();
    init(&Init::new(&from, &output)).unwrap();
    let task = Registry::builtin().unwrap().task(&output.to_string_lossy()).unwrap();
    assert!(Card::new("x", &*task, || Err(Error::cancelled())).is_err());
}

#[test]
fn all_tasks_are_listed_with_their_options() {
    let listed = list::list(&Registry::builtin().unwrap());
    let ids: Vec<&str> = listed.iter().map(|task| task.id.as_str()).collect();
    for id in ["gue", "next-kmer", "nt-original", "nt-revised", "own-data", "promoter-tss"] {
        assert!(ids.contains(&id), "{ids:?}");
    }
    assert!(list::text(&listed).contains("      negatives   gc: matched windows"), "{}", list::text(&listed));
}

#[test]
fn what_is_held_out_is_written_as_bed_if_it_has_a_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("held-out.bed");
    let error = super::held_out("x", &[], &path).unwrap_err();
    assert!(error.to_string().starts_with("x holds out no stretch of a genome"), "{error}");
    assert!(!path.exists());
    let locus = |start| dlm_sdk::Locus { chromosome: "chr1".into(), start, end: start + 5, strand: None };
    super::held_out("x", &[locus(0), locus(20)], &path).unwrap();
    assert_eq!(std::fs::read_to_string(path).unwrap(), "chr1\t0\t5\nchr1\t20\t25\n");
}
