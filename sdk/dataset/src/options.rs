//! Options that tasks cut from a genome have in common.

use std::path::{Path, PathBuf};

use dlm_sdk::{Config, Error, Result};

use crate::SplitBy;

/// What is drawn from the genome, and how it is put into splits.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    /// `chromosome`: those to take; none: all of the genome.
    pub chromosomes: Vec<String>,
    /// `split`: how examples are put into splits, by groups if nobody says.
    pub split: SplitBy,
    /// `seed`: of everything that is drawn.
    pub seed: u64,
    /// `lift`: the chain file from the build of the table to that of the genome, if they are of two.
    pub lift: Option<PathBuf>,
}

impl Drawing {
    /// Reads the four options.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid), naming the option that is wrong.
    pub fn from_config(config: &Config) -> Result<Self> {
        Ok(Self {
            chromosomes: config.list("chromosome")?,
            split: SplitBy::parse(config.get("split").unwrap_or("grouped"))?,
            seed: config.need("seed")?,
            lift: config.get("lift").map(PathBuf::from),
        })
    }
}

/// Refuses a text without a key, which a task of options only has no use for.
///
/// # Errors
///
/// [`Invalid`](dlm_sdk::ErrorKind::Invalid): there is one.
pub fn no_positional(config: &Config, task: &str) -> Result<()> {
    match config.positional() {
        Some(text) => Err(Error::invalid(format!("{task} takes options only, not {text:?}"))),
        None => Ok(()),
    }
}

/// Reads the path of a file that must be given; the hint says what the file is and how to name it.
///
/// # Errors
///
/// [`Invalid`](dlm_sdk::ErrorKind::Invalid): it is not given.
pub fn path(config: &Config, key: &str, hint: &'static str) -> Result<PathBuf> {
    let missing = || Error::invalid(format!("option {key} is missing")).with_hint(hint);
    config.get(key).map(PathBuf::from).ok_or_else(missing)
}

/// Returns the note of a card that says what a task was made from: the genome as it describes itself, the table by the
/// name of its file, and the chain file that leads from one to the other, if there is one.
pub fn sources(genome: &str, what: &str, table: &Path, lift: Option<&Path>) -> String {
    let name = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let lift = lift.map_or_else(
        || ", taken to be of that build".to_owned(),
        |chain| format!(", of the build that {} leads from", name(chain)),
    );
    format!("made from: genome {genome}; {what} {}{lift}", name(table))
}

/// Reads one of a few values, the first of them if the option is not given; there is at least one.
///
/// # Errors
///
/// [`Invalid`](dlm_sdk::ErrorKind::Invalid), naming the values: it is none of them.
pub fn choice<T: Copy>(config: &Config, key: &str, values: &[(&str, T)]) -> Result<T> {
    let given = config.get(key);
    let found = values.iter().find(|(name, _)| given.is_none_or(|given| given == *name));
    found.map(|&(_, value)| value).ok_or_else(|| {
        let names: Vec<_> = values.iter().map(|(name, _)| *name).collect();
        let (last, others) = names.split_last().unwrap_or((&"", &[]));
        refuse(key, given.unwrap_or_default(), &format!("{} or {last}", others.join(", ")))
    })
}

/// Says that an option has a value it cannot take, and which it can.
pub fn refuse(key: &str, value: &str, known: &str) -> Error {
    Error::invalid(format!("option {key}: {value:?} is not a value it can take"))
        .with_hint(format!("it is {known}"))
}

#[cfg(test)]
mod tests {
    use dlm_sdk::{OptionSpec, Spec};

    use super::*;

    const OPTIONS: &[OptionSpec] = &[OptionSpec { key: "strand", default: None, help: "" }];

    fn strand(text: &str) -> Result<bool> {
        let config = Config::new(&text.parse::<Spec>()?, OPTIONS)?;
        choice(&config, "strand", &[("forward", false), ("reading", true)])
    }

    #[test]
    fn the_first_value_is_the_default_and_others_are_refused() {
        assert!(!strand("x").unwrap());
        assert!(strand("x,strand=reading").unwrap());
        let error = strand("x,strand=-").unwrap_err();
        assert_eq!(error.to_string(), "option strand: \"-\" is not a value it can take");
        assert_eq!(error.hint(), Some("it is forward or reading"));
    }
}
