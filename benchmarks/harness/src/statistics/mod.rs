//! Intervals and paired tests.
//!
//! Two things make a score uncertain, and each has its own interval: another seed would fit another predictor
//! ([`over_seeds`]), and another sample of the genome would hold other items ([`over_items`]). Items of one leakage
//! group (a block of a chromosome, a gene) rise and fall together, so that whole groups are resampled.
//!
//! Two methods are compared item by item: by the difference of their metric in the same resamples ([`paired`]), and by
//! the exact test of McNemar ([`mcnemar`]); two areas under the ROC curve by the test of DeLong ([`delong`]). Differences
//! resample items and seeds together ([`two_level`]). P-values of several tasks are corrected by Holm ([`holm`]) and by
//! Benjamini and Hochberg ([`benjamini_hochberg`]).

mod delong;
mod intervals;
mod paired;
mod resampling;
mod two_level;

pub use delong::{DeLong, delong};
pub use dlm_analysis::{benjamini_hochberg, holm};

pub use intervals::{LEVEL, over_items, over_seeds, quantile};
pub use paired::{Difference, McNemar, mcnemar, paired};
pub use resampling::{RESAMPLES, Resampling};
pub use two_level::two_level;
