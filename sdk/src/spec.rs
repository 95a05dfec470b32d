//! How components are named and configured.
//!
//! A spec is text of the form `ID[:POSITIONAL][,key=value]..`, such as `tfidf:kmer:6:overlap,trees=250` or
//! `gue/tf/0`. The id ends at the first `:` or `/`; what follows up to the first comma is the positional argument,
//! which may hold another spec's colons; options follow, each checked against those the component knows.

use std::{collections::BTreeMap, fmt, str::FromStr};

use crate::{Error, Result};

/// A parsed spec.
///
/// # Examples
///
/// ```
/// use dlm_sdk::Spec;
///
/// let spec: Spec = "tfidf:kmer:6:overlap,trees=250".parse()?;
/// assert_eq!(spec.id, "tfidf");
/// assert_eq!(spec.positional.as_deref(), Some("kmer:6:overlap"));
/// assert_eq!(spec.options["trees"], "250");
/// assert_eq!(spec.to_string(), "tfidf:kmer:6:overlap,trees=250");
/// # Ok::<(), dlm_sdk::Error>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Spec {
    /// The component's id.
    pub id: String,
    /// What follows the id.
    pub positional: Option<String>,
    /// The options, by key.
    pub options: BTreeMap<String, String>,
    separator: char,
}

impl Spec {
    /// Returns the text up to the options.
    pub fn head(&self) -> String {
        match &self.positional {
            Some(positional) => format!("{}{}{positional}", self.id, self.separator),
            None => self.id.clone(),
        }
    }
}

impl FromStr for Spec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.split(',');
        let head = parts.next().unwrap_or_default();
        let mut options = BTreeMap::new();
        let mut last: Option<String> = None;
        for part in parts {
            // A part without `=` continues the value before it, so that a value may be a list: `trees=100,250`.
            if let Some((key, value)) = part.split_once('=') {
                if key.is_empty() || options.insert(key.to_owned(), value.to_owned()).is_some() {
                    return Err(Error::invalid(format!(
                        "spec {text:?}: option {key:?} is empty or given twice"
                    )));
                }
                last = Some(key.to_owned());
            } else if let Some(value) = last.as_ref().and_then(|key| options.get_mut(key)) {
                value.push(',');
                value.push_str(part);
            } else {
                return Err(Error::invalid(format!("spec {text:?}: {part:?} is not of the form key=value")));
            }
        }
        let separator = head.find([':', '/']);
        let (id, positional) = match separator {
            Some(at) => (&head[..at], Some(head[at + 1..].to_owned())),
            None => (head, None),
        };
        Ok(Self {
            id: id.to_owned(),
            positional,
            options,
            separator: separator.map_or(':', |at| char::from(head.as_bytes()[at])),
        })
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.head())?;
        for (key, value) in &self.options {
            write!(f, ",{key}={value}")?;
        }
        Ok(())
    }
}

/// An option that a component knows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OptionSpec {
    /// Its key.
    pub key: &'static str,
    /// The value it has when it is not given; `None`: it has none, or must be given.
    pub default: Option<&'static str>,
    /// What it does, in a phrase.
    pub help: &'static str,
}

/// A component's configuration: a positional argument and options whose keys have been checked.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Config {
    positional: Option<String>,
    options: BTreeMap<String, String>,
}

impl Config {
    /// Checks a spec's options against those a component knows and fills in defaults.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) for an unknown key, with the nearest known one as hint.
    pub fn new(spec: &Spec, known: &[OptionSpec]) -> Result<Self> {
        Self::of_parts(&spec.head(), spec.positional.clone(), spec.options.clone(), known)
    }

    /// Checks options against those a component knows, which `head` names in messages, and fills in defaults.
    pub(crate) fn of_parts(
        head: &str,
        positional: Option<String>,
        given: BTreeMap<String, String>,
        known: &[OptionSpec],
    ) -> Result<Self> {
        let mut options = BTreeMap::new();
        for option in known {
            if let Some(default) = option.default {
                options.insert(option.key.to_owned(), default.to_owned());
            }
        }
        for (key, value) in given {
            if !known.iter().any(|option| option.key == key) {
                let keys: Vec<_> = known.iter().map(|option| option.key).collect();
                let error = Error::invalid(format!("{head}: unknown option {key:?}"));
                return Err(match nearest(&key, keys.iter().copied()) {
                    Some(near) => error.with_hint(format!("did you mean {near:?}?")),
                    None if keys.is_empty() => error.with_hint("it takes no options"),
                    None => error.with_hint(format!("its options are {}", keys.join(", "))),
                });
            }
            options.insert(key, value);
        }
        Ok(Self { positional, options })
    }

    /// Returns what followed the id.
    pub fn positional(&self) -> Option<&str> {
        self.positional.as_deref()
    }

    /// Returns what followed the id, which must be there.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid), naming what is missing.
    pub fn required(&self, what: &str) -> Result<&str> {
        self.positional().ok_or_else(|| Error::invalid(format!("{what} is missing after the id")))
    }

    /// Returns the text of an option.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.options.get(key).map(String::as_str)
    }

    /// Parses an option, `None` where it is neither given nor has a default.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid), naming key and value.
    pub fn parse<T: FromStr>(&self, key: &str) -> Result<Option<T>> {
        self.get(key).map(|value| parse_value(key, value)).transpose()
    }

    /// Parses an option that is given or has a default.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid), naming the key.
    pub fn need<T: FromStr>(&self, key: &str) -> Result<T> {
        self.parse(key)?.ok_or_else(|| Error::invalid(format!("option {key} is missing")))
    }

    /// Parses an option that is a list, its values separated by commas or plus signs.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid), naming key and value.
    pub fn list<T: FromStr>(&self, key: &str) -> Result<Vec<T>> {
        self.get(key)
            .into_iter()
            .flat_map(|values| values.split([',', '+']))
            .map(|value| parse_value(key, value.trim()))
            .collect()
    }

    /// Returns all options in the order of their keys.
    pub fn options(&self) -> impl Iterator<Item = (&str, &str)> {
        self.options.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

fn parse_value<T: FromStr>(key: &str, value: &str) -> Result<T> {
    value.parse().map_err(|_| Error::invalid(format!("option {key}: {value:?} is not a value it can take")))
}

/// Returns the candidate nearest to a word, if one is near enough to be meant.
///
/// # Examples
///
/// ```
/// assert_eq!(dlm_sdk::spec::nearest("tress", ["trees", "seed"]), Some("trees"));
/// assert_eq!(dlm_sdk::spec::nearest("genome", ["trees", "seed"]), None);
/// ```
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.len() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(word, candidate), candidate))
        .filter(|&(distance, candidate)| distance <= limit || candidate.starts_with(word) && word.len() > 2)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Counts the insertions, deletions, substitutions and swaps of neighbours between two words.
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let substitution = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut least = substitution.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    least = least.min(rows[i - 2][j - 2] + 1);
                }
                least
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_a_value() {
        let spec: Spec = "tfidf:kmer:6,trees=100,250,seeded=yes".parse().unwrap();
        assert_eq!(spec.options["trees"], "100,250");
        assert_eq!(spec.options["seeded"], "yes");
    }

    #[test]
    fn a_slash_is_kept() {
        let spec: Spec = "gue/tf/0,split=paper".parse().unwrap();
        assert_eq!((spec.id.as_str(), spec.positional.as_deref()), ("gue", Some("tf/0")));
        assert_eq!(spec.to_string(), "gue/tf/0,split=paper");
    }

    #[test]
    fn an_unknown_key_names_its_neighbour() {
        let known = [OptionSpec { key: "trees", default: Some("100"), help: "how many trees" }];
        let error = Config::new(&"tfidf:kmer:6,tress=5".parse().unwrap(), &known).unwrap_err();
        assert_eq!(error.hint(), Some("did you mean \"trees\"?"));
        assert!("a,b".parse::<Spec>().is_err());
        assert!("a,b=1,b=2".parse::<Spec>().is_err());
    }
}
