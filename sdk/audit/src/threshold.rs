//! From which share or score on a check warns and fails.

use crate::Status;

/// From where on a check warns, and from where on it fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// The least share or score that warns.
    pub warn: f64,
    /// The least that fails; `None`: the check never fails.
    pub fail: Option<f64>,
}

impl Threshold {
    const fn new(warn: f64, fail: f64) -> Self {
        Self { warn, fail: Some(fail) }
    }

    /// Judges a share or score.
    pub fn judge(self, value: f64) -> Status {
        if self.fail.is_some_and(|fail| value >= fail) {
            Status::Fail
        } else if value >= self.warn {
            Status::Warn
        } else {
            Status::Pass
        }
    }
}

/// Returns the thresholds of a check by its id; those of an unknown id are never reached.
///
/// # Examples
///
/// ```
/// use dlm_audit::{Status, threshold};
///
/// assert_eq!(threshold("overlap.exact").judge(0.004), Status::Pass);
/// assert_eq!(threshold("overlap.exact").judge(0.05), Status::Fail);
/// assert_eq!(threshold("shortcut.composition").judge(0.99), Status::Warn);
/// ```
pub fn threshold(id: &str) -> Threshold {
    match id {
        "overlap.exact" | "shortcut.lowinfo" => Threshold::new(0.005, 0.05),
        "overlap.near" => Threshold::new(0.01, 0.1),
        "overlap.windows" | "overlap.groups" | "overlap.pretraining" => Threshold::new(0.01, 0.25),
        "overlap.homology" => Threshold::new(0.05, 0.25),
        "construction.shuffle" | "construction.segment" => Threshold::new(0.01, 0.05),
        "shortcut.length" | "shortcut.ambiguous" => Threshold::new(0.1, 0.3),
        "shortcut.composition" => Threshold { warn: 0.5, fail: None },
        "shortcut.position" => Threshold::new(0.4, 0.7),
        _ => Threshold { warn: f64::INFINITY, fail: None },
    }
}
