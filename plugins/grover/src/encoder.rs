//! A BERT that runs.

use std::sync::Arc;

use dlm_nn::bert::{IDS, LOGITS, MASK, Model, Wanted, forward};
use dlm_runtime::{Device, Input, Runtime, Session, SessionOptions};
use dlm_sdk::{
    Encoder, EncoderSpec, Error, Graph, LanguageModel, Parameter, Result, TokenTensor, Tokenizer, Trainable,
};
use ndarray::{ArrayD, ArrayViewMut3, ArrayViewMutD, IxDyn};
use sha2::{Digest as _, Sha256};

/// Enters the fingerprint: raised when the graph changes in a way that changes a hidden state.
const GRAPH_VERSION: u32 = 1;

/// A BERT with its weights, run by ONNX Runtime.
///
/// A session is made when its output is first asked for, with no more layers than that output needs, and kept until
/// another output is asked for: so the weights are in memory once.
pub struct BertEncoder {
    spec: EncoderSpec,
    model: Model,
    parameters: Vec<Parameter>,
    forward: Graph,
    device: Device,
    session: Option<(Wanted, Session)>,
}

impl BertEncoder {
    /// Describes an encoder; nothing is loaded yet.
    ///
    /// `tokenizer_spec` is what the registry makes the tokenizer from, and `origin` says where the weights come from: a
    /// digest of their file, or a seed.
    ///
    /// # Errors
    ///
    /// [`Internal`](dlm_sdk::ErrorKind::Internal) if the graph cannot be built.
    pub fn new(
        name: &str,
        model: Model,
        tokenizer_spec: String,
        tokenizer: &dyn Tokenizer,
        origin: &str,
        device: Device,
    ) -> Result<Self> {
        let config = model.config();
        let special = tokenizer.spec().special;
        let mut hasher = Sha256::new();
        for part in [config.to_json()?, origin.to_owned(), tokenizer.spec().fingerprint.clone()] {
            hasher.update(part.len().to_le_bytes());
            hasher.update(part);
        }
        hasher.update(GRAPH_VERSION.to_le_bytes());
        let mut spec = EncoderSpec::new(name, tokenizer_spec, config.vocab_size as u32, config.hidden);
        spec.layers = config.layers;
        spec.max_tokens = Some(config.max_positions);
        (spec.prefix, spec.suffix) = (special.cls, special.sep);
        spec.pooler = model.heads().pooler;
        spec.parameters = Some(model.parameters());
        spec.fingerprint = dlm_sdk::hexadecimal(&hasher.finalize());
        let graph = forward(config, model.heads())
            .and_then(|graph| graph.to_onnx())
            .map_err(|error| Error::internal("the model's graph cannot be built").with_source(error))?;
        let parameters = model.weights().iter().map(|weight| weight.parameter.clone()).collect();
        Ok(Self { spec, model, parameters, forward: Graph::Bytes(graph.into()), device, session: None })
    }

    /// Returns the model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Runs the graph of an output and copies it into the caller's memory.
    fn run(
        &mut self,
        tokens: TokenTensor<'_>,
        wanted: Wanted,
        mut into: ArrayViewMut3<'_, f32>,
    ) -> Result<()> {
        self.check(tokens, wanted, into.dim())?;
        let session = self.session(wanted)?;
        let outputs = session.run(&[(IDS, Input::from(&tokens.ids)), (MASK, Input::from(&tokens.mask))])?;
        let name = if wanted == Wanted::Logits { LOGITS } else { "hidden" };
        let values = outputs.array::<f32>(name)?;
        let values = values
            .into_dimensionality::<ndarray::Ix3>()
            .map_err(|error| Error::internal("the graph gave another shape").with_source(error))?;
        if values.dim() != into.dim() {
            return Err(Error::internal(format!(
                "the graph gave {:?} instead of {:?}",
                values.dim(),
                into.dim()
            )));
        }
        into.assign(&values);
        Ok(())
    }

    fn check(&self, tokens: TokenTensor<'_>, wanted: Wanted, into: (usize, usize, usize)) -> Result<()> {
        let (rows, columns) = tokens.ids.dim();
        let depth = if wanted == Wanted::Logits { self.model.config().vocab_size } else { self.spec.hidden };
        if tokens.mask.dim() != (rows, columns) || into != (rows, columns, depth) {
            return Err(Error::invalid(format!(
                "ids of {:?}, a mask of {:?} and room of {into:?} do not fit together",
                tokens.ids.dim(),
                tokens.mask.dim()
            )));
        }
        if columns > self.model.config().max_positions {
            return Err(Error::invalid(format!(
                "a row of {columns} tokens is longer than the {} that {} takes",
                self.model.config().max_positions,
                self.spec.name
            )));
        }
        let vocabulary = 0..i64::from(self.spec.vocab_size);
        match tokens.ids.indexed_iter().find(|(_, id)| !vocabulary.contains(id)) {
            Some(((row, column), id)) => Err(Error::invalid(format!(
                "row {row}, token {column}: id {id} is not among the {} of {}",
                self.spec.vocab_size, self.spec.name
            ))),
            None => Ok(()),
        }
    }

    fn session(&mut self, wanted: Wanted) -> Result<&mut Session> {
        let made = match self.session.take() {
            Some((of, session)) if of == wanted => session,
            other => {
                // The weights of the old session are given back before those of the new one are taken.
                drop(other);
                let bytes = self
                    .model
                    .graph(wanted)?
                    .to_onnx()
                    .map_err(|error| Error::internal("the model cannot be written").with_source(error))?;
                let runtime = Runtime::get_for(self.device)?;
                let options = SessionOptions::default().device(self.device);
                Session::from_bytes(runtime, self.spec.name.clone(), &bytes, &options)?
            }
        };
        Ok(&mut self.session.insert((wanted, made)).1)
    }
}

impl Encoder for BertEncoder {
    fn spec(&self) -> &EncoderSpec {
        &self.spec
    }

    fn encode(&mut self, tokens: TokenTensor<'_>, hidden: ArrayViewMut3<'_, f32>) -> Result<()> {
        self.run(tokens, Wanted::Layer(self.spec.layers), hidden)
    }

    fn encode_layer(
        &mut self,
        tokens: TokenTensor<'_>,
        layer: usize,
        hidden: ArrayViewMut3<'_, f32>,
    ) -> Result<()> {
        self.run(tokens, Wanted::Layer(layer), hidden)
    }

    fn language_model(&mut self) -> Option<&mut dyn LanguageModel> {
        self.model.heads().language_model.then_some(self as _)
    }

    fn trainable(&mut self) -> Option<&mut dyn Trainable> {
        Some(self)
    }
}

impl LanguageModel for BertEncoder {
    fn logits(&mut self, tokens: TokenTensor<'_>, logits: ArrayViewMut3<'_, f32>) -> Result<()> {
        self.run(tokens, Wanted::Logits, logits)
    }
}

impl Trainable for BertEncoder {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn read(&mut self, index: usize, mut value: ArrayViewMutD<'_, f32>) -> Result<()> {
        let values = self.model.values(index)?;
        let shape = IxDyn(&self.parameters[index].shape);
        let values = ArrayD::from_shape_vec(shape, values)
            .map_err(|error| Error::internal("a weight is not of its shape").with_source(error))?;
        if value.shape() != values.shape() {
            return Err(Error::invalid(format!(
                "{} has shape {:?}, not {:?}",
                self.parameters[index].name,
                values.shape(),
                value.shape()
            )));
        }
        value.assign(&values);
        Ok(())
    }

    fn forward(&self) -> Graph {
        match &self.forward {
            Graph::Bytes(bytes) => Graph::Bytes(Arc::clone(bytes)),
            Graph::Path(path) => Graph::Path(path.clone()),
        }
    }
}

impl std::fmt::Debug for BertEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BertEncoder").field("spec", &self.spec).finish_non_exhaustive()
    }
}
