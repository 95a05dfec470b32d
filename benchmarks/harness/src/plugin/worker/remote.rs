//! Components that live in a worker.

use std::{path::Path, sync::Arc};

use dlm_sdk::{
    Baseline, BaselineSpec, Component, Config, Coverage, Encoder, EncoderSpec, Error, ExampleSink, Examples,
    Graph, Items, Kind, LanguageModel, Parameter, Predictor, Result, Sequence, Span, SpecialTokens, Split,
    Task, TaskSpec, TokenId, TokenSink, TokenTensor, Tokenizer, TokenizerSpec, Trainable, border,
};
use ndarray::{ArrayView2, ArrayView3, ArrayViewD, ArrayViewMut2, ArrayViewMut3, ArrayViewMutD};

use super::{
    link::Link,
    protocol::{
        Answer, Output, Request, WireEncoder, WireItems, WireTask, WireTokenizer, bytes_of_i64, control_of,
        f32_of_bytes, pack, u32_of_bytes,
    },
};

/// Makes a component in a worker, and what stands for it here.
pub(super) fn create(
    link: Link,
    folder: &Path,
    kind: Kind,
    id: &str,
    config: &Config,
    digest: &str,
) -> Result<Component> {
    let folder = folder.to_str().ok_or_else(|| {
        Error::invalid(format!("{}: the path of a plugin's folder must be UTF-8", folder.display()))
    })?;
    let request = Request::Create {
        folder: folder.to_owned(),
        kind: kind as u32 + 1,
        id: id.to_owned(),
        config: border::config_to_json(config),
        digest: digest.to_owned(),
    };
    let (answer, blobs) = link.ask("making it", &request, &[])?;
    let link = Arc::new(link);
    Ok(match answer {
        Answer::Tokenizer(wire) => Component::Tokenizer(Box::new(RemoteTokenizer::new(
            link,
            wire,
            blobs.first().map(Vec::as_slice),
        )?)),
        Answer::Encoder(wire) => Component::Encoder(Box::new(RemoteEncoder::new(link, wire, blobs))),
        Answer::Task(wire) => Component::Task(Box::new(RemoteTask { link, spec: wire.spec()? })),
        Answer::Baseline { name, control, seeded } => {
            let mut spec = BaselineSpec::new(name, control_of(control));
            spec.seeded = seeded;
            Component::Baseline(Box::new(RemoteBaseline { link, spec }))
        }
        _ => return Err(odd()),
    })
}

fn odd() -> Error {
    Error::internal("a worker's answer does not fit the request")
}

struct RemoteTokenizer {
    link: Arc<Link>,
    spec: TokenizerSpec,
    texts: Vec<Option<String>>,
}

impl RemoteTokenizer {
    fn new(link: Arc<Link>, wire: WireTokenizer, texts: Option<&[u8]>) -> Result<Self> {
        let mut spec = TokenizerSpec::new(wire.name, wire.vocab_size);
        spec.fingerprint = wire.fingerprint;
        spec.coverage = match wire.coverage {
            0 => Coverage::Partition,
            1 => Coverage::Overlap,
            _ => Coverage::Sparse,
        };
        let [pad, unk, cls, sep, mask] = wire.special;
        spec.special = SpecialTokens { pad, unk, cls, sep, mask };
        let text = texts.unwrap_or_default();
        let mut start = 0;
        let mut texts = Vec::with_capacity(wire.ends.len());
        for end in wire.ends {
            texts.push(match end {
                None => None,
                Some(end) => {
                    let bytes = text.get(start..end).ok_or_else(odd)?;
                    start = end;
                    Some(std::str::from_utf8(bytes).map_err(|_| odd())?.to_owned())
                }
            });
        }
        Ok(Self { link, spec, texts })
    }
}

impl Tokenizer for RemoteTokenizer {
    fn spec(&self) -> &TokenizerSpec {
        &self.spec
    }

    fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
        let (ends, bases) = pack(sequences);
        let (answer, blobs) = self.link.ask("tokenize", &Request::Tokenize { ends }, &[&bases])?;
        let (Answer::Tokens(lengths), [ids, spans]) = (answer, blobs.as_slice()) else { return Err(odd()) };
        let ids = u32_of_bytes(ids);
        let spans: Vec<Span> =
            u32_of_bytes(spans).chunks_exact(2).map(|pair| Span { start: pair[0], end: pair[1] }).collect();
        if lengths.len() != sequences.len() || spans.len() != ids.len() {
            return Err(odd());
        }
        let mut start = 0;
        for length in lengths {
            let end = start + length;
            let (ids, spans) = (ids.get(start..end), spans.get(start..end));
            let (Some(ids), Some(spans)) = (ids, spans) else { return Err(odd()) };
            if sink.emit(ids, spans).is_break() {
                return Err(Error::cancelled());
            }
            start = end;
        }
        Ok(())
    }

    fn token(&self, id: TokenId) -> Option<&str> {
        self.texts.get(id as usize)?.as_deref()
    }
}

struct RemoteEncoder {
    link: Arc<Link>,
    spec: EncoderSpec,
    language_model: bool,
    graph: Option<Graph>,
    parameters: Vec<Parameter>,
}

impl RemoteEncoder {
    fn new(link: Arc<Link>, wire: WireEncoder, blobs: Vec<Vec<u8>>) -> Self {
        let mut spec = EncoderSpec::new(wire.name, wire.tokenizer, wire.vocab_size, wire.hidden);
        spec.layers = wire.layers;
        spec.max_tokens = wire.max_tokens;
        spec.prefix = wire.prefix;
        spec.suffix = wire.suffix;
        spec.causal = wire.causal;
        spec.pooler = wire.pooler;
        spec.parameters = wire.parameters;
        spec.fingerprint = wire.fingerprint;
        let (mut graph, mut parameters) = (None, Vec::new());
        if let Some(trainable) = wire.trainable {
            graph = Some(match trainable.path {
                Some(path) => Graph::Path(path.into()),
                None => Graph::Bytes(blobs.into_iter().next().unwrap_or_default().into()),
            });
            let parameter = |(name, shape, group, decay)| Parameter { name, shape, group, decay };
            parameters = trainable.parameters.into_iter().map(parameter).collect();
        }
        Self { link, spec, language_model: wire.language_model, graph, parameters }
    }

    fn ask(
        &self,
        tokens: TokenTensor<'_>,
        what: Output,
        name: &str,
        mut out: ArrayViewMut3<'_, f32>,
    ) -> Result<()> {
        let (rows, columns) = tokens.ids.dim();
        if tokens.mask.dim() != (rows, columns) {
            return Err(Error::invalid(format!(
                "ids are {:?}, the mask {:?}",
                (rows, columns),
                tokens.mask.dim()
            )));
        }
        let (ids, mask) =
            (bytes_of_i64(tokens.ids.iter().copied()), bytes_of_i64(tokens.mask.iter().copied()));
        let request = Request::Encode { rows, columns, what };
        let (answer, blobs) = self.link.ask(name, &request, &[&ids, &mask])?;
        let (Answer::Numbers, [numbers]) = (answer, blobs.as_slice()) else { return Err(odd()) };
        let numbers = f32_of_bytes(numbers);
        let view = ArrayView3::from_shape(out.raw_dim(), &numbers).map_err(|_| {
            Error::invalid(format!("the output is {:?}, the encoder gives another shape", out.dim()))
        })?;
        out.assign(&view);
        Ok(())
    }
}

impl Encoder for RemoteEncoder {
    fn spec(&self) -> &EncoderSpec {
        &self.spec
    }

    fn encode(&mut self, tokens: TokenTensor<'_>, hidden: ArrayViewMut3<'_, f32>) -> Result<()> {
        self.ask(tokens, Output::Hidden, "encode", hidden)
    }

    fn encode_layer(
        &mut self,
        tokens: TokenTensor<'_>,
        layer: usize,
        hidden: ArrayViewMut3<'_, f32>,
    ) -> Result<()> {
        self.ask(tokens, Output::Layer(layer), "encode layer", hidden)
    }

    fn language_model(&mut self) -> Option<&mut dyn LanguageModel> {
        if self.language_model { Some(self) } else { None }
    }

    fn trainable(&mut self) -> Option<&mut dyn Trainable> {
        if self.graph.is_some() { Some(self) } else { None }
    }
}

impl LanguageModel for RemoteEncoder {
    fn logits(&mut self, tokens: TokenTensor<'_>, logits: ArrayViewMut3<'_, f32>) -> Result<()> {
        self.ask(tokens, Output::Logits, "logits", logits)
    }
}

impl Trainable for RemoteEncoder {
    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn read(&mut self, index: usize, mut value: ArrayViewMutD<'_, f32>) -> Result<()> {
        let (answer, blobs) = self.link.ask("read", &Request::Read { index }, &[])?;
        let (Answer::Numbers, [numbers]) = (answer, blobs.as_slice()) else { return Err(odd()) };
        let numbers = f32_of_bytes(numbers);
        let read = ArrayViewD::from_shape(value.raw_dim(), &numbers).map_err(|_| odd())?;
        value.assign(&read);
        Ok(())
    }

    fn forward(&self) -> Graph {
        self.graph.clone().unwrap_or_else(|| Graph::Bytes([].into()))
    }
}

struct RemoteTask {
    link: Arc<Link>,
    spec: TaskSpec,
}

impl Task for RemoteTask {
    fn spec(&self) -> &TaskSpec {
        &self.spec
    }

    fn load(&self, split: Split, sink: &mut dyn ExampleSink) -> Result<()> {
        let (answer, blobs) = self.link.ask("load", &Request::Load { split: split as usize }, &[])?;
        let (Answer::Examples(wire), [bases, targets]) = (answer, blobs.as_slice()) else {
            return Err(odd());
        };
        let set = wire.set(bases, targets)?;
        if sink.push(set.view().examples()).is_break() { Err(Error::cancelled()) } else { Ok(()) }
    }
}

struct RemoteBaseline {
    link: Arc<Link>,
    spec: BaselineSpec,
}

impl Baseline for RemoteBaseline {
    fn spec(&self) -> &BaselineSpec {
        &self.spec
    }

    fn fit(
        &self,
        task: &TaskSpec,
        train: Examples<'_>,
        validation: Option<Examples<'_>>,
        seed: u64,
    ) -> Result<Box<dyn Predictor>> {
        let (train, bases, targets) = WireItems::of_examples(train);
        let (mut chosen_on, mut rest) = (None, [Vec::new(), Vec::new()]);
        if let Some(examples) = validation {
            let (wire, bases, targets) = WireItems::of_examples(examples);
            (chosen_on, rest) = (Some(Box::new(wire)), [bases, targets]);
        }
        let request = Request::Fit {
            task: Box::new(WireTask::from(task)),
            train: Box::new(train),
            validation: chosen_on,
            seed,
        };
        let blobs: [&[u8]; 4] = [&bases, &targets, &rest[0], &rest[1]];
        let (answer, _) = self.link.ask("fit", &request, &blobs)?;
        let Answer::Predictor(number) = answer else { return Err(odd()) };
        Ok(Box::new(RemotePredictor { link: Arc::clone(&self.link), number, outputs: task.target.outputs() }))
    }
}

struct RemotePredictor {
    link: Arc<Link>,
    number: usize,
    outputs: usize,
}

impl Predictor for RemotePredictor {
    fn predict(&mut self, items: Items<'_>, mut scores: ArrayViewMut2<'_, f32>) -> Result<()> {
        let (items, bases) = WireItems::of_items(items);
        let request =
            Request::Predict { predictor: self.number, items: Box::new(items), outputs: self.outputs };
        let (answer, blobs) = self.link.ask("predict", &request, &[&bases])?;
        let (Answer::Numbers, [numbers]) = (answer, blobs.as_slice()) else { return Err(odd()) };
        let numbers = f32_of_bytes(numbers);
        let answered = ArrayView2::from_shape(scores.raw_dim(), &numbers).map_err(|_| odd())?;
        scores.assign(&answered);
        Ok(())
    }
}
