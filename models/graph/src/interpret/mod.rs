//! A small reference interpreter, in double precision.
//!
//! It runs a graph slowly and exactly: every real number is a 64-bit float, whatever the graph's types say, and every
//! operator follows its definition word by word. Tests compare derivatives with finite differences by it, and
//! [`Graph::bind`] computes constants with it.

mod einsum;
mod elementwise;
mod index;
mod layout;
mod linear;
mod reduce;
mod spectral;
mod window;

use ndarray::{ArrayD, IxDyn};

use crate::{DataType, Error, Graph, Node, Result, Tensor, Var, graph::Origin};

/// A value of the interpreter. Truth values are integers, 0 and 1.
#[derive(Clone, Debug, PartialEq)]
pub enum Array {
    /// Real numbers.
    Real(ArrayD<f64>),
    /// Integers and truth values.
    Integer(ArrayD<i64>),
}

impl Array {
    /// Creates real numbers from a shape and elements in row-major order.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`](crate::ErrorKind::Value) where they do not fill the shape.
    pub fn reals(dims: &[usize], values: Vec<f64>) -> Result<Self> {
        ArrayD::from_shape_vec(IxDyn(dims), values).map(Self::Real).map_err(|error| misshapen(dims, &error))
    }

    /// Creates integers from a shape and elements in row-major order.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`](crate::ErrorKind::Value) where they do not fill the shape.
    pub fn integers(dims: &[usize], values: Vec<i64>) -> Result<Self> {
        ArrayD::from_shape_vec(IxDyn(dims), values)
            .map(Self::Integer)
            .map_err(|error| misshapen(dims, &error))
    }

    /// Returns the dimensions.
    pub fn dims(&self) -> &[usize] {
        match self {
            Self::Real(array) => array.shape(),
            Self::Integer(array) => array.shape(),
        }
    }

    /// Returns the elements as real numbers, in row-major order.
    pub fn to_reals(&self) -> Vec<f64> {
        match self {
            Self::Real(array) => array.iter().copied().collect(),
            Self::Integer(array) => array.iter().map(|&value| value as f64).collect(),
        }
    }

    /// Returns the elements as integers, in row-major order; real numbers are truncated.
    pub fn to_integers(&self) -> Vec<i64> {
        match self {
            Self::Real(array) => array.iter().map(|&value| value as i64).collect(),
            Self::Integer(array) => array.iter().copied().collect(),
        }
    }

    pub(crate) fn of(tensor: &Tensor) -> Result<Self> {
        if tensor.dtype().is_float() {
            Self::reals(tensor.dims(), tensor.reals())
        } else {
            Self::integers(tensor.dims(), tensor.integers())
        }
    }

    pub(crate) fn tensor(&self, dtype: DataType) -> Result<Tensor> {
        match self {
            Self::Real(_) => Tensor::from_reals(dtype, self.dims(), &self.to_reals()),
            Self::Integer(_) => Tensor::from_integers(dtype, self.dims(), &self.to_integers()),
        }
    }
}

fn misshapen(dims: &[usize], error: &ndarray::ShapeError) -> Error {
    Error::value("array", format!("elements do not fill {dims:?}: {error}"))
}

/// A node with its inputs' values.
pub(crate) struct Call<'a> {
    graph: &'a Graph,
    node: &'a Node,
    inputs: Vec<Option<&'a Array>>,
}

impl<'a> Call<'a> {
    fn fail(&self, problem: impl Into<String>) -> Error {
        self.graph.fault(self.node, problem)
    }

    fn has(&self, index: usize) -> bool {
        self.inputs.get(index).is_some_and(Option::is_some)
    }

    fn array(&self, index: usize) -> Result<&'a Array> {
        let array = self.inputs.get(index).copied().flatten();
        array.ok_or_else(|| self.fail(format!("input {index} is missing")))
    }

    fn real(&self, index: usize) -> Result<&'a ArrayD<f64>> {
        match self.array(index)? {
            Array::Real(array) => Ok(array),
            Array::Integer(_) => Err(self.fail(format!("input {index} is not real"))),
        }
    }

    fn integer(&self, index: usize) -> Result<&'a ArrayD<i64>> {
        match self.array(index)? {
            Array::Integer(array) => Ok(array),
            Array::Real(_) => Err(self.fail(format!("input {index} is not an integer"))),
        }
    }

    /// Returns the integers of an input, if it is there.
    fn list(&self, index: usize) -> Result<Option<Vec<i64>>> {
        if self.has(index) { Ok(Some(self.array(index)?.to_integers())) } else { Ok(None) }
    }

    fn axis(&self, axis: i64, rank: usize) -> Result<usize> {
        let positive = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
        let found = usize::try_from(positive).ok().filter(|&axis| axis < rank);
        found.ok_or_else(|| self.fail(format!("axis {axis} of {rank} dimensions")))
    }

    fn int(&self, name: &str, default: i64) -> i64 {
        self.node.attributes.int(name, default)
    }
}

type Rule = fn(&Call<'_>) -> Result<Vec<Array>>;

fn rule(key: &str) -> Option<Rule> {
    elementwise::rule(key)
        .or_else(|| linear::rule(key))
        .or_else(|| window::rule(key))
        .or_else(|| layout::rule(key))
        .or_else(|| index::rule(key))
        .or_else(|| reduce::rule(key))
        .or_else(|| spectral::rule(key))
        .or_else(|| einsum::rule(key))
}

/// Returns the outputs of one node.
pub(crate) fn run(graph: &Graph, node: &Node, inputs: Vec<Option<&Array>>) -> Result<Vec<Array>> {
    let call = Call { graph, node, inputs };
    match rule(&node.key()) {
        Some(rule) => rule(&call),
        None => Err(call.fail("an operator that the interpreter does not know")),
    }
}

impl Graph {
    /// Computes all outputs from inputs by name, in double precision.
    ///
    /// # Errors
    ///
    /// Those of [`interpret_values`](Self::interpret_values).
    pub fn interpret(&self, inputs: &[(&str, Array)]) -> Result<Vec<Array>> {
        self.interpret_values(inputs, self.outputs())
    }

    /// Computes values from inputs by name, in double precision.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownName`](crate::ErrorKind::UnknownName) for an input that the graph has not,
    /// [`ErrorKind::Value`](crate::ErrorKind::Value) for one that is missing or misshapen,
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where an operator cannot run.
    ///
    /// # Examples
    ///
    /// ```
    /// use dlm_graph::{DataType, Graph, interpret::Array};
    ///
    /// let mut g = Graph::new("sum");
    /// let x = g.input("x", DataType::F32, [3])?;
    /// let sum = g.reduce_sum(x, &[], false)?;
    /// let x = Array::reals(&[3], vec![1.0, 2.0, 3.5])?;
    /// assert_eq!(g.interpret_values(&[("x", x)], &[sum])?[0].to_reals(), [6.5]);
    /// # Ok::<(), dlm_graph::Error>(())
    /// ```
    pub fn interpret_values(&self, inputs: &[(&str, Array)], wanted: &[Var]) -> Result<Vec<Array>> {
        let mut arrays: Vec<Option<Array>> = vec![None; self.values.len()];
        for (name, array) in inputs {
            let var = self.find(name)?;
            self.check_input(var, array)?;
            arrays[var.index as usize] = Some(array.clone());
        }
        for at in self.order(wanted)? {
            let node = &self.nodes[at];
            for var in node.inputs.iter().flatten() {
                self.load(*var, &mut arrays)?;
            }
            let given = node.inputs.iter();
            let given = given.map(|var| var.and_then(|var| arrays[var.index as usize].as_ref())).collect();
            for (var, array) in node.outputs.iter().zip(run(self, node, given)?) {
                if let Some(var) = var {
                    arrays[var.index as usize] = Some(array);
                }
            }
        }
        let mut outputs = Vec::with_capacity(wanted.len());
        for &var in wanted {
            self.load(var, &mut arrays)?;
            outputs.push(arrays[var.index as usize].clone().ok_or_else(|| self.absent(var))?);
        }
        Ok(outputs)
    }

    fn load(&self, var: Var, arrays: &mut [Option<Array>]) -> Result<()> {
        let slot = &mut arrays[var.index as usize];
        if slot.is_none() {
            match &self.value(var)?.origin {
                Origin::Constant(tensor) => *slot = Some(Array::of(tensor)?),
                _ => return Err(self.absent(var)),
            }
        }
        Ok(())
    }

    fn absent(&self, var: Var) -> Error {
        Error::value(self.name_of(var).unwrap_or_default(), "no value is given")
    }

    fn check_input(&self, var: Var, array: &Array) -> Result<()> {
        let real = matches!(array, Array::Real(_));
        let fits = self.value(var)?.shape.as_ref().is_none_or(|shape| {
            shape.len() == array.dims().len()
                && shape
                    .iter()
                    .zip(array.dims())
                    .all(|(dim, size)| dim.fixed().is_none_or(|fixed| fixed == *size))
        });
        if real != self.dtype(var)?.is_float() || !fits {
            let kind = if real { "real" } else { "integer" };
            let problem = format!("{} is given {kind} {:?}", self.described(var), array.dims());
            return Err(Error::value(self.name_of(var)?, problem));
        }
        Ok(())
    }
}
