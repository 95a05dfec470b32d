//! Answers with how often each answer occurs in train, whatever the sequence.

use dlm_sdk::prelude::*;

use crate::{labels, rows};

/// The classes' shares of train, the labels' shares, or the mean value.
///
/// Half an example is added to each class, so that a class that train does not hold keeps a probability.
///
/// # Examples
///
/// ```
/// use dlm_plugin_controls::Majority;
/// use dlm_sdk::prelude::*;
///
/// let mut set = ExampleSet::new(1);
/// for (id, class) in [(0, 1.0), (1, 1.0), (2, 0.0)] {
///     set.add(id, b"ACGT", &[class], id)?;
/// }
/// let task = TaskSpec::new("toy", Target::Binary, SplitKind::Given);
/// let view = set.view();
/// let mut fitted = Majority::new().fit(&task, view.examples(), None, 0)?;
/// let mut scores = ndarray::Array2::zeros((1, 2));
/// fitted.predict(view.examples().items.slice(0..1), scores.view_mut())?;
/// assert_eq!(scores.row(0).to_vec(), [0.375, 0.625]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct Majority(BaselineSpec);

impl Majority {
    /// Creates the control.
    pub fn new() -> Self {
        Self(BaselineSpec::new("majority", Control::ContextFree))
    }
}

impl Default for Majority {
    fn default() -> Self {
        Self::new()
    }
}

register! { baseline "majority", "how often each class occurs in train", create: |_, _| Ok(Majority::new()) }

impl Baseline for Majority {
    fn spec(&self) -> &BaselineSpec {
        &self.0
    }

    fn fit(
        &self,
        task: &TaskSpec,
        train: Examples<'_>,
        _validation: Option<Examples<'_>>,
        _seed: u64,
    ) -> Result<Box<dyn Predictor>> {
        let row = constant(&task.target, train)?;
        let seen = task.target.classes().map(|_| {
            let mut seen: Vec<usize> = train.classes().collect();
            seen.sort_unstable();
            seen.dedup();
            seen.len()
        });
        Ok(Box::new(Constant { row, train: train.len(), seen }))
    }
}

/// Returns the row that answers a task best without looking at a sequence.
pub(crate) fn constant(target: &Target, train: Examples<'_>) -> Result<Vec<f64>> {
    match *target {
        Target::Multilabel(n) => (0..n)
            .map(|label| labels::has_label(train, label).map(|column| labels::priors(&column, 2)[1]))
            .collect(),
        Target::Regression(n) => {
            (0..n).map(|output| labels::values(train, output).map(|values| labels::mean(&values))).collect()
        }
        _ => {
            let classes = target.outputs();
            Ok(labels::priors(&labels::classes(train, classes)?, classes))
        }
    }
}

struct Constant {
    row: Vec<f64>,
    train: usize,
    seen: Option<usize>,
}

impl Predictor for Constant {
    fn predict(&mut self, items: Items<'_>, scores: ArrayViewMut2<'_, f32>) -> Result<()> {
        rows::fill(items, scores, self.row.len(), |_, row| row.copy_from_slice(&self.row))
    }

    fn facts(&self) -> Vec<Fact> {
        let mut facts = vec![Fact::new("training examples", self.train)];
        if let Some(seen) = self.seen {
            facts.push(Fact::new("classes seen", seen));
            facts.push(Fact::new("most frequent class", labels::first_highest(&self.row)));
        }
        facts
    }

    fn parameters(&self) -> Option<u64> {
        Some(self.row.len() as u64)
    }
}
