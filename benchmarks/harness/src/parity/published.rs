//! The published numbers, and the names of methods in publications.
//!
//! Both are files of `benchmarks/paper` that the program carries: `published.csv`, a number a line, and `methods.toml`.

use std::collections::BTreeMap;

use dlm_sdk::{Error, Result, Spec, spec::nearest};
use serde::{Deserialize, Serialize};

const NUMBERS: &str = include_str!("../../../paper/published.csv");
const METHODS: &str = include_str!("../../../paper/methods.toml");

/// A published number.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Published {
    /// The table it is from, such as `4.1` or `4.4 row 15`; [`sources`] says what that is.
    pub section: String,
    /// The method, as publications name it; empty: a property of the data.
    pub model: String,
    /// The task as a spec without files; empty: no task of this program measures it.
    pub task: String,
    /// The id of the metric; `items`: how many examples; `masked_accuracy`, `masked_top_tenth` and `masked_perplexity`:
    /// scores of pretraining.
    pub metric: String,
    /// `=`, `~` (about), `<=`, `<` or `>`.
    pub relation: String,
    /// The number as it is printed, units included.
    pub published: String,
    /// The same in the metric's own unit, shares from 0 to 1; `None` for a range.
    pub value: Option<f64>,
    /// How it was made: `finetune`, `probe`, `baseline`, `task`, `pretraining`, or `other`: not by a benchmark.
    pub how: String,
    /// What is measured, where metric and task do not say it.
    pub quantity: String,
    /// What is to be known beside it.
    pub note: String,
}

/// Returns all published numbers, in the order of their tables.
///
/// # Errors
///
/// The program's own file is broken.
pub fn numbers() -> Result<Vec<Published>> {
    csv::Reader::from_reader(NUMBERS.as_bytes())
        .deserialize()
        .map(|row| row.map_err(|error| Error::internal("published.csv: broken").with_source(error)))
        .collect()
}

/// Returns the tables of the numbers and where they were published.
pub fn sources() -> [(&'static str, &'static str); 4] {
    [
        ("4.1", "GUE, human tasks, test MCC times 100: Zhou et al., DNABERT-2, ICLR 2024, read off a figure"),
        ("4.2", "Nucleotide Transformer tasks, first release, MCC: Dalla-Torre et al., read off a figure"),
        ("4.3", "GROVER frozen, mean of states, random forest, area under ROC: Feng et al., Nat Commun 2025"),
        ("4.4", "the GROVER paper: Sanabria et al., Nat Mach Intell 2024"),
    ]
}

#[derive(Deserialize)]
struct MethodFile {
    methods: BTreeMap<String, Vec<String>>,
}

/// Which specs stand for a published method.
#[derive(Clone, Debug)]
pub struct Methods(BTreeMap<String, Vec<String>>);

impl Methods {
    /// Reads the program's own names and adds `NAME=SPEC` given by hand.
    ///
    /// # Errors
    ///
    /// A text is not of that form or names no published method.
    pub fn with(more: &[String]) -> Result<Self> {
        let file: MethodFile = toml::from_str(METHODS)
            .map_err(|error| Error::internal("methods.toml: broken").with_source(error))?;
        let mut methods = file.methods;
        for text in more {
            let Some((name, spec)) = text.split_once('=') else {
                return Err(Error::invalid(format!("--as {text}: not of the form NAME=SPEC"))
                    .with_hint("for instance --as GROVER=my-grover"));
            };
            let Some(specs) = methods.get_mut(name) else {
                let error = Error::invalid(format!("--as {text}: no published method is called {name:?}"));
                return Err(match nearest(name, methods.keys().map(String::as_str)) {
                    Some(near) => error.with_hint(format!("did you mean {near:?}?")),
                    None => error.with_hint(format!(
                        "known are {}",
                        methods.keys().cloned().collect::<Vec<_>>().join(", ")
                    )),
                });
            };
            specs.push(spec.to_owned());
        }
        Ok(Self(methods))
    }

    /// Returns whether a row of results stands for a published method. Of a folder its last part counts, wherever it
    /// lies, so that a random twin never does.
    pub fn stands_for(&self, spec: &str, name: &str) -> bool {
        let head = head(spec);
        self.0.get(name).is_some_and(|known| {
            known.iter().any(|known| match known.strip_suffix('*') {
                Some(start) => head.starts_with(start),
                None => head == *known || (known.contains('/') && tail(&head) == tail(known)),
            })
        })
    }

    /// Returns whether a published method is listed.
    pub fn knows(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

fn head(spec: &str) -> String {
    spec.parse::<Spec>().map_or_else(|_| spec.to_owned(), |spec| spec.head())
}

fn tail(head: &str) -> &str {
    head.trim_end_matches('/').rsplit(['/', '\\', ':']).next().unwrap_or(head)
}

#[cfg(test)]
mod tests {
    use dlm_sdk::metrics::Metric;

    use super::*;

    #[test]
    fn every_number_can_be_understood() {
        let (numbers, methods) = (numbers().unwrap(), Methods::with(&[]).unwrap());
        assert_eq!(numbers.len(), 284);
        for number in &numbers {
            let named = format!("{number:?}");
            assert!(number.model.is_empty() || methods.knows(&number.model), "{named}");
            assert!(sources().iter().any(|(section, _)| number.section.starts_with(section)), "{named}");
            assert!(["=", "~", "<", "<=", ">"].contains(&number.relation.as_str()), "{named}");
            assert!(
                number.task.is_empty() != number.quantity.is_empty() || number.metric == "items",
                "{named}"
            );
            match number.how.as_str() {
                "finetune" | "probe" | "baseline" => {
                    assert!(number.metric.parse::<Metric>().is_ok(), "{named}");
                    // What is printed and what is compared are one number, in percent or as a share.
                    let printed: f64 = number.published.trim_end_matches(" %").parse().unwrap();
                    let value = number.value.unwrap();
                    assert!((0.0..=1.0).contains(&value), "{named}");
                    assert!(
                        (printed - value).abs() < 1e-9 || (printed - 100.0 * value).abs() < 1e-9,
                        "{named}"
                    );
                }
                "task" | "pretraining" | "other" => {}
                other => panic!("{other}: {named}"),
            }
        }
    }

    #[test]
    fn a_folder_counts_by_its_last_part_and_a_twin_never() {
        let methods = Methods::with(&["NT-2.5B-multi=big/nt".to_owned()]).unwrap();
        assert!(methods.stands_for("models/grover", "GROVER"));
        assert!(methods.stands_for("/elsewhere/grover,device=cpu", "GROVER"));
        assert!(!methods.stands_for("models/grover+random", "GROVER"));
        assert!(!methods.stands_for("grover-mini", "GROVER"));
        assert!(methods.stands_for("tfidf:bpe-600.json", "TF-IDF BPE-600"));
        assert!(methods.stands_for("tfidf:kmer:4", "TF-IDF, best vocabulary"));
        assert!(!methods.stands_for("tfidf:kmer:4", "TF-IDF 4-mer"));
        assert!(methods.stands_for("nucleotide-transformer:big/nt", "NT-2.5B-multi"));
        let error = Methods::with(&["GROVR=x".to_owned()]).unwrap_err();
        assert_eq!(error.hint(), Some("did you mean \"GROVER\"?"));
    }
}
