//! Probes: what is encoded once, what stands on frozen states, and that neither changes a result.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use dlm::{
    bench::{DigestCache, Plan, Selection, run::run},
    context::{Cancellation, Context, Flags},
    results::{CellResult, Document, Status, Store},
};
use dlm_sdk::{prelude::*, random::Stream};
use ndarray::Axis;

/// How many rows the counting encoder has encoded.
static ROWS: AtomicUsize = AtomicUsize::new(0);

/// Sequences of 40 bases. What is asked is how many of them are A: more than a quarter, the shares of A and C, or both as
/// labels.
struct Shares(TaskSpec);

register! {
    task "shares", "asks about shares of bases",
    options: &[OptionSpec { key: "ask", default: Some("class"), help: "class, labels or values" }],
    create: |config, _| {
        let target = match config.get("ask") {
            Some("labels") => Target::Multilabel(2),
            Some("values") => Target::Regression(2),
            _ => Target::Binary,
        };
        Ok(Shares(TaskSpec::new("shares", target, SplitKind::Given)))
    }
}

impl Task for Shares {
    fn spec(&self) -> &TaskSpec {
        &self.0
    }

    fn load(&self, split: Split, sink: &mut dyn ExampleSink) -> Result<()> {
        let mut set = ExampleSet::new(self.0.target.width());
        let (first, items) = [(0, 1_500), (10_000, 300), (20_000, 300)][split as usize];
        for id in first..first + items {
            let mut stream = Stream::nth(5, "shares", id);
            let bases: Vec<u8> = (0..40).map(|_| b"ACGT"[stream.below(4)]).collect();
            let share = |base| bases.iter().map(|&b| f32::from(u8::from(b == base))).sum::<f32>() / 40.0;
            let many = |base| f32::from(u8::from(share(base) > 0.25));
            let target = match self.0.target {
                Target::Binary => vec![many(b'A')],
                Target::Multilabel(_) => vec![many(b'A'), many(b'C')],
                _ => vec![share(b'A'), share(b'C')],
            };
            set.add(id, &bases, &target, id)?;
        }
        let _ = sink.push(set.view().examples());
        Ok(())
    }
}

/// Each token's state is one at its id.
struct Counting(EncoderSpec);

register! {
    encoder "counting", "counts its rows", options: &[],
    create: |_, _| {
        let mut spec = EncoderSpec::new("counting", "char", 16, 16);
        spec.max_tokens = Some(64);
        Ok(Counting(spec))
    }
}

impl Encoder for Counting {
    fn spec(&self) -> &EncoderSpec {
        &self.0
    }

    fn encode(&mut self, tokens: TokenTensor<'_>, mut hidden: ArrayViewMut3<'_, f32>) -> Result<()> {
        for (row, ids) in tokens.ids.axis_iter(Axis(0)).enumerate() {
            ROWS.fetch_add(1, Ordering::Relaxed);
            for (column, &id) in ids.iter().enumerate() {
                hidden[[row, column, id as usize]] = 1.0;
            }
        }
        Ok(())
    }
}

fn bench(folder: &Path, task: &str, change: impl FnOnce(&mut Selection)) -> Document {
    let mut selection = Selection {
        tasks: vec![task.to_owned()],
        models: vec!["counting".to_owned()],
        output_path: Some(folder.to_owned()),
        ..Selection::default()
    };
    change(&mut selection);
    let context = Context::new(Flags { quiet: true, ..Flags::default() }, Cancellation::default()).unwrap();
    let (settings, context) = selection.settle(&context).unwrap();
    let mut digests = DigestCache::default();
    let plan = Plan::new(settings, &context, &mut digests).unwrap();
    run(&plan, &Store::create(folder).unwrap(), &context, &digests).unwrap()
}

/// Everything of a cell but what it took, with its predictions as they lie on disk.
fn told(folder: &Path, cell: &CellResult) -> (CellResult, Vec<u8>) {
    let predictions = fs::read(folder.join("cells").join(&cell.key).join("predictions.jsonl.gz")).unwrap();
    (CellResult { cost: dlm::results::Cost::default(), ..cell.clone() }, predictions)
}

/// One test, for the count of encoded rows is one of the whole process.
#[test]
fn states_are_encoded_once_and_what_is_kept_changes_no_bit() {
    let (fresh, reused) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let tuned = |selection: &mut Selection| selection.protocol = Some("tuned".to_owned());
    let rows = |act: &mut dyn FnMut()| {
        let before = ROWS.load(Ordering::Relaxed);
        act();
        ROWS.load(Ordering::Relaxed) - before
    };
    let mut first = None;
    assert_eq!(rows(&mut || first = Some(bench(fresh.path(), "shares", tuned))), 2_100, "each item once");
    let first = first.unwrap();
    assert_eq!(first.cells[0].status, Status::Done, "{:?}", first.cells[0].reason);

    // Another head, another protocol, and another task over the same sequences encode nothing.
    let encoded = rows(&mut || {
        bench(fresh.path(), "shares", |_| ());
        bench(fresh.path(), "shares,ask=values", tuned);
        let forest = bench(fresh.path(), "shares", |selection| selection.head = Some("forest".to_owned()));
        let forests: Vec<_> = forest.cells.iter().filter(|cell| cell.seeded).collect();
        assert_eq!(forests.len(), 3, "a forest runs with every seed");
        assert_ne!(forests[0].metrics, forests[1].metrics, "seeds are drawn from");
    });
    assert_eq!(encoded, 0);

    // A run from what is kept equals a fresh one to the bit.
    copy(&fresh.path().join("embeddings"), &reused.path().join("embeddings"));
    let mut again = None;
    assert_eq!(rows(&mut || again = Some(bench(reused.path(), "shares", tuned))), 0);
    let again = again.unwrap();
    assert_eq!(told(reused.path(), &again.cells[0]), told(fresh.path(), &first.cells[0]));

    // Another pool is another vector; a broken file is made again.
    let other = rows(&mut || drop(bench(fresh.path(), "shares", |s| s.pool = Some("last".to_owned()))));
    assert_eq!(other, 2_100);
    let broken = tempfile::tempdir().unwrap();
    copy(&fresh.path().join("embeddings"), &broken.path().join("embeddings"));
    for entry in fs::read_dir(broken.path().join("embeddings")).unwrap() {
        fs::write(entry.unwrap().path(), b"not an array").unwrap();
    }
    let mut mended = None;
    assert_eq!(rows(&mut || mended = Some(bench(broken.path(), "shares", tuned))), 2_100);
    assert_eq!(told(broken.path(), &mended.unwrap().cells[0]), told(fresh.path(), &first.cells[0]));
    heads_answer_what_they_are_asked(fresh.path());
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

fn heads_answer_what_they_are_asked(folder: &Path) {
    for (ask, head, protocol, least) in [
        ("class", "logistic", "paper", 0.95),
        ("class", "forest", "paper", 0.9),
        ("labels", "logistic", "tuned", 0.95),
        ("labels", "forest", "tuned", 0.9),
        ("values", "logistic", "paper", 0.999),
        ("values", "forest", "tuned", 0.95),
    ] {
        let document = bench(folder, &format!("shares,ask={ask}"), |selection| {
            selection.head = Some(head.to_owned());
            selection.protocol = Some(protocol.to_owned());
        });
        let cell = document
            .cells
            .iter()
            .find(|cell| {
                cell.facts.iter().any(|fact| {
                    fact.value == if ask == "values" && head == "logistic" { "ridge" } else { head }
                })
            })
            .unwrap();
        assert!(cell.score().unwrap() > least, "{ask} {head} {protocol}: {:?}", cell.score());
    }
}
