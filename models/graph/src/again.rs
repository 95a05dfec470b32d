//! Computing values of the forward pass again instead of holding them.
//!
//! # Why
//!
//! The backward pass takes values of the forward pass: the rule of a product takes its factors, that of a softmax its
//! result. All of them are held until it arrives at their layer, and for a model of many layers they are most of the
//! memory of a training step. A value that follows cheaply from others that are held anyway need not be one of them: the
//! nodes that make it are copied, and the backward pass takes it from the copies (Chen and others, 2016, *Training deep
//! nets with sublinear memory cost*). The copies compute the same numbers, bit for bit.
//!
//! # Which values
//!
//! Going through the values that the backward pass takes, in the order they are made: one whose makers may run twice is
//! traced back to what they take from elsewhere. Where that is held already, or is smaller than the value itself, the
//! value is computed again; else it is held. [`Keep`] says which makers may run twice.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::{Graph, Node, Result, Var, graph::Origin, infer::Type, rules::count};

/// What a training step holds of its forward pass.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Keep {
    /// Every value that the backward pass takes.
    Everything,
    /// What products make. What follows from other values element by element, or row by row, is computed again:
    /// activations, norms, masked values. This costs a few passes over memory.
    #[default]
    Products,
    /// What products over long axes make. Those over a short one, such as the scores of attention, are computed again
    /// too, so that nothing of `tokens x tokens` is held. This costs one more of attention's products.
    Long,
    /// What all ways from one part of the model to the next lead through, such as the states between layers. All within
    /// is computed again as the backward pass comes to it. This costs a second forward pass.
    Borders,
}

/// A value of fewer bytes than this is not worth computing again.
const SMALL: usize = 1 << 16;
/// A product over an axis of up to this length costs no more than a few passes over its result.
const SHORT: usize = 128;

/// Operators that go over memory once or twice, and give the same again.
const PASSES: [&str; 47] = [
    "Abs",
    "Add",
    "And",
    "Cast",
    "Clip",
    "Concat",
    "Cos",
    "DequantizeLinear",
    "Div",
    "Equal",
    "Erf",
    "Exp",
    "Expand",
    "Flatten",
    "Gelu",
    "Greater",
    "GreaterOrEqual",
    "Identity",
    "LayerNormalization",
    "LeakyRelu",
    "Less",
    "LessOrEqual",
    "Log",
    "LogSoftmax",
    "Max",
    "Min",
    "Mul",
    "Neg",
    "Not",
    "Or",
    "Pow",
    "RMSNormalization",
    "Reciprocal",
    "Relu",
    "Reshape",
    "Sigmoid",
    "Sin",
    "Slice",
    "Softmax",
    "Softplus",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Tanh",
    "Transpose",
    "Unsqueeze",
    "Where",
];

/// Operators that do not give the same again, or should not be asked to.
const ONCE: [&str; 6] =
    ["Bernoulli", "Dropout", "Multinomial", "RandomNormalLike", "RandomUniform", "RandomUniformLike"];

impl Graph {
    /// Makes the nodes after the first `forward` take copies of values rather than the values, where `keep` says so.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unbound`](crate::ErrorKind::Unbound) where the size of a value is not known.
    pub(crate) fn compute_again(
        &mut self,
        forward: usize,
        gradients: &[Var],
        wrt: &[Var],
        keep: Keep,
    ) -> Result<()> {
        if keep == Keep::Everything {
            return Ok(());
        }
        let order = self.order(gradients)?;
        let made: Vec<usize> = order.iter().copied().filter(|&at| at < forward).collect();
        let mut choice = Choice { graph: self, keep, held: FxHashSet::default(), run: FxHashSet::default() };
        if keep == Keep::Borders {
            choice.hold_borders(&made, wrt)?;
        }
        let mut again = FxHashSet::default();
        for var in self.taken(forward, &order) {
            if choice.decides_again(var)? {
                again.insert(var);
            }
        }
        let Choice { held, run, .. } = choice;
        let backward = forward..self.nodes.len();
        let mut copies: FxHashMap<Var, Var> = FxHashMap::default();
        for at in made.into_iter().filter(|at| run.contains(at)) {
            let node = self.nodes[at].clone();
            let own = |var: Var| if held.contains(&var) { var } else { *copies.get(&var).unwrap_or(&var) };
            let inputs = node.inputs.iter().map(|var| var.map(own)).collect();
            let made = self.repeated(&node, inputs)?;
            copies.extend(node.outputs.iter().zip(made).filter_map(|(old, new)| Some(((*old)?, new?))));
        }
        for node in &mut self.nodes[backward.clone()] {
            for var in node.inputs.iter_mut().flatten().filter(|var| again.contains(var)) {
                *var = *copies.get(var).unwrap_or(var);
            }
        }
        // Copies are to run as late as they can: see `arrange`.
        self.move_last_to(forward, backward.end);
        Ok(())
    }

    /// Returns the values of the forward pass that the backward pass takes, in the order they are made.
    fn taken(&self, forward: usize, order: &[usize]) -> Vec<Var> {
        let inputs = |at: &usize| self.nodes[*at].inputs.iter().flatten().copied();
        let taken: FxHashSet<Var> = order.iter().filter(|&&at| at >= forward).flat_map(inputs).collect();
        let outputs = |at: &usize| self.nodes[*at].outputs.iter().flatten().copied();
        let made = order.iter().filter(|&&at| at < forward).flat_map(outputs);
        made.filter(|var| taken.contains(var)).collect()
    }

    /// Adds a copy of a node with other inputs, and returns its outputs.
    fn repeated(&mut self, node: &Node, inputs: Vec<Option<Var>>) -> Result<Vec<Option<Var>>> {
        let mut types = Vec::with_capacity(node.outputs.len());
        for output in node.outputs.iter().flatten() {
            let value = self.value(*output)?;
            types.push(Type::maybe(value.dtype, value.shape.clone()));
        }
        let name = self.fresh(&format!("again/{}", node.name()));
        let copy = Node::new(name, node.operator(), node.domain(), inputs, node.attributes.clone());
        let at = self.nodes.len();
        let mut made = self.attach(copy, types).into_iter();
        // Absent outputs stay absent: places tell outputs apart.
        let outputs: Vec<Option<Var>> =
            node.outputs.iter().map(|output| output.and_then(|_| made.next())).collect();
        for (output, var) in outputs.iter().enumerate() {
            if let Some(var) = var {
                self.value_mut(*var)?.origin = Origin::Node { node: at, output };
            }
        }
        self.nodes[at].outputs.clone_from(&outputs);
        Ok(outputs)
    }

    /// Moves the nodes from `from` on to the place `to`, before those that are there.
    fn move_last_to(&mut self, to: usize, from: usize) {
        let moved = self.nodes.len() - from;
        self.nodes[to..].rotate_right(moved);
        for value in &mut self.values {
            if let Origin::Node { node, .. } = &mut value.origin
                && *node >= to
            {
                *node = if *node >= from { *node - from + to } else { *node + moved };
            }
        }
    }
}

/// Which values are held and which nodes run again, as far as it is decided.
struct Choice<'g> {
    graph: &'g Graph,
    keep: Keep,
    held: FxHashSet<Var>,
    run: FxHashSet<usize>,
}

impl Choice<'_> {
    /// Decides about a value that the backward pass takes, and returns whether it is computed again.
    fn decides_again(&mut self, var: Var) -> Result<bool> {
        let size = self.bytes(var)?;
        if self.held.contains(&var) || self.maker(var, self.keep)?.is_none() || size < SMALL {
            self.held.insert(var);
            return Ok(false);
        }
        let (nodes, sources) = self.traced(var, self.keep)?;
        let bytes = sources.iter().map(|&source| self.bytes(source)).collect::<Result<Vec<_>>>()?;
        let more = bytes.into_iter().fold(0usize, usize::saturating_add);
        if more >= size {
            self.held.insert(var);
            return Ok(false);
        }
        self.held.extend(sources);
        self.run.extend(nodes);
        Ok(true)
    }

    /// Traces a value back: the nodes to run again, and the values they take that are not held yet.
    fn traced(&self, var: Var, keep: Keep) -> Result<(FxHashSet<usize>, FxHashSet<Var>)> {
        let (mut nodes, mut sources) = (FxHashSet::default(), FxHashSet::default());
        let mut waiting: Vec<usize> = self.maker(var, keep)?.into_iter().collect();
        while let Some(at) = waiting.pop() {
            if !nodes.insert(at) {
                continue;
            }
            for &input in self.graph.nodes[at].inputs.iter().flatten() {
                let made = matches!(self.graph.value(input)?.origin, Origin::Node { .. });
                // Inputs and constants are there at any time.
                if !made || self.held.contains(&input) {
                    continue;
                }
                match self.maker(input, keep)? {
                    Some(at) => waiting.push(at),
                    None => {
                        sources.insert(input);
                    }
                }
            }
        }
        Ok((nodes, sources))
    }

    /// Returns the node that makes a value, if it may run twice.
    fn maker(&self, var: Var, keep: Keep) -> Result<Option<usize>> {
        let Origin::Node { node, .. } = self.graph.value(var)?.origin else { return Ok(None) };
        let (key, of) = (self.graph.nodes[node].key(), &self.graph.nodes[node]);
        let name = of.operator();
        let may = match keep {
            Keep::Everything => false,
            Keep::Borders => !ONCE.contains(&name),
            Keep::Products => PASSES.contains(&name),
            Keep::Long => PASSES.contains(&name) || (name.ends_with("MatMul") && self.is_short(of)?),
        };
        let known = of.domain().is_empty() || crate::rules::find(&key).is_some();
        Ok(Some(node).filter(|_| may && known))
    }

    /// Returns whether a product is one of many small matrices over a short axis.
    fn is_short(&self, node: &Node) -> Result<bool> {
        let (Some(left), Some(right)) = (node.input(0), node.input(1)) else { return Ok(false) };
        let (left, right) = (self.graph.dims(left)?, self.graph.dims(right)?);
        let along = left.len().wrapping_sub(if node.attributes.int("transA", 0) == 0 { 1 } else { 2 });
        Ok(right.len() > 2 && left.get(along).is_some_and(|&length| length <= SHORT))
    }

    fn bytes(&self, var: Var) -> Result<usize> {
        Ok(count(&self.graph.dims(var)?).saturating_mul(self.graph.dtype(var)?.size()))
    }

    /// Holds the values that all ways from parameters to what comes later lead through, but for those that follow
    /// cheaply from the one before.
    fn hold_borders(&mut self, made: &[usize], wrt: &[Var]) -> Result<()> {
        let active = self.graph.active(made, wrt)?;
        let mut last: FxHashMap<Var, usize> = FxHashMap::default();
        for (place, &at) in made.iter().enumerate() {
            last.extend(self.graph.nodes[at].inputs.iter().flatten().map(|&var| (var, place)));
        }
        let mut open: FxHashSet<Var> = FxHashSet::default();
        for (place, &at) in made.iter().enumerate() {
            open.retain(|var| last[var] > place);
            for &var in self.graph.nodes[at].outputs.iter().flatten() {
                let used = last.get(&var).is_some_and(|&last| last > place);
                if used && active[var.index as usize] && self.bytes(var)? >= SMALL {
                    open.insert(var);
                }
            }
            if let (1, Some(&border)) = (open.len(), open.iter().next()) {
                let cheap = self.maker(border, Keep::Products)?.is_some()
                    && self.traced(border, Keep::Products)?.1.is_empty();
                if !cheap {
                    self.held.insert(border);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Attributes, DataType, Shape};

    /// `loss = sum((x f(other))^2)`, where nothing is known of f but its name, and the gradient of x.
    fn training(operator: &str, domain: &str, rows: usize, keep: Keep) -> Graph {
        let mut g = Graph::new("squares");
        let (x, other) =
            (g.parameter("x", [rows, 64]).unwrap(), g.input("other", DataType::F32, [rows, 64]).unwrap());
        let types = [(DataType::F32, Some(Shape::from(vec![rows, 64])))];
        let f = g.typed_node(operator, domain, &[Some(other)], Attributes::new(), &types).unwrap()[0];
        let y = g.mul(x, f).unwrap();
        let squares = g.mul(y, y).unwrap();
        let loss = g.reduce_sum(squares, &[], false).unwrap();
        let gradient = g.gradients_keeping(loss, &[x], keep).unwrap()[0];
        g.output("gradient", gradient).unwrap();
        g
    }

    fn count_of(g: &Graph, operator: &str) -> usize {
        g.nodes().iter().filter(|node| node.operator() == operator).count()
    }

    fn copies(g: &Graph) -> usize {
        g.nodes().iter().filter(|node| node.name().starts_with("again/")).count()
    }

    #[test]
    fn what_may_differ_the_second_time_runs_once() {
        for keep in [Keep::Products, Keep::Long, Keep::Borders] {
            for (operator, domain) in [("RandomUniformLike", ""), ("Dropout", ""), ("Exp", "com.example")] {
                let g = training(operator, domain, 512, keep);
                assert_eq!(count_of(&g, operator), 1, "{operator} {keep:?}");
            }
            // The same function without a doubt about it is computed again.
            assert_eq!(count_of(&training("Exp", "", 512, keep), "Exp"), 2, "{keep:?}");
        }
    }

    #[test]
    fn small_values_are_held() {
        assert!(copies(&training("Exp", "", 512, Keep::Products)) >= 2);
        assert_eq!(copies(&training("Exp", "", 8, Keep::Products)), 0);
        assert_eq!(copies(&training("Exp", "", 512, Keep::Everything)), 0);
    }

    #[test]
    fn copies_stand_before_what_they_are_computed_for() {
        let g = training("Exp", "", 512, Keep::Products);
        let part = |name: &str| match name.split('/').next() {
            Some("again") => 1,
            Some("gradient") => 2,
            _ => 0,
        };
        let parts: Vec<u8> = g.nodes().iter().map(|node| part(node.name())).collect();
        assert!(parts.is_sorted() && parts.contains(&1), "{parts:?}");
    }

    #[test]
    fn nodes_that_are_moved_are_found_by_what_they_make() {
        let mut g = Graph::new("row");
        let mut made = vec![g.input("x", DataType::F32, [2]).unwrap()];
        for _ in 0..5 {
            made.push(g.neg(made[made.len() - 1]).unwrap());
        }
        g.move_last_to(1, 3);
        let order: Vec<&str> = g.nodes().iter().map(Node::name).collect();
        assert_eq!(order, ["Neg_0", "Neg_3", "Neg_4", "Neg_1", "Neg_2"]);
        for (n, &var) in made[1..].iter().enumerate() {
            let node = g.producer(var).unwrap();
            assert_eq!((node.name(), node.input(0)), (format!("Neg_{n}").as_str(), Some(made[n])));
        }
    }
}
