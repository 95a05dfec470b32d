//! A random forest over sparse records.
//!
//! Breiman's forest as scikit-learn's defaults have it: each tree sees as many samples as there are, drawn with
//! replacement; at each node the best of `sqrt(features)` drawn features splits it by the Gini impurity (by the variance
//! for regression); trees grow until their leaves are pure; the forest's answer is the mean of its trees' answers, which
//! are the class frequencies in the leaf. Splits are exact: every boundary between two values is tried, nothing is
//! binned.
//!
//! Tree number `i` depends on the seed and `i` alone. So the forest is the same for any number of threads, and **the
//! first n trees of a forest are the forest of n trees**: choosing the number of trees costs one fit of the greatest.

mod columns;
mod criterion;
mod error;
mod grow;
mod params;
mod tree;

use rayon::prelude::*;

pub use error::ForestError;
pub use params::{ForestParams, MaxFeatures, ValidForestParams};

use crate::SparseMatrix;
use columns::Columns;
use criterion::{Criterion, ManyClasses, TwoClasses, Variance};
use grow::{Ground, Grower, Prices};
use tree::Tree;

/// How many rows are answered together: enough that a tree is read from memory seldom, few enough that their values
/// stay close to the processor.
const BLOCK: usize = 64;

/// The random numbers of one tree: Steele, Lea and Flood's `SplitMix64`, keyed by the seed's named stream.
#[derive(Clone, Debug)]
struct Stream(u64);

impl Stream {
    fn of_tree(seed: u64, tree: usize) -> Self {
        Self(dlm_sdk::random::Stream::nth(seed, "tree", tree as u64).next_u64())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// Draws below a bound by multiplication; its bias is under `bound / 2^64`.
    fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}

/// What a forest answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answer {
    /// A probability for each of some classes.
    Classes(usize),
    /// A number.
    Number,
}

/// A fitted forest.
#[derive(Clone, Debug, PartialEq)]
pub struct RandomForest {
    answer: Answer,
    n_features: usize,
    trees: Vec<Tree>,
}

impl ValidForestParams {
    /// Fits a forest to classes `0..n_classes`, one a row.
    ///
    /// # Errors
    ///
    /// [`ForestError::Shape`] if there are no rows or not one class a row; [`ForestError::Target`] for a class that is
    /// not below `n_classes`; [`ForestError::Parameter`] if more features are to be drawn than there are.
    ///
    /// # Examples
    ///
    /// ```
    /// use dlm_plugin_tfidf::{ForestParams, SparseMatrix};
    ///
    /// let mut records = SparseMatrix::new(2);
    /// for row in 0..20 {
    ///     records.push_row([(0, 1.0), (1, if row % 2 == 0 { 0.5 } else { 0.0 })])?;
    /// }
    /// let classes: Vec<u32> = (0..20).map(|row| row % 2).collect();
    /// let forest = ForestParams::new().trees(50).seed(7).check()?.fit_classes(&records, &classes, 2)?;
    /// let scores = forest.scores(&records)?;
    /// assert!(scores[0] > 0.9 && scores[1] < 0.1);
    /// # Ok::<(), dlm_plugin_tfidf::ForestError>(())
    /// ```
    pub fn fit_classes(
        &self,
        records: &SparseMatrix,
        classes: &[u32],
        n_classes: usize,
    ) -> Result<RandomForest, ForestError> {
        if let Some(row) = classes.iter().position(|&class| class as usize >= n_classes) {
            return Err(ForestError::Target { row, reason: "the class lies past the last" });
        }
        let answer = Answer::Classes(n_classes);
        if n_classes <= 2 {
            self.fit(records, classes.len(), answer, || TwoClasses::new(classes))
        } else {
            self.fit(records, classes.len(), answer, || ManyClasses::new(classes, n_classes))
        }
    }

    /// Fits a forest to numbers, one a row.
    ///
    /// # Errors
    ///
    /// As [`fit_classes`](Self::fit_classes); [`ForestError::Target`] for a number that is not finite.
    pub fn fit_numbers(&self, records: &SparseMatrix, numbers: &[f32]) -> Result<RandomForest, ForestError> {
        if let Some(row) = numbers.iter().position(|number| !number.is_finite()) {
            return Err(ForestError::Target { row, reason: "the number is not finite" });
        }
        self.fit(records, numbers.len(), Answer::Number, || Variance::new(numbers))
    }

    fn fit<C: Criterion>(
        &self,
        records: &SparseMatrix,
        n_targets: usize,
        answer: Answer,
        criterion: impl Fn() -> C + Sync,
    ) -> Result<RandomForest, ForestError> {
        let (n_rows, n_features) = (records.n_rows(), records.n_features());
        if n_rows == 0 || n_rows >= u32::MAX as usize {
            let reason = "there must be at least one row and fewer than 2^32";
            return Err(ForestError::Record { row: n_rows, reason });
        }
        if n_targets != n_rows {
            return Err(ForestError::Shape { what: "targets", expected: n_rows, found: n_targets });
        }
        if n_features > tree::MAX_FEATURES {
            return Err(ForestError::Shape {
                what: "features",
                expected: tree::MAX_FEATURES,
                found: n_features,
            });
        }
        let columns = Columns::all(records);
        let ground = Ground {
            records,
            columns: &columns,
            max_features: self.n_drawn(n_features)?,
            bootstrap: self.is_bootstrap(),
            prices: Prices::MEASURED,
        };
        let trees = (0..self.n_trees())
            .into_par_iter()
            .map_init(
                || Grower::new(ground, criterion()),
                |grower, tree| grower.grow(Stream::of_tree(self.seed(), tree)),
            )
            .collect();
        Ok(RandomForest { answer, n_features, trees })
    }
}

impl RandomForest {
    /// Returns what the forest answers.
    pub fn answer(&self) -> Answer {
        self.answer
    }

    /// Returns the number of trees.
    pub fn n_trees(&self) -> usize {
        self.trees.len()
    }

    /// Returns the number of features.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// Returns the number of nodes in all trees, leaves included.
    pub fn n_nodes(&self) -> usize {
        self.trees.iter().map(Tree::n_nodes).sum()
    }

    /// Returns how many numbers a row of scores has: one a class, or one.
    pub fn n_outputs(&self) -> usize {
        match self.answer {
            Answer::Classes(n) => n,
            Answer::Number => 1,
        }
    }

    /// Keeps the first trees, which are the forest of that many.
    #[must_use]
    pub fn truncated(mut self, n_trees: usize) -> Self {
        self.trees.truncate(n_trees);
        self.trees.shrink_to_fit();
        self
    }

    /// Returns the scores of all rows, `[rows, outputs]` row after row.
    ///
    /// # Errors
    ///
    /// [`ForestError::Shape`] if the matrix has another width than the one fitted to.
    pub fn scores(&self, records: &SparseMatrix) -> Result<Vec<f32>, ForestError> {
        let mut scores = vec![0.0; records.n_rows() * self.n_outputs()];
        self.scores_into(records, &mut scores)?;
        Ok(scores)
    }

    /// Writes the scores of all rows, `[rows, outputs]` row after row, into the caller's memory.
    ///
    /// # Errors
    ///
    /// [`ForestError::Shape`] if the matrix has another width than the one fitted to, or `scores` another size.
    pub fn scores_into(&self, records: &SparseMatrix, scores: &mut [f32]) -> Result<(), ForestError> {
        let outputs = self.n_outputs();
        let expected = records.n_rows() * outputs;
        if scores.len() != expected {
            return Err(ForestError::Shape { what: "scores", expected, found: scores.len() });
        }
        self.check_width(records)?;
        scores.par_chunks_mut((BLOCK * outputs).max(1)).enumerate().for_each(|(block, scores)| {
            self.answer_block(records, block, &[self.trees.len()], |_, sums| {
                for (score, &sum) in scores.iter_mut().zip(sums) {
                    *score = mean(sum, self.trees.len());
                }
            });
        });
        Ok(())
    }

    /// Asks growing parts of the forest, block of rows after block of rows, and collects what `look` makes of each.
    ///
    /// For each of `counts` (ascending), `look` gets the block's first row and the scores of the block's rows by that
    /// many trees, `[rows, outputs]`, and returns the block's result. No more than a block of rows is ever in memory as
    /// dense scores. Returns, for each count, the results of all blocks in order.
    ///
    /// # Errors
    ///
    /// [`ForestError::Shape`] if the matrix has another width than the one fitted to.
    pub fn staged<T: Send>(
        &self,
        records: &SparseMatrix,
        counts: &[usize],
        look: impl Fn(usize, &[f32]) -> T + Sync,
    ) -> Result<Vec<Vec<T>>, ForestError> {
        self.check_width(records)?;
        let blocks: Vec<Vec<T>> = (0..records.n_rows().div_ceil(BLOCK))
            .into_par_iter()
            .map(|block| {
                let mut looks = Vec::with_capacity(counts.len());
                let mut scores = Vec::new();
                self.answer_block(records, block, counts, |n_trees, sums| {
                    scores.clear();
                    scores.extend(sums.iter().map(|&sum| mean(sum, n_trees)));
                    looks.push(look(block * BLOCK, &scores));
                });
                looks
            })
            .collect();
        let mut stages: Vec<Vec<T>> = counts.iter().map(|_| Vec::with_capacity(blocks.len())).collect();
        for looks in blocks {
            for (stage, look) in stages.iter_mut().zip(looks) {
                stage.push(look);
            }
        }
        Ok(stages)
    }

    fn check_width(&self, records: &SparseMatrix) -> Result<(), ForestError> {
        if records.n_features() == self.n_features {
            return Ok(());
        }
        Err(ForestError::Shape { what: "features", expected: self.n_features, found: records.n_features() })
    }

    /// Sums the answers of the trees for a block of rows and shows the sums after each of the counts of trees.
    fn answer_block(
        &self,
        records: &SparseMatrix,
        block: usize,
        counts: &[usize],
        mut show: impl FnMut(usize, &[f64]),
    ) {
        let outputs = self.n_outputs();
        let rows = block * BLOCK..records.n_rows().min((block + 1) * BLOCK);
        let mut dense = vec![0.0; rows.len() * self.n_features];
        for (place, row) in rows.clone().enumerate() {
            let row = records.row(row);
            for (&feature, &value) in row.features.iter().zip(row.values) {
                dense[place * self.n_features + feature as usize] = value;
            }
        }
        let mut sums = vec![0.0; rows.len() * outputs];
        let mut done = 0;
        for &count in counts {
            let count = count.min(self.trees.len()).max(done);
            for tree in &self.trees[done..count] {
                for place in 0..rows.len() {
                    let row = &dense[place * self.n_features..(place + 1) * self.n_features];
                    tree.add(row, &mut sums[place * outputs..(place + 1) * outputs]);
                }
            }
            done = count;
            show(done, &sums);
        }
    }
}

/// Returns a mean of trees' answers.
fn mean(sum: f64, n_trees: usize) -> f32 {
    (sum / n_trees.max(1) as f64) as f32
}
