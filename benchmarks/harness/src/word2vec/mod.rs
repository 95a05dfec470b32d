//! `dlm word2vec`: from a genome to one vector a token.

use std::path::PathBuf;

use clap::Args;
use dlm_genome::IntervalSet;
use dlm_nn::folder::Tokenizer;
use dlm_plugin_word2vec::{Options, Progress, Sentences, train};
use dlm_sdk::{Error, Result, TokenId};
use dlm_train::data::{Corpus, HoldOut, Recipe, Source, Window};
use serde::Serialize;

use crate::{
    context::{Context, Outcome},
    pretrain::stretches,
    tokenizer::{shown, thousands},
};

/// The longest stretch whose tokens are neighbours: a full window of the models.
const LONGEST: usize = 510;

/// The arguments of `dlm word2vec`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Examples:\n  dlm word2vec --fasta chr21.fa.gz --tokenizer bpe-600.json --output my-vectors\n  dlm \
                        word2vec --fasta chr21.fa.gz --tokenizer kmer:6 --dimensions 100 --epochs 10 --output \
                        kmer-vectors\n  dlm embed --model my-vectors --fasta reads.fa --pool mean --output emb.npy"
)]
pub struct Word2vecArgs {
    /// FASTA files to learn from (plain, gzip or bgzip)
    #[arg(long, required = true, num_args = 1.., value_name = "FASTA")]
    fasta: Vec<PathBuf>,
    /// What cuts them: a path to tokenizer.json, or kmer:6
    #[arg(long, value_name = "SPEC")]
    tokenizer: String,
    /// Folder for the vectors
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// Numbers a vector
    #[arg(long, value_name = "N", default_value_t = 768)]
    dimensions: usize,
    /// The most tokens on either side that count as neighbours
    #[arg(long, value_name = "N", default_value_t = 5)]
    window: usize,
    /// Tokens drawn at random for each real one
    #[arg(long, value_name = "N", default_value_t = 5)]
    negative: usize,
    /// Passes over the genome
    #[arg(long, value_name = "N", default_value_t = 5)]
    epochs: usize,
    /// Rate at the start; it falls evenly to 0.0001
    #[arg(long, value_name = "R", default_value_t = 0.025)]
    rate: f64,
    /// Share of the corpus above which occurrences of a token are passed over at random; 0: never
    #[arg(long, value_name = "SHARE", default_value_t = 0.001)]
    sample: f64,
    /// Tokens that are seen less often have no vector
    #[arg(long, value_name = "N", default_value_t = 1)]
    least_count: u64,
    /// Seed of the first vectors, windows and negatives
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Stretches not to learn from
    #[arg(long, value_name = "BED")]
    exclude: Option<PathBuf>,
}

#[derive(Serialize)]
struct Answer {
    output: String,
    tokens: u64,
    vectors: usize,
    without: usize,
    options: Options,
}

/// The windows of a genome, as they lie.
struct Windows<'c> {
    corpus: &'c Corpus,
    windows: Vec<Window>,
}

impl Sentences for Windows<'_> {
    fn len(&self) -> usize {
        self.windows.len()
    }

    fn read(&self, index: usize, ids: &mut Vec<TokenId>) -> Result<()> {
        self.corpus.tokens(&self.windows[index], ids)
    }
}

impl Word2vecArgs {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Input is wrong or missing, a file cannot be written, or somebody asked to stop; then nothing is written.
    pub fn run(self, context: &Context) -> Result<Outcome> {
        let options = Options {
            dimensions: self.dimensions,
            window: self.window,
            negative: self.negative,
            rate: self.rate,
            last_rate: Options::default().last_rate.min(self.rate),
            sample: self.sample,
            epochs: self.epochs,
            least_count: self.least_count,
            seed: self.seed,
            ..Options::default()
        };
        options.check()?;
        let tokenizer = context.registry().tokenizer(&self.tokenizer)?;
        let excluded = self.exclude.as_deref().map(stretches).transpose()?.unwrap_or_default();
        let hold_out = HoldOut::Intervals(IntervalSet::default());
        let source = Source {
            fasta: &self.fasta,
            tokenizer: &*tokenizer,
            windows_of: None,
            hold_out: &hold_out,
            excluded: &excluded,
        };
        let folder = tempfile::tempdir()
            .map_err(|error| Error::io("a folder for the tokenized genome cannot be made", error))?;
        let progress = context.progress("tokenizing the genome", None);
        let corpus = Corpus::open(source, folder.path(), |bases| {
            progress.add(bases);
            context.cancellation().check()
        })?;
        drop(progress);
        let recipe = Recipe { longest: LONGEST, shortest: 2, full_share: 1.0 };
        let windows = recipe.cut(&corpus, corpus.train(), 0, 0)?.iter().collect();
        let windows = Windows { corpus: &corpus, windows };
        let progress = context.progress("learning vectors", None);
        let vectors = train(&windows, tokenizer.spec().vocab_size as usize, &options, &mut |event| {
            match event {
                Progress::Planned(tokens) => progress.set_length(tokens),
                Progress::Seen(tokens) => progress.add(tokens),
                _ => {}
            }
            context.cancellation().check()
        })?;
        drop(progress);
        self.write(&vectors, &tokenizer.spec().fingerprint)?;
        let with = (0..vectors.counts().len() as TokenId).filter(|id| vectors.has(*id)).count();
        let answer = Answer {
            output: shown(&self.output),
            tokens: vectors.counts().iter().sum(),
            vectors: with,
            without: corpus.standard().len().saturating_sub(with),
            options,
        };
        context.print(&answer, || {
            format!(
                "{}: {} vectors of {} numbers from {} tokens seen {} times; {} tokens occur fewer than {} times and have \
                 none\n",
                answer.output,
                thousands(answer.vectors as u64),
                answer.options.dimensions,
                thousands(answer.tokens),
                answer.options.epochs,
                thousands(answer.without as u64),
                answer.options.least_count
            )
        })?;
        Ok(Outcome::Done)
    }

    fn write(&self, vectors: &dlm_plugin_word2vec::Vectors, fingerprint: &str) -> Result<()> {
        let path = std::path::Path::new(&self.tokenizer);
        if !path.is_file() {
            return vectors.write(&self.output, Tokenizer::Spec(&self.tokenizer), fingerprint);
        }
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::io(format!("{}: cannot be read", path.display()), error))?;
        let tokenizer = match path.extension() {
            Some(extension) if extension == "txt" => Tokenizer::Vocabulary(&text),
            _ => Tokenizer::Json(&text),
        };
        vectors.write(&self.output, tokenizer, fingerprint)
    }
}
