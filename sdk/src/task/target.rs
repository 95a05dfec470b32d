//! What a task predicts.

/// What a task predicts, which fixes the width of a target row and of a score row.
///
/// | target | target row | score row |
/// |---|---|---|
/// | binary | class 0 or 1 | probabilities of both classes |
/// | multi-class | the class index | a probability for each class |
/// | multi-label | 0 or 1 for each label | a probability for each label |
/// | regression | values | values |
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Target {
    /// One of two classes; class 1 is the positive one.
    Binary,
    /// One of several classes.
    Multiclass(usize),
    /// Any number of labels.
    Multilabel(usize),
    /// Numbers.
    Regression(usize),
}

impl Target {
    /// Returns the width of a target row.
    pub fn width(&self) -> usize {
        match *self {
            Self::Binary | Self::Multiclass(_) => 1,
            Self::Multilabel(n) | Self::Regression(n) => n,
        }
    }

    /// Returns the width of a score row.
    pub fn outputs(&self) -> usize {
        match *self {
            Self::Binary => 2,
            Self::Multiclass(n) | Self::Multilabel(n) | Self::Regression(n) => n,
        }
    }

    /// Returns the number of classes where each item has exactly one.
    pub fn classes(&self) -> Option<usize> {
        match *self {
            Self::Binary => Some(2),
            Self::Multiclass(n) => Some(n),
            Self::Multilabel(_) | Self::Regression(_) => None,
        }
    }

    /// Returns the name used in files.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Multiclass(_) => "multiclass",
            Self::Multilabel(_) => "multilabel",
            Self::Regression(_) => "regression",
        }
    }
}
