//! Published scores to be shown beside results.

use dlm_sdk::{Result, metrics::Metric};

use super::{numbers, reproduced::other_task, sources};
use crate::results::{PublishedScore, TaskRecord};

/// Returns the published scores of tasks, in the order of the tasks and of the tables; of a task that was run in several splits
/// once. What a task differs in from the published one is in the note.
///
/// # Errors
///
/// The program's own list is broken.
pub fn beside(tasks: &[TaskRecord]) -> Result<Vec<PublishedScore>> {
    let numbers = numbers()?;
    let mut scores: Vec<PublishedScore> = Vec::new();
    for task in tasks {
        if scores.iter().any(|score| score.task == task.task) {
            continue;
        }
        for number in &numbers {
            let of_a_method = ["finetune", "probe", "baseline"].contains(&number.how.as_str());
            let (Some(value), Some(mut notes)) = (number.value, other_task(&number.task, &task.task)) else {
                continue;
            };
            if !of_a_method || number.metric.parse::<Metric>().is_err() {
                continue;
            }
            if !number.note.is_empty() {
                notes.push(number.note.clone());
            }
            let source = sources()
                .into_iter()
                .find(|(section, _)| number.section.starts_with(section))
                .map_or_else(String::new, |(_, source)| source.to_owned());
            scores.push(PublishedScore {
                task: task.task.clone(),
                model: number.model.clone(),
                metric: number.metric.clone(),
                relation: number.relation.clone(),
                value,
                how: number.how.clone(),
                source,
                note: notes.join("; "),
            });
        }
    }
    Ok(scores)
}
