//! The order in which nodes can run, and the order in which a file holds them.

use std::{cmp::Reverse, collections::BinaryHeap};

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

    /// Returns the indices of the nodes that values depend on, each after the nodes it depends on, and otherwise in the
    /// order they stand in: the order of a file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Cycle`].
    pub(crate) fn file_order(&self, targets: &[Var]) -> Result<Vec<usize>> {
        let needed = self.order(targets)?;
        let (takers, mut missing) = self.takers(&needed)?;
        let mut ready: BinaryHeap<Reverse<usize>> =
            needed.iter().copied().filter(|&at| missing[at] == 0).map(Reverse).collect();
        let mut order = Vec::with_capacity(needed.len());
        while let Some(Reverse(at)) = ready.pop() {
            order.push(at);
            for &taker in &takers[at] {
                missing[taker] -= 1;
                if missing[taker] == 0 {
                    ready.push(Reverse(taker));
                }
            }
        }
        Ok(order)
    }

    /// Returns, for each node, which nodes take something from it, and how often it takes something from others.
    fn takers(&self, needed: &[usize]) -> Result<(Vec<Vec<usize>>, Vec<usize>)> {
        let (mut takers, mut missing) = (vec![Vec::new(); self.nodes.len()], vec![0; self.nodes.len()]);
        for &at in needed {
            for &var in self.nodes[at].inputs.iter().flatten() {
                if let Origin::Node { node, .. } = self.value(var)?.origin {
                    takers[node].push(at);
                    missing[at] += 1;
                }
            }
        }
        Ok((takers, missing))
    }

    /// Removes the nodes that no output depends on, and brings the others into an order in which ONNX Runtime computes
    /// gradients with little memory. What is computed stays the same.
    ///
    /// ONNX Runtime does not run nodes in the order of a file. It walks back from the nodes that no other node takes
    /// anything from, the last in the file first, and from each node to what it takes, again the last first; a node runs
    /// once all it takes is there. In a training step nearly every gradient of a weight is such a node. Were they in the
    /// order they can be computed in, those of the uppermost layer would come when the walk through all layers is over,
    /// and what they take would be held until then. So these nodes are put at the end, backwards: each gradient is then
    /// computed as soon as it can be. What is [computed again](crate::Keep) stands before what it is computed for, so that
    /// it is asked for late.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Cycle`].
    pub fn arrange(&mut self) -> Result<()> {
        self.prune()?;
        let order = self.file_order(&self.outputs)?;
        let (takers, _) = self.takers(&order)?;
        let (mut arranged, last): (Vec<usize>, Vec<usize>) =
            order.into_iter().partition(|&at| !takers[at].is_empty());
        arranged.extend(last.into_iter().rev());
        let mut places = vec![0; arranged.len()];
        for (place, &at) in arranged.iter().enumerate() {
            places[at] = place;
        }
        self.nodes = arranged.iter().map(|&at| self.nodes[at].clone()).collect();
        for value in &mut self.values {
            if let Origin::Node { node, .. } = &mut value.origin {
                *node = places[*node];
            }
        }
        Ok(())
    }
}
