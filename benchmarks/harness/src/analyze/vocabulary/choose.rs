//! Which vocabulary is chosen, and whether the choice means anything.

use dlm_analysis::holm;
use dlm_sdk::{Error, Result};
use serde::Serialize;
use statrs::distribution::{ContinuousCDF as _, FisherSnedecor, StudentsT};

use super::{
    learn::Vocabulary,
    predict::{Answers, Method},
};

/// Differences with a smaller probability count.
const LEVEL: f64 = 0.05;

/// A byte-pair vocabulary, on validation.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ChoiceRow {
    #[serde(skip)]
    pub(super) vocabulary: usize,
    pub(super) name: String,
    pub(super) cycles: usize,
    /// The mean over seeds; 1 is the mean of all byte-pair models.
    pub(super) relative_accuracy: f64,
    /// Over seeds.
    pub(super) standard_deviation: f64,
    /// That it is as good as the best, corrected by Holm; 1 for the best itself.
    pub(super) p: f64,
    pub(super) chosen: bool,
}

/// The choice.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) rows: Vec<ChoiceRow>,
    /// The F statistic of the analysis of variance, its degrees of freedom and its p-value.
    pub(super) f: f64,
    pub(super) degrees: (f64, f64),
    pub(super) p: f64,
    /// The place in `rows` of the highest mean, and of the chosen.
    pub(super) best: usize,
    pub(super) chosen: usize,
}

impl Choice {
    /// Chooses among byte-pair vocabularies by what their models reach on validation.
    ///
    /// # Errors
    ///
    /// Some vocabulary lacks a model of some seed, or there are fewer than two of either.
    pub(super) fn new(vocabularies: &[Vocabulary], answers: &Answers) -> Result<Self> {
        let (sizes, seeds) = (answers.sizes(), answers.seeds());
        let snapshots: Vec<(usize, usize)> = vocabularies
            .iter()
            .enumerate()
            .filter_map(|(place, vocabulary)| Some((place, vocabulary.cycles?)))
            .collect();
        let (groups, each) = (snapshots.len(), seeds.len());
        if groups < 2 || each < 2 {
            return Err(Error::invalid("two vocabularies and two models of each are needed to choose"));
        }
        let relative = |place: usize, seed: u64| -> Result<f64> {
            let mut sum = 0.0;
            for &k in &sizes {
                let of = |place, seed| {
                    answers.validation(Method::Model(place, seed), k).ok_or_else(|| {
                        Error::internal(format!("a model of vocabulary {place} and seed {seed} is missing"))
                    })
                };
                let mut all = 0.0;
                for &(other, _) in &snapshots {
                    for &seed in &seeds {
                        all += of(other, seed)?;
                    }
                }
                let mean = all / (groups * each) as f64;
                if mean <= 0.0 {
                    return Err(Error::invalid(format!("no model ever tells the next {k} bases"))
                        .with_hint("ask for fewer bases, or give more samples and steps"));
                }
                sum += of(place, seed)? / mean;
            }
            Ok(sum / sizes.len() as f64)
        };
        let mut values = Vec::with_capacity(groups);
        for &(place, _) in &snapshots {
            values.push(seeds.iter().map(|&seed| relative(place, seed)).collect::<Result<Vec<f64>>>()?);
        }
        Self::of(vocabularies, &snapshots, &values)
    }

    fn of(vocabularies: &[Vocabulary], snapshots: &[(usize, usize)], values: &[Vec<f64>]) -> Result<Self> {
        let (groups, each) = (values.len() as f64, values[0].len() as f64);
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let squares = |values: &[f64]| {
            let center = mean(values);
            values.iter().map(|value| (value - center).powi(2)).sum::<f64>()
        };
        let means: Vec<f64> = values.iter().map(|values| mean(values)).collect();
        let within = values.iter().map(|values| squares(values)).sum::<f64>();
        let degrees = (groups - 1.0, groups * (each - 1.0));
        // Models that are alike to the last digit leave no variance; then any difference counts.
        let variance = (within / degrees.1).max(f64::MIN_POSITIVE);
        let f = each * squares(&means) / degrees.0 / variance;
        let failed = |error: statrs::distribution::FisherSnedecorError| {
            Error::internal("the distribution of F has wrong degrees").with_source(error)
        };
        let p = FisherSnedecor::new(degrees.0, degrees.1).map_err(failed)?.sf(f);
        let best = (0..means.len()).fold(0, |best, at| if means[at] > means[best] { at } else { best });
        let student = StudentsT::new(0.0, 1.0, degrees.1).map_err(|error| {
            Error::internal("Student's distribution has wrong degrees").with_source(error)
        })?;
        let error = (2.0 * variance / each).sqrt();
        let others: Vec<usize> = (0..means.len()).filter(|&at| at != best).collect();
        let raw: Vec<f64> =
            others.iter().map(|&at| 2.0 * student.sf((means[best] - means[at]) / error)).collect();
        let mut corrected = vec![1.0; means.len()];
        for (&at, p) in others.iter().zip(holm(&raw)) {
            corrected[at] = p;
        }
        // Without a difference over all, none of the single ones is looked for.
        let told = |at: usize| p < LEVEL && corrected[at] < LEVEL;
        let chosen =
            (0..means.len()).filter(|&at| !told(at)).min_by_key(|&at| snapshots[at].1).unwrap_or(best);
        let rows = snapshots.iter().enumerate().map(|(at, &(place, cycles))| ChoiceRow {
            vocabulary: place,
            name: vocabularies[place].name.clone(),
            cycles,
            relative_accuracy: means[at],
            standard_deviation: (squares(&values[at]) / (each - 1.0)).sqrt(),
            p: corrected[at],
            chosen: at == chosen,
        });
        Ok(Self { rows: rows.collect(), f, degrees, p, best, chosen })
    }

    /// Returns whether cycles matter.
    pub(super) fn differ(&self) -> bool {
        self.p < LEVEL
    }

    /// Returns the reason for the choice in a sentence.
    pub(super) fn reason(&self) -> String {
        let (best, chosen) = (&self.rows[self.best], &self.rows[self.chosen]);
        let test =
            format!("F({:.0}, {:.0}) = {:.2}, p = {}", self.degrees.0, self.degrees.1, self.f, small(self.p));
        if !self.differ() {
            return format!(
                "No significant difference between the numbers of cycles ({test}): the smallest vocabulary, {}, is \
                 chosen because none can be told to be better.",
                chosen.name
            );
        }
        if self.best == self.chosen {
            return format!(
                "Cycles matter ({test}), and {} is the best of all and the smallest that is.",
                best.name
            );
        }
        format!(
            "Cycles matter ({test}). {} reaches most, and {} is the smallest vocabulary that cannot be told from it (p = \
             {}).",
            best.name,
            chosen.name,
            small(chosen.p)
        )
    }
}

/// Writes a p-value.
pub(super) fn small(p: f64) -> String {
    if p < 0.001 { format!("{p:.1e}") } else { format!("{p:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabularies() -> Vec<Vocabulary> {
        let one = |cycles: usize| Vocabulary {
            name: format!("bpe-{cycles}"),
            spec: format!("{cycles}"),
            cycles: Some(cycles),
            size: cycles,
        };
        let mut all: Vec<Vocabulary> = [100, 300, 600].into_iter().map(one).collect();
        all.push(Vocabulary { name: "kmer-4".into(), spec: "kmer:4".into(), cycles: None, size: 256 });
        all
    }

    fn choice(values: [[f64; 3]; 3]) -> Choice {
        let mut all = Vec::new();
        for (vocabulary, seeds) in values.iter().enumerate() {
            for (seed, value) in seeds.iter().enumerate() {
                // The same relative differences at another level of accuracy.
                all.push((vocabulary, seed as u64, 2, *value));
                all.push((vocabulary, seed as u64, 6, value / 10.0));
            }
        }
        for seed in 0..3 {
            all.extend([(3, seed, 2, 0.9), (3, seed, 6, 0.9)]);
        }
        let vocabularies = vocabularies();
        Choice::new(&vocabularies, &Answers::of_models(&all, &vocabularies)).unwrap()
    }

    #[test]
    fn the_analysis_of_variance_is_that_of_scipy() {
        // scipy.stats.f_oneway([.10, .12, .11], [.15, .16, .17], [.155, .165, .16]).
        let choice = choice([[0.10, 0.12, 0.11], [0.15, 0.16, 0.17], [0.155, 0.165, 0.16]]);
        assert!((choice.f - 33.333_333_333).abs() < 1e-6, "{}", choice.f);
        assert!((choice.p - 5.629_217_569_646e-4).abs() < 1e-9, "{}", choice.p);
        // 300 and 600 are alike, so the smaller is taken, though their k-mer twin is far above.
        assert_eq!(choice.rows[choice.chosen].cycles, 300);
        assert!(choice.rows[0].p < 0.05 && choice.rows[2].p > 0.5);
        let mean: f64 = choice.rows.iter().map(|row| row.relative_accuracy).sum::<f64>() / 3.0;
        assert!((mean - 1.0).abs() < 1e-12);
    }

    #[test]
    fn no_significant_difference_is_an_answer() {
        let choice = choice([[0.10, 0.14, 0.12], [0.11, 0.15, 0.12], [0.13, 0.11, 0.15]]);
        assert!(!choice.differ() && choice.p > 0.3, "{}", choice.p);
        assert_eq!((choice.best, choice.rows[choice.chosen].cycles), (2, 100));
        assert!(choice.reason().starts_with("No significant difference"), "{}", choice.reason());
    }
}
