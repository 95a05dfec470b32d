//! Configurations as JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{Config, Error, OptionSpec, Result};

/// The key of what follows the id in a spec.
const ARGUMENT: &str = "argument";

/// Writes a configuration as a JSON object of texts; what follows the id is under the key `argument`.
pub fn to_json(config: &Config) -> String {
    let argument = config.positional().map(|text| (ARGUMENT.to_owned(), Value::from(text)));
    let options = config.options().map(|(key, value)| (key.to_owned(), Value::from(value)));
    Value::Object(argument.into_iter().chain(options).collect::<Map<_, _>>()).to_string()
}

/// Reads a configuration, and checks its keys against those a component knows. An empty text is an empty object.
///
/// # Errors
///
/// [`Invalid`](crate::ErrorKind::Invalid): it is no object of texts, or has an unknown key, which the error names.
pub fn from_json(id: &str, json: &str, known: &[OptionSpec]) -> Result<Config> {
    let values: Map<String, Value> = if json.trim().is_empty() {
        Map::new()
    } else {
        serde_json::from_str(json).map_err(|error| {
            Error::invalid(format!("{id}: the configuration is no JSON object")).with_source(error)
        })?
    };
    let mut options = BTreeMap::new();
    let mut argument = None;
    for (key, value) in values {
        let value = match value {
            Value::String(text) => text,
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            other => {
                return Err(Error::invalid(format!(
                    "{id}: option {key:?}: {other} is neither text nor number"
                )));
            }
        };
        if key == ARGUMENT {
            argument = Some(value);
        } else {
            options.insert(key, value);
        }
    }
    Config::of_parts(id, argument, options, known)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [OptionSpec; 1] = [OptionSpec { key: "most", default: Some("64"), help: "most tokens" }];

    #[test]
    fn a_configuration_comes_back() {
        let config = Config::new(&"tiny:a:b,most=1,2".parse().unwrap(), &KNOWN).unwrap();
        assert_eq!(from_json("tiny", &to_json(&config), &KNOWN).unwrap(), config);
        assert_eq!(from_json("tiny", "", &KNOWN).unwrap().get("most"), Some("64"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = from_json("tiny", "{\"mots\": 3}", &KNOWN).unwrap_err();
        assert!(error.to_string().contains("mots"), "{error}");
        assert_eq!(error.hint(), Some("did you mean \"most\"?"));
        assert!(from_json("tiny", "{\"most\": ", &KNOWN).is_err());
        assert!(from_json("tiny", "{\"most\": []}", &KNOWN).is_err());
        assert!(from_json("tiny", "[]", &KNOWN).is_err());
    }
}
