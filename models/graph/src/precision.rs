//! Mixed precision: products in 16 bits, everything delicate in 32.

use rustc_hash::FxHashMap;

use crate::{DataType, Dim, Error, Graph, Node, Result, Var, interpret::Array};

/// Products: these always run in the lower precision, where the time goes.
const PRODUCTS: [&str; 4] = ["MatMul", "Gemm", "Conv", "com.microsoft:FusedMatMul"];

/// Operators that run in the lower precision where all that is given to them already has it: they move elements, or
/// their result is as coarse as their input anyway. Softmax sums in single precision inside the runtime.
const FOLLOWERS: [&str; 24] = [
    "Add",
    "Concat",
    "Dropout",
    "Expand",
    "Flatten",
    "Gather",
    "Gelu",
    "Identity",
    "Mul",
    "Neg",
    "Reshape",
    "Sigmoid",
    "Slice",
    "Softmax",
    "Split",
    "Squeeze",
    "Sub",
    "Tanh",
    "Tile",
    "Transpose",
    "Unsqueeze",
    "Where",
    "com.microsoft:Gelu",
    "com.microsoft:QuickGelu",
];

impl Graph {
    /// Lets products, and what follows them without doing arithmetic of its own, run in half precision.
    ///
    /// Weights stay single-precision inputs, and are cast where a product takes them; normalisation, sums over rows,
    /// logarithms and losses stay in single precision, and so does every output. Nodes that no output depends on go. To be
    /// done before
    /// [`gradients`](Self::gradients): the derivative of a cast is a cast, so that the gradients of the weights are in
    /// single precision too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`](crate::ErrorKind::Value) for a type that is not a half precision.
    pub fn mixed_precision(&mut self, low: DataType) -> Result<()> {
        if !matches!(low, DataType::BF16 | DataType::F16) {
            return Err(Error::value(self.name(), format!("{low} is not a half precision")));
        }
        // What no output depends on would be left behind with other types than it takes.
        self.prune()?;
        let outputs = self.outputs.clone();
        let mut casts = Casts { low, made: FxHashMap::default() };
        for at in self.order(&outputs)? {
            let key = self.nodes[at].key().into_owned();
            let to_low =
                PRODUCTS.contains(&&*key) || (FOLLOWERS.contains(&&*key) && self.follows(at, low)?);
            let to = if to_low { low } else { DataType::F32 };
            for index in 0..self.nodes[at].inputs.len() {
                let Some(input) = self.nodes[at].inputs[index] else { continue };
                // The ratio of a dropout is a number of its own.
                if key != "Dropout" || index == 0 {
                    self.nodes[at].inputs[index] = Some(casts.cast(self, input, to)?);
                }
            }
            if to_low {
                for output in self.nodes[at].outputs.clone().into_iter().flatten() {
                    let value = self.value_mut(output)?;
                    if value.dtype == DataType::F32 {
                        value.dtype = low;
                    }
                }
            }
        }
        for output in outputs {
            if self.dtype(output)? == low {
                self.widened(output)?;
            }
        }
        self.refresh()
    }

    /// Returns whether everything real that a node takes has the lower precision, numbers, biases and masks aside.
    fn follows(&self, at: usize, low: DataType) -> Result<bool> {
        let mut any = false;
        for &input in self.nodes[at].inputs.iter().flatten() {
            match self.dtype(input)? {
                dtype if dtype == low => any = true,
                DataType::F32 if self.is_factors(input) || self.is_broadcast(input, &self.nodes[at])? => {}
                DataType::F32 => return Ok(false),
                _ => {}
            }
        }
        Ok(any)
    }

    /// Returns whether a value is made of a mask's bytes: coarse in any precision.
    fn is_factors(&self, input: Var) -> bool {
        self.producer(input).is_some_and(|node| &*node.key() == "DequantizeLinear")
    }

    /// Returns whether a value is one number, or is repeated along one of the last two axes, as a bias or a mask is.
    fn is_broadcast(&self, input: Var, node: &Node) -> Result<bool> {
        let shape = self.shape(input)?;
        if shape.elements() == Some(1) {
            return Ok(true);
        }
        let rank = node.output(0).map_or(Ok(0), |output| self.rank(output))?;
        let elementwise = matches!(node.operator(), "Add" | "Sub" | "Mul" | "Where");
        let repeated =
            shape.len() < rank.min(2) || shape.iter().rev().take(2).any(|dim| *dim == Dim::Fixed(1));
        Ok(elementwise && repeated)
    }

    /// Gives an output of the graph back its precision, under its name.
    fn widened(&mut self, output: Var) -> Result<()> {
        let name = self.name_of(output)?.to_owned();
        let aside = self.fresh("low");
        self.rename(output, &aside)?;
        let wide = self.cast(output, DataType::F32)?;
        self.rename(wide, &name)?;
        self.outputs.iter_mut().filter(|other| **other == output).for_each(|other| *other = wide);
        Ok(())
    }
}

/// Casts made so far: each value is cast once.
struct Casts {
    low: DataType,
    made: FxHashMap<Var, Var>,
}

impl Casts {
    fn cast(&mut self, g: &mut Graph, var: Var, to: DataType) -> Result<Var> {
        let from = g.dtype(var)?;
        let turns = (from == DataType::F32 && to == self.low) || (from == self.low && to == DataType::F32);
        if !turns {
            return Ok(var);
        }
        if let Some(&cast) = self.made.get(&var) {
            return Ok(cast);
        }
        let cast = match g.tensor(var).filter(|tensor| tensor.len() == 1).cloned() {
            Some(tensor) => g.constant(Array::of(&tensor)?.tensor(to)?),
            None => g.cast(var, to)?,
        };
        self.made.insert(var, cast);
        Ok(cast)
    }
}
