//! Values of a JSON document that know their key.

use dlm_sdk::{Error, Result};
use serde_json::{Map, Value};

/// A value and the key it stands under, such as `model.vocab`.
#[derive(Clone, Debug)]
pub(super) struct Field<'a> {
    pub(super) key: String,
    pub(super) value: &'a Value,
}

impl<'a> Field<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self { key: String::new(), value }
    }

    /// Returns the value under a key; absent is null.
    pub(super) fn get(&self, key: &str) -> Self {
        let path = if self.key.is_empty() { key.to_owned() } else { format!("{}.{key}", self.key) };
        Field { key: path, value: self.value.get(key).unwrap_or(&Value::Null) }
    }

    pub(super) fn wrong(&self, expected: &str) -> Error {
        let found = match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a truth value",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        let place = if self.key.is_empty() { "the file" } else { &self.key };
        Error::invalid(format!("{place}: {expected} expected, {found} found"))
            .with_hint("it must be a tokenizer.json as Hugging Face tokenizers writes it")
    }

    pub(super) fn object(&self) -> Result<&'a Map<String, Value>> {
        self.value.as_object().ok_or_else(|| self.wrong("an object"))
    }

    pub(super) fn text(&self) -> Result<&'a str> {
        self.value.as_str().ok_or_else(|| self.wrong("a text"))
    }

    /// Returns a list's elements; an absent list has none.
    pub(super) fn list(&self) -> Result<impl ExactSizeIterator<Item = Field<'a>> + use<'a>> {
        let list = match self.value {
            Value::Array(list) => list.as_slice(),
            Value::Null => &[],
            _ => return Err(self.wrong("a list")),
        };
        let key = self.key.clone();
        Ok(list.iter().enumerate().map(move |(index, value)| Field { key: format!("{key}[{index}]"), value }))
    }

    /// Returns a truth value; an absent one is false.
    pub(super) fn flag(&self) -> Result<bool> {
        match self.value {
            Value::Null => Ok(false),
            Value::Bool(flag) => Ok(*flag),
            _ => Err(self.wrong("true or false")),
        }
    }

    /// Returns the type of a component, or `None` where there is no component.
    pub(super) fn kind(&self) -> Result<Option<&'a str>> {
        if self.value.is_null() {
            return Ok(None);
        }
        self.object()?;
        self.get("type").text().map(Some)
    }
}
