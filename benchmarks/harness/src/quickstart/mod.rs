//! `dlm quickstart`: the main job on embedded defaults.
//!
//! It asks the question of the GROVER paper on one human chromosome: what do token frequencies alone reach, what does a
//! little order add, and what a language model? Next-k-mer prediction and promoters, both split by position, against
//! TF-IDF with a forest over several tokenizers, n-grams, Markov chains, composition, majority and the nearest training
//! sequence; and a small GROVER that is pretrained on the spot, beside its twin with random weights.
//!
//! `--full` trains longer, adds k-mer models that see the same bases, and fine-tunes all of them.
//!
//! Everything lies in one folder: the vocabulary, the stretches it was not learned from, the models, the results, the
//! report. A second run reuses what is there; an interrupted one goes on.

mod models;
mod vocabulary;

pub(crate) use self::models::spelled;

use std::{
    env,
    path::{Path, PathBuf},
};

use clap::Args;
use dlm_sdk::{Error, Result};
use serde::Serialize;

use crate::{
    bench::{DigestCache, Plan, Selection, finetune::FinetuneFlags, run::run, table},
    context::{Context, Outcome},
    data::{Cache, Fetcher, find},
    report,
    results::{Document, Gains, Mode, Status, Store, Summary},
    tokenizer,
};

const SEEDS: u64 = 3;
const TREES: &str = "100,250";
/// Passes of a fine-tuning over train, in the full form.
const FULL_EPOCHS: u64 = 3;

/// The arguments of `dlm quickstart`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  dlm quickstart\n  dlm quickstart --output results\n  \
                        dlm quickstart --fasta genome.fa.gz --tss starts.bed --output mine")]
pub struct QuickstartArgs {
    /// Folder for vocabulary, results and report; a second run reuses what is there
    #[arg(long, value_name = "DIR", default_value = "dlm-quickstart")]
    output: PathBuf,
    /// Use this genome instead of fetching human chromosome 21
    #[arg(long, value_name = "FASTA", requires = "tss")]
    fasta: Option<PathBuf>,
    /// Use these transcription starts (BED) instead of fetching those of GENCODE
    #[arg(long, value_name = "BED", requires = "fasta")]
    tss: Option<PathBuf>,
    /// How many pieces next-k-mer prediction draws, over all splits
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    samples: usize,
    /// How many merges the vocabulary learns
    #[arg(long, value_name = "N", default_value_t = 600)]
    merges: usize,
    /// Take about two hours: longer pretraining, k-mer twins at equal bases seen, fine-tuning
    #[arg(long)]
    full: bool,
    /// Steps of each pretraining, in place of 300, or 2,000 with --full
    #[arg(long, value_name = "N")]
    steps: Option<u64>,
}

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    document: &'a Document,
    report: &'a Path,
    vocabulary: &'a Path,
}

impl QuickstartArgs {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// The data cannot be fetched or read, the folder cannot be written to, or somebody asked to stop. What is finished
    /// stays.
    pub fn run(self, context: &Context) -> Result<Outcome> {
        let (fasta, tss) = self.inputs(context)?;
        for path in [&fasta, &tss] {
            // They are read several times.
            if path.exists() && !path.is_file() {
                return Err(Error::invalid(format!("{}: is not a regular file", path.display())));
            }
        }
        let fresh = !self.output.exists();
        let store = Store::create(&self.output)?;
        let context = context.sharing("genome", &text(&fasta)?).sharing("tss", &text(&tss)?);
        let tasks = vec![
            format!("next-kmer:6,split=grouped,samples={}", self.samples),
            "promoter-tss,split=grouped".into(),
        ];
        context.check()?;
        let vocabulary = relative(self.output.join(format!("bpe-{}.json", self.merges)));
        let learned = tokenizer::held_out(&context, &tasks).and_then(|held_out| {
            vocabulary::learn(&context, &fasta, &held_out, self.merges, &vocabulary).map(|()| held_out)
        });
        let held_out = learned.inspect_err(|_| {
            if fresh {
                store.remove_if_empty();
            }
        })?;
        let spec = text(&vocabulary)?;
        let wanted = models::Wanted {
            fasta: &fasta,
            vocabulary: &spec,
            held_out: &held_out,
            output: &self.output,
            full: self.full,
            steps: self.steps,
        };
        let models = wanted.prepare(&context)?;
        let probe = Selection {
            tasks,
            models: models.specs.clone(),
            baselines: baselines(&spec),
            seeds: Some(SEEDS),
            trees: Some(TREES.into()),
            output_path: Some(self.output.clone()),
            ..Selection::default()
        };
        let mut document = bench(probe.clone(), &store, &context)?;
        if self.full && !models.specs.is_empty() {
            document = bench(finetuning(probe), &store, &context)?;
        }
        if !models.missing.is_empty() {
            add_missing(&mut document, &models.missing);
            store.write("results.json", &document)?;
        }
        let path = self.output.join("report.html");
        report::write(&store, &path, "Token frequencies and context on one chromosome", false, false)?;
        let answer = Answer { document: &document, report: &path, vocabulary: &vocabulary };
        context.print(&answer, || format!("{}\nreport: {}\n", table(&document), path.display()))?;
        Ok(Outcome::of(document.cells.iter().all(|cell| cell.status != Status::Failed)))
    }

    /// Returns the genome and the transcription starts, fetched unless they are given.
    fn inputs(&self, context: &Context) -> Result<(PathBuf, PathBuf)> {
        if let (Some(fasta), Some(tss)) = (&self.fasta, &self.tss) {
            return Ok((fasta.clone(), tss.clone()));
        }
        if context.genome().is_some() {
            return Err(Error::invalid("quickstart takes its genome by --fasta, together with --tss"));
        }
        let fetcher = Fetcher::new(context, Cache::of_user()?);
        let fetch = |id: &str| -> Result<PathBuf> {
            let pack = find(id)?;
            context.note(format!("data pack {id}: {}", pack.summary));
            Ok(fetcher.fetch(&pack, None)?.first())
        };
        Ok((fetch("human-chr21")?, fetch("human-genes")?))
    }
}

/// Runs what is selected, in the folder of the quickstart.
fn bench(selection: Selection, store: &Store, context: &Context) -> Result<Document> {
    let (settings, context) = selection.settle(context)?;
    let mut digests = DigestCache::open(Some(store.folder()));
    let plan = Plan::new(settings, &context, &mut digests)?;
    run(&plan, store, &context, &digests)
}

/// Selects the fine-tuning of the models that were probed. Baselines are not named again: with fewer seeds they would take
/// the place of their rows.
fn finetuning(probe: Selection) -> Selection {
    let finetune = FinetuneFlags { epochs: Some(FULL_EPOCHS), ..FinetuneFlags::default() };
    let mode = Some("finetune".into());
    Selection { mode, seeds: Some(1), finetune, baselines: Vec::new(), ..probe }
}

/// Adds a row for each model that could not be made, on every task.
fn add_missing(document: &mut Document, missing: &[(String, String)]) {
    let like: Vec<Summary> = document
        .tasks
        .iter()
        .filter_map(|task| {
            document.summary.iter().find(|row| row.data == task.data && row.limit == task.limit).cloned()
        })
        .collect();
    for row in like {
        for (model, reason) in missing {
            document.summary.push(Summary {
                model: model.clone(),
                mode: Mode::Probe,
                control: None,
                status: Status::Missing,
                reason: Some(reason.clone()),
                seeds: Vec::new(),
                rank: None,
                tied: String::new(),
                score: None,
                validation: None,
                over_seeds: None,
                over_items: None,
                metrics: std::collections::BTreeMap::default(),
                gains: Gains::default(),
                facts: Vec::new(),
                parameters: None,
                fit_seconds: None,
                seconds_per_1000: None,
                peak_memory: None,
                truncated_bases: 0,
                cells: Vec::new(),
                ..row.clone()
            });
        }
    }
}

/// Names the methods: token frequencies over each tokenizer, then what sees order, then what sees neither.
fn baselines(vocabulary: &str) -> Vec<String> {
    let mut baselines: Vec<String> = (3..=6).map(|k| format!("tfidf:kmer:{k}")).collect();
    baselines.extend(["tfidf:kmer:6:overlap".into(), format!("tfidf:{vocabulary}")]);
    baselines
        .extend(["ngram:12", "markov:3", "markov:5", "composition", "majority", "lookup"].map(str::to_owned));
    baselines
}

/// Makes a path relative to the working folder where that shortens it: paths stand in tables.
fn relative(path: PathBuf) -> PathBuf {
    let Ok(here) = env::current_dir() else { return path };
    path.strip_prefix(here).map(Path::to_owned).unwrap_or(path)
}

/// Returns a path as text, for a spec: one without a slash could be the name of something else.
pub(crate) fn path_text(path: &Path) -> Result<String> {
    let text = text(path)?;
    Ok(if text.contains('/') { text } else { format!("./{text}") })
}

/// Returns a path as text, for a spec.
fn text(path: &Path) -> Result<String> {
    match path.to_str() {
        Some(text) if !text.contains(',') => Ok(text.to_owned()),
        _ => Err(Error::invalid(format!(
            "{}: a path with a comma or without a text form cannot be used here",
            path.display()
        ))
        .with_hint("choose another folder by --output")),
    }
}
