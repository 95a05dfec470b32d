//! Whether an output may be written over an input.

use crate::{Error, Graph, Node, Result, Var, graph::Origin};

/// Operators whose result at a place depends on what is given at that place alone, and is written there last.
const ELEMENTWISE: [&str; 6] = ["Add", "Div", "Mul", "Sqrt", "Sub", "Where"];

impl Graph {
    /// Fails unless each output may be written over its input, in whatever order the nodes run.
    ///
    /// A runtime that is given one tensor as an input and an output neither orders nor checks anything: a node that takes
    /// the input after it was written over computes with the new numbers. That cannot happen where every node that takes
    /// the input is one that the output's own node waits for, or is that node itself, and this one works element by
    /// element. A weight's update in a graph of the whole training step is none such: the backward pass takes the weight,
    /// and the update does not wait for it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`](crate::ErrorKind::Value) that names the output and what is in the way.
    ///
    /// # Examples
    ///
    /// ```
    /// use dlm_graph::{DataType, Graph};
    ///
    /// let mut g = Graph::new("step");
    /// let (w, x) = (g.parameter("w", [3])?, g.input("x", DataType::F32, [3])?);
    /// let next = g.sub(w, x)?;
    /// g.output("next", next)?;
    /// g.in_place(&[(w, next)])?;
    /// // Somebody else takes the weight, before or after.
    /// let other = g.mul(w, x)?;
    /// g.output("other", other)?;
    /// assert!(g.in_place(&[(w, next)]).is_err());
    /// # Ok::<(), dlm_graph::Error>(())
    /// ```
    pub fn in_place(&self, pairs: &[(Var, Var)]) -> Result<()> {
        for (n, &(input, output)) in pairs.iter().enumerate() {
            let name = self.name_of(output)?;
            let fail = |problem: String| Error::value(name, problem);
            let input_name = self.name_of(input)?;
            if !self.inputs.contains(&input) || !self.outputs.contains(&output) {
                return Err(fail(format!("it or {input_name} is no output or input of the graph")));
            }
            if pairs[..n].iter().any(|&(other, written)| other == input || written == output) {
                return Err(fail(format!("it or {input_name} has another place already")));
            }
            if self.dtype(input)? != self.dtype(output)? || self.dims(input)? != self.dims(output)? {
                return Err(fail(format!("it has not the type and shape of {input_name}")));
            }
            let (Some(writer), Origin::Node { node, .. }) =
                (self.producer(output), &self.value(output)?.origin)
            else {
                return Err(fail("no node makes it".to_owned()));
            };
            if !self.is_elementwise(writer, output)? {
                return Err(fail(format!("{} does not work element by element", writer.name())));
            }
            let awaited = self.order(&[output])?;
            for (at, taker) in self.nodes.iter().enumerate() {
                if at != *node && taker.inputs.contains(&Some(input)) && !awaited.contains(&at) {
                    return Err(fail(format!("{} takes {input_name} and is not waited for", taker.name())));
                }
            }
        }
        Ok(())
    }

    /// Returns whether a node works element by element on values of the output's shape, or of one element.
    fn is_elementwise(&self, node: &Node, output: Var) -> Result<bool> {
        let dims = self.dims(output)?;
        for &input in node.inputs.iter().flatten() {
            let given = self.dims(input)?;
            if given != dims && given.iter().product::<usize>() != 1 {
                return Ok(false);
            }
        }
        Ok(ELEMENTWISE.contains(&&*node.key()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DataType;

    fn refused(g: &Graph, pairs: &[(Var, Var)], why: &str) {
        let error = g.in_place(pairs).unwrap_err().to_string();
        assert!(error.contains(why), "{error} does not say {why}");
    }

    #[test]
    fn a_reader_that_is_waited_for_is_none_in_the_way() {
        let mut g = Graph::new("step");
        let (w, x) = (g.parameter("w", [3]).unwrap(), g.input("x", DataType::F32, [3]).unwrap());
        let pull = g.mul(w, x).unwrap();
        let next = g.sub(w, pull).unwrap();
        let next = g.output("next", next).unwrap();
        g.in_place(&[(w, next)]).unwrap();
        refused(&g, &[(w, next), (w, next)], "has another place already");
        refused(&g, &[(next, w)], "is no output or input");
    }

    #[test]
    fn what_would_be_read_after_it_was_written_is_refused() {
        let mut g = Graph::new("step");
        let (w, x) = (g.parameter("w", [3, 3]).unwrap(), g.input("x", DataType::F32, [3, 3]).unwrap());
        let product = g.matmul(w, x).unwrap();
        let product = g.output("product", product).unwrap();
        // A row of the result takes all of a row, of which the first number was written by then.
        refused(&g, &[(w, product)], "does not work element by element");
        let next = g.sub(w, x).unwrap();
        let next = g.output("next", next).unwrap();
        refused(&g, &[(w, next)], "and is not waited for");
    }
}
