//! Giving names of dimensions numbers, and computing what is then constant.

use crate::{
    Dim, Error, Graph, Result, Shape, Var,
    einsum::Equation,
    error::ErrorKind,
    graph::Origin,
    infer::{self, Type},
    interpret::{self, Array},
};

/// Constants of up to this many elements are computed; larger ones (a causal mask, say) are left to the runtime.
const LARGEST: usize = 1 << 18;

/// Operators whose work is not bounded by the size of inputs and outputs.
const SLOW: [&str; 5] = ["Conv", "ConvTranspose", "MaxPool", "AveragePool", "DFT"];
/// Steps that a product of constants may take.
const STEPS: usize = 1 << 22;

impl Graph {
    /// Returns the names of dimensions that inputs have, sorted.
    pub fn symbols(&self) -> Vec<String> {
        let shapes = self.inputs.iter().filter_map(|&var| self.value(var).ok()?.shape.as_ref());
        let names = shapes.flat_map(|shape| shape.iter()).filter_map(|dim| match dim {
            Dim::Symbol(name) => Some(name.to_string()),
            Dim::Fixed(_) => None,
        });
        let mut names: Vec<String> = names.collect();
        names.sort();
        names.dedup();
        names
    }

    /// Returns the graph with numbers for named dimensions, for example `[("batch", 8), ("tokens", 128)]`.
    ///
    /// All shapes are inferred anew. What does not depend on an input any more is computed now: graphs that take rows of
    /// any length work out shapes with `Shape`, `Gather`, `Concat` and so on, and all of that becomes constants. The
    /// variables of this graph are those of the returned one.
    ///
    /// Names that are not mentioned stay.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownName`] for a dimension that no input has; [`ErrorKind::Operator`] where an operator does not
    /// take the shapes that follow.
    ///
    /// # Examples
    ///
    /// ```
    /// use dlm_graph::{DataType, Graph};
    ///
    /// let mut g = Graph::new("rows");
    /// let ids = g.input("ids", DataType::I64, ["batch", "tokens"])?;
    /// let count = g.dim_of(ids, 1)?;
    /// let flat = g.reshape(ids, &[-1])?;
    /// assert_eq!(g.shape(flat)?.to_string(), "[batch*tokens]");
    /// let g = g.bind(&[("batch", 8), ("tokens", 128)])?;
    /// assert_eq!(g.dims(flat)?, [1024]);
    /// assert_eq!(g.tensor(count).map(|tensor| tensor.integers()), Some(vec![128]));
    /// # Ok::<(), dlm_graph::Error>(())
    /// ```
    pub fn bind(&self, sizes: &[(&str, usize)]) -> Result<Self> {
        let known = self.symbols();
        if let Some((name, _)) = sizes.iter().find(|(name, _)| !known.iter().any(|known| known == name)) {
            return Err(ErrorKind::UnknownName(format!("{name} (a dimension)")).into());
        }
        if let Some((name, size)) = sizes.iter().find(|(_, size)| isize::try_from(*size).is_err()) {
            return Err(Error::value(name, format!("a dimension of {size}")));
        }
        let mut bound = self.clone();
        for &input in &self.inputs {
            let value = bound.value_mut(input)?;
            if let Some(shape) = &value.shape {
                value.shape = Some(shape.iter().map(|dim| numbered(dim, sizes)).collect::<Result<Shape>>()?);
            }
        }
        bound.refresh()?;
        Ok(bound)
    }

    /// Infers all types anew, and computes what depends on constants alone.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`] where an operator does not take the shapes that follow.
    pub fn refresh(&mut self) -> Result<()> {
        let mut keep = vec![true; self.nodes.len()];
        let all: Vec<Var> =
            self.nodes.iter().flat_map(|node| node.outputs.iter().copied().flatten()).collect();
        for at in self.order(&all)? {
            let node = self.nodes[at].clone();
            if !infer::known(&node.key()) {
                continue;
            }
            let types = infer::infer(self, &node, node.outputs.len())?;
            for (output, of) in node.outputs.iter().zip(&types) {
                let Some(output) = output else { continue };
                let value = self.value_mut(*output)?;
                if value.dtype != of.dtype {
                    let problem = format!("it is {}, declared {}", of.dtype, value.dtype);
                    return Err(Error::value(&value.name.clone(), problem));
                }
                // What the model's file says of a shape is kept where inference knows less.
                if of.shape.is_some() {
                    value.shape.clone_from(&of.shape);
                }
                value.content.clone_from(&of.content);
            }
            if let Some(arrays) = self.folded(&node, &types)? {
                for ((output, array), of) in node.outputs.iter().zip(&arrays).zip(&types) {
                    let Some(output) = output else { continue };
                    let tensor = array.tensor(of.dtype)?;
                    let value = self.value_mut(*output)?;
                    value.content = Type::of(&tensor).content;
                    value.shape = Some(tensor.dims().into());
                    value.origin = Origin::Constant(tensor);
                }
                keep[at] = false;
            }
        }
        self.retain_nodes(&keep);
        Ok(())
    }

    /// Returns a node's outputs, if they depend on constants alone and are small.
    fn folded(&self, node: &crate::Node, types: &[Type]) -> Result<Option<Vec<Array>>> {
        let is_output = |var: &Var| self.outputs.contains(var);
        // A dimension of 0 does not make the others small.
        let elements = |of: &Type| {
            let dims = of.shape.as_ref()?.fixed()?;
            dims.iter().try_fold(1usize, |product, &size| product.checked_mul(size.max(1)))
        };
        let small = types.iter().all(|of| elements(of).is_some_and(|count| count <= LARGEST));
        if !small || node.outputs.iter().flatten().any(is_output) || SLOW.contains(&node.operator()) {
            return Ok(None);
        }
        // A shape is known before the elements are.
        if matches!(&*node.key(), "Shape" | "Size") {
            let dims = node.input(0).and_then(|input| self.value(input).ok()?.shape.as_ref()?.fixed());
            let Some(dims) = dims else { return Ok(None) };
            return Ok(Some(shape_values(node, &dims)?));
        }
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for input in &node.inputs {
            inputs.push(match input {
                None => None,
                Some(input) => match self.tensor(*input) {
                    Some(tensor) if tensor.len() <= LARGEST => Some(Array::of(tensor)?),
                    _ => return Ok(None),
                },
            });
        }
        if node.operator() == "Einsum" && !Self::is_short(node, &inputs) {
            return Ok(None);
        }
        if matches!(node.operator(), "MatMul" | "FusedMatMul" | "Gemm") {
            let first = inputs.first().and_then(Option::as_ref);
            let inner = first.and_then(|array| array.dims().iter().max().copied());
            let outer = types.first().and_then(elements);
            let steps = inner.zip(outer).and_then(|(inner, outer)| inner.checked_mul(outer));
            if steps.is_none_or(|steps| steps > STEPS) {
                return Ok(None);
            }
        }
        interpret::run(self, node, inputs.iter().map(Option::as_ref).collect()).map(Some)
    }

    /// Returns whether an `Einsum` of constants takes few steps.
    fn is_short(node: &crate::Node, inputs: &[Option<Array>]) -> bool {
        let Ok(equation) = Equation::parse(node.attributes.text("equation", "")) else { return false };
        let size = |letter: &char| {
            let mut axes = equation.inputs.iter().zip(inputs);
            axes.find_map(|(axes, array)| {
                let at = axes.iter().position(|other| other == letter)?;
                array.as_ref()?.dims().get(at).copied()
            })
        };
        let steps =
            equation.letters().iter().try_fold(1usize, |steps, letter| steps.checked_mul(size(letter)?));
        steps.is_some_and(|steps| steps <= STEPS)
    }
}

fn shape_values(node: &crate::Node, dims: &[usize]) -> Result<Vec<Array>> {
    let sizes: Vec<i64> = dims.iter().map(|&size| size as i64).collect();
    if node.operator() == "Size" {
        let product = sizes.iter().try_fold(1i64, |product, &size| product.checked_mul(size));
        let product =
            product.ok_or_else(|| Error::value(node.name(), "more elements than can be counted"))?;
        return Ok(vec![Array::integers(&[], vec![product])?]);
    }
    let rank = sizes.len() as i64;
    let clamp = |at: i64| (if at < 0 { at.saturating_add(rank) } else { at }).clamp(0, rank) as usize;
    let (start, end) = (clamp(node.attributes.int("start", 0)), clamp(node.attributes.int("end", rank)));
    let part = sizes.get(start..end.max(start)).unwrap_or_default().to_vec();
    Ok(vec![Array::integers(&[part.len()], part)?])
}

fn numbered(dim: &Dim, sizes: &[(&str, usize)]) -> Result<Dim> {
    let Dim::Symbol(text) = dim else { return Ok(dim.clone()) };
    let factor = |name: &str| match sizes.iter().find(|(known, _)| *known == name) {
        Some((_, size)) => Dim::Fixed(*size),
        None => Dim::symbol(name),
    };
    if let Dim::Fixed(size) = factor(text) {
        return Ok(Dim::Fixed(size));
    }
    let factors: Vec<Dim> = text.split('*').map(factor).collect();
    Dim::product(&factors).ok_or_else(|| Error::value(text, "more elements than can be counted"))
}
