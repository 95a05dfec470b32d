//! Dropout as a product with a mask that the caller gives.

use crate::{Attributes, DataType, Error, Graph, Node, Result, Shape, Tensor, Var};

/// A mask that takes the place of a `Dropout` node.
#[derive(Clone, Debug, PartialEq)]
pub struct DropoutMask {
    /// The input's name: `dropout.0`, `dropout.1` and so on, in the order the nodes run.
    pub name: String,
    /// The input: bytes, one where an element is kept and zero where it is dropped.
    pub var: Var,
    /// Its shape, that of the masked value.
    pub shape: Shape,
    /// The share of elements to drop.
    pub ratio: f32,
}

impl Graph {
    /// Replaces every `Dropout` node that an output depends on by a product with a mask, and returns the masks.
    ///
    /// `y = x * mask / (1 - ratio)`, so that the expectation stays (Srivastava and others, 2014). Masks are inputs, because the
    /// runtime's own generator repeats itself: in ONNX Runtime 1.31 the seeds of two layers that differ by one give the
    /// same masks one step apart. To be done before [`gradients`](Self::gradients), where dropout is an identity.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`](crate::ErrorKind::Value) where a ratio is no constant between 0 and 1, or a node's own mask
    /// is used.
    pub fn replace_dropout(&mut self) -> Result<Vec<DropoutMask>> {
        let mut masks = Vec::new();
        for node in self.dropouts()? {
            let (x, y, ratio) = self.dropout_parts(&node)?;
            if ratio == 0.0 {
                self.substitute(y, x)?;
                continue;
            }
            let mut count = masks.len();
            while self.find(&format!("dropout.{count}")).is_ok() {
                count += 1;
            }
            let name = format!("dropout.{count}");
            let shape = self.shape(x)?.clone();
            let mask = self.input(&name, DataType::U8, shape.clone())?;
            // One pass makes factors of bytes, and no choice between two tensors is as fast as a product. Factors need not
            // be held for the way back: they follow from the bytes again.
            let scale = self.scalar(DataType::F32, 1.0 / (1.0 - f64::from(ratio)));
            let factors = self.apply("DequantizeLinear", &[mask, scale], Attributes::new())?;
            let factors = self.cast(factors, self.dtype(x)?)?;
            let masked = self.mul(x, factors)?;
            self.substitute(y, masked)?;
            masks.push(DropoutMask { name, var: mask, shape, ratio });
        }
        Ok(masks)
    }

    /// Removes every `Dropout` node that an output depends on: the identity it is in inference.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Cycle`](crate::ErrorKind::Cycle).
    pub fn remove_dropout(&mut self) -> Result<()> {
        for node in self.dropouts()? {
            let (x, y, _) = self.dropout_parts(&node)?;
            self.substitute(y, x)?;
        }
        Ok(())
    }

    fn dropouts(&self) -> Result<Vec<Node>> {
        let order = self.order(&self.outputs)?;
        let nodes = order.into_iter().map(|at| &self.nodes[at]);
        Ok(nodes.filter(|node| &*node.key() == "Dropout").cloned().collect())
    }

    /// Returns the input as it is now, the output, and the ratio of a `Dropout` node.
    fn dropout_parts(&self, node: &Node) -> Result<(Var, Var, f32)> {
        let missing = || Error::value(node.name(), "a dropout node without input or output");
        let y = node.output(0).ok_or_else(missing)?;
        // An earlier replacement may have changed what the node takes.
        let x = self.producer(y).and_then(|node| node.input(0)).ok_or_else(missing)?;
        if let Some(mask) = node.output(1)
            && self.nodes.iter().any(|node| node.inputs.contains(&Some(mask)))
        {
            return Err(Error::value(node.name(), "the node's own mask is used"));
        }
        let ratio = match node.input(1) {
            None => Some(0.5),
            Some(ratio) => self.tensor(ratio).map(Tensor::reals).and_then(|values| values.first().copied()),
        };
        let ratio = ratio.filter(|ratio| (0.0..1.0).contains(ratio));
        let ratio =
            ratio.ok_or_else(|| Error::value(node.name(), "its ratio is no constant between 0 and 1"))?;
        Ok((x, y, ratio as f32))
    }
}
