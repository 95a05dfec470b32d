//! `vocabulary`: how many merges a vocabulary should have, judged by what its model can be used for.
//!
//! Sanabria et al. (2024), Figure 2a-c: one run of byte-pair encoding gives a vocabulary after every so many cycles; a
//! model is pretrained over each, and asked for the next k bases. Here every model sees the same bases in the same number
//! of steps, from several seeds; what is compared is accuracy on a block of validation, and the test block is looked at
//! for the chosen vocabulary alone. Models over fixed k-mers and token frequencies (TF-IDF) stand on the same axes.
//!
//! This takes long and is no part of `all`. Everything that is finished is kept, and the same command goes on from it.

mod budget;
mod choose;
mod learn;
mod models;
mod predict;
mod show;

use dlm_nn::preset::{self, Preset};
use dlm_sdk::{Error, Result};

use self::{choose::Choice, learn::Vocabulary};
use super::{Findings, Options, Reads, Section, Subject};
use crate::tokenizer::held_out;

pub(super) const SECTION: Section = Section {
    name: "vocabulary",
    title: "Vocabulary selection",
    about: "After how many cycles of byte-pair encoding is a model's vocabulary best, if that matters at all?",
    revision: 2,
    in_all: false,
    reads: &[Reads::Genome],
    settings,
    run,
};

fn settings(options: &Options) -> Vec<(&'static str, String)> {
    let list = |values: &[usize]| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    vec![
        ("cycles", list(&options.cycles)),
        ("k-mers", list(&options.kmers)),
        ("next", list(&options.next)),
        ("models", options.models.to_string()),
        ("steps", options.steps.to_string()),
        ("samples", options.samples.to_string()),
        ("trees", options.trees.to_string()),
        ("preset", preset_text(options).unwrap_or_else(|error| error.to_string())),
    ]
}

/// Returns everything that a preset says, so that a changed file is another setting.
fn preset_text(options: &Options) -> Result<String> {
    serde_json::to_string(&preset(options)?)
        .map_err(|error| Error::internal("a preset has no text").with_source(error))
}

fn preset(options: &Options) -> Result<Preset> {
    let path = std::path::Path::new(&options.preset);
    if path.extension().is_none_or(|ending| ending != "toml") {
        return preset::get(&options.preset);
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::io(format!("{}: cannot be read", path.display()), error))?;
    Preset::from_toml(&text).map_err(|error| error.within(path.display().to_string()))
}

/// Checks what the command line says.
fn check(options: &Options) -> Result<()> {
    let wrong = |what: String, hint: &'static str| Err(Error::invalid(what).with_hint(hint));
    let mut cycles = options.cycles.clone();
    cycles.sort_unstable();
    cycles.dedup();
    if cycles.len() < 2 || cycles.len() != options.cycles.len() || cycles[0] == 0 {
        return wrong(
            format!("--cycles {:?}", options.cycles),
            "name at least two different numbers of cycles, each above zero",
        );
    }
    if options.models < 2 {
        return wrong(
            format!("--models {}: one model a vocabulary says nothing about chance", options.models),
            "train at least two",
        );
    }
    let twice = |values: &[usize]| (1..values.len()).any(|at| values[..at].contains(&values[at]));
    if options.next.iter().any(|k| !(2..=6).contains(k)) || options.next.is_empty() || twice(&options.next) {
        return wrong(format!("--next {:?}", options.next), "k is 2 to 6, each at most once");
    }
    if options.kmers.iter().any(|k| !(1..=6).contains(k)) || twice(&options.kmers) {
        return wrong(format!("--kmers {:?}", options.kmers), "k is 1 to 6, each at most once");
    }
    Ok(())
}

fn run(subject: &Subject<'_>) -> Result<Findings> {
    let options = subject.options();
    check(options)?;
    let preset = preset(options)?;
    let genome = subject.genome()?;
    let tasks: Vec<(usize, String)> = options
        .next
        .iter()
        .map(|&k| (k, format!("next-kmer:{k},split=grouped,samples={}", options.samples)))
        .collect();
    let specs: Vec<String> = tasks.iter().map(|(_, spec)| spec.clone()).collect();
    let kept_apart = held_out(subject.context(), &specs)?;
    let vocabularies = learn::vocabularies(subject, genome, &kept_apart)?;
    let runs = vocabularies.len() * options.models;
    subject.context().note(format!(
        "vocabulary: {} vocabularies, {} models each of {} steps, {} tasks: {runs} trainings, {} probes; what is \
         finished is kept, and the same command goes on",
        vocabularies.len(),
        options.models,
        options.steps,
        tasks.len(),
        runs * tasks.len()
    ));
    let reference = learn::reference(subject, &vocabularies)?;
    let models = models::models(subject, &preset, &vocabularies, reference, &kept_apart)?;
    let answers = predict::answers(subject, &tasks, &vocabularies, &models)?;
    subject.write_csv(
        "accuracy.csv",
        "accuracy on validation of every model and of TF-IDF",
        &answers.rows(),
    )?;
    let choice = Choice::new(&vocabularies, &answers)?;
    subject.write_csv(
        "cycles.csv",
        "vocabularies, their relative accuracy, and whether they can be told from the best",
        &choice.rows,
    )?;
    let mut findings = Findings::default();
    show::findings(&mut findings, subject, &vocabularies, &answers, &choice)?;
    budget::tell(&mut findings, subject, &vocabularies, &models)?;
    findings.method(format!(
        "One run of byte-pair encoding on the bases that no task holds out gave vocabularies after {} cycles. Over each, \
         and over non-overlapping k-mers of {:?} bases, {} models of the shape and recipe of preset {} were pretrained \
         by masked-language modelling from different seeds, each for {} steps of {} windows. Windows are counted in \
         tokens of {}, the shortest of all, so that every model sees the same bases and none has to be cut. Blocks of validation and \
         test of the tasks were neither learned from nor used to choose weights.",
        options.cycles.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        options.kmers,
        options.models,
        preset.name,
        options.steps,
        preset.optimiser.batch.value,
        reference.name,
    ));
    findings.method(format!(
        "Each model was asked for the next k bases after 50 (k = {:?}; {} pieces over all splits; the last fifth of each \
         sequence is test, the last tenth of the rest validation): a logistic probe on the mean of its last hidden \
         states. TF-IDF is a random forest of {} trees on the tokens' frequencies. The curve is a local regression \
         (loess: degree 2, span 0.75) with its pointwise band of 95 %. A vocabulary's relative accuracy is the mean over \
         k of its model's accuracy on validation over the mean accuracy of all byte-pair models at that k. Whether \
         cycles matter is tested by one-way analysis of variance over seeds; a vocabulary can be told from the best \
         where the difference of means, by the pooled variance and corrected by Holm for the number of comparisons, has \
         p < 0.05. The smallest vocabulary that cannot is chosen, and the test block is read for it, and for the best of \
         the controls on validation, once.",
        options.next,
        options.samples,
        options.trees
    ));
    Ok(findings)
}
