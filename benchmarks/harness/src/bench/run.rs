//! Running a plan.

use std::collections::{BTreeMap, BTreeSet};

use dlm_sdk::Result;

use super::{
    Cell, DigestCache, Plan, data::TaskData, execute, folds, manifest, mirror, plan::broke, pretrained,
    summarise::summarise,
};
use crate::{
    context::{Context, Progress},
    parity::beside,
    results::{CellResult, Document, Mode, PlannedCell, Protocol, Status, Store, TaskRecord},
};

/// Runs the cells of a plan that the store does not have, and returns everything the store then says.
///
/// Cells of earlier runs in the same folder stay in the document, unless the plan has another cell in their place or
/// their task has other examples now.
///
/// # Errors
///
/// Somebody asked to stop, a task can no longer be read, or a result cannot be written. Finished cells stay.
pub fn run(plan: &Plan, store: &Store, context: &Context, digests: &DigestCache) -> Result<Document> {
    digests.save()?;
    let planned: Vec<PlannedCell> = plan.cells.iter().map(|cell| plan.planned(cell)).collect();
    let before = store.document_if_any()?;
    store.write("plan.json", &planned)?;
    let progress = context.progress("running", Some(plan.cells.len() as u64));
    let (mut cells, mut tasks, mut fresh) = (Vec::new(), Vec::new(), Vec::new());
    for (place, task) in plan.tasks.iter().enumerate() {
        let known = before.as_ref().and_then(|document| {
            document.tasks.iter().find(|known| {
                (&known.task, &known.data, known.limit) == (&task.label, &task.data.all, plan.settings.limit)
            })
        });
        let (mut data, mut broken): (Option<TaskData>, _) = (None, task.broken.clone());
        for cell in plan.cells.iter().filter(|cell| cell.task == place) {
            context.check()?;
            if let Some(reason) = &plan.methods[cell.method].missing {
                progress.add(1);
                cells.push(CellResult { reason: Some(reason.clone()), ..execute::blank(plan, cell) });
                continue;
            }
            if let Some(found) = cached(plan, cell, store)? {
                progress.add(1);
                cells.push(found);
                continue;
            }
            progress.add(1);
            let failed = |reason| CellResult {
                status: Status::Failed,
                reason: Some(reason),
                ..execute::blank(plan, cell)
            };
            if let Some(reason) = &broken {
                cells.push(failed(reason.clone()));
                continue;
            }
            match loaded(&mut data, plan, place, context, &progress) {
                Ok(loaded) => {
                    let result = compute(plan, cell, loaded, store, context, &progress)?;
                    fresh.push(result.key.clone());
                    cells.push(result);
                }
                Err(error) if broke(&error) => {
                    let reason = execute::reason(&error);
                    cells.push(failed(reason.clone()));
                    broken = Some(reason);
                }
                Err(error) => return Err(error),
            }
        }
        tasks.push(match (known.filter(|known| known.audit.is_some()), broken) {
            (Some(known), _) => TaskRecord { spec: task.text.clone(), ..known.clone() },
            (None, Some(_)) => task.record(plan.settings.limit),
            (None, None) => loaded(&mut data, plan, place, context, &progress)?.record(
                task,
                plan.settings.limit,
                context.cancellation(),
            )?,
        });
    }
    drop(progress);
    tasks.iter().filter_map(folds::advice).for_each(|advice| context.note(advice));
    let models = plan.methods.iter().filter_map(|method| pretrained::record(&method.spec)).collect();
    let mut document = Document { cells, tasks, models, ..Document::default() };
    if let Some(before) = before {
        keep_earlier(&mut document, before);
    }
    if plan.settings.published {
        document.published = beside(&document.tasks)?;
    }
    document.summary = summarise(&document.cells, &document.tasks, store)?;
    document.manifest = manifest::manifest(plan, &document);
    context.check()?;
    store.write("results.json", &document)?;
    store.write("manifest.json", &document.manifest)?;
    mirror::write(plan, &document, &fresh, store)?;
    Ok(document)
}

/// Reads a finished cell, named as this plan names it.
fn cached(plan: &Plan, cell: &Cell, store: &Store) -> Result<Option<CellResult>> {
    let Some(found) = store.cell(&cell.key)?.filter(|found| found.status == Status::Done) else {
        return Ok(None);
    };
    let blank = execute::blank(plan, cell);
    Ok(Some(CellResult {
        model: blank.model,
        task: blank.task,
        split: blank.split,
        protocol: blank.protocol,
        primary: blank.primary,
        ..found
    }))
}

fn loaded<'d>(
    data: &'d mut Option<TaskData>,
    plan: &Plan,
    place: usize,
    context: &Context,
    progress: &Progress,
) -> Result<&'d TaskData> {
    let loaded = if let Some(data) = data.take() {
        data
    } else {
        let text = &plan.tasks[place].text;
        progress.message(format!("reading {text}"));
        let task = context.registry().task(text)?;
        let (limit, folds) = (plan.settings.limit, plan.settings.folds);
        let data = match folds {
            Some(folds) => TaskData::folded(&*task, limit, folds),
            None => TaskData::load(&*task, limit),
        };
        data.map_err(|error| error.within(format!("task {text}")))?
    };
    Ok(data.insert(loaded))
}

fn compute(
    plan: &Plan,
    cell: &Cell,
    data: &TaskData,
    store: &Store,
    context: &Context,
    progress: &Progress,
) -> Result<CellResult> {
    let planned = plan.planned(cell);
    let name = format!("{} ({}) {} seed {}", planned.task, planned.split, planned.model, planned.seed);
    progress.message(name.clone());
    let tell = |standing: &str| progress.message(format!("{name}: {standing}"));
    let finished = execute::execute(plan, cell, data, context.registry(), context.cancellation(), &tell)?;
    store.put(&finished.result, &finished.predictions, &finished.resamples)?;
    let result = finished.result;
    if !context.flags().quiet {
        progress.line(&match (result.status, result.score()) {
            (Status::Done, Some(value)) => {
                format!("{name}: {} {value:.4} in {:.1} s", result.primary, result.cost.fit_seconds)
            }
            (other, _) => {
                format!("{name}: {}: {}", other.name(), result.reason.as_deref().unwrap_or("no score"))
            }
        });
    }
    Ok(result)
}

/// Names the row of a table that a cell belongs to.
fn row_of(cell: &CellResult) -> (String, String, String, Mode, Protocol) {
    (cell.model.clone(), cell.task.clone(), cell.split.clone(), cell.mode, cell.protocol)
}

/// Adds cells and tasks of earlier runs that this plan does not replace.
fn keep_earlier(document: &mut Document, before: Document) {
    // One method has one set of seeds: a row is not filled up with seeds of an earlier setting.
    let rows: BTreeSet<_> = document.cells.iter().map(row_of).collect();
    let data: BTreeMap<_, _> = document
        .tasks
        .iter()
        .map(|task| ((task.task.clone(), task.split.clone()), (task.data.clone(), task.limit)))
        .collect();
    let kept: Vec<CellResult> = before
        .cells
        .into_iter()
        .filter(|cell| {
            !rows.contains(&row_of(cell))
                && data
                    .get(&(cell.task.clone(), cell.split.clone()))
                    .is_none_or(|now| *now == (cell.data.clone(), cell.limit))
        })
        .collect();
    for task in before.tasks {
        let wanted = kept.iter().any(|cell| (&cell.task, &cell.split) == (&task.task, &task.split));
        if wanted && !data.contains_key(&(task.task.clone(), task.split.clone())) {
            document.tasks.push(task);
        }
    }
    for model in before.models {
        let wanted = kept.iter().any(|cell| cell.model == model.model);
        if wanted && !document.models.iter().any(|known| known.model == model.model) {
            document.models.push(model);
        }
    }
    document.cells.extend(kept);
}
