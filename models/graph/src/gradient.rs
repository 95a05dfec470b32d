//! Reverse-mode differentiation.
//!
//! # How it works
//!
//! Let L be the loss, one number. For every value v between the weights and the loss, the *adjoint* of v is the tensor
//! of derivatives dL/dv, in v's shape. The loss's own adjoint is 1. Walking the nodes from the loss backwards, each node
//! `y = f(a, b)` turns the adjoint of y into those of a and b by the chain rule; where a value is used more than once,
//! what comes back from its uses is summed. Each operator needs one rule: given the adjoints of the outputs, which nodes
//! compute those of the inputs? The rules are in [`Graph::rules`].
//!
//! Nothing is computed twice: rules take inputs and outputs of the forward nodes as they are, and a branch that leads to
//! none of the weights asked for is not walked.

use std::fmt;

use rustc_hash::FxHashMap;

use crate::{
    Error, Graph, Keep, Node, Result, Var,
    error::ErrorKind,
    rules::{self, Adjoint},
};

/// An operator that cannot be differentiated, on the way from a loss to a weight.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MissingRule {
    /// The operator's type, after its domain and a colon where it has one.
    pub operator: String,
    /// The node's name.
    pub node: String,
}

impl fmt::Display for MissingRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (`{}`)", self.operator, self.node)
    }
}

impl Graph {
    /// Returns the operators that can be differentiated, in alphabetical order; one of a domain other than ONNX's comes
    /// after the domain and a colon.
    pub fn rules() -> impl Iterator<Item = &'static str> {
        rules::all().iter().map(|rule| rule.operator)
    }

    /// Returns the nodes between weights and loss that have no rule, in the order they run.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ForeignVariable`], [`ErrorKind::Cycle`].
    pub fn missing_rules(&self, loss: Var, wrt: &[Var]) -> Result<Vec<MissingRule>> {
        let order = self.order(&[loss])?;
        let active = self.active(&order, wrt)?;
        let lacks = |node: &&Node| on_the_way(node, &active) && rules::find(&node.key()).is_none();
        let missing = order.iter().map(|&at| &self.nodes[at]).filter(lacks);
        let named =
            |node: &Node| MissingRule { operator: node.key().into_owned(), node: node.name().to_owned() };
        Ok(missing.map(named).collect())
    }

    /// Returns, for each value, whether a derivative with respect to a weight flows through it.
    pub(crate) fn active(&self, order: &[usize], wrt: &[Var]) -> Result<Vec<bool>> {
        let mut active = vec![false; self.values.len()];
        for &var in wrt {
            self.value(var)?;
            active[var.index as usize] = true;
        }
        for &at in order {
            let node = &self.nodes[at];
            if node.inputs.iter().flatten().any(|var| active[var.index as usize]) {
                for var in node.outputs.iter().flatten() {
                    // Integers and truth values have no derivative.
                    active[var.index as usize] |= self.value(*var)?.dtype.is_float();
                }
            }
        }
        Ok(active)
    }

    /// Adds the nodes that compute the derivatives of a loss, and returns one value for each of `wrt`, in its shape.
    ///
    /// The loss must be one floating-point number. A value that the loss does not depend on has the derivative zero. A
    /// `Dropout` node counts as the identity it is in inference: see [`replace_dropout`](Self::replace_dropout). Some
    /// rules ask forward nodes for outputs they did not have before (the statistics of `LayerNormalization`, the indices
    /// of `MaxPool`); the graph's results stay the same.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingRules`] before any node is added, where an operator on the way has no rule;
    /// [`ErrorKind::Unbound`] where a rule needs a shape that is still a name: see [`bind`](Self::bind);
    /// [`ErrorKind::Value`] where the loss is not one number.
    ///
    /// # Examples
    ///
    /// The derivative of a sum of squares is twice the values:
    ///
    /// ```
    /// use dlm_graph::{DataType, Graph, interpret::Array};
    ///
    /// let mut g = Graph::new("squares");
    /// let x = g.parameter("x", [2])?;
    /// let squares = g.mul(x, x)?;
    /// let loss = g.reduce_sum(squares, &[], false)?;
    /// let gradient = g.gradients(loss, &[x])?[0];
    /// let at = Array::reals(&[2], vec![3.0, -1.0])?;
    /// assert_eq!(g.interpret_values(&[("x", at)], &[gradient])?[0].to_reals(), [6.0, -2.0]);
    /// # Ok::<(), dlm_graph::Error>(())
    /// ```
    pub fn gradients(&mut self, loss: Var, wrt: &[Var]) -> Result<Vec<Var>> {
        self.gradients_keeping(loss, wrt, Keep::Everything)
    }

    /// Adds the nodes that compute the derivatives of a loss, as [`gradients`](Self::gradients) does, and says which
    /// values of the forward pass are held for them; the others are computed again. The numbers are the same.
    ///
    /// # Errors
    ///
    /// As [`gradients`](Self::gradients); [`ErrorKind::Unbound`] where the size of a value is not known.
    pub fn gradients_keeping(&mut self, loss: Var, wrt: &[Var], keep: Keep) -> Result<Vec<Var>> {
        let one = self.shape(loss)?.elements() == Some(1);
        if !one || !self.dtype(loss)?.is_float() {
            let problem = format!("{} is not one floating-point number", self.described(loss));
            return Err(Error::value(self.name_of(loss)?, problem));
        }
        for &var in wrt {
            if !self.dtype(var)?.is_float() {
                let problem = format!("{} has no derivative", self.described(var));
                return Err(Error::value(self.name_of(var)?, problem));
            }
        }
        let missing = self.missing_rules(loss, wrt)?;
        if !missing.is_empty() {
            return Err(ErrorKind::MissingRules(missing).into());
        }
        let forward = self.nodes.len();
        let gradients = self.scope("gradient", |g| g.differentiated(loss, wrt))?;
        self.compute_again(forward, &gradients, wrt, keep)?;
        Ok(gradients)
    }

    fn differentiated(&mut self, loss: Var, wrt: &[Var]) -> Result<Vec<Var>> {
        let order = self.order(&[loss])?;
        let active = self.active(&order, wrt)?;
        let mut sums = Sums::default();
        let (dtype, dims) = (self.dtype(loss)?, self.dims(loss)?);
        let seed = self.constant(crate::Tensor::from_reals(dtype, dims, &[1.0])?);
        sums.add(loss, seed);
        for &at in order.iter().rev() {
            let node = self.nodes[at].clone();
            if !on_the_way(&node, &active) {
                continue;
            }
            let mut outputs = Vec::with_capacity(node.outputs.len());
            for output in &node.outputs {
                outputs.push(match output {
                    Some(var) => sums.total(self, *var)?,
                    None => None,
                });
            }
            let rule = rules::find(&node.key()).filter(|_| outputs.iter().any(Option::is_some));
            let Some(rule) = rule else { continue };
            let wanted = node.inputs.iter().map(|var| var.is_some_and(|var| active[var.index as usize]));
            let wanted = wanted.collect();
            let inputs = node.inputs.clone();
            let name = node.name().to_owned();
            let adjoints =
                self.scope(&name, |graph| (rule.apply)(&mut Adjoint { graph, at, node, outputs, wanted }))?;
            for (input, adjoint) in inputs.into_iter().zip(adjoints) {
                if let (Some(input), Some(adjoint)) = (input, adjoint)
                    && active[input.index as usize]
                {
                    sums.add(input, adjoint);
                }
            }
        }
        let mut gradients = Vec::with_capacity(wrt.len());
        for &var in wrt {
            gradients.push(match sums.total(self, var)? {
                Some(gradient) => gradient,
                None => self.zeros_like(var)?,
            });
        }
        Ok(gradients)
    }
}

fn on_the_way(node: &Node, active: &[bool]) -> bool {
    let is_active = |var: &Var| active[var.index as usize];
    node.outputs.iter().flatten().any(is_active) && node.inputs.iter().flatten().any(is_active)
}

/// What came back so far to each value.
#[derive(Default)]
struct Sums(FxHashMap<Var, Vec<Var>>);

impl Sums {
    fn add(&mut self, var: Var, adjoint: Var) {
        self.0.entry(var).or_default().push(adjoint);
    }

    /// Returns the sum of what came back to a value, if anything did.
    fn total(&mut self, graph: &mut Graph, var: Var) -> Result<Option<Var>> {
        let Some(parts) = self.0.get_mut(&var) else { return Ok(None) };
        let mut total = parts[0];
        for &part in &parts[1..] {
            total = graph.add(total, part)?;
        }
        *parts = vec![total];
        Ok(Some(total))
    }
}
