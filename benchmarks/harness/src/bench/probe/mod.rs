//! Frozen probes: a head on an encoder's hidden states.
//!
//! Each item is tokenized, wrapped in the encoder's prefix and suffix ids, and encoded; a [pool](Pool) makes one vector
//! of its row of hidden states; a [head](HeadKind) is fitted on train. Under the protocol `paper` the head's setting is
//! fixed, under `tuned` it is chosen on validation. Items of more tokens than the encoder takes are an error, cut, or cut
//! into [windows](Long::Windows).
//!
//! Vectors are kept in a [cache](EmbeddingCache), so that two tasks with the same sequences, or two heads on the same
//! states, encode once.

mod batches;
mod cache;
mod embed;
mod head;
mod options;

pub use cache::EmbeddingCache;
pub(crate) use cache::Key;
pub use embed::{Embedder, TokenStates};
pub use head::MOST_CLASSES;
pub(crate) use options::named;
pub use options::{HeadKind, Long, Options, Pool};

use dlm_sdk::{Encoder, Examples, Fact, Items, Predictor, Result, TaskSpec, Tokenizer};
use ndarray::ArrayViewMut2;

use self::head::{Features, Head};
use crate::results::Protocol;

/// Fits a probe.
///
/// # Errors
///
/// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) for a target that the head cannot answer and for a pool that the
/// encoder has nothing for; [`Invalid`](dlm_sdk::ErrorKind::Invalid) for items that are too long and a layer that is not
/// there; whatever the encoder fails with.
pub fn fit(
    encoder: Box<dyn Encoder>,
    tokenizer: Box<dyn Tokenizer>,
    task: &TaskSpec,
    train: Examples<'_>,
    validation: Option<Examples<'_>>,
    options: Options,
) -> Result<Box<dyn Predictor>> {
    let protocol = options.protocol;
    let mut embedder = Embedder::new(encoder, tokenizer, options.clone())?;
    let features = embedder.embed(train.items)?;
    let train = Features { table: &features, examples: train };
    let head = match (protocol, validation) {
        (Protocol::Tuned, Some(examples)) => {
            let table = embedder.embed(examples.items)?;
            Head::fit(&options, task, train, Some(Features { table: &table, examples }))?
        }
        _ => Head::fit(&options, task, train, None)?,
    };
    Ok(Box::new(Probe { embedder, head }))
}

/// A fitted probe.
#[derive(Debug)]
struct Probe {
    embedder: Embedder,
    head: Head,
}

impl Predictor for Probe {
    fn predict(&mut self, items: Items<'_>, scores: ArrayViewMut2<'_, f32>) -> Result<()> {
        self.head.scores(&self.embedder.embed(items)?, scores)
    }

    fn facts(&self) -> Vec<Fact> {
        let (pool, layer, windows) = self.embedder.facts();
        let mut facts = vec![Fact::new("pool", pool.name()), Fact::new("layer", layer)];
        facts.extend(self.head.facts());
        if windows > 0 {
            facts.push(Fact::new("items cut into windows", windows));
        }
        facts
    }

    fn parameters(&self) -> Option<u64> {
        self.embedder.parameters()
    }
}
