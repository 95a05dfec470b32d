//! The same graph in the operators that an execution provider has.

use std::f64::consts::TAU;

use crate::{Error, Graph, Node, Result, Tensor, Var};

/// Where a graph is to run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Target {
    /// ONNX Runtime's processor kernels: they cover everything that is built here.
    Cpu,
    /// ONNX Runtime's CUDA kernels: they have no `DFT`.
    Cuda,
}

/// Matrices of a transform of up to this many elements (256 MiB) are made.
const LARGEST: usize = 1 << 26;

impl Graph {
    /// Replaces operators that a target has no kernel for.
    ///
    /// For CUDA, a `DFT` of a length that is a number becomes a product with the matrix of the transform: exact, and for
    /// the lengths of this field (a few thousand) a small part of a model's work. Transpositions before products are
    /// left as they are: ONNX Runtime joins them (`FusedMatMul`) when it opens a graph.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`](crate::ErrorKind::Value) where a transform is too long for a matrix,
    /// [`ErrorKind::Unbound`](crate::ErrorKind::Unbound) where its length is no number yet.
    pub fn lower(&mut self, target: Target) -> Result<()> {
        if target == Target::Cpu {
            return Ok(());
        }
        for at in self.order(&self.outputs)? {
            if &*self.nodes[at].key() == "DFT" {
                let node = self.nodes[at].clone();
                self.lower_dft(&node)?;
            }
        }
        Ok(())
    }

    fn lower_dft(&mut self, node: &Node) -> Result<()> {
        let missing = || Error::value(node.name(), "a transform without input or output");
        let y = node.output(0).ok_or_else(missing)?;
        // An earlier replacement may have changed what the node takes.
        let x = self.producer(y).and_then(|node| node.input(0)).ok_or_else(missing)?;
        let (from, to) = (self.dims(x)?, self.dims(y)?);
        let rank = from.len();
        let number = |index: usize, default: i64| {
            let tensor = node.input(index).and_then(|var| self.tensor(var));
            tensor.and_then(|tensor| tensor.integers().first().copied()).unwrap_or(default)
        };
        let axis = number(2, -2);
        let axis = usize::try_from(if axis < 0 { axis + rank as i64 } else { axis }).unwrap_or(rank);
        let (Some(&given), Some(&parts), Some(&frequencies)) = (from.get(axis), from.last(), to.get(axis))
        else {
            return Err(missing());
        };
        let length = usize::try_from(number(1, given as i64)).unwrap_or(given);
        let used = given.min(length);
        let elements = (used * parts).checked_mul(2 * frequencies).filter(|&count| count <= LARGEST);
        if elements.is_none() {
            return Err(Error::value(
                node.name(),
                format!("a transform of {length} is too long for a matrix"),
            ));
        }
        let inverse = node.attributes().int("inverse", 0) != 0;
        let matrix = matrix(used, parts, frequencies, length, inverse);
        let matrix = Tensor::from_reals(self.dtype(x)?, [used * parts, 2 * frequencies], &matrix)?;
        let matrix = self.constant(matrix);
        let product = self.transformed(x, axis, used, matrix, frequencies)?;
        if self.outputs.contains(&y) {
            let name = self.name_of(y)?.to_owned();
            let aside = self.fresh("lowered");
            self.rename(y, &aside)?;
            self.rename(product, &name)?;
        }
        self.replace_uses(y, product)
    }

    /// Multiplies the last two axes of x, once `axis` is next to the last, with a matrix.
    fn transformed(
        &mut self,
        x: Var,
        axis: usize,
        used: usize,
        matrix: Var,
        frequencies: usize,
    ) -> Result<Var> {
        let dims = self.dims(x)?;
        let rank = dims.len();
        let x = if used < dims[axis] { self.slice(x, axis as i64, 0, used as i64)? } else { x };
        // The axis moves next to the last; the same exchange moves it back.
        let mut order: Vec<usize> = (0..rank).collect();
        order.swap(axis, rank - 2);
        let moved = if axis == rank - 2 { x } else { self.transpose(x, &order)? };
        let outer: Vec<i64> = order[..rank - 2].iter().map(|&axis| dims[axis] as i64).collect();
        let flat = [outer.clone(), vec![(used * dims[rank - 1]) as i64]].concat();
        let flat = self.reshape(moved, &flat)?;
        let product = self.matmul(flat, matrix)?;
        let pairs = [outer, vec![frequencies as i64, 2]].concat();
        let pairs = self.reshape(product, &pairs)?;
        if axis == rank - 2 { Ok(pairs) } else { self.transpose(pairs, &order) }
    }
}

/// Returns the matrix of a transform: rows are places and their parts, columns frequencies and their parts.
fn matrix(used: usize, parts: usize, frequencies: usize, length: usize, inverse: bool) -> Vec<f64> {
    let (sign, scale) = if inverse { (1.0, 1.0 / length as f64) } else { (-1.0, 1.0) };
    let mut matrix = Vec::with_capacity(used * parts * 2 * frequencies);
    for place in 0..used {
        for part in 0..parts {
            for frequency in 0..frequencies {
                let angle = sign * TAU * ((place * frequency) % length) as f64 / length as f64;
                let (sine, cosine) = (angle.sin() * scale, angle.cos() * scale);
                matrix.extend(if part == 0 { [cosine, sine] } else { [-sine, cosine] });
            }
        }
    }
    matrix
}
