//! Scores: their names, their formulas, and the step from targets and answers to numbers.
//!
//! The host computes every metric, so that two plugins' Matthews correlations are one number's. Conventions follow
//! scikit-learn: a correlation with a constant is 0, averages over classes leave out classes that neither occur nor are
//! predicted, ties in an order count one half.

mod answers;
mod classification;
mod probability;
mod ranking;
mod regression;

pub use answers::{Answers, Outcome};
pub use classification::{ClassCounts, ConfusionMatrix};
pub use probability::{
    CalibrationBin, LEAST_PROBABILITY, bits_per_nucleotide, calibration, calibration_error, perplexity,
};
pub use ranking::{CurvePoint, auprc, auroc, pr_curve, roc_curve};
pub use regression::{pearson, r2, ranks, spearman};

use std::{fmt, str::FromStr};

use crate::{Error, Result, Target, spec::nearest};

/// A score that the host computes.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Metric {
    /// The share of items whose class is predicted.
    Accuracy,
    /// Matthews correlation coefficient, `R_K` with several classes.
    Mcc,
    /// The mean of the classes' F1.
    MacroF1,
    /// The mean of the classes' precision.
    Precision,
    /// The mean of the classes' recall.
    Recall,
    /// The mean recall over classes that occur.
    BalancedAccuracy,
    /// The area under the receiver operating characteristic; one against the rest, averaged, with several classes.
    Auroc,
    /// The area under the precision-recall curve as average precision.
    Auprc,
    /// The share of items whose class is among the five with the highest scores.
    Top5Accuracy,
    /// The exponential of the mean negative log-probability of the target.
    Perplexity,
    /// Bits of surprise a predicted base.
    BitsPerNucleotide,
    /// The expected calibration error over ten bins of confidence.
    CalibrationError,
    /// Pearson's correlation.
    Pearson,
    /// Spearman's rank correlation.
    Spearman,
    /// The coefficient of determination.
    R2,
}

impl Metric {
    /// All metrics.
    pub const ALL: [Self; 15] = [
        Self::Accuracy,
        Self::Mcc,
        Self::MacroF1,
        Self::Precision,
        Self::Recall,
        Self::BalancedAccuracy,
        Self::Auroc,
        Self::Auprc,
        Self::Top5Accuracy,
        Self::Perplexity,
        Self::BitsPerNucleotide,
        Self::CalibrationError,
        Self::Pearson,
        Self::Spearman,
        Self::R2,
    ];

    /// Returns the id used in files.
    pub fn id(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::Mcc => "mcc",
            Self::MacroF1 => "f1",
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::BalancedAccuracy => "balanced_accuracy",
            Self::Auroc => "auroc",
            Self::Auprc => "auprc",
            Self::Top5Accuracy => "top5_accuracy",
            Self::Perplexity => "perplexity",
            Self::BitsPerNucleotide => "bits_per_nucleotide",
            Self::CalibrationError => "calibration_error",
            Self::Pearson => "pearson",
            Self::Spearman => "spearman",
            Self::R2 => "r2",
        }
    }

    /// Returns whether more is better.
    pub fn higher_is_better(self) -> bool {
        !matches!(self, Self::Perplexity | Self::BitsPerNucleotide | Self::CalibrationError)
    }

    /// Returns what is computed for a target unless its task says otherwise, the primary metric first.
    pub fn defaults(target: &Target) -> Vec<Self> {
        match target {
            Target::Binary => vec![
                Self::Mcc,
                Self::Accuracy,
                Self::MacroF1,
                Self::Precision,
                Self::Recall,
                Self::BalancedAccuracy,
                Self::Auroc,
                Self::Auprc,
                Self::CalibrationError,
            ],
            Target::Multiclass(_) => vec![
                Self::Mcc,
                Self::Accuracy,
                Self::MacroF1,
                Self::Precision,
                Self::Recall,
                Self::BalancedAccuracy,
                Self::Auroc,
                Self::CalibrationError,
            ],
            Target::Multilabel(_) => vec![Self::Auroc, Self::Auprc, Self::Mcc, Self::MacroF1, Self::Accuracy],
            Target::Regression(_) => vec![Self::Pearson, Self::Spearman, Self::R2],
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Metric {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let id = match text {
            "matthews_correlation" | "matthews_corrcoef" => "mcc",
            "macro_f1" | "f1_macro" => "f1",
            "acc" => "accuracy",
            "roc_auc" => "auroc",
            "average_precision" => "auprc",
            other => other,
        };
        Self::ALL.into_iter().find(|metric| metric.id() == id).ok_or_else(|| {
            let error = Error::invalid(format!("no metric is called {text:?}"));
            match nearest(text, Self::ALL.map(Self::id)) {
                Some(near) => error.with_hint(format!("did you mean {near:?}?")),
                None => error.with_hint(format!("known are {}", Self::ALL.map(Self::id).join(", "))),
            }
        })
    }
}
