//! Labels as text, and the targets they stand for.

use std::{collections::BTreeSet, str::FromStr};

use dlm_sdk::{Error, Result, Target, spec::nearest};
use serde::{Deserialize, Serialize};

/// More classes than this are taken for a mistake.
const MOST_CLASSES: usize = 1_000;

/// Names that stand for the negative class of two.
const NEGATIVE: [&str; 9] = ["0", "-1", "negative", "neg", "no", "false", "other", "control", "background"];

/// What kind of target labels stand for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetKind {
    /// One of two classes.
    Binary,
    /// One of several classes.
    Multiclass,
    /// Any number of labels, separated by `;`.
    Multilabel,
    /// Numbers, separated by `;`.
    Regression,
}

impl FromStr for TargetKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "binary" => Ok(Self::Binary),
            "multiclass" => Ok(Self::Multiclass),
            "multilabel" => Ok(Self::Multilabel),
            "regression" => Ok(Self::Regression),
            _ => Err(Error::invalid(format!("{text:?} is no kind of target"))
                .with_hint("it is binary, multiclass, multilabel or regression")),
        }
    }
}

/// How labels become target rows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Labels {
    pub(crate) kind: TargetKind,
    /// The classes; none for a regression.
    pub(crate) classes: Vec<String>,
    /// The numbers of a regression.
    pub(crate) outputs: usize,
}

/// What is wrong, and what to do.
pub(crate) type Fault = (String, String);

impl Labels {
    /// Takes what a manifest says.
    pub(crate) fn new(kind: TargetKind, classes: Vec<String>, outputs: Option<usize>) -> Result<Self, Fault> {
        let classes = match (kind, classes.is_empty()) {
            (TargetKind::Binary, true) => vec!["0".to_owned(), "1".to_owned()],
            _ => classes,
        };
        let (count, outputs) = (classes.len(), outputs.unwrap_or(1));
        let distinct = classes.iter().collect::<BTreeSet<_>>().len();
        let fits = match kind {
            TargetKind::Binary => count == 2,
            TargetKind::Multiclass => count >= 2,
            TargetKind::Multilabel => count >= 1,
            TargetKind::Regression => count == 0 && outputs > 0,
        };
        if !fits || distinct != count {
            let message = format!("{count} classes, {distinct} of them different, do not fit the target");
            return Err((message, "binary has two classes, multiclass two or more, regression none".into()));
        }
        Ok(Self { kind, classes, outputs })
    }

    /// Finds out what labels stand for: numbers with a fraction are a regression, `;` separates several labels, and
    /// anything else names classes.
    pub(crate) fn infer<'t>(
        texts: impl Iterator<Item = &'t str> + Clone,
        kind: Option<TargetKind>,
    ) -> Result<Self, Fault> {
        let distinct: BTreeSet<&str> = texts.clone().collect();
        let fraction = |text: &str| text.contains(['.', 'e', 'E']) && text.parse::<f64>().is_ok();
        let kind = kind.unwrap_or_else(|| {
            if distinct.iter().any(|text| text.split(';').any(|part| fraction(part.trim()))) {
                TargetKind::Regression
            } else if distinct.iter().any(|text| text.contains(';')) {
                TargetKind::Multilabel
            } else if distinct.len() == 2 {
                TargetKind::Binary
            } else {
                TargetKind::Multiclass
            }
        });
        let mut classes: Vec<String> = match kind {
            TargetKind::Regression => Vec::new(),
            TargetKind::Multilabel => {
                let parts = distinct.iter().flat_map(|text| text.split(';')).map(str::trim);
                parts
                    .filter(|part| !part.is_empty())
                    .collect::<BTreeSet<_>>()
                    .into_iter()
                    .map(Into::into)
                    .collect()
            }
            _ => distinct.iter().map(|text| (*text).to_owned()).collect(),
        };
        if matches!(kind, TargetKind::Binary | TargetKind::Multiclass) && classes.len() < 2 {
            let only = classes.first().cloned().unwrap_or_default();
            let hint = "give the other class too, for instance with --negatives FILE";
            return Err((format!("all examples have the label {only:?}"), hint.into()));
        }
        if kind == TargetKind::Binary && classes.len() > 2 {
            let message = format!("there are {} labels, not two", classes.len());
            return Err((message, "say --target multiclass".into()));
        }
        if classes.len() > MOST_CLASSES {
            let message = format!("there are {} different labels", classes.len());
            return Err((message, "if they are numbers to predict, say --target regression".into()));
        }
        if classes.iter().all(|class| class.parse::<i64>().is_ok()) {
            classes.sort_by_key(|class| class.parse::<i64>().unwrap_or_default());
        } else if kind == TargetKind::Binary && NEGATIVE.contains(&classes[1].to_ascii_lowercase().as_str()) {
            classes.swap(0, 1);
        }
        let outputs = texts.clone().next().map_or(1, |text| text.split(';').count());
        Self::new(kind, classes, (kind == TargetKind::Regression).then_some(outputs))
    }

    /// Returns the target.
    pub(crate) fn target(&self) -> Target {
        match self.kind {
            TargetKind::Binary => Target::Binary,
            TargetKind::Multiclass => Target::Multiclass(self.classes.len()),
            TargetKind::Multilabel => Target::Multilabel(self.classes.len()),
            TargetKind::Regression => Target::Regression(self.outputs),
        }
    }

    /// Returns the target row of a label.
    pub(crate) fn encode(&self, text: &str) -> Result<Vec<f32>, Fault> {
        match self.kind {
            TargetKind::Binary | TargetKind::Multiclass => Ok(vec![self.class(text)? as f32]),
            TargetKind::Multilabel => {
                let mut row = vec![0.0; self.classes.len()];
                for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
                    row[self.class(part)?] = 1.0;
                }
                Ok(row)
            }
            TargetKind::Regression => {
                let number = |part: &str| {
                    part.trim().parse::<f32>().ok().filter(|number| number.is_finite()).ok_or_else(|| {
                        (format!("label {part:?} is no number"), "a regression predicts numbers".to_owned())
                    })
                };
                let row: Vec<f32> = text.split(';').map(number).collect::<Result<_, _>>()?;
                if row.len() == self.outputs {
                    return Ok(row);
                }
                let message = format!("the label holds {} numbers, not {}", row.len(), self.outputs);
                Err((message, "every example has as many".into()))
            }
        }
    }

    fn class(&self, name: &str) -> Result<usize, Fault> {
        self.classes.iter().position(|class| class == name).ok_or_else(|| {
            let hint = match nearest(name, self.classes.iter().map(String::as_str)) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("the classes are {}", self.classes.join(", ")),
            };
            (format!("label {name:?} is no class"), hint)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn infer(texts: &[&str]) -> Labels {
        Labels::infer(texts.iter().copied(), None).unwrap()
    }

    #[test]
    fn labels_say_what_they_are() {
        assert_eq!(infer(&["1", "0", "1"]).classes, ["0", "1"]);
        assert_eq!(infer(&["no", "enhancer"]).classes, ["no", "enhancer"]);
        assert_eq!(infer(&["neg", "Active"]).classes, ["neg", "Active"]);
        assert_eq!(infer(&["10", "9", "2"]).classes, ["2", "9", "10"]);
        assert_eq!(infer(&["10", "9", "2"]).kind, TargetKind::Multiclass);
        assert_eq!(infer(&["a;b", "", "b"]).classes, ["a", "b"]);
        assert_eq!(infer(&["0.5;1", "2;3e-1"]).target(), Target::Regression(2));
        assert!(Labels::infer(["x", "x"].into_iter(), None).is_err());
        assert!(Labels::infer(["x", "y", "z"].into_iter(), Some(TargetKind::Binary)).is_err());
    }

    #[test]
    fn labels_become_rows() {
        assert_eq!(infer(&["a;b", "c", "b"]).encode("c; a").unwrap(), [1.0, 0.0, 1.0]);
        assert_eq!(infer(&["a;b", "c", "b"]).encode("").unwrap(), [0.0; 3]);
        assert_eq!(infer(&["0.5;1", "2;3"]).encode("2;3").unwrap(), [2.0, 3.0]);
        assert_eq!(infer(&["0.5;1", "2;3"]).encode("2").unwrap_err().0, "the label holds 1 numbers, not 2");
        assert_eq!(infer(&["0.5", "2"]).encode("inf").unwrap_err().0, "label \"inf\" is no number");
        let (message, hint) = infer(&["promoter", "other"]).encode("promotor").unwrap_err();
        assert_eq!(
            (message.as_str(), hint.as_str()),
            ("label \"promotor\" is no class", "did you mean \"promoter\"?")
        );
    }
}
