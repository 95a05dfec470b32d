//! Encoders whose graph runs on this program's own ONNX Runtime: bundles, and native plugins that hand over a graph.

use std::path::{Path, PathBuf};

use super::handed::Handed;
use dlm_runtime::{Device, ElementType, Input, Port, Runtime, Session, SessionOptions};
use dlm_sdk::{Encoder, EncoderSpec, Error, Graph, LanguageModel, Parameter, Result, TokenTensor, Trainable};
use ndarray::{Array2, ArrayD, ArrayViewMut3, ArrayViewMutD, IxDyn};

/// The names of a graph's inputs and outputs.
#[derive(Clone, Debug)]
pub(super) struct Ports {
    /// Token ids, `[batch, tokens]`.
    pub(super) ids: String,
    /// One for a token, zero for padding; some graphs take none.
    pub(super) mask: Option<String>,
    /// Token types, all zero.
    pub(super) token_types: Option<String>,
    /// Positions, from zero.
    pub(super) positions: Option<String>,
    /// Hidden states, `[batch, tokens, hidden]`.
    pub(super) hidden: String,
    /// Logits, `[batch, tokens, vocabulary]`.
    pub(super) logits: Option<String>,
}

impl Ports {
    /// The names of graphs that native plugins hand over.
    fn of_contract(session: &Session) -> Self {
        let has = |name: &str| session.outputs().iter().any(|port| port.name == name);
        Self {
            ids: "input_ids".into(),
            mask: Some("attention_mask".into()),
            token_types: None,
            positions: None,
            hidden: "hidden".into(),
            logits: has("logits").then(|| "logits".into()),
        }
    }
}

/// An encoder that is a graph.
pub(super) struct GraphEncoder {
    spec: EncoderSpec,
    session: Session,
    ports: Ports,
    /// The outputs of layers 0 to L, where the graph has them all.
    layers: Vec<String>,
    /// The graph without its weights, and the weights: what a plugin handed over, or what a file's graph is made into
    /// when somebody asks for it.
    handed: Option<Handed>,
    /// The file of a graph that holds its weights.
    file: Option<PathBuf>,
}

impl GraphEncoder {
    /// Opens a graph that holds its weights. Width and layers of the spec are taken from the graph.
    pub(super) fn from_file(path: &Path, spec: EncoderSpec, ports: Ports) -> Result<Self> {
        let runtime = Runtime::get()?;
        let session = Session::from_path(runtime, path, &SessionOptions::default().device(Device::Cpu))?;
        Self::of_session(session, spec, ports, Some(path.to_owned()))
    }

    /// Opens a graph in memory that holds its weights. It is not offered for fine-tuning.
    pub(super) fn from_bytes(bytes: &[u8], spec: EncoderSpec, ports: Ports) -> Result<Self> {
        let runtime = Runtime::get()?;
        let options = SessionOptions::default().device(Device::Cpu);
        let session = Session::from_bytes(runtime, spec.name.clone(), bytes, &options)?;
        Self::of_session(session, spec, ports, None)
    }

    fn of_session(
        session: Session,
        mut spec: EncoderSpec,
        ports: Ports,
        file: Option<PathBuf>,
    ) -> Result<Self> {
        spec.hidden = checked(&session, &ports, &[])?;
        let layers = layer_outputs(&session);
        spec.layers = if layers.is_empty() { 1 } else { layers.len() - 1 };
        Ok(Self { spec, session, ports, layers, handed: None, file })
    }

    /// Takes over the graph and the weights of an encoder that offers them.
    pub(super) fn of_trainable(encoder: &mut dyn Encoder) -> Result<Self> {
        let spec = encoder.spec().clone();
        let trainable = encoder
            .trainable()
            .ok_or_else(|| Error::internal(format!("encoder {} hands over no graph", spec.name)))?;
        let graph = trainable.forward();
        let parameters = trainable.parameters().to_vec();
        let mut values = Vec::with_capacity(parameters.len());
        for (index, parameter) in parameters.iter().enumerate() {
            let mut value = ArrayD::zeros(IxDyn(&parameter.shape));
            trainable.read(index, value.view_mut())?;
            values.push(value);
        }
        let runtime = Runtime::get()?;
        let options = SessionOptions::default().device(Device::Cpu);
        let session = match &graph {
            Graph::Path(path) => Session::from_path(runtime, path, &options)?,
            Graph::Bytes(bytes) => Session::from_bytes(runtime, spec.name.clone(), bytes, &options)?,
        };
        let ports = Ports::of_contract(&session);
        let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        let hidden = checked(&session, &ports, &names)?;
        if hidden != spec.hidden {
            return Err(Error::internal(format!(
                "encoder {}: its graph gives hidden states of {hidden}, its spec says {}",
                spec.name, spec.hidden
            )));
        }
        let mut layers = layer_outputs(&session);
        if layers.len() != spec.layers + 1 {
            layers.clear();
        }
        let handed = Some(Handed { graph, parameters, values });
        Ok(Self { spec, session, ports, layers, handed, file: None })
    }

    fn run(&mut self, tokens: TokenTensor<'_>, output: &str, mut out: ArrayViewMut3<'_, f32>) -> Result<()> {
        let spec = &self.spec;
        if tokens.ids.dim() != tokens.mask.dim() {
            return Err(Error::invalid("ids and mask are not of one shape"));
        }
        if let Some(most) = spec.max_tokens.filter(|&most| tokens.ids.ncols() > most) {
            return Err(Error::invalid(format!(
                "rows of {} tokens, {} takes {most}",
                tokens.ids.ncols(),
                spec.name
            )));
        }
        if let Some(id) = tokens.ids.iter().find(|id| !(0..i64::from(spec.vocab_size)).contains(id)) {
            return Err(Error::invalid(format!(
                "id {id}, the vocabulary of {} has {}",
                spec.name, spec.vocab_size
            )));
        }
        let zeros = Array2::<i64>::zeros(tokens.ids.raw_dim());
        let places = Array2::from_shape_fn(tokens.ids.raw_dim(), |(_, column)| column as i64);
        let (ids, mask) = (tokens.ids.to_owned(), tokens.mask.to_owned());
        let wide = [
            (Some(&self.ports.ids), &ids),
            (self.ports.mask.as_ref(), &mask),
            (self.ports.token_types.as_ref(), &zeros),
            (self.ports.positions.as_ref(), &places),
        ];
        let narrow: Vec<(&str, Array2<i32>)> = wide
            .iter()
            .filter_map(|(name, values)| Some((name.map(String::as_str)?, *values)))
            .filter(|(name, _)| element_of(self.session.inputs(), name) == Some(ElementType::I32))
            .map(|(name, values)| (name, values.mapv(|value| value as i32)))
            .collect();
        // A file's graph holds its weights, one that was handed over takes them.
        let weights = self.handed.iter().filter(|_| self.file.is_none());
        let mut inputs: Vec<(&str, Input<'_>)> = weights
            .flat_map(|handed| handed.parameters.iter().zip(&handed.values))
            .map(|(parameter, value)| (parameter.name.as_str(), Input::from(value)))
            .collect();
        for (name, values) in &wide {
            let Some(name) = name else { continue };
            match narrow.iter().find(|(narrowed, _)| narrowed == name) {
                Some((_, values)) => inputs.push((name, Input::from(values))),
                None => inputs.push((name, Input::from(*values))),
            }
        }
        let outputs = self.session.run(&inputs)?;
        let values = outputs.array::<f32>(output)?;
        if values.shape() != out.shape() {
            return Err(Error::invalid(format!(
                "{}: output {output} is {:?}, not {:?}",
                spec.name,
                values.shape(),
                out.shape()
            )));
        }
        out.assign(&values);
        for ((row, column), &real) in tokens.mask.indexed_iter() {
            let mut states = out.slice_mut(ndarray::s![row, column, ..]);
            if states.iter().all(|value| value.is_finite()) {
                continue;
            }
            if real != 0 {
                return Err(Error::internal(format!(
                    "{}: output {output} is not finite at row {row}, token {column}",
                    spec.name
                )));
            }
            states.fill(0.0);
        }
        Ok(())
    }
}

fn element_of(ports: &[Port], name: &str) -> Option<ElementType> {
    ports.iter().find(|port| port.name == name).map(|port| port.element)
}

/// Checks the graph's inputs and outputs, and returns the width of its hidden states.
fn checked(session: &Session, ports: &Ports, weights: &[&str]) -> Result<usize> {
    let wrong = |what: String| Error::unsupported(format!("the graph cannot be used: {what}"));
    let named = [Some(&ports.ids), ports.mask.as_ref(), ports.token_types.as_ref(), ports.positions.as_ref()];
    for name in named.into_iter().flatten() {
        let port = session.inputs().iter().find(|port| port.name == *name).ok_or_else(|| {
            let known: Vec<&str> = session.inputs().iter().map(|port| port.name.as_str()).collect();
            wrong(format!("it has no input {name:?}, only {}", known.join(", ")))
        })?;
        if !matches!(port.element, ElementType::I64 | ElementType::I32) || port.shape.len() != 2 {
            return Err(wrong(format!("its input {name:?} is not integers [batch, tokens]")).with_hint(
                "dlm plugin new NAME --from-huggingface FOLDER brings the masks of other exporters into that form",
            ));
        }
        if let Some(fixed) = port.shape.iter().flatten().next() {
            return Err(wrong(format!("an axis of its input {name:?} is fixed at {fixed}"))
                .with_hint("export it with dynamic axes for batch and tokens"));
        }
    }
    for port in session.inputs() {
        let name = port.name.as_str();
        let known = named.into_iter().flatten().any(|known| known == name) || weights.contains(&name);
        if !known {
            return Err(wrong(format!("it has an input {name:?} that nothing is known about")).with_hint(
                "name it in [bundle.encoder] inputs as token_types or positions, or export the model without it",
            ));
        }
    }
    for weight in weights {
        if session.inputs().iter().all(|port| port.name != *weight) {
            return Err(wrong(format!("it has no input for the parameter {weight:?}")));
        }
    }
    let output = |name: &str| {
        session.outputs().iter().find(|port| port.name == name).ok_or_else(|| {
            let known: Vec<&str> = session.outputs().iter().map(|port| port.name.as_str()).collect();
            wrong(format!("it has no output {name:?}, only {}", known.join(", ")))
        })
    };
    for name in [Some(&ports.hidden), ports.logits.as_ref()].into_iter().flatten() {
        let port = output(name)?;
        if port.shape.len() != 3 || port.element != ElementType::F32 {
            let what = if port.shape.len() == 2 { ", it may be pooled" } else { "" };
            return Err(wrong(format!("its output {name:?} is not f32 [batch, tokens, width]{what}")));
        }
    }
    output(&ports.hidden)?.shape[2]
        .filter(|&width| width > 0)
        .ok_or_else(|| wrong(format!("the width of its output {:?} is not fixed", ports.hidden)))
}

/// Returns `hidden.0` to `hidden.L`, where the graph has them.
fn layer_outputs(session: &Session) -> Vec<String> {
    let has = |name: &String| session.outputs().iter().any(|port| port.name == *name);
    (0..session.outputs().len()).map(|layer| format!("hidden.{layer}")).take_while(has).collect()
}

impl Encoder for GraphEncoder {
    fn spec(&self) -> &EncoderSpec {
        &self.spec
    }

    fn encode(&mut self, tokens: TokenTensor<'_>, hidden: ArrayViewMut3<'_, f32>) -> Result<()> {
        let output = self.ports.hidden.clone();
        self.run(tokens, &output, hidden)
    }

    fn encode_layer(
        &mut self,
        tokens: TokenTensor<'_>,
        layer: usize,
        hidden: ArrayViewMut3<'_, f32>,
    ) -> Result<()> {
        if layer == self.spec.layers && self.layers.is_empty() {
            return self.encode(tokens, hidden);
        }
        let output = self.layers.get(layer).cloned().ok_or_else(|| {
            Error::unsupported(format!("the graph of {} has no output for layer {layer}", self.spec.name))
                .with_hint("export it with outputs hidden.0 to hidden.L")
        })?;
        self.run(tokens, &output, hidden)
    }

    fn language_model(&mut self) -> Option<&mut dyn LanguageModel> {
        if self.ports.logits.is_some() { Some(self) } else { None }
    }

    fn trainable(&mut self) -> Option<&mut dyn Trainable> {
        if let (None, Some(file)) = (&self.handed, &self.file) {
            // A graph that cannot be fine-tuned is offered for encoding alone.
            self.handed = Handed::of_file(file, &self.ports, &self.layers).ok();
        }
        if self.handed.is_some() { Some(self) } else { None }
    }
}

impl LanguageModel for GraphEncoder {
    fn logits(&mut self, tokens: TokenTensor<'_>, logits: ArrayViewMut3<'_, f32>) -> Result<()> {
        let output = self.ports.logits.clone();
        self.run(tokens, &output.ok_or_else(|| Error::unsupported("the graph has no logits"))?, logits)
    }
}

impl Trainable for GraphEncoder {
    fn parameters(&self) -> &[Parameter] {
        self.handed.as_ref().map_or(&[], |handed| &handed.parameters)
    }

    fn read(&mut self, index: usize, mut value: ArrayViewMutD<'_, f32>) -> Result<()> {
        let known = self.handed.as_ref().and_then(|handed| handed.values.get(index));
        let weight = known.ok_or_else(|| Error::invalid(format!("there is no parameter {index}")))?;
        if value.shape() != weight.shape() {
            return Err(Error::invalid(format!(
                "parameter {index} is {:?}, not {:?}",
                weight.shape(),
                value.shape()
            )));
        }
        value.assign(weight);
        Ok(())
    }

    fn forward(&self) -> Graph {
        self.handed.as_ref().map_or_else(|| Graph::Bytes([].into()), |handed| handed.graph.clone())
    }
}

#[cfg(test)]
mod tests {
    use dlm_graph::{DataType, Graph as OnnxGraph};
    use ndarray::{ArrayD, IxDyn, array};

    use super::*;

    /// Hands over a graph and a table, and does not run itself.
    struct Handing(EncoderSpec, Vec<Parameter>, Graph);

    impl Handing {
        fn new() -> Self {
            let mut spec = EncoderSpec::new("handing", "char", 3, 2);
            spec.layers = 1;
            let mut graph = OnnxGraph::new("handing");
            let axes = || ["batch", "tokens"];
            let ids = graph.input("input_ids", DataType::I64, axes()).unwrap();
            let mask = graph.input("attention_mask", DataType::I64, axes()).unwrap();
            let table = graph.parameter("table", [3, 2]).unwrap();
            let words = graph.gather(table, ids, 0).unwrap();
            let mask = graph.cast(mask, DataType::F32).unwrap();
            let mask = graph.unsqueeze(mask, &[2]).unwrap();
            let last = graph.mul(words, mask).unwrap();
            let last = graph.add(words, last).unwrap();
            let turned = graph.transpose(table, &[1, 0]).unwrap();
            let logits = graph.matmul(last, turned).unwrap();
            for (name, var) in [("hidden", last), ("hidden.0", words), ("hidden.1", last), ("logits", logits)]
            {
                let var = graph.identity(var).unwrap();
                graph.output(name, var).unwrap();
            }
            let table = Parameter { name: "table".into(), shape: vec![3, 2], group: 0, decay: true };
            Self(spec, vec![table], Graph::Bytes(graph.to_onnx().unwrap().into()))
        }
    }

    impl Encoder for Handing {
        fn spec(&self) -> &EncoderSpec {
            &self.0
        }
        fn encode(&mut self, _tokens: TokenTensor<'_>, _hidden: ArrayViewMut3<'_, f32>) -> Result<()> {
            Err(Error::unsupported("the host runs the graph"))
        }
        fn trainable(&mut self) -> Option<&mut dyn Trainable> {
            Some(self)
        }
    }

    impl Trainable for Handing {
        fn parameters(&self) -> &[Parameter] {
            &self.1
        }
        fn read(&mut self, _index: usize, mut value: ArrayViewMutD<'_, f32>) -> Result<()> {
            value.assign(
                &ArrayD::from_shape_vec(IxDyn(&[3, 2]), vec![1.0, 2.0, 3.0, 5.0, 7.0, 11.0]).unwrap(),
            );
            Ok(())
        }
        fn forward(&self) -> Graph {
            self.2.clone()
        }
    }

    /// Every layer, the last as encoding gives it, and logits come from the graph alone, also after its way through the
    /// border's tables.
    #[test]
    fn a_graph_alone_gives_every_layer_and_logits() {
        if let Err(error) = Runtime::get() {
            println!("skipped: {error}");
            return;
        }
        let through = dlm_sdk::border::round_trip(dlm_sdk::Component::Encoder(Box::new(Handing::new())));
        let Ok(dlm_sdk::Component::Encoder(foreign)) = through else { panic!("{through:?}") };
        for mut handing in [Box::new(Handing::new()) as Box<dyn Encoder>, foreign] {
            let mut encoder = GraphEncoder::of_trainable(&mut *handing).unwrap();
            let (ids, mask) = (array![[2_i64, 0, 1]], array![[1_i64, 1, 0]]);
            let tokens = TokenTensor { ids: ids.view(), mask: mask.view() };
            let mut states = ndarray::Array3::zeros((1, 3, 2));
            encoder.encode_layer(tokens, 0, states.view_mut()).unwrap();
            assert_eq!(states, array![[[7.0, 11.0], [1.0, 2.0], [3.0, 5.0]]]);
            for layer in [Some(1), None] {
                states.fill(0.0);
                match layer {
                    Some(layer) => encoder.encode_layer(tokens, layer, states.view_mut()).unwrap(),
                    None => encoder.encode(tokens, states.view_mut()).unwrap(),
                }
                assert_eq!(states, array![[[14.0, 22.0], [2.0, 4.0], [3.0, 5.0]]]);
            }
            let mut logits = ndarray::Array3::zeros((1, 3, 3));
            encoder.language_model().unwrap().logits(tokens, logits.view_mut()).unwrap();
            assert_eq!(logits.slice(ndarray::s![0, 2, ..]).to_vec(), [13.0, 34.0, 76.0]);
            assert!(encoder.encode_layer(tokens, 2, states.view_mut()).is_err());
        }
    }
}
