//! Runs every check on a task's examples.

use dlm_sdk::{Examples, Result, TaskSpec};

use crate::{
    construction,
    corpus::Corpus,
    overlap,
    report::{Item, Report},
    shortcuts,
};

/// What an audit may leave out or is told beside the examples.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many test items are looked up for homologs, drawn by a fixed seed; 0 skips the check.
    pub homology: usize,
    /// The chromosomes that a model was pretrained on.
    pub pretrained_on: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { homology: 2_000, pretrained_on: Vec::new() }
    }
}

/// Audits the examples of train, validation and test. `check` is called between steps and may stop them.
///
/// # Errors
///
/// `check` fails, or a regression does not converge.
pub fn audit(
    spec: &TaskSpec,
    splits: &[Examples<'_>; 3],
    options: &Options,
    check: &(dyn Fn() -> Result<()> + Sync),
) -> Result<Report> {
    let corpus = Corpus::new(spec, splits);
    let mut details: Vec<Item> = corpus
        .test()
        .map(|item| Item {
            id: corpus.ids[item],
            group: corpus.groups[item],
            class: corpus.classes.as_ref().map(|classes| classes[item]),
            known: corpus.known[item] as f32,
            ..Item::default()
        })
        .collect();
    let mut checks = Vec::new();
    check()?;
    checks.push(overlap::exact(&corpus, &mut details));
    check()?;
    let found = overlap::near(&corpus, &mut details);
    checks.push(overlap::near_check(&details, &found));
    checks.push(overlap::windows(&corpus, &mut details, &found));
    checks.push(overlap::groups(&corpus, &mut details));
    check()?;
    checks.push(overlap::homologs(&corpus, &mut details, options.homology, check)?);
    checks.push(overlap::pretraining(&corpus, &options.pretrained_on));
    check()?;
    checks.extend(construction::twins(&corpus, &mut details, check)?);
    check()?;
    checks.extend(shortcuts::checks(&corpus, check)?);
    Ok(Report::new(corpus.sizes, checks, details))
}
