//! What models and token frequencies know of the next k bases.

use dlm_sdk::{Error, Result};
use serde::Serialize;

use super::{learn::Vocabulary, models::Trained};
use crate::{
    analyze::Subject,
    bench::{DigestCache, Plan, Selection, run::run},
    results::{CellResult, Status, Store},
};

/// Who answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Method {
    /// A model of a vocabulary, from a seed.
    Model(usize, u64),
    /// Frequencies of a vocabulary's tokens.
    Frequencies(usize),
    /// The most frequent answer.
    Majority,
}

/// An accuracy.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) method: Method,
    /// How many bases are asked for.
    pub(super) k: usize,
    pub(super) validation: f64,
    /// Read for what was chosen alone.
    test: f64,
}

/// All accuracies.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) all: Vec<Answer>,
    names: Vec<(String, usize)>,
}

/// A row of the data: the test block is not in it.
#[derive(Serialize)]
pub(super) struct Row {
    vocabulary: String,
    size: usize,
    method: &'static str,
    seed: Option<u64>,
    k: usize,
    validation_accuracy: f64,
}

impl Answers {
    /// Returns the accuracy on validation.
    pub(super) fn validation(&self, method: Method, k: usize) -> Option<f64> {
        self.find(method, k).map(|answer| answer.validation)
    }

    /// Returns the accuracy on test: for what was chosen on validation, once.
    pub(super) fn test(&self, method: Method, k: usize) -> Option<f64> {
        self.find(method, k).map(|answer| answer.test)
    }

    fn find(&self, method: Method, k: usize) -> Option<&Answer> {
        self.all.iter().find(|answer| answer.method == method && answer.k == k)
    }

    /// Returns how many bases were asked for, ascending.
    pub(super) fn sizes(&self) -> Vec<usize> {
        let mut sizes: Vec<usize> = self.all.iter().map(|answer| answer.k).collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    /// Returns the seeds of models.
    pub(super) fn seeds(&self) -> Vec<u64> {
        let seed = |answer: &Answer| match answer.method {
            Method::Model(_, seed) => Some(seed),
            _ => None,
        };
        let mut seeds: Vec<u64> = self.all.iter().filter_map(seed).collect();
        seeds.sort_unstable();
        seeds.dedup();
        seeds
    }

    /// Returns the data without the test block.
    pub(super) fn rows(&self) -> Vec<Row> {
        let row = |answer: &Answer| {
            let (place, method, seed) = match answer.method {
                Method::Model(place, seed) => (Some(place), "model", Some(seed)),
                Method::Frequencies(place) => (Some(place), "tf-idf", None),
                Method::Majority => (None, "majority", None),
            };
            let (vocabulary, size) =
                place.map_or_else(|| (String::new(), 0), |place| self.names[place].clone());
            Row { vocabulary, size, method, seed, k: answer.k, validation_accuracy: answer.validation }
        };
        self.all.iter().map(row).collect()
    }
}

/// Asks all models, TF-IDF over all vocabularies, and the majority. Cells that are finished are kept.
///
/// # Errors
///
/// A cell fails, a file cannot be read or written, or somebody asked to stop.
pub(super) fn answers(
    subject: &Subject<'_>,
    tasks: &[(usize, String)],
    vocabularies: &[Vocabulary],
    models: &[Trained],
) -> Result<Answers> {
    let mut all = Vec::new();
    for (k, task) in tasks {
        let folder = subject.folder().join(format!("next-{k}"));
        let store = Store::create(&folder)?;
        let frequencies: Vec<String> = vocabularies.iter().map(|it| format!("tfidf:{}", it.spec)).collect();
        let selection = Selection {
            tasks: vec![task.clone()],
            models: models.iter().map(|model| model.spec.clone()).collect(),
            baselines: frequencies.iter().cloned().chain(["majority".to_owned()]).collect(),
            seeds: Some(1),
            trees: Some(subject.options().trees.to_string()),
            output_path: Some(folder.clone()),
            ..Selection::default()
        };
        let (settings, context) = selection.settle(subject.context())?;
        let mut digests = DigestCache::open(Some(store.folder()));
        let plan = Plan::new(settings, &context, &mut digests)?;
        let document = run(&plan, &store, &context, &digests)?;
        let mut add = |spec: &str, method: Method| -> Result<()> {
            let cell = document.cells.iter().find(|cell| cell.model == spec);
            all.push(answer(cell, spec, method, *k)?);
            Ok(())
        };
        for model in models {
            add(&model.spec, Method::Model(model.vocabulary, model.seed))?;
        }
        for (place, spec) in frequencies.iter().enumerate() {
            add(spec, Method::Frequencies(place))?;
        }
        add("majority", Method::Majority)?;
    }
    let names = vocabularies.iter().map(|it| (it.name.clone(), it.size)).collect();
    Ok(Answers { all, names })
}

fn answer(cell: Option<&CellResult>, spec: &str, method: Method, k: usize) -> Result<Answer> {
    let cell = cell.ok_or_else(|| Error::internal(format!("{spec} has no cell of the next {k} bases")))?;
    let accuracy = |metrics: &std::collections::BTreeMap<String, f64>| metrics.get("accuracy").copied();
    match (cell.status, accuracy(&cell.validation), accuracy(&cell.metrics)) {
        (Status::Done, Some(validation), Some(test)) => Ok(Answer { method, k, validation, test }),
        _ => Err(Error::invalid(format!(
            "{spec} on the next {k} bases: {}",
            cell.reason.as_deref().unwrap_or("it has no accuracy")
        ))),
    }
}

#[cfg(test)]
impl Answers {
    /// Creates answers of models alone, by vocabulary, seed and k.
    pub(super) fn of_models(values: &[(usize, u64, usize, f64)], vocabularies: &[Vocabulary]) -> Self {
        let all = values
            .iter()
            .map(|&(vocabulary, seed, k, validation)| Answer {
                method: Method::Model(vocabulary, seed),
                k,
                validation,
                test: validation,
            })
            .collect();
        Self { all, names: vocabularies.iter().map(|it| (it.name.clone(), it.size)).collect() }
    }
}
