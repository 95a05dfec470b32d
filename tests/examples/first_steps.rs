//! Learns a vocabulary from a FASTA file, tokenizes it, and scores a baseline on it:
//! `cargo run -p dlm-tests --example first_steps -- genome.fa.gz`
#![expect(clippy::print_stderr, reason = "an example prints")]
use std::{error::Error, ops::ControlFlow};

use dlm_genome::Genome;
use dlm_plugin_bpe::Trainer;
use dlm_plugin_controls as _;
use dlm_plugin_next_kmer as _;
use dlm_sdk::{
    metrics::{Answers, Metric, Outcome},
    prelude::*,
};
use ndarray::Array2;

/// Returns the tokens of all records and the baseline's accuracy.
pub(crate) fn run(fasta: &str) -> Result<(usize, f64), Box<dyn Error>> {
    let genome = Genome::open(fasta)?;
    let bases: Vec<&[u8]> = genome.records().iter().map(dlm_genome::fasta::Record::bases).collect();
    let trainer = Trainer { merges: 100, ..Trainer::default() };
    let bpe = trainer.train(&bases, &mut |_| ControlFlow::Continue(()))?.bpe()?;
    let sequences: Vec<Sequence<'_>> = bases.iter().map(|bases| Sequence::new(bases)).collect();
    let tokens = bpe.batch(&sequences)?.n_tokens();

    let mut registry = Registry::builtin()?;
    registry.share("genome", fasta);
    let task = registry.task("next-kmer:2,split=grouped")?;
    let [train, validation, test] = Split::ALL.map(|split| task.collect(split));
    let (train, validation, test) = (train?, validation?, test?);
    let (train, validation, test) = (train.view(), validation.view(), test.view());
    let examples = test.examples();
    let baseline = registry.baseline("ngram:8")?;
    let mut predictor = baseline.fit(task.spec(), train.examples(), Some(validation.examples()), 0)?;
    let mut scores = Array2::zeros((examples.len(), task.spec().target.outputs()));
    predictor.predict(examples.items, scores.view_mut())?;
    let rows = examples.classes().zip(scores.rows());
    let outcomes: Vec<_> = rows.map(|(class, row)| Outcome::new(class, row)).collect();
    let answers = Answers::Classes { outcomes: &outcomes, scores: None };
    Ok((tokens, answers.metric(Metric::Accuracy, task.spec()).unwrap_or_default()))
}

fn main() -> Result<(), Box<dyn Error>> {
    let (tokens, accuracy) = run(&std::env::args().nth(1).ok_or("name a FASTA file")?)?;
    eprintln!("{tokens} tokens; the next two bases are right in {:.1} % of the cases", 100.0 * accuracy);
    Ok(())
}
