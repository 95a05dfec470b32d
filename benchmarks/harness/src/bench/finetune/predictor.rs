//! A fine-tuned encoder, as a predictor.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use dlm_sdk::{EncoderSpec, Error, Fact, ItemTokenizer, Items, Predictor, Result, Tokenizer};
use dlm_train::finetune::{Fitted, Frame, Tokens};
use ndarray::ArrayViewMut2;

use crate::bench::probe::Long;

/// Cuts items into rows of tokens that an encoder takes.
#[derive(Debug)]
pub(super) struct Cutter {
    tokenizer: Box<dyn Tokenizer>,
    name: String,
    pub(super) frame: Frame,
    long: Long,
    cut: Arc<AtomicU64>,
}

impl Cutter {
    pub(super) fn new(
        encoder: &EncoderSpec,
        tokenizer: Box<dyn Tokenizer>,
        long: Long,
        cut: Arc<AtomicU64>,
    ) -> Result<Self> {
        if long == Long::Windows {
            return Err(Error::unsupported(
                "a fine-tuned model answers one row an item, and no windows of it",
            )
            .with_hint("use --long truncate, or --mode probe"));
        }
        let pad = tokenizer.spec().special.pad.unwrap_or(0);
        let frame = Frame { prefix: encoder.prefix, suffix: encoder.suffix, pad, most: encoder.max_tokens };
        Ok(Self { tokenizer, name: encoder.name.clone(), frame, long, cut })
    }

    /// Tokenizes items; those that are too long are an error, or are cut and counted.
    pub(super) fn rows(&self, items: Items<'_>, count: bool) -> Result<Tokens> {
        let special = usize::from(self.frame.prefix.is_some()) + usize::from(self.frame.suffix.is_some());
        let most = self.frame.most.map_or(usize::MAX, |most| most.saturating_sub(special));
        let tokens = ItemTokenizer::new(&*self.tokenizer).tokenize(items)?;
        let mut rows = Vec::with_capacity(items.len());
        for (row, id) in tokens.rows().zip(items.ids) {
            let n = row.ids.len();
            if n == 0 {
                return Err(Error::invalid(format!("item {id}: it has no tokens")));
            }
            if n > most && self.long == Long::Error {
                return Err(Error::invalid(format!(
                    "item {id}: {n} tokens, encoder {} takes {most}",
                    self.name
                ))
                .with_hint("say what to do by --long truncate"));
            }
            if n > most && count {
                let kept = most.checked_sub(1).map_or(0, |last| row.spans[last].end);
                self.cut.fetch_add(u64::from(row.spans[n - 1].end - kept), Ordering::Relaxed);
            }
            rows.push(row.ids[..n.min(most)].to_vec());
        }
        Ok(Tokens { rows })
    }
}

/// A fine-tuned encoder.
#[derive(Debug)]
pub struct Finetuned {
    pub(super) cutter: Cutter,
    pub(super) fitted: Fitted,
    pub(super) facts: Vec<Fact>,
}

impl Finetuned {
    /// Takes a model that was trained before, with the rows that its encoder took.
    pub(crate) fn new(
        fitted: Fitted,
        encoder: &EncoderSpec,
        tokenizer: Box<dyn Tokenizer>,
        long: Long,
    ) -> Result<Self> {
        let cutter = Cutter::new(encoder, tokenizer, long, Arc::default())?;
        Ok(Self { cutter, facts: fitted.facts().list(), fitted })
    }

    /// Returns what was trained.
    pub fn fitted(&self) -> &Fitted {
        &self.fitted
    }
}

impl Predictor for Finetuned {
    fn predict(&mut self, items: Items<'_>, mut scores: ArrayViewMut2<'_, f32>) -> Result<()> {
        let answers = self.fitted.predict(self.cutter.rows(items, true)?)?;
        if answers.ncols() == scores.ncols() {
            scores.assign(&answers);
            return Ok(());
        }
        Err(Error::internal(format!("the model gives {} scores, not {}", answers.ncols(), scores.ncols())))
    }

    fn facts(&self) -> Vec<Fact> {
        self.facts.clone()
    }

    fn parameters(&self) -> Option<u64> {
        let count = |shape: &[usize]| shape.iter().product::<usize>() as u64;
        Some(self.fitted.weights().parameters().iter().map(|parameter| count(&parameter.shape)).sum())
    }
}
