//! What a rule is given, and what all rules need.

use crate::{DataType, Dim, Error, Graph, Node, Result, Shape, Var, graph::Origin, infer};

/// A node to be differentiated, with the adjoints of its outputs.
pub(crate) struct Adjoint<'g> {
    /// The graph that the rule adds to.
    pub(crate) graph: &'g mut Graph,
    /// The node's place in the graph.
    pub(crate) at: usize,
    /// The node.
    pub(crate) node: Node,
    /// The adjoint of each output, where the loss depends on it.
    pub(crate) outputs: Vec<Option<Var>>,
    /// Whether each input's adjoint is wanted.
    pub(crate) wanted: Vec<bool>,
}

/// Returns the number of elements of a shape; the largest number where it overflows.
pub(crate) fn count(dims: &[usize]) -> usize {
    dims.iter().fold(1, |product, &size| product.saturating_mul(size))
}

impl Adjoint<'_> {
    /// Returns an error about the node.
    pub(crate) fn fail(&self, problem: impl Into<String>) -> Error {
        self.graph.fault(&self.node, problem)
    }

    /// Returns an input of the node.
    pub(crate) fn x(&self, index: usize) -> Result<Var> {
        self.node.input(index).ok_or_else(|| self.fail(format!("input {index} is missing")))
    }

    /// Returns an output of the node.
    pub(crate) fn y(&self, index: usize) -> Result<Var> {
        self.node.output(index).ok_or_else(|| self.fail(format!("output {index} is missing")))
    }

    /// Returns the adjoint of the first output.
    pub(crate) fn dy(&self) -> Result<Var> {
        let first = self.outputs.first().copied().flatten();
        first.ok_or_else(|| self.fail("only its first output can be differentiated"))
    }

    /// Returns whether the adjoint of an input is wanted.
    pub(crate) fn wants(&self, index: usize) -> bool {
        self.wanted.get(index).copied().unwrap_or(false)
    }

    /// Returns the integers of a constant input, if it is there.
    pub(crate) fn constants(&self, index: usize) -> Result<Option<Vec<i64>>> {
        let Some(var) = self.node.input(index) else { return Ok(None) };
        let tensor = self.graph.tensor(var);
        let tensor =
            tensor.ok_or_else(|| self.fail(format!("input {index} must be a constant: bind first")))?;
        Ok(Some(tensor.integers()))
    }

    /// Returns an axis attribute counted from the front.
    pub(crate) fn axis(&self, default: i64, rank: usize) -> Result<usize> {
        self.counted(self.node.attributes.int("axis", default), rank)
    }

    /// Returns an axis counted from the front.
    pub(crate) fn counted(&self, axis: i64, rank: usize) -> Result<usize> {
        let positive = if axis < 0 { axis + rank as i64 } else { axis };
        let found = usize::try_from(positive).ok().filter(|&axis| axis < rank);
        found.ok_or_else(|| self.fail(format!("axis {axis} of {rank} dimensions")))
    }

    /// Returns an output of the forward node beyond the first, which the node is asked for now if it was not before.
    pub(crate) fn ask(&mut self, index: usize) -> Result<Var> {
        if let Some(var) = self.node.output(index) {
            return Ok(var);
        }
        let types = infer::infer(self.graph, &self.node, index + 1)?;
        let of = types.into_iter().nth(index).ok_or_else(|| self.fail("no such output"))?;
        let name = self.graph.fresh(&format!("output{index}"));
        let var = self.graph.store(name, of, Origin::Node { node: self.at, output: index });
        let outputs = &mut self.graph.nodes[self.at].outputs;
        outputs.resize((index + 1).max(outputs.len()), None);
        outputs[index] = Some(var);
        self.node.outputs.clone_from(&self.graph.nodes[self.at].outputs);
        Ok(var)
    }

    /// Sums an adjoint over the axes along which an input was broadcast.
    pub(crate) fn reduced(&mut self, adjoint: Var, index: usize) -> Result<Option<Var>> {
        let input = self.x(index)?;
        self.graph.sum_to(adjoint, input).map(Some)
    }
}

impl Graph {
    /// Adds the sum of a value over the axes along which `like` is broadcast to it; the result has like's shape.
    pub(crate) fn sum_to(&mut self, value: Var, like: Var) -> Result<Var> {
        let (from, to) = (self.shape(value)?.clone(), self.shape(like)?.clone());
        if from == to {
            return Ok(value);
        }
        let front = from.len().saturating_sub(to.len());
        let mut axes: Vec<i64> = (0..front as i64).collect();
        let mut fits = from.len() >= to.len();
        for (axis, dim) in to.iter().enumerate().take(from.len()) {
            match (dim, &from[front + axis]) {
                (a, b) if a == b => {}
                (Dim::Fixed(1), _) => axes.push((front + axis) as i64),
                _ => fits = false,
            }
        }
        if !fits {
            // A name that may be 1 at run time: only numbers tell.
            self.dims(like)?;
            self.dims(value)?;
            let problem = format!("an adjoint of shape {from} does not reduce to {to}");
            return Err(Error::value(self.name_of(like)?, problem));
        }
        // Axes in front go, axes within stay with length 1; where there are both, they are put back.
        let keep = front == 0;
        let sum = self.reduce_sum(value, &axes, keep)?;
        if keep || axes.len() == front {
            return Ok(sum);
        }
        let back: Vec<i64> = axes[front..].iter().map(|axis| axis - front as i64).collect();
        self.unsqueeze(sum, &back)
    }

    /// Returns the shape of a value as a list: a constant where it is numbers, else computed at run time.
    pub(crate) fn shape_tensor(&mut self, var: Var) -> Result<Var> {
        match self.shape(var).ok().and_then(Shape::fixed) {
            Some(dims) => {
                let dims: Vec<i64> = dims.iter().map(|&size| size as i64).collect();
                Ok(self.list(&dims))
            }
            None => self.shape_of(var),
        }
    }

    /// Adds zeros of a value's shape and type.
    pub(crate) fn zeros_like(&mut self, var: Var) -> Result<Var> {
        let dtype = self.dtype(var)?;
        let shape = self.shape_tensor(var)?;
        self.filled(shape, dtype, 0.0)
    }

    /// Adds the square of a value.
    pub(crate) fn square(&mut self, x: Var) -> Result<Var> {
        self.mul(x, x)
    }

    /// Adds `a` where the condition holds and zero elsewhere.
    pub(crate) fn choose_or_zero(&mut self, condition: Var, a: Var) -> Result<Var> {
        let zero = self.scalar(self.dtype(a)?, 0.0);
        self.choose(condition, a, zero)
    }

    /// Adds x with its last two axes swapped.
    pub(crate) fn swapped(&mut self, x: Var) -> Result<Var> {
        let rank = self.rank(x)?;
        let mut order: Vec<usize> = (0..rank).collect();
        order.swap(rank - 1, rank - 2);
        self.transpose(x, &order)
    }

    /// Adds a truth value as a number.
    pub(crate) fn as_number(&mut self, truth: Var, dtype: DataType) -> Result<Var> {
        self.cast(truth, dtype)
    }
}
