//! The text of a configuration: TOML or YAML, keys as the flags are called.

use std::{fs, path::PathBuf};

use dlm_sdk::{Error, Result, spec::nearest};
use serde_json::{Map, Value};

/// A configuration whose keys are taken one by one; what is left at the end is not known.
#[derive(Debug, Default)]
pub(crate) struct ConfigFile {
    pub(super) path: PathBuf,
    pub(super) values: Map<String, Value>,
}

impl ConfigFile {
    /// More than this is no configuration.
    const MOST_BYTES: u64 = 1 << 20;

    pub(super) fn read(path: PathBuf) -> Result<Self> {
        let name = path.display().to_string();
        let fail = |error: std::io::Error| Error::io(format!("{name}: cannot be read"), error);
        let metadata = fs::metadata(&path).map_err(fail)?;
        if metadata.is_dir() || metadata.len() > Self::MOST_BYTES {
            return Err(Error::invalid(format!("{name}: no configuration, but a folder or a large file")));
        }
        let text = String::from_utf8(fs::read(&path).map_err(fail)?)
            .map_err(|error| Error::invalid(format!("{name}: not text")).with_source(error))?;
        let yaml = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        let values = Self::parse(&text, yaml).map_err(|error| error.within(name.clone()))?;
        if values.is_empty() {
            return Err(Error::invalid(format!("{name}: holds no keys"))
                .with_hint("it may be as short as: tasks = [..] and baselines = [..]"));
        }
        Ok(Self { path, values })
    }

    pub(super) fn parse(text: &str, yaml: bool) -> Result<Map<String, Value>> {
        let value: Value = if yaml {
            serde_saphyr::from_str(text)
                .map_err(|error| Error::invalid(first_line(&error.to_string())).with_hint("is it YAML?"))?
        } else {
            toml::from_str(text).map_err(|error: toml::de::Error| {
                let line =
                    error.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
                Error::invalid(format!("line {line}: {}", first_line(error.message())))
                    .with_hint("a configuration is TOML, or YAML if its name ends in .yaml")
            })?
        };
        match value {
            Value::Object(values) => {
                Ok(values.into_iter().map(|(key, value)| (key.replace('_', "-"), value)).collect())
            }
            Value::Null => Ok(Map::new()),
            _ => Err(Error::invalid("not a list of keys and values")),
        }
    }

    fn wrong(&self, key: &str, wanted: &str, value: &Value) -> Error {
        Error::invalid(format!("{}: {key}: {value} is not {wanted}", self.path.display()))
    }

    pub(super) fn text(&mut self, key: &str) -> Result<Option<String>> {
        match self.values.remove(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(value) => Err(self.wrong(key, "a text", &value)),
        }
    }

    pub(super) fn integer(&mut self, key: &str) -> Result<Option<i64>> {
        match self.values.remove(key) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| self.wrong(key, "a whole number", &value)),
        }
    }

    pub(super) fn number(&mut self, key: &str) -> Result<Option<u64>> {
        match self.values.remove(key) {
            None => Ok(None),
            Some(value) => {
                value.as_u64().map(Some).ok_or_else(|| self.wrong(key, "a whole number from 0 on", &value))
            }
        }
    }

    /// Takes a number that may have a fraction.
    pub(super) fn real(&mut self, key: &str) -> Result<Option<f64>> {
        match self.values.remove(key) {
            None => Ok(None),
            Some(value) => value.as_f64().map(Some).ok_or_else(|| self.wrong(key, "a number", &value)),
        }
    }

    pub(super) fn flag(&mut self, key: &str) -> Result<bool> {
        match self.values.remove(key) {
            None => Ok(false),
            Some(value) => value.as_bool().ok_or_else(|| self.wrong(key, "true or false", &value)),
        }
    }

    pub(super) fn list(&mut self, key: &str) -> Result<Option<Vec<String>>> {
        let texts = |values: &[Value]| -> Option<Vec<String>> {
            values
                .iter()
                .map(|value| match value {
                    Value::String(text) => Some(text.clone()),
                    Value::Number(number) => Some(number.to_string()),
                    _ => None,
                })
                .collect()
        };
        match self.values.remove(key) {
            None => Ok(None),
            Some(Value::Array(values)) => texts(&values)
                .map(Some)
                .ok_or_else(|| self.wrong(key, "a list of texts or numbers", &Value::Array(values))),
            Some(value) => texts(std::slice::from_ref(&value))
                .map(Some)
                .ok_or_else(|| self.wrong(key, "a text, a number or a list of them", &value)),
        }
    }

    /// Fails if a key was not asked for.
    pub(super) fn finish(self, known: &[&str]) -> Result<()> {
        let Some(key) = self.values.keys().next() else { return Ok(()) };
        let error = Error::invalid(format!("{}: unknown key {key:?}", self.path.display()));
        Err(match nearest(key, known.iter().copied()) {
            Some(near) => error.with_hint(format!("did you mean {near:?}?")),
            None => error.with_hint(format!("known are {}", known.join(", "))),
        })
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_and_yaml_say_the_same() {
        let toml =
            ConfigFile::parse("tasks = [\"a\", \"b\"]\nsave_scores = true\nlayer = -1", false).unwrap();
        let yaml = ConfigFile::parse("tasks: [a, b]\nsave-scores: true\nlayer: -1\n", true).unwrap();
        assert_eq!(toml, yaml);
    }

    #[test]
    fn broken_files_are_refused_with_a_line() {
        let error = ConfigFile::parse("seeds = 3\ntasks = [", false).unwrap_err();
        assert!(error.to_string().starts_with("line 2"), "{error}");
        assert!(ConfigFile::parse("tasks: [a", true).is_err());
        assert!(ConfigFile::parse("- a\n- b\n", true).is_err());
    }
}
