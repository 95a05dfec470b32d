//! A network as an encoder that hands over its graph.

use dlm_sdk::{Encoder, EncoderSpec, Error, Graph, Parameter, Result, TokenTensor, Trainable};
use ndarray::{ArrayD, ArrayViewMut3, ArrayViewMutD, IxDyn};
use sha2::{Digest as _, Sha256};

use super::{Network, failed};

/// Enters the fingerprint: raised when a graph changes in a way that changes a hidden state.
const GRAPH_VERSION: u32 = 1;

/// A network that does not run itself: the host takes its graph and its weights, on a device of its choice.
#[derive(Debug)]
pub struct NetworkEncoder {
    spec: EncoderSpec,
    network: Network,
    parameters: Vec<Parameter>,
    graph: Graph,
}

impl NetworkEncoder {
    /// Describes an encoder of a name and of a tokenizer's spec. `origin` says where the weights come from: a digest of
    /// their file, or a seed.
    ///
    /// # Errors
    ///
    /// [`Internal`](dlm_sdk::ErrorKind::Internal) if the graph cannot be built.
    pub fn new(name: &str, tokenizer: &str, network: Network, origin: &str) -> Result<Self> {
        let facts = network.architecture().facts();
        let graph = network.architecture().forward().and_then(|graph| graph.to_onnx()).map_err(failed)?;
        let mut hasher = Sha256::new();
        for part in [format!("{:?}", network.architecture()), origin.to_owned(), GRAPH_VERSION.to_string()] {
            hasher.update(part.len().to_le_bytes());
            hasher.update(part);
        }
        let mut spec = EncoderSpec::new(name, tokenizer, facts.vocab_size as u32, facts.hidden);
        spec.layers = facts.layers;
        spec.max_tokens = facts.max_tokens;
        spec.causal = facts.causal;
        spec.parameters = Some(network.parameters());
        spec.fingerprint = dlm_sdk::hexadecimal(&hasher.finalize());
        let parameters = network.weights().iter().map(|weight| weight.parameter.clone()).collect();
        Ok(Self { spec, network, parameters, graph: Graph::Bytes(graph.into()) })
    }

    /// Sets the ids that the host puts before and after each row.
    #[must_use]
    pub fn around(mut self, prefix: Option<u32>, suffix: Option<u32>) -> Self {
        (self.spec.prefix, self.spec.suffix) = (prefix, suffix);
        self
    }

    /// Returns the network.
    pub fn network(&self) -> &Network {
        &self.network
    }
}

impl Encoder for NetworkEncoder {
    fn spec(&self) -> &EncoderSpec {
        &self.spec
    }

    fn encode(&mut self, _tokens: TokenTensor<'_>, _hidden: ArrayViewMut3<'_, f32>) -> Result<()> {
        Err(Error::unsupported(format!("{} hands over its graph and does not run it", self.spec.name))
            .with_hint("take its graph and weights, dlm.trainable/1, and run them"))
    }

    fn trainable(&mut self) -> Option<&mut dyn Trainable> {
        Some(self)
    }
}

impl Trainable for NetworkEncoder {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn read(&mut self, index: usize, mut value: ArrayViewMutD<'_, f32>) -> Result<()> {
        let values = self.network.values(index)?;
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
        self.graph.clone()
    }
}
