//! Checks in the making.

use std::collections::BTreeMap;

use crate::{
    report::{Check, Example, Item, Status},
    threshold::{Threshold, threshold},
};

/// How many examples a check shows.
const SHOWN: usize = 5;
/// Fewer affected items than this are an accident.
const FEWEST: usize = 3;

/// A check in the making.
pub(crate) struct Draft {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
}

impl Draft {
    pub(crate) fn skip(self, reason: impl Into<String>) -> Check {
        Check {
            id: self.id.to_owned(),
            title: self.title.to_owned(),
            status: Status::Skip,
            value: None,
            of: 0,
            warn: None,
            fail: None,
            reason: reason.into(),
            evidence: BTreeMap::new(),
            examples: Vec::new(),
        }
    }

    pub(crate) fn judged(self, value: f64, of: usize, reason: impl Into<String>) -> Check {
        let Threshold { warn, fail } = threshold(self.id);
        let status = threshold(self.id).judge(value);
        Check { status, value: Some(value), of, warn: Some(warn), fail, ..self.skip(reason) }
    }

    /// A share of test items; a few items alone are an accident.
    pub(crate) fn share(self, affected: usize, of: usize, what: &str) -> Check {
        let share = affected as f64 / of.max(1) as f64;
        let mut check = self.judged(share, of, format!("{affected} of {of} {what}"));
        if affected < FEWEST {
            check.status = Status::Pass;
        }
        check
    }
}

/// Returns a few items, the most alike first.
pub(crate) fn shown(details: &[Item], other: impl Fn(&Item) -> Option<(u64, f64)>) -> Vec<Example> {
    let mut found: Vec<Example> = details
        .iter()
        .filter_map(|item| {
            other(item).map(|(other, similarity)| Example { test: item.id, other, similarity })
        })
        .collect();
    found.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
    found.truncate(SHOWN);
    found
}
