//! Pretrains a preset on FASTA files: the library behind `dlm pretrain`.
//!
//! ```text
//! cargo run --release -p dlm-train --example pretrain -- PRESET TOKENIZER OUTPUT STEPS FASTA..
//! ```
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::{env, path::PathBuf};

use dlm_genome::IntervalSet;
use dlm_plugin_bpe as _;
use dlm_plugin_kmer as _;
use dlm_sdk::{Error, Registry, Result};
use dlm_train::{
    pretrain::{Budget, Event, Pretraining},
    step::Precision,
    trainer::Signal,
};

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [preset, spec, output, steps, fasta @ ..] = arguments.as_slice() else {
        return Err(Error::invalid("arguments are PRESET TOKENIZER OUTPUT STEPS FASTA.."));
    };
    let preset = dlm_nn::preset::get(preset)?;
    let tokenizer = Registry::builtin()?.tokenizer(spec)?;
    let steps = steps.parse().map_err(|_| Error::invalid(format!("{steps:?} is no number of steps")))?;
    let fasta: Vec<PathBuf> = fasta.iter().map(PathBuf::from).collect();
    let output = PathBuf::from(output);
    let pretraining = Pretraining {
        preset: &preset,
        fasta: &fasta,
        tokenizer: &*tokenizer,
        tokenizer_spec: spec,
        windows_of: None,
        held_out: None,
        excluded: &IntervalSet::default(),
        output: &output,
        budget: Some(Budget::Steps(steps)),
        seed: 0,
        device: dlm_runtime::Device::Cpu,
        precision: Precision::Single,
        resume: true,
        held_out_windows: 64,
        validations: 10,
        checkpoint_every: 500,
    };
    let record = pretraining.run(&mut |event| {
        if let Event::Step(progress) = event {
            let report = progress.report;
            if report.step.is_multiple_of(20) || progress.validation.is_some() {
                println!(
                    "step {} of {}: loss {:.4}, {:.0} tokens/s",
                    report.step + 1,
                    progress.steps,
                    report.loss,
                    progress.tokens_per_second
                );
            }
            if let Some(validation) = progress.validation {
                println!("  held out: loss {:.4} {:?}", validation.loss, validation.metrics);
            }
        }
        Signal::Continue
    })?;
    if let Some(record) = record {
        println!("{}", record.to_json()?);
    }
    Ok(())
}
