//! Hierarchical clustering: which points are joined first, and how far apart they are by then.
//!
//! Every point begins as a cluster; the two nearest clusters are joined, again and again. Under *complete* linkage two
//! clusters are as far apart as their farthest points. That and Euclidean distance are what `pheatmap` draws by default.
//! `kodama` does the joining; labels are scipy's: point i is i, the cluster of step j is n + j.

use dlm_sdk::{Error, Result};
use kodama::{Method, linkage};
use ndarray::ArrayView2;

/// Two clusters that were joined.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Join {
    /// The cluster of the lower label.
    pub left: usize,
    /// The other.
    pub right: usize,
    /// How far apart the two were.
    pub distance: f64,
    /// How many points they have together.
    pub size: usize,
}

/// A dendrogram.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    points: usize,
    joins: Vec<Join>,
}

impl Tree {
    /// Joins the rows of a table by Euclidean distance and complete linkage.
    ///
    /// # Errors
    ///
    /// A value is not finite.
    ///
    /// # Examples
    ///
    /// ```
    /// use dlm_analysis::Tree;
    /// use ndarray::array;
    ///
    /// let tree = Tree::complete(array![[0.0], [5.0], [1.0]].view())?;
    /// assert_eq!((tree.joins()[0].left, tree.joins()[0].right), (0, 2));
    /// assert_eq!((tree.joins()[1].distance, tree.leaves()), (5.0, vec![1, 0, 2]));
    /// # Ok::<(), dlm_sdk::Error>(())
    /// ```
    pub fn complete(table: ArrayView2<'_, f64>) -> Result<Self> {
        let points = table.nrows();
        if let Some(index) =
            table.rows().into_iter().position(|row| !row.iter().all(|value| value.is_finite()))
        {
            return Err(Error::invalid(format!("clustering: row {index} is not finite")));
        }
        if points < 2 {
            return Ok(Self { points, joins: Vec::new() });
        }
        let mut distances = Vec::with_capacity(points * (points - 1) / 2);
        for a in 0..points {
            for b in a + 1..points {
                let apart = &table.row(a) - &table.row(b);
                distances.push(apart.dot(&apart).sqrt());
            }
        }
        let steps = linkage(&mut distances, points, Method::Complete);
        let joins = steps.steps().iter().map(|step| Join {
            left: step.cluster1.min(step.cluster2),
            right: step.cluster1.max(step.cluster2),
            distance: step.dissimilarity,
            size: step.size,
        });
        Ok(Self { points, joins: joins.collect() })
    }

    /// Returns how many points there are.
    pub fn points(&self) -> usize {
        self.points
    }

    /// Returns what was joined, nearest first: one less than there are points.
    pub fn joins(&self) -> &[Join] {
        &self.joins
    }

    /// Returns the points from left to right, so that no branches of the dendrogram cross; scipy's order.
    pub fn leaves(&self) -> Vec<usize> {
        let mut leaves = Vec::with_capacity(self.points);
        let mut open = match self.joins.len() {
            0 => (0..self.points).rev().collect(),
            joins => vec![self.points + joins - 1],
        };
        while let Some(label) = open.pop() {
            match label.checked_sub(self.points) {
                None => leaves.push(label),
                Some(join) => open.extend([self.joins[join].right, self.joins[join].left]),
            }
        }
        leaves
    }

    /// Cuts the tree into so many clusters: the number of its cluster for each point, in the order of the leaves.
    pub fn cut(&self, clusters: usize) -> Vec<usize> {
        let kept = self.joins.len().saturating_sub(clusters.max(1) - 1);
        let mut root: Vec<usize> = (0..self.points + self.joins.len()).collect();
        for (step, join) in self.joins[..kept].iter().enumerate().rev() {
            let own = root[self.points + step];
            (root[join.left], root[join.right]) = (own, own);
        }
        let mut numbers = Vec::new();
        let mut of_point = vec![0; self.points];
        for leaf in self.leaves() {
            let number = numbers.iter().position(|known| *known == root[leaf]).unwrap_or_else(|| {
                numbers.push(root[leaf]);
                numbers.len() - 1
            });
            of_point[leaf] = number;
        }
        of_point
    }
}
