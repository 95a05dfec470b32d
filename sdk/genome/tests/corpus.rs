//! Replays the corpora of the fuzz targets.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{fs, path::Path};

#[path = "../../../fuzz/src/bed.rs"]
mod bed;
#[path = "../../../fuzz/src/big_wig.rs"]
mod big_wig;
#[path = "../../../fuzz/src/chain.rs"]
mod chain;
#[path = "../../../fuzz/src/fasta_windows.rs"]
mod fasta_windows;
#[path = "../../../fuzz/src/motif.rs"]
mod motif;
#[path = "../../../fuzz/src/two_bit.rs"]
mod two_bit;
#[path = "../../../fuzz/src/variants.rs"]
mod variants;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        check(&fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 10, "the corpus of {target} has only {count} files");
}

#[test]
fn fasta_windows_corpus() {
    replay("fasta_windows", fasta_windows::check);
}

#[test]
fn bed_corpus() {
    replay("bed", bed::check);
}

#[test]
fn big_wig_corpus() {
    replay("big_wig", big_wig::check);
}

#[test]
fn motif_corpus() {
    replay("motif", motif::check);
}

#[test]
fn chain_corpus() {
    replay("chain", chain::check);
}

#[test]
fn two_bit_corpus() {
    replay("two_bit", two_bit::check);
}

#[test]
fn variants_corpus() {
    replay("variants", variants::check);
}
