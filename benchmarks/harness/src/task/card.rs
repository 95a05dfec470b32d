//! What there is to know about a task before running anything on it.

use std::{collections::BTreeSet, fmt::Write as _};

use dlm_sdk::{Examples, Result, Split, Target, Task};
use serde::Serialize;

use crate::bench::finetune::{Recipe, published};

/// With more classes than this, only the most frequent are shown.
const MANY_CLASSES: usize = 32;
const SHOWN: usize = 5;

/// A task's card.
#[derive(Clone, Debug, Serialize)]
pub struct Card {
    /// The spec it was made from.
    pub spec: String,
    /// Its name in tables.
    pub name: String,
    /// What kind of target it has.
    pub target: &'static str,
    /// The width of a score row.
    pub outputs: usize,
    /// How its splits were made.
    pub split: &'static str,
    /// What is computed, the primary metric first.
    pub metrics: Vec<&'static str>,
    /// The length of every sequence, if it is the same.
    pub sequence_length: Option<u32>,
    /// If its classes are the k-mers that may follow: k.
    pub continuation: Option<u32>,
    /// Whether the answer changes under reverse complement.
    pub strand_specific: bool,
    /// Its splits.
    pub splits: Vec<Part>,
    /// The stretches of the genome that hold validation and test.
    pub held_out: HeldOut,
    /// Facts about the data.
    pub notes: Vec<String>,
    /// Of a task of the GROVER paper: its settings of fine-tuning, as written there or resolved here.
    pub recipe: Option<Recipe>,
    /// Whom to cite.
    pub citation: String,
    /// The licence of the data.
    pub license: String,
}

/// A split of a task.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// How many examples it has.
    pub examples: usize,
    /// How many leakage groups they come from.
    pub groups: usize,
    /// The classes or labels and how many examples have them; the most frequent ones where there are many.
    pub balance: Vec<Balance>,
    /// How many classes occur.
    pub classes: usize,
    /// The numbers of a regression.
    pub values: Vec<Spread>,
    /// The lengths of its sequences.
    pub lengths: Option<Lengths>,
    /// The share of bases that are not A, C, G or T.
    pub unknown_bases: f64,
    /// Why it cannot be read.
    pub reason: Option<String>,
}

/// A class and how often it occurs.
#[derive(Clone, Debug, Serialize)]
pub struct Balance {
    /// Its name, or its number.
    pub class: String,
    /// How many examples have it.
    pub examples: usize,
}

/// How numbers are spread.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Spread {
    /// The least.
    pub min: f64,
    /// The mean.
    pub mean: f64,
    /// The greatest.
    pub max: f64,
}

/// How lengths are spread, in bases.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Lengths {
    /// The least.
    pub min: usize,
    /// The one in the middle, the lower of two.
    pub median: usize,
    /// The greatest.
    pub max: usize,
}

/// What tokenizers and pretraining leave out.
#[derive(Clone, Debug, Serialize)]
pub struct HeldOut {
    /// How many stretches.
    pub stretches: usize,
    /// How many bases they have together.
    pub bases: u64,
    /// The stretches as `chromosome:start-end`, half-open and counted from zero.
    pub loci: Vec<String>,
}

impl Card {
    /// Describes a task; it is loaded once. The check is called before each split.
    ///
    /// # Errors
    ///
    /// The check fails, or what is held out is not known. A split that cannot be read is described as such.
    pub fn new(text: &str, task: &dyn Task, check: impl Fn() -> Result<()>) -> Result<Self> {
        let spec = task.spec();
        let mut splits = Vec::new();
        for split in Split::ALL {
            check()?;
            splits.push(match task.collect(split) {
                Ok(set) => Part::new(split, set.view().examples(), spec.target, &spec.class_names),
                Err(error) => Part { reason: Some(error.chain()), ..Part::empty(split) },
            });
        }
        let loci = task.held_out()?;
        Ok(Self {
            spec: text.to_owned(),
            name: spec.name.clone(),
            target: spec.target.name(),
            outputs: spec.target.outputs(),
            split: spec.split.name(),
            metrics: spec.metrics.iter().map(|metric| metric.id()).collect(),
            sequence_length: spec.sequence_length,
            continuation: spec.continuation,
            strand_specific: spec.strand_specific,
            splits,
            held_out: HeldOut {
                stretches: loci.len(),
                bases: loci.iter().map(|locus| locus.end - locus.start).sum(),
                loci: loci
                    .iter()
                    .map(|locus| format!("{}:{}-{}", locus.chromosome, locus.start, locus.end))
                    .collect(),
            },
            notes: spec.notes.clone(),
            recipe: published(spec),
            citation: spec.citation.clone(),
            license: spec.license.clone(),
        })
    }

    /// Writes the card for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |key: &str, value: String| {
            if !value.is_empty() {
                let _ = writeln!(text, "{key:<11} {value}");
            }
        };
        line("task", format!("{} ({})", self.name, self.spec));
        let outputs =
            if self.target == "binary" { String::new() } else { format!(", {} outputs", self.outputs) };
        line("target", format!("{}{outputs}", self.target));
        line("metrics", self.metrics.join(", "));
        line("split", self.split.to_owned());
        line("strand", if self.strand_specific { "matters" } else { "does not matter" }.to_owned());
        if let Some(k) = self.continuation {
            line("classes", format!("the {k}-mers that may follow, in ACGT order"));
        }
        for part in &self.splits {
            line(part.name, part.text());
        }
        if self.held_out.stretches > 0 {
            let HeldOut { stretches, bases, loci } = &self.held_out;
            let more = if *stretches > SHOWN { ", .." } else { "" };
            let shown = loci[..loci.len().min(SHOWN)].join(", ");
            line("held out", format!("{bases} bases in {stretches} stretches: {shown}{more}"));
        }
        for note in &self.notes {
            line("note", note.clone());
        }
        if let Some(recipe) = &self.recipe {
            line("fine-tuning", format!("protocol paper: {recipe}"));
        }
        line("cite", self.citation.clone());
        line("licence", self.license.clone());
        text
    }
}

impl Part {
    fn empty(split: Split) -> Self {
        Self {
            name: split.name(),
            examples: 0,
            groups: 0,
            balance: Vec::new(),
            classes: 0,
            values: Vec::new(),
            lengths: None,
            unknown_bases: 0.0,
            reason: None,
        }
    }

    fn new(split: Split, examples: Examples<'_>, target: Target, names: &[String]) -> Self {
        let mut lengths: Vec<usize> =
            examples.items.sequences.iter().map(|sequence| sequence.bases().len()).collect();
        lengths.sort_unstable();
        let bases: usize = lengths.iter().sum();
        let unknown: usize = examples
            .items
            .sequences
            .iter()
            .map(|sequence| {
                sequence.bases().iter().filter(|&&base| dlm_sdk::dna::code(base).is_none()).count()
            })
            .sum();
        let counts = counts(examples, target);
        let classes = counts.iter().filter(|&&count| count > 0).count();
        let mut balance: Vec<Balance> = (0..)
            .zip(&counts)
            .map(|(class, &examples): (usize, _)| Balance {
                class: names.get(class).cloned().unwrap_or_else(|| class.to_string()),
                examples,
            })
            .collect();
        if balance.len() > MANY_CLASSES {
            balance.sort_by_key(|balance| std::cmp::Reverse(balance.examples));
            balance.truncate(SHOWN);
        }
        Self {
            examples: examples.len(),
            groups: examples.items.groups.iter().collect::<BTreeSet<_>>().len(),
            balance,
            classes,
            values: spreads(examples, target),
            lengths: lengths.first().map(|&min| Lengths {
                min,
                median: lengths[(lengths.len() - 1) / 2],
                max: lengths[lengths.len() - 1],
            }),
            unknown_bases: if bases == 0 { 0.0 } else { unknown as f64 / bases as f64 },
            ..Self::empty(split)
        }
    }

    fn text(&self) -> String {
        if let Some(reason) = &self.reason {
            return format!("cannot be read: {reason}");
        }
        let mut text = format!("{} examples", self.examples);
        if self.groups < self.examples {
            let _ = write!(text, " in {} groups", self.groups);
        }
        if let Some(Lengths { min, median, max }) = self.lengths {
            let _ = if min == max {
                write!(text, ", {min} bases each")
            } else {
                write!(text, ", {min} to {max} bases (median {median})")
            };
        }
        if self.unknown_bases > 0.0 {
            let _ = write!(text, ", {:.2} % unknown", 100.0 * self.unknown_bases);
        }
        let balance: Vec<String> =
            self.balance.iter().map(|balance| format!("{} {}", balance.class, balance.examples)).collect();
        if !balance.is_empty() {
            let more = if self.classes > balance.len() {
                format!(", .. ({} classes)", self.classes)
            } else {
                String::new()
            };
            let _ = write!(text, "; {}{more}", balance.join(", "));
        }
        for Spread { min, mean, max } in &self.values {
            let _ = write!(text, "; {min:.4} to {max:.4}, mean {mean:.4}");
        }
        text
    }
}

fn counts(examples: Examples<'_>, target: Target) -> Vec<usize> {
    match target {
        Target::Regression(_) => Vec::new(),
        Target::Multilabel(_) => examples
            .targets
            .columns()
            .into_iter()
            .map(|column| column.iter().filter(|&&value| value > 0.5).count())
            .collect(),
        _ => {
            let mut counts = vec![0; target.classes().unwrap_or_default()];
            for class in examples.classes() {
                if let Some(count) = counts.get_mut(class) {
                    *count += 1;
                }
            }
            counts
        }
    }
}

fn spreads(examples: Examples<'_>, target: Target) -> Vec<Spread> {
    if !matches!(target, Target::Regression(_)) || examples.is_empty() {
        return Vec::new();
    }
    let spread = |values: Vec<f64>| Spread {
        min: values.iter().copied().fold(f64::INFINITY, f64::min),
        mean: values.iter().sum::<f64>() / values.len() as f64,
        max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    };
    let columns = examples.targets.columns().into_iter();
    columns.map(|column| spread(column.iter().map(|&value| f64::from(value)).collect())).collect()
}
