//! Scores the controls on next-k-mer prediction of a chromosome: the numbers a language model has to beat.
//!
//! `cargo run --release -p dlm-plugin-next-kmer --example reference -- GENOME [SAMPLES [K,K.. [BASELINE..]]]`
//!
//! Ends with an error if `ngram:12` stays at or below 2.5 % on the next 6-mer of 500,000 segments.
#![expect(clippy::print_stdout, reason = "a program that prints a table")]

use std::time::Instant;

use dlm_plugin_controls as _;
use dlm_plugin_next_kmer as _;
use dlm_sdk::{metrics::Outcome, prelude::*};
use ndarray::Array2;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let genome = arguments.next().ok_or_else(|| Error::invalid("the genome is missing"))?;
    let samples = arguments.next().unwrap_or_else(|| "500000".to_owned());
    let k = arguments.next().unwrap_or_else(|| "6".to_owned());
    let mut baselines: Vec<String> = arguments.collect();
    if baselines.is_empty() {
        baselines = ["majority", "markov:3", "markov:5", "ngram:12"].map(str::to_owned).to_vec();
    }
    let mut registry = Registry::builtin()?;
    registry.share("genome", genome);
    let mut missed = Vec::new();
    println!("task\tsplit\tbaseline\ttest\taccuracy\ttop5\tbits/nt\tfit_s\tpredict_s\tfacts");
    for k in k.split(',') {
        for split in ["paper", "grouped"] {
            let task = registry.task(&format!("next-kmer:{k},split={split},samples={samples}"))?;
            let [train, validation, test] = Split::ALL.map(|split| task.collect(split));
            let (train, validation, test) = (train?, validation?, test?);
            for name in &baselines {
                let score = score(task.spec(), &*registry.baseline(name)?, &train, &validation, &test)?;
                println!("{}\t{split}\t{name}\t{}\t{}", task.spec().name, test.len(), score.line);
                if name == "ngram:12" && k == "6" && samples == "500000" && score.accuracy <= 0.025 {
                    missed.push(split);
                }
            }
        }
    }
    if missed.is_empty() {
        Ok(())
    } else {
        Err(Error::internal(format!("ngram:12 missed 2.5 % on {missed:?}")))
    }
}

struct Score {
    accuracy: f64,
    line: String,
}

fn score(
    task: &TaskSpec,
    baseline: &dyn Baseline,
    train: &ExampleSet,
    validation: &ExampleSet,
    test: &ExampleSet,
) -> Result<Score> {
    let [train, validation, test] = [train, validation, test].map(ExampleSet::view);
    let start = Instant::now();
    let mut predictor = baseline.fit(task, train.examples(), Some(validation.examples()), 0)?;
    let fit = start.elapsed().as_secs_f64();
    let examples = test.examples();
    let mut outcomes = Vec::with_capacity(examples.len());
    let start = Instant::now();
    for first in (0..examples.len()).step_by(2_048) {
        let part = examples.slice(first..examples.len().min(first + 2_048));
        let mut scores = Array2::zeros((part.len(), task.target.outputs()));
        predictor.predict(part.items, scores.view_mut())?;
        outcomes.extend(part.classes().zip(scores.rows()).map(|(class, row)| Outcome::new(class, row)));
    }
    let predict = start.elapsed().as_secs_f64();
    let n = outcomes.len() as f64;
    let share = |count: usize| count as f64 / n;
    let accuracy = share(outcomes.iter().filter(|outcome| outcome.target == outcome.predicted).count());
    let top5 = share(outcomes.iter().filter(|outcome| outcome.rank <= 5).count());
    let k = f64::from(task.continuation.unwrap_or(1));
    let bits = -outcomes.iter().map(|outcome| f64::from(outcome.log_probability)).sum::<f64>()
        / (n * k * std::f64::consts::LN_2);
    let facts: Vec<String> =
        predictor.facts().into_iter().map(|fact| format!("{}={}", fact.name, fact.value)).collect();
    let line = format!("{accuracy:.5}\t{top5:.5}\t{bits:.4}\t{fit:.2}\t{predict:.2}\t{}", facts.join("; "));
    Ok(Score { accuracy, line })
}
