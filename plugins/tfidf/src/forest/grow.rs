//! Growing one tree.
//!
//! At each node some features are drawn without replacement, and the best cut of any of them becomes the question; if
//! all of them are constant in the node, one that is not constant is drawn instead. This is scikit-learn's rule, which
//! keeps drawing until it meets a feature that varies. A node in which no feature varies is a leaf.
//!
//! The time goes into finding, for each drawn feature, the node's samples in which it is not zero. Two ways lead there:
//!
//! * **By row**: walk over the rows of the node's samples and keep what belongs to a drawn feature, then sort. Costs as
//!   much as the node's rows hold, however few features are drawn.
//! * **By column**: walk over the drawn features' columns, already in order, and keep what belongs to the node. Costs as
//!   much as the columns hold, however small the node is.
//!
//! Each node takes the cheaper one. Trees over frequencies are lopsided: a question peels off the few samples that hold
//! a token, and long chains of nodes lose a few percent each. On such a chain the columns of the whole set become ever
//! more wasteful, so the waste is added up along the way down, and when it exceeds the price of gathering fresh columns
//! for the node's own samples, these are gathered and serve the node's whole subtree.

use super::{
    Stream,
    columns::{Columns, TOLERANCE, key, sample, value},
    criterion::Criterion,
    tree::Tree,
};
use crate::SparseMatrix;

/// The mark of a sample that is not in the tree's bootstrap sample.
const OUT_OF_BAG: u32 = u32::MAX;
/// How many features are looked at in one walk over the rows.
const SLOTS: usize = 1 << 15;

/// A side is small if the node has more than so many times its samples.
const FEW: usize = 8;

/// What the ways cost, in nanoseconds; they steer the choice and never the result.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prices {
    /// An entry of a row.
    row: f64,
    /// A kept entry of a row: stored and sorted.
    kept: f64,
    /// An entry of a column.
    column: f64,
    /// An entry of fresh columns.
    gather: f64,
    /// A feature of fresh columns.
    feature: f64,
}

impl Prices {
    /// As measured on a processor of 2022; only their ratios matter.
    pub(super) const MEASURED: Self = Self { row: 0.7, kept: 8.0, column: 1.2, gather: 3.5, feature: 1.5 };
}

/// A node to be grown.
#[derive(Clone, Copy, Debug)]
struct Pending {
    start: usize,
    end: usize,
    mark: u32,
    /// The question whose right child this is.
    parent: Option<usize>,
    /// How many sets of fresh columns were gathered on the way here.
    depth: usize,
    /// What was wasted since the last of them.
    waste: f64,
}

/// The best question so far.
#[derive(Clone, Copy, Debug)]
struct Question {
    feature: u32,
    threshold: f32,
    score: f64,
    right: usize,
}

/// What a tree is grown from, the same for all trees.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground<'a> {
    /// The samples.
    pub(super) records: &'a SparseMatrix,
    /// Their columns.
    pub(super) columns: &'a Columns,
    /// How many features are drawn at a node.
    pub(super) max_features: usize,
    /// Whether a tree sees a sample drawn with replacement.
    pub(super) bootstrap: bool,
    /// What the ways to a node's samples cost.
    pub(super) prices: Prices,
}

/// Grows one tree after the other, keeping its memory.
#[derive(Debug)]
pub(super) struct Grower<'a, C> {
    ground: Ground<'a>,
    criterion: C,
    per_row: f64,
    /// All features, in an order that does not matter; the first few are those drawn last.
    features: Vec<u32>,
    /// One more than the place of a feature among those drawn, or zero.
    slots: Vec<u16>,
    /// For each drawn feature, the node's samples in which it is not zero.
    lists: Vec<Vec<u64>>,
    /// The list of the best question.
    best: Vec<u64>,
    /// The tree's samples; a node is a range of them.
    samples: Vec<u32>,
    /// For each sample the node it is in.
    marks: Vec<u32>,
    /// For each sample its place in `samples`.
    places: Vec<u32>,
    /// Samples on their way right.
    aside: Vec<u32>,
    fresh: Vec<Columns>,
    seen: Vec<Seen>,
    touched: Vec<u32>,
}

/// What a walk over a node's rows saw of a feature.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    count: u32,
    lowest: f32,
    highest: f32,
}

impl<'a, C: Criterion> Grower<'a, C> {
    /// Creates a grower.
    pub(super) fn new(ground: Ground<'a>, criterion: C) -> Self {
        let (n_rows, n_features) = (ground.records.n_rows(), ground.records.n_features());
        Self {
            ground,
            criterion,
            per_row: ground.records.n_stored() as f64 / n_rows.max(1) as f64,
            features: Vec::new(),
            slots: vec![0; n_features],
            lists: Vec::new(),
            best: Vec::new(),
            samples: Vec::new(),
            marks: Vec::new(),
            places: Vec::new(),
            aside: Vec::new(),
            fresh: Vec::new(),
            seen: vec![Seen::default(); n_features],
            touched: Vec::new(),
        }
    }

    /// Grows the tree of a stream of random numbers.
    pub(super) fn grow(&mut self, mut random: Stream) -> Tree {
        let mut tree = Tree::default();
        self.draw_samples(&mut random);
        // The order must not depend on the trees grown before.
        self.features.clear();
        self.features.extend(0..self.ground.records.n_features() as u32);
        let mut n_marks = 1;
        let root = Pending { start: 0, end: self.samples.len(), mark: 0, parent: None, depth: 0, waste: 0.0 };
        let mut pending = vec![root];
        while let Some(mut node) = pending.pop() {
            if let Some(parent) = node.parent {
                tree.link_right(parent);
            }
            let mut agree = self.criterion.begin_node(&self.samples[node.start..node.end]);
            // A left child follows its parent at once, so that what is known of the parent need only be corrected.
            loop {
                let question = if agree { None } else { self.ask(&mut node, &mut random) };
                let Some(question) = question else {
                    self.criterion.push_leaf(&self.samples[node.start..node.end], &mut tree);
                    break;
                };
                let place = tree.push_split(question.feature, question.threshold);
                let middle = self.partition(&node, question.right, n_marks);
                pending.push(Pending { start: middle, mark: n_marks, parent: Some(place), ..node });
                n_marks += 1;
                node.end = middle;
                agree =
                    self.criterion.go_left(&self.best[..question.right], &self.samples[node.start..node.end]);
            }
        }
        tree.shrink();
        tree
    }

    /// Draws the samples of the tree.
    fn draw_samples(&mut self, random: &mut Stream) {
        let n_rows = self.ground.records.n_rows();
        let mut weights = vec![u32::from(!self.ground.bootstrap); n_rows];
        if self.ground.bootstrap {
            for _ in 0..n_rows {
                weights[random.below(n_rows)] += 1;
            }
        }
        self.samples.clear();
        self.marks.clear();
        self.places.clear();
        for (sample, &weight) in (0..).zip(&weights) {
            self.places.push(self.samples.len() as u32);
            if weight > 0 {
                self.samples.push(sample);
            }
            self.marks.push(if weight > 0 { 0 } else { OUT_OF_BAG });
        }
        self.criterion.begin_tree(&weights);
    }

    /// Finds the question of a node and leaves the samples of its right side at the front of `best`.
    fn ask(&mut self, node: &mut Pending, random: &mut Stream) -> Option<Question> {
        let drawn = self.ground.max_features;
        for place in 0..drawn {
            let other = place + random.below(self.features.len() - place);
            self.features.swap(place, other);
        }
        let mut best = None;
        for start in (0..drawn).step_by(SLOTS) {
            let end = drawn.min(start + SLOTS);
            if self.lists.len() < end - start {
                self.lists.resize_with(end - start, Vec::new);
            }
            self.fill(node, start, end);
            let before = best.map(|best: Question| best.feature);
            for slot in 0..end - start {
                self.consider(slot, self.features[start + slot], node.end - node.start, &mut best);
            }
            if let Some(question) = best.filter(|best| before != Some(best.feature)) {
                let slot = self.features[start..end].iter().position(|&each| each == question.feature)?;
                std::mem::swap(&mut self.best, &mut self.lists[slot]);
            }
        }
        if best.is_none() {
            let feature = self.draw_varying(node, random)?;
            self.lists[0].clear();
            for &sample in &self.samples[node.start..node.end] {
                let row = self.ground.records.row(sample as usize);
                if let Ok(place) = row.features.binary_search(&feature) {
                    self.lists[0].push(key(row.values[place], sample));
                }
            }
            self.lists[0].sort_unstable();
            self.consider(0, feature, node.end - node.start, &mut best);
            std::mem::swap(&mut self.best, &mut self.lists[0]);
        }
        best
    }

    /// Takes the best cut of a list if it is better than the best so far.
    fn consider(&mut self, slot: usize, feature: u32, n: usize, best: &mut Option<Question>) {
        let hits = &self.lists[slot];
        let Some(cut) = self.criterion.best_cut(hits, hits.len() < n) else { return };
        if best.is_none_or(|best| cut.score > best.score) {
            let above = value(hits[cut.right - 1]);
            let below = hits.get(cut.right).map_or(0.0, |&hit| value(hit));
            *best = Some(Question {
                feature,
                threshold: threshold(below, above),
                score: cut.score,
                right: cut.right,
            });
        }
    }

    /// Fills the lists of the drawn features, in order, by the cheaper way.
    fn fill(&mut self, node: &mut Pending, start: usize, end: usize) {
        for list in &mut self.lists[..end - start] {
            list.clear();
        }
        let (records, price, n) = (self.ground.records, self.ground.prices, node.end - node.start);
        let n_features = records.n_features() as f64;
        let stored = n as f64 * self.per_row;
        let kept = stored * (end - start) as f64 / n_features;
        let by_row = stored * price.row + kept * price.kept;
        let in_columns = {
            let columns = node.depth.checked_sub(1).map_or(self.ground.columns, |depth| &self.fresh[depth]);
            self.features[start..end].iter().map(|&feature| columns.len(feature)).sum::<usize>() as f64
        };
        let by_column = in_columns * price.column;
        node.waste += by_row.min(by_column) - kept * price.column;
        if node.waste > stored * price.gather + n_features * price.feature {
            if self.fresh.len() == node.depth {
                self.fresh.push(Columns::default());
            }
            self.fresh[node.depth].gather(records, self.samples[node.start..node.end].iter().copied());
            node.depth += 1;
            node.waste = 0.0;
            self.fill_by_column(node, start, end);
        } else if by_column <= by_row {
            self.fill_by_column(node, start, end);
        } else {
            self.fill_by_row(node, start, end);
        }
    }

    fn fill_by_column(&mut self, node: &Pending, start: usize, end: usize) {
        for (list, &feature) in self.lists.iter_mut().zip(&self.features[start..end]) {
            let column = match node.depth.checked_sub(1) {
                None => self.ground.columns.column(feature),
                Some(depth) => {
                    self.fresh[depth].sort(feature);
                    self.fresh[depth].column(feature)
                }
            };
            list.extend(column.iter().copied().filter(|&entry| self.marks[sample(entry)] == node.mark));
        }
    }

    fn fill_by_row(&mut self, node: &Pending, start: usize, end: usize) {
        for (slot, &feature) in (1..).zip(&self.features[start..end]) {
            self.slots[feature as usize] = slot;
        }
        for &sample in &self.samples[node.start..node.end] {
            let row = self.ground.records.row(sample as usize);
            for (place, &feature) in row.features.iter().enumerate() {
                let slot = self.slots[feature as usize];
                if slot > 0 {
                    self.lists[usize::from(slot) - 1].push(key(row.values[place], sample));
                }
            }
        }
        for &feature in &self.features[start..end] {
            self.slots[feature as usize] = 0;
        }
        for list in &mut self.lists[..end - start] {
            list.sort_unstable();
        }
    }

    /// Draws one of the features that vary within a node.
    fn draw_varying(&mut self, node: &Pending, random: &mut Stream) -> Option<u32> {
        let samples = &self.samples[node.start..node.end];
        for &sample in samples {
            let row = self.ground.records.row(sample as usize);
            for (&feature, &value) in row.features.iter().zip(row.values) {
                let seen = &mut self.seen[feature as usize];
                if seen.count == 0 {
                    self.touched.push(feature);
                    (seen.lowest, seen.highest) = (value, value);
                }
                seen.count += 1;
                seen.lowest = seen.lowest.min(value);
                seen.highest = seen.highest.max(value);
            }
        }
        let n = samples.len() as u32;
        let seen = &mut self.seen;
        self.touched.retain(|&feature| {
            let Seen { count, lowest, highest } = std::mem::take(&mut seen[feature as usize]);
            highest > if count == n { lowest } else { 0.0 } + TOLERANCE
        });
        let drawn = (!self.touched.is_empty()).then(|| self.touched[random.below(self.touched.len())]);
        self.touched.clear();
        drawn
    }

    /// Moves the samples of the right side behind those of the left and returns where the right side starts.
    ///
    /// Few samples are swapped with the last ones; for many, one pass over the node keeps the order, in which rows lie
    /// closer together in memory.
    fn partition(&mut self, node: &Pending, right: usize, mark: u32) -> usize {
        let middle = node.end - right;
        for &hit in &self.best[..right] {
            self.marks[sample(hit)] = mark;
        }
        if right * FEW < node.end - node.start {
            let mut end = node.end;
            for &hit in &self.best[..right] {
                end -= 1;
                let (moved, place) = (self.samples[end], self.places[sample(hit)] as usize);
                self.samples.swap(place, end);
                self.places[moved as usize] = place as u32;
                self.places[sample(hit)] = end as u32;
            }
            return middle;
        }
        self.aside.clear();
        let mut next = node.start;
        for place in node.start..node.end {
            let sample = self.samples[place];
            if self.marks[sample as usize] == mark {
                self.aside.push(sample);
            } else {
                self.samples[next] = sample;
                self.places[sample as usize] = next as u32;
                next += 1;
            }
        }
        self.samples[middle..node.end].copy_from_slice(&self.aside);
        for (place, &sample) in (middle..).zip(&self.aside) {
            self.places[sample as usize] = place as u32;
        }
        middle
    }
}

/// Returns the middle between two values, as the greatest `f32` that is not above it and is below the upper value.
fn threshold(below: f32, above: f32) -> f32 {
    let middle = f64::from(below) / 2.0 + f64::from(above) / 2.0;
    let rounded = middle as f32;
    let floor = if f64::from(rounded) > middle { rounded.next_down() } else { rounded };
    if floor < above { floor } else { below }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forest::criterion::{ManyClasses, TwoClasses, Variance};

    #[test]
    fn every_way_leads_to_the_same_tree() {
        let mut random = Stream(1);
        let mut records = SparseMatrix::new(60);
        let mut classes = Vec::new();
        for _ in 0..800 {
            let row: Vec<(u32, f32)> = (0..60)
                .filter(|feature| random.below(1 + feature) < 3)
                .collect::<Vec<_>>()
                .into_iter()
                .map(|feature| (feature as u32, (1 + random.below(50)) as f32 / 50.0))
                .collect();
            classes.push((row.len() % 2) as u32);
            records.push_row(row).unwrap();
        }
        let numbers: Vec<f32> = classes.iter().map(|&class| class as f32).collect();
        let columns = Columns::all(&records);
        let (free, dear) = (0.0, 1e9);
        let measured = Prices::MEASURED;
        let ways = [
            measured,
            Prices { row: free, kept: free, gather: dear, ..measured },
            Prices { column: free, row: dear, gather: dear, ..measured },
            Prices { gather: free, feature: free, row: dear, ..measured },
        ];
        let trees = ways.map(|prices| {
            let ground =
                Ground { records: &records, columns: &columns, max_features: 7, bootstrap: true, prices };
            let random = Stream(5);
            (
                Grower::new(ground, TwoClasses::new(&classes)).grow(random.clone()),
                Grower::new(ground, ManyClasses::new(&classes, 2)).grow(random.clone()),
                Grower::new(ground, Variance::new(&numbers)).grow(random),
            )
        });
        assert!(trees[0].0.n_nodes() > 100);
        for each in &trees[1..] {
            assert_eq!(*each, trees[0]);
        }
    }

    #[test]
    fn a_threshold_parts_its_two_values() {
        let one = 1.0_f32;
        for (below, above) in [(0.0, 1e-6), (0.25, 0.5), (one, one.next_up()), (one.next_down(), one)] {
            let middle = threshold(below, above);
            assert!(below <= middle && middle < above, "{below} {middle} {above}");
        }
    }
}
