//! Turning tokens into hidden states.

use std::{fmt, path::PathBuf, sync::Arc};

use ndarray::{ArrayView2, ArrayViewMut3, ArrayViewMutD};

use crate::{Error, Result, TokenId};

/// What an encoder is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EncoderSpec {
    /// A name for tables.
    pub name: String,
    /// The spec of the tokenizer it was trained with, to be made by the registry.
    pub tokenizer: String,
    /// How many ids its embedding table has.
    pub vocab_size: u32,
    /// The width of a hidden state.
    pub hidden: usize,
    /// How many layers lie above the embeddings.
    pub layers: usize,
    /// The longest row, special tokens included; `None`: any.
    pub max_tokens: Option<usize>,
    /// The id the host puts before each row, if any.
    pub prefix: Option<TokenId>,
    /// The id the host puts after each row, if any.
    pub suffix: Option<TokenId>,
    /// Whether a token sees only what came before it.
    pub causal: bool,
    /// Whether the weights hold a trained pooler.
    pub pooler: bool,
    /// How many weights it has, if known.
    pub parameters: Option<u64>,
    /// Changes whenever a hidden state would; a digest of graph and weights.
    pub fingerprint: String,
}

impl EncoderSpec {
    /// Creates a spec of a bidirectional encoder of one layer that takes rows of any length as they are.
    pub fn new(
        name: impl Into<String>,
        tokenizer: impl Into<String>,
        vocab_size: u32,
        hidden: usize,
    ) -> Self {
        let name = name.into();
        Self {
            fingerprint: name.clone(),
            name,
            tokenizer: tokenizer.into(),
            vocab_size,
            hidden,
            layers: 1,
            max_tokens: None,
            prefix: None,
            suffix: None,
            causal: false,
            pooler: false,
            parameters: None,
        }
    }
}

/// A padded batch of token ids, `[batch, tokens]`, in the integers that ONNX graphs take.
#[derive(Clone, Copy, Debug)]
pub struct TokenTensor<'a> {
    /// The ids.
    pub ids: ArrayView2<'a, i64>,
    /// One for a token, zero for padding.
    pub mask: ArrayView2<'a, i64>,
}

/// Turns tokens into hidden states.
pub trait Encoder: Send {
    /// Returns what this encoder is.
    fn spec(&self) -> &EncoderSpec;

    /// Writes the last hidden states, `[batch, tokens, hidden]`, into the caller's memory.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) for ids past the vocabulary, rows that are too long, or shapes that do
    /// not agree.
    fn encode(&mut self, tokens: TokenTensor<'_>, hidden: ArrayViewMut3<'_, f32>) -> Result<()>;

    /// Writes the hidden states after a layer: 0 is the embeddings, the spec's `layers` the last.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for inner layers, unless the implementer gives them.
    fn encode_layer(
        &mut self,
        tokens: TokenTensor<'_>,
        layer: usize,
        hidden: ArrayViewMut3<'_, f32>,
    ) -> Result<()> {
        if layer == self.spec().layers {
            return self.encode(tokens, hidden);
        }
        Err(Error::unsupported(format!(
            "encoder {} gives only its last layer, not {layer}",
            self.spec().name
        )))
    }

    /// Returns the language-model head, if there is one.
    fn language_model(&mut self) -> Option<&mut dyn LanguageModel> {
        None
    }

    /// Returns the graph and weights for fine-tuning by the host, if there are any.
    fn trainable(&mut self) -> Option<&mut dyn Trainable> {
        None
    }
}

/// Scores the vocabulary at each position.
pub trait LanguageModel {
    /// Writes logits, `[batch, tokens, vocabulary]`.
    fn logits(&mut self, tokens: TokenTensor<'_>, logits: ArrayViewMut3<'_, f32>) -> Result<()>;
}

/// A named weight.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Parameter {
    /// Its name, the same among the weights and in the graph.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Zero for the embeddings, then one for each layer: for layer-wise learning rates and freezing.
    pub group: u32,
    /// Whether weight decay applies.
    pub decay: bool,
}

/// An ONNX graph, on disk or in memory.
#[derive(Clone, Debug)]
pub enum Graph {
    /// A file.
    Path(PathBuf),
    /// The bytes of a file.
    Bytes(Arc<[u8]>),
}

/// An encoder the host can fine-tune: one forward graph in standard operators and the weights it takes.
/// The host derives the gradients and owns head, loss and optimiser.
pub trait Trainable {
    /// Returns the weights' names and shapes.
    fn parameters(&self) -> &[Parameter];

    /// Writes the pretrained value of one weight.
    fn read(&mut self, index: usize, value: ArrayViewMutD<'_, f32>) -> Result<()>;

    /// Returns the graph: from `input_ids`, `attention_mask` and every weight by name to `hidden` and, where it can,
    /// `hidden.0` to `hidden.L` (0 is the embeddings) and `logits`.
    fn forward(&self) -> Graph;
}

impl fmt::Debug for dyn Encoder + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Encoder").field(self.spec()).finish()
    }
}
