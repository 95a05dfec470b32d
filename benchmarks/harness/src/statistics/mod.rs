//! Intervals and paired tests.
//!
//! Two things make a score uncertain, and each has its own interval: another seed would fit another predictor
//! ([`over_seeds`]), and another sample of the genome would hold other items ([`over_items`]). Items of one leakage
//! group (a block of a chromosome, a gene) rise and fall together, so that whole groups are resampled.
//!
//! Two methods are compared item by item: by the difference of their metric in the same resamples ([`paired`]), and by
//! the exact test of McNemar ([`mcnemar`]); p-values of several tasks are corrected by Holm ([`holm`]).

mod intervals;
mod paired;
mod resampling;

pub use intervals::{LEVEL, over_items, over_seeds, quantile};
pub use paired::{Difference, McNemar, holm, mcnemar, paired};
pub use resampling::{RESAMPLES, Resampling};
