//! The order in which nodes can run.

use crate::{Graph, Result, Var, error::ErrorKind, graph::Origin};

impl Graph {
    /// Returns the indices of the nodes that values depend on, each after the nodes it depends on.
    ///
    /// Nodes added earlier come earlier where there is a choice.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Cycle`].
    pub(crate) fn order(&self, targets: &[Var]) -> Result<Vec<usize>> {
        #[derive(Clone, Copy, PartialEq)]
        enum State {
            New,
            Open,
            Done,
        }
        let mut states = vec![State::New; self.nodes.len()];
        let mut order = Vec::new();
        let makers = |vars: &[Option<Var>]| -> Result<Vec<usize>> {
            let mut makers = Vec::new();
            for &var in vars.iter().flatten() {
                if let Origin::Node { node, .. } = self.value(var)?.origin {
                    makers.push(node);
                }
            }
            // A stack is emptied from its end.
            makers.sort_unstable_by(|a, b| b.cmp(a));
            Ok(makers)
        };
        let targets: Vec<_> = targets.iter().copied().map(Some).collect();
        let mut stack = makers(&targets)?;
        while let Some(&node) = stack.last() {
            match states[node] {
                State::Done => {
                    stack.pop();
                }
                State::Open => {
                    stack.pop();
                    states[node] = State::Done;
                    order.push(node);
                }
                State::New => {
                    states[node] = State::Open;
                    for maker in makers(&self.nodes[node].inputs)? {
                        match states[maker] {
                            State::New => stack.push(maker),
                            State::Open => {
                                return Err(ErrorKind::Cycle(self.nodes[maker].name().to_owned()).into());
                            }
                            State::Done => {}
                        }
                    }
                }
            }
        }
        Ok(order)
    }
}
