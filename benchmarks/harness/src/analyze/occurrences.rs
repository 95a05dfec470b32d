//! What the sections on tokens begin with: a model, the tokens of a genome, and held-out windows in which they occur.

use dlm_sdk::{Encoder, Result, TokenId, Tokenizer};

use super::{
    Findings, Subject,
    annotations::Annotations,
    states::{Frame, windows},
    tokens::{Tokens, tokens},
};

/// A model and the tokens that it is asked about.
pub(super) struct Occurrences {
    pub(super) encoder: Box<dyn Encoder>,
    pub(super) tokenizer: Box<dyn Tokenizer>,
    pub(super) frame: Frame,
    /// The tokens of the genome, with what they are annotated as.
    pub(super) tokens: Tokens,
    /// Full held-out windows, in random order.
    pub(super) windows: Vec<Vec<TokenId>>,
    /// Where the held-out stretches were taken from, in a sentence.
    pub(super) held_out: String,
}

impl Occurrences {
    /// Opens the model of a subject, annotates the tokens of its genome and draws held-out windows; says what annotations are
    /// absent.
    ///
    /// # Errors
    ///
    /// The model, the genome or an annotation cannot be read or do not fit each other, or nothing is held out.
    pub(super) fn open(subject: &Subject<'_>, findings: &mut Findings) -> Result<Self> {
        let encoder = subject.encoder()?;
        let tokenizer = subject.tokenizer()?;
        let annotations = Annotations::open(subject)?;
        let tokens = tokens(subject, &*tokenizer, &annotations)?;
        annotations.tell(findings);
        crate::runtime::ensure(subject.context())?;
        let frame = Frame::new(&*encoder, &*tokenizer)?;
        let (stretches, held_out) = subject.hold_out()?;
        let corpus = subject.corpus(&*tokenizer, &stretches)?;
        let count = subject.options().embedding_windows;
        let windows = windows(&corpus, corpus.held_out(), frame.window, count, subject.seed())?;
        Ok(Self { encoder, tokenizer, frame, tokens, windows, held_out })
    }

    /// Returns how many ids the tokenizer has.
    pub(super) fn vocabulary(&self) -> usize {
        self.tokenizer.spec().vocab_size as usize
    }
}
