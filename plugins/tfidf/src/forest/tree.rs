//! One grown tree.
//!
//! A tree is a list of nodes in the order in which a walk visits them, left before right, so that the left child of a
//! node is the node after it and only the right child needs an address: 12 bytes a node. With frequencies most answers
//! are "left" (the token is absent), and a walk then reads memory in order.
//!
//! A leaf in which all samples agree names its class in the node itself. Leaves of several classes keep pairs of class
//! and weight in a side table, so that a forest over 4,096 classes costs no more than one over two; a dense table of
//! classes, as scikit-learn keeps it, would take 32 kB a node.

/// A feature number that marks a leaf of one class; `right` is the class.
const PURE: u32 = u32::MAX;
/// A feature number that marks a leaf of several classes; `right` is its place in [`Tree::leaf_ends`].
const MIXED: u32 = u32::MAX - 1;
/// A feature number that marks a leaf of a regression tree; `threshold` is the value.
const VALUE: u32 = u32::MAX - 2;
/// How many features a forest may have.
pub(super) const MAX_FEATURES: usize = VALUE as usize;

/// A question or an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Node {
    feature: u32,
    threshold: f32,
    right: u32,
}

/// A tree of questions "is the value of this feature at most that?".
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    leaf_ends: Vec<u32>,
    leaves: Vec<(u32, u32)>,
}

impl Tree {
    /// Appends a question and returns its place; the next node appended is its left child.
    pub(super) fn push_split(&mut self, feature: u32, threshold: f32) -> usize {
        self.nodes.push(Node { feature, threshold, right: 0 });
        self.nodes.len() - 1
    }

    /// Says that the next node appended is the right child of a question.
    pub(super) fn link_right(&mut self, split: usize) {
        self.nodes[split].right = self.nodes.len() as u32;
    }

    /// Appends a leaf of classes and their weights, in ascending order of classes, at least one.
    pub(super) fn push_classes(&mut self, classes: &[(u32, u32)]) {
        if let [(class, _)] = *classes {
            self.nodes.push(Node { feature: PURE, threshold: 0.0, right: class });
        } else {
            self.nodes.push(Node { feature: MIXED, threshold: 0.0, right: self.leaf_ends.len() as u32 });
            self.leaves.extend_from_slice(classes);
            self.leaf_ends.push(self.leaves.len() as u32);
        }
    }

    /// Appends a leaf of a regression tree.
    pub(super) fn push_value(&mut self, value: f32) {
        self.nodes.push(Node { feature: VALUE, threshold: value, right: 0 });
    }

    /// Gives back memory that was set aside for growth.
    pub(super) fn shrink(&mut self) {
        self.nodes.shrink_to_fit();
        self.leaf_ends.shrink_to_fit();
        self.leaves.shrink_to_fit();
    }

    /// Returns the number of nodes, leaves included.
    pub(super) fn n_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Adds the answer for a row, given as one value a feature, to a score for each output.
    #[inline]
    pub(super) fn add(&self, row: &[f32], scores: &mut [f64]) {
        let mut place = 0;
        let node = loop {
            let node = self.nodes[place];
            if node.feature >= VALUE {
                break node;
            }
            place =
                if row[node.feature as usize] <= node.threshold { place + 1 } else { node.right as usize };
        };
        match node.feature {
            PURE => scores[node.right as usize] += 1.0,
            VALUE => scores[0] += f64::from(node.threshold),
            _ => {
                let leaf = node.right as usize;
                let start = if leaf == 0 { 0 } else { self.leaf_ends[leaf - 1] as usize };
                let classes = &self.leaves[start..self.leaf_ends[leaf] as usize];
                let total: u32 = classes.iter().map(|&(_, weight)| weight).sum();
                for &(class, weight) in classes {
                    scores[class as usize] += f64::from(weight) / f64::from(total);
                }
            }
        }
    }
}
