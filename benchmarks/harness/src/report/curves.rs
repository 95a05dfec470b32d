//! The answers of a method's first seed, for curves.

use dlm_sdk::Result;

use super::section::Rows;
use crate::results::{Answer, Store, TaskRecord, Truth};

/// At most so many methods are read.
const METHODS: usize = 6;

/// Answers to the test items of a task of classes.
#[derive(Clone, Debug)]
pub(super) struct Answers {
    pub(super) model: String,
    /// The probability of class 1, of a binary task.
    pub(super) scores: Vec<f32>,
    /// Whether the target is class 1.
    pub(super) positive: Vec<bool>,
    /// Target and prediction.
    pub(super) classes: Vec<(usize, usize)>,
}

/// Reads the answers of the best methods, by rank; none for tasks without curves.
pub(super) fn read(store: &Store, task: &TaskRecord, rows: &Rows<'_>) -> Result<Vec<Answers>> {
    if !matches!(task.target.as_str(), "binary" | "multiclass") || task.outputs > 12 {
        return Ok(Vec::new());
    }
    let methods = if task.target == "binary" { METHODS } else { 1 };
    let mut all = Vec::new();
    for row in rows.list.iter().filter(|row| row.score.is_some()).take(methods) {
        let Some(key) = row.cells.first() else { continue };
        let mut answers = Answers {
            model: row.model.clone(),
            scores: Vec::new(),
            positive: Vec::new(),
            classes: Vec::new(),
        };
        for prediction in store.predictions(key)? {
            let (Truth::Class(target), Truth::Class(predicted)) = (prediction.target, prediction.prediction)
            else {
                continue;
            };
            if let Answer::Scores { scores } = &prediction.answer
                && let [_, positive] = scores[..]
            {
                answers.scores.push(positive);
                answers.positive.push(target == 1);
            }
            answers.classes.push((target as usize, predicted as usize));
        }
        all.push(answers);
    }
    Ok(all)
}
