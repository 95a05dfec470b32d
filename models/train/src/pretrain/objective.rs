//! Masked-language modelling as something to be trained.

use std::sync::Arc;

use dlm_graph::Graph;
use dlm_nn::bert::{self, Config, IDS, LABELS, LOGITS, LOSS_WEIGHTS, MASK, PLACES};
use dlm_sdk::{Error, Result};
use ndarray::{Array1, ArrayD, Ix2};

use crate::{
    data::{Batch, Batches, Corpus, HeldOut, Prefetch, Score, Scorer},
    graph_error::graph_error,
    step,
    trainer::{Objective, Run, Validated},
};

/// Steps whose batches are made ahead: enough that the device never waits for them, and few batches of memory.
const AHEAD: usize = 2;

/// The objective: a BERT, the batches of a genome, and held-out windows to choose by.
#[derive(Debug)]
pub struct MaskedLanguageModel {
    graph: Graph,
    corpus: Arc<Corpus>,
    batches: Prefetch<Vec<step::Batch>>,
    validation: HeldOut,
    identity: Vec<(String, String)>,
}

impl MaskedLanguageModel {
    /// Builds the objective of a shape. A batch is run in parts of at most so many ids, which bounds memory.
    ///
    /// # Errors
    ///
    /// [`Internal`](dlm_sdk::ErrorKind::Internal) if the graph cannot be built.
    pub fn new(
        config: &Config,
        corpus: Arc<Corpus>,
        batches: Batches,
        validation: HeldOut,
        ids: usize,
        identity: Vec<(String, String)>,
    ) -> Result<Self> {
        let graph = bert::masked_language_model(config, "batch".into(), "tokens".into(), "masked".into())
            .map_err(graph_error)?;
        let batches =
            Prefetch::new(AHEAD, move |step| Ok(batches.parts(step, ids)?.iter().map(feeds).collect()));
        Ok(Self { graph, corpus, batches, validation, identity })
    }

    /// Scores the model at the hidden tokens of held-out windows.
    ///
    /// # Errors
    ///
    /// The graph cannot be run.
    pub fn score(corpus: &Corpus, held_out: &HeldOut, run: &mut Run<'_>) -> Result<Score> {
        let mut scorer = Scorer::new(corpus);
        for batch in held_out.batches() {
            let logits = run(&feeds(batch), &[LOGITS])?
                .pop()
                .ok_or_else(|| Error::internal("the graph gave no logits"))?
                .into_dimensionality::<Ix2>()
                .map_err(|error| Error::internal("logits are no matrix").with_source(error))?;
            for (row, label) in logits.rows().into_iter().zip(&batch.labels).take(batch.guessed) {
                let row = row.as_slice().ok_or_else(|| Error::internal("logits do not lie in rows"))?;
                scorer.add_logits(row, *label as u32);
            }
        }
        scorer.score().ok_or_else(|| Error::internal("nothing was hidden"))
    }
}

impl Objective for MaskedLanguageModel {
    fn graph(&self) -> &Graph {
        &self.graph
    }

    fn batches(&mut self, step: u64) -> Result<Vec<step::Batch>> {
        self.batches.get(step)
    }

    fn identity(&self) -> Vec<(String, String)> {
        self.identity.clone()
    }

    fn validate(&mut self, run: &mut Run<'_>) -> Result<Option<Validated>> {
        let score = Self::score(&self.corpus, &self.validation, run)?;
        let metrics = [
            ("accuracy", score.accuracy),
            ("top_tenth", score.top_tenth),
            ("perplexity", score.perplexity),
            ("bits_per_base", score.bits_per_base),
        ];
        let metrics = metrics.map(|(name, value)| (name.to_owned(), value)).to_vec();
        Ok(Some(Validated { loss: score.loss, metrics }))
    }
}

/// Returns a batch as the graph takes it.
fn feeds(batch: &Batch) -> step::Batch {
    let size = |name: &str, size: usize| (name.to_owned(), size);
    let integers = |values: &[i64]| ArrayD::from(Array1::from(values.to_vec()).into_dyn());
    step::Batch {
        sizes: vec![
            size("batch", batch.ids.nrows()),
            size("tokens", batch.ids.ncols()),
            size("masked", batch.places.len()),
        ],
        feeds: vec![
            (IDS.to_owned(), batch.ids.clone().into_dyn().into()),
            (MASK.to_owned(), batch.mask.clone().into_dyn().into()),
            (PLACES.to_owned(), integers(&batch.places).into()),
            (LABELS.to_owned(), integers(&batch.labels).into()),
            (LOSS_WEIGHTS.to_owned(), Array1::from(batch.weights.clone()).into_dyn().into()),
        ],
        tokens: batch.tokens,
        examples: batch.ids.nrows() as u64,
    }
}
