//! What a graph is given at one step.

use ndarray::ArrayD;

/// An array for an input of a graph.
#[derive(Clone, Debug, PartialEq)]
pub enum Feed {
    /// Numbers.
    F32(ArrayD<f32>),
    /// Integers: ids, masks of padding, places, labels.
    I64(ArrayD<i64>),
}

impl Feed {
    /// Returns the length of each axis.
    pub fn shape(&self) -> &[usize] {
        match self {
            Self::F32(array) => array.shape(),
            Self::I64(array) => array.shape(),
        }
    }
}

impl From<ArrayD<f32>> for Feed {
    fn from(array: ArrayD<f32>) -> Self {
        Self::F32(array)
    }
}

impl From<ArrayD<i64>> for Feed {
    fn from(array: ArrayD<i64>) -> Self {
        Self::I64(array)
    }
}

/// One batch: the size of each named dimension of the graph, and an array for each of its inputs that is no weight.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// The sizes, by the names of dimensions. Batches of equal sizes share one compiled graph.
    pub sizes: Vec<(String, usize)>,
    /// The arrays, by the names of inputs.
    pub feeds: Vec<(String, Feed)>,
    /// How many tokens it holds, padding left out; for the speed alone.
    pub tokens: u64,
    /// How many examples it holds; for the counts alone.
    pub examples: u64,
}
