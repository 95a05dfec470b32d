//! Predicts from length, GC and the shares of bases and dinucleotides.

mod discriminant;
mod features;
mod linear;
mod logistic;
mod ridge;

use dlm_sdk::prelude::*;
use features::{FEATURES, Scaler};
use linear::Linear;

use crate::{labels, majority, rows};

/// The most classes a logistic regression is fitted to; its time grows with classes times examples times steps.
const MOST_LOGISTIC_CLASSES: usize = 64;

/// Linear models of 23 features: GC, base and dinucleotide shares, length and N share, standardised on
/// train.
///
/// | task | model |
/// |---|---|
/// | binary | logistic regression, L2 penalty 1 (scikit-learn's `C=1`) |
/// | multi-class, up to 64 classes | multinomial logistic regression, the same penalty |
/// | multi-class, above | linear discriminant analysis: the same form of answer, solved in one step |
/// | multi-label | a logistic regression a label |
/// | regression | ridge regression, penalty 1 |
///
/// # Examples
///
/// ```
/// use dlm_plugin_controls::Composition;
/// use dlm_sdk::prelude::*;
///
/// let mut set = ExampleSet::new(1);
/// for id in 0..40 {
///     let rich = id % 2;
///     set.add(id, if rich == 1 { b"GCGCGA" } else { b"ATATAC" }, &[rich as f32], id)?;
/// }
/// let task = TaskSpec::new("toy", Target::Binary, SplitKind::Given);
/// let view = set.view();
/// let mut fitted = Composition::new().fit(&task, view.examples(), None, 0)?;
/// let mut scores = ndarray::Array2::zeros((2, 2));
/// fitted.predict(view.examples().items.slice(0..2), scores.view_mut())?;
/// assert!(scores[[0, 0]] > 0.9 && scores[[1, 1]] > 0.9);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct Composition(BaselineSpec);

impl Composition {
    /// Creates the control.
    pub fn new() -> Self {
        Self(BaselineSpec::new("composition", Control::ContextFree))
    }
}

impl Default for Composition {
    fn default() -> Self {
        Self::new()
    }
}

register! {
    baseline "composition", "a linear model of length, GC and the shares of bases and dinucleotides",
    create: |_, _| Ok(Composition::new())
}

impl Baseline for Composition {
    fn spec(&self) -> &BaselineSpec {
        &self.0
    }

    fn fit(
        &self,
        task: &TaskSpec,
        train: Examples<'_>,
        validation: Option<Examples<'_>>,
        _seed: u64,
    ) -> Result<Box<dyn Predictor>> {
        let (scaler, table) = Scaler::fit(train.items.sequences);
        let mut facts = vec![Fact::new("features", FEATURES)];
        let constant = majority::constant(&task.target, train)?;
        let (model, answer) = match task.target {
            Target::Regression(n) => {
                let targets: Vec<Vec<f64>> =
                    (0..n).map(|output| labels::values(train, output)).collect::<Result<_>>()?;
                facts.push(Fact::new("model", "ridge regression, penalty 1"));
                (ridge::fit(&table, &targets), Answer::Values)
            }
            Target::Multilabel(n) => {
                let mut model = Linear::constant(constant.iter().map(|share| (share / (1.0 - share)).ln()));
                for label in 0..n {
                    let has = labels::has_label(train, label)?;
                    if has.contains(&0) && has.contains(&1) {
                        model.set(label, logistic::binary(&table, &has)?);
                    }
                }
                facts.push(Fact::new("model", "a logistic regression a label, L2 penalty 1"));
                (model, Answer::Labels)
            }
            target => {
                let classes = labels::classes(train, target.outputs())?;
                let mut seen = classes.clone();
                seen.sort_unstable();
                seen.dedup();
                let mut model = Linear::constant(constant.iter().map(|share| share.ln()));
                if target.outputs() > MOST_LOGISTIC_CLASSES {
                    if !seen.is_empty() {
                        let (shrinkage, fitted) = discriminant::fit(
                            &table,
                            &classes,
                            &constant,
                            |bases| scaler.features(bases),
                            validation,
                        )?;
                        model = fitted;
                        facts.push(Fact::new("pull of class means towards the mean", shrinkage));
                    }
                    facts.push(Fact::new(
                        "model",
                        "linear discriminant analysis, as there are more than 64 classes",
                    ));
                } else {
                    match *seen.as_slice() {
                        [] | [_] => {}
                        [_, _] => logistic::between(&table, &classes, &seen, &mut model)?,
                        _ => logistic::several(&table, &classes, &seen, &mut model)?,
                    }
                    facts.push(Fact::new("model", "logistic regression, L2 penalty 1"));
                }
                (model, Answer::Classes)
            }
        };
        Ok(Box::new(Fitted { scaler, model, answer, facts }))
    }
}

#[derive(Clone, Copy)]
enum Answer {
    Classes,
    Labels,
    Values,
}

struct Fitted {
    scaler: Scaler,
    model: Linear,
    answer: Answer,
    facts: Vec<Fact>,
}

impl Predictor for Fitted {
    fn predict(&mut self, items: Items<'_>, scores: ArrayViewMut2<'_, f32>) -> Result<()> {
        rows::fill(items, scores, self.model.outputs(), |bases, row| {
            self.model.evaluate(&self.scaler.features(bases), row);
            match self.answer {
                Answer::Classes => labels::softmax(row),
                Answer::Labels => row.iter_mut().for_each(|cell| *cell = 1.0 / (1.0 + (-*cell).exp())),
                Answer::Values => {}
            }
        })
    }

    fn facts(&self) -> Vec<Fact> {
        self.facts.clone()
    }

    fn parameters(&self) -> Option<u64> {
        Some((self.model.outputs() * (FEATURES + 1)) as u64)
    }
}
