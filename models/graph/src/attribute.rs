//! The constants that configure an operator.

use std::collections::BTreeMap;

use crate::Tensor;

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Attribute {
    /// A number.
    Float(f32),
    /// An integer, also used for truth values.
    Int(i64),
    /// Text.
    Text(String),
    /// A tensor.
    Tensor(Tensor),
    /// Numbers.
    Floats(Vec<f32>),
    /// Integers.
    Ints(Vec<i64>),
    /// Texts.
    Texts(Vec<String>),
}

impl From<f32> for Attribute {
    fn from(value: f32) -> Self {
        Self::Float(value)
    }
}

impl From<i64> for Attribute {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Attribute {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<&str> for Attribute {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<Tensor> for Attribute {
    fn from(value: Tensor) -> Self {
        Self::Tensor(value)
    }
}

impl From<Vec<i64>> for Attribute {
    fn from(value: Vec<i64>) -> Self {
        Self::Ints(value)
    }
}

impl From<&[i64]> for Attribute {
    fn from(value: &[i64]) -> Self {
        Self::Ints(value.to_vec())
    }
}

/// Attributes by name, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes(BTreeMap<String, Attribute>);

impl Attributes {
    /// Creates an empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces one, and returns the list.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Attribute>) -> Self {
        self.set(name, value);
        self
    }

    /// Adds or replaces one.
    pub fn set(&mut self, name: &str, value: impl Into<Attribute>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Removes one and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<Attribute> {
        self.0.remove(name)
    }

    /// Returns one.
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        self.0.get(name)
    }

    /// Returns an integer, or the default where there is none.
    pub fn int(&self, name: &str, default: i64) -> i64 {
        match self.get(name) {
            Some(Attribute::Int(value)) => *value,
            _ => default,
        }
    }

    /// Returns a number, or the default where there is none.
    pub fn float(&self, name: &str, default: f32) -> f32 {
        match self.get(name) {
            Some(Attribute::Float(value)) => *value,
            _ => default,
        }
    }

    /// Returns integers, if there are any.
    pub fn ints(&self, name: &str) -> Option<&[i64]> {
        match self.get(name) {
            Some(Attribute::Ints(values)) => Some(values),
            _ => None,
        }
    }

    /// Returns text, or the default where there is none.
    pub fn text<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        match self.get(name) {
            Some(Attribute::Text(value)) => value,
            _ => default,
        }
    }

    /// Returns names and values in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Attribute)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
