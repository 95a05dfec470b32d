//! `dlm task resplit`: the same examples, split so that nothing is shared.

use std::{fmt::Write as _, path::PathBuf};

use clap::Args;
use dlm_audit::{Options, Report, Status, clusters};
use dlm_dataset::partition::assign;
use dlm_plugin_own_data::save;
use dlm_sdk::{Error, ExampleSet, Result, SplitKind};
use serde::Serialize;

use super::audit::{Loaded, text};
use crate::context::{Context, Outcome};

/// The shares of train, validation and test where a split is empty.
const SHARES: [f64; 3] = [0.8, 0.1, 0.1];
/// A cluster with more of the examples than this cannot be divided, nor can the task.
const MOST_IN_ONE: f64 = 0.7;

/// What to split anew.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Example:\n  dlm task resplit gue/prom/prom_core_all --data released --output prom-core-clean"
)]
pub struct ResplitArgs {
    /// Task, such as gue/tf/0, or the path of a folder made by `dlm task init`
    #[arg(value_name = "TASK")]
    pub task: String,
    /// Folder to make: a task that is named by its path
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
    /// Seed of the splits
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub seed: u64,
}

/// What `dlm task resplit` answers.
#[derive(Serialize)]
struct Answer<'a> {
    folder: &'a PathBuf,
    clusters: usize,
    largest_cluster: usize,
    items: [usize; 3],
    before: &'a Report,
    after: &'a Report,
    mended: Vec<&'a str>,
    remaining: Vec<&'a str>,
}

impl ResplitArgs {
    pub(super) fn run(self, context: &Context) -> Result<Outcome> {
        let mut loaded = Loaded::new(&self.task, context)?;
        let progress = context.progress(format!("splitting {}", loaded.spec.name), None);
        let before = loaded.audit(&Options::default(), context)?;
        let (count, largest) = divide(&mut loaded, self.seed, context)?;
        let after = loaded.audit(&Options::default(), context)?;
        drop(progress);
        loaded.spec.split = SplitKind::Grouped;
        let split = format!(
            "split anew by `dlm task resplit`, seed {}: {count} clusters of what is shared",
            self.seed
        );
        loaded.spec.notes.push(split);
        context.check()?;
        let views = [0, 1, 2].map(|split: usize| loaded.sets[split].view());
        let splits = [views[0].examples(), views[1].examples(), views[2].examples()];
        save(&self.output, &loaded.spec, &splits)?;
        let bad =
            |report: &'_ Report, id: &str| report.check(id).is_some_and(|check| check.status > Status::Pass);
        let ids = || before.checks.iter().map(|check| check.id.as_str());
        let answer = Answer {
            folder: &self.output,
            clusters: count,
            largest_cluster: largest,
            items: after.items,
            before: &before,
            after: &after,
            mended: ids().filter(|id| bad(&before, id) && !bad(&after, id)).collect(),
            remaining: ids().filter(|id| bad(&after, id)).collect(),
        };
        context.print(&answer, || written(&loaded.spec.name, &answer))?;
        Ok(Outcome::Done)
    }
}

/// Deals whole clusters to the splits, in their old shares, classes in proportion. Returns how many clusters there are
/// and how many examples the largest has.
fn divide(loaded: &mut Loaded, seed: u64, context: &Context) -> Result<(usize, usize)> {
    let name = loaded.spec.name.clone();
    let views = [0, 1, 2].map(|split: usize| loaded.sets[split].view());
    let splits = [views[0].examples(), views[1].examples(), views[2].examples()];
    let found = clusters(&loaded.spec, &splits, &|| context.check())?;
    let total = found.of.len();
    if found.count < 3 || found.largest as f64 > MOST_IN_ONE * total as f64 {
        let (count, largest) = (found.count, found.largest);
        return Err(Error::invalid(format!(
            "task {name}: {largest} of its {total} examples hang together ({count} clusters): no split can keep them apart"
        ))
        .with_hint("dlm task audit says what they share"));
    }
    let classes = loaded.spec.target.classes().filter(|classes| *classes <= 1_000);
    let strata: Vec<usize> = splits
        .iter()
        .flat_map(|examples| {
            (0..examples.len()).map(move |index| if classes.is_some() { examples.class(index) } else { 0 })
        })
        .collect();
    let sizes = [0, 1, 2].map(|split: usize| splits[split].len() as f64);
    let shares = if sizes.contains(&0.0) { SHARES } else { sizes };
    let parts = assign(&found.of, &strata, &shares, seed, "resplit");
    let width = loaded.spec.target.width();
    let mut sets = [0; 3].map(|_| ExampleSet::new(width));
    let mut place = 0;
    for examples in &splits {
        let items = examples.items;
        for index in 0..examples.len() {
            let (set, group) = (&mut sets[parts[place]], found.of[place]);
            let (id, bases) = (items.ids[index], items.sequences[index].bases());
            let target = examples.targets.row(index).to_vec();
            match (items.cuts, items.loci) {
                (Some(_), _) => {
                    return Err(Error::unsupported(format!(
                        "task {name}: it has fixed token boundaries, which a folder of own data cannot say"
                    )));
                }
                (None, Some(loci)) => set.add_at(id, bases, &target, group, loci[index].clone())?,
                (None, None) => set.add(id, bases, &target, group)?,
            }
            place += 1;
        }
    }
    let counted = (found.count, found.largest);
    drop(views);
    loaded.sets = sets;
    Ok(counted)
}

fn written(name: &str, answer: &Answer<'_>) -> String {
    let mut lines = String::from("before: ");
    lines.push_str(&text(name, answer.before));
    lines.push_str("after: ");
    lines.push_str(&text(name, answer.after));
    let _ =
        writeln!(lines, "{} clusters, the largest of {} examples", answer.clusters, answer.largest_cluster);
    let list = |ids: &[&str]| if ids.is_empty() { "nothing".to_owned() } else { ids.join(", ") };
    let _ = writeln!(lines, "mended: {}; left as it is: {}", list(&answer.mended), list(&answer.remaining));
    let _ = writeln!(lines, "use it as --tasks {}", answer.folder.display());
    lines
}
