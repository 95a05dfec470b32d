//! Listing a network's weights.

use dlm_sdk::Parameter;

use crate::bert::{Init, Weight};

/// The weights of a network, in the order they are added.
pub(crate) struct List {
    deviation: f32,
    weights: Vec<Weight>,
}

impl List {
    /// Starts a list of weights that are drawn with a standard deviation.
    pub(crate) fn new(deviation: f32) -> Self {
        Self { deviation, weights: Vec::new() }
    }

    /// Returns the list.
    pub(crate) fn finish(self) -> Vec<Weight> {
        self.weights
    }

    /// Adds a weight of any shape; weight decay applies to matrices.
    pub(crate) fn add(&mut self, name: impl Into<String>, shape: &[usize], group: u32, init: Init) {
        let decay = shape.len() > 1;
        let parameter = Parameter { name: name.into(), shape: shape.to_vec(), group, decay };
        self.weights.push(Weight { parameter, init, zero_row: None });
    }

    /// Adds a table of embeddings; `pad` is the row that is zero in a fresh one.
    pub(crate) fn embedding(&mut self, name: &str, rows: usize, width: usize, pad: Option<usize>) {
        self.matrix(name, rows, width, 0);
        if let Some(added) = self.weights.last_mut() {
            added.zero_row = pad;
        }
    }

    /// Adds `NAME.weight`, `[outputs, inputs]`.
    pub(crate) fn matrix(&mut self, name: &str, outputs: usize, inputs: usize, group: u32) {
        self.add(format!("{name}.weight"), &[outputs, inputs], group, Init::Normal(self.deviation));
    }

    /// Adds `NAME.weight` and `NAME.bias`.
    pub(crate) fn dense(&mut self, name: &str, outputs: usize, inputs: usize, group: u32) {
        self.matrix(name, outputs, inputs, group);
        self.add(format!("{name}.bias"), &[outputs], group, Init::Zeros);
    }

    /// Adds scale and bias of a norm.
    pub(crate) fn norm(&mut self, name: &str, width: usize, group: u32) {
        self.add(format!("{name}.weight"), &[width], group, Init::Ones);
        self.add(format!("{name}.bias"), &[width], group, Init::Zeros);
    }
}
