//! The worker's side: loads a plugin, makes one component, and answers until the line closes.

use std::{
    io,
    os::{
        fd::AsFd as _,
        unix::{net::UnixStream, process::parent_id},
    },
    path::Path,
    process, thread,
    time::Duration,
};

use clap::Args;
use dlm_sdk::{
    Component, Coverage, Encoder, Error, ErrorKind, Graph, Predictor, Result, Sequence, Split, TokenTensor,
    TokenizerExt as _, border,
};
use ndarray::{Array2, Array3, ArrayD, ArrayView2};

use super::{
    super::{
        loader::{agrees, open_library},
        manifest::Manifest,
        services::host,
        trust::Trust,
    },
    protocol::{
        Answer, Output, Request, WireEncoder, WireItems, WireTask, WireTokenizer, WireTrainable,
        bytes_of_f32, bytes_of_u32, failed, i64_of_bytes, number_of, parameters, receive, send,
    },
};
use crate::context::{Context, Outcome};

/// How often a worker looks whether its parent is still there.
const WATCH: Duration = Duration::from_secs(1);

/// The arguments of the hidden command `dlm plugin worker`; there are none.
#[derive(Args, Clone, Copy, Debug)]
pub struct WorkerArgs {}

type Reply = (Answer, Vec<Vec<u8>>);

impl WorkerArgs {
    /// Answers requests on standard input, which is a socket, until it closes.
    ///
    /// # Errors
    ///
    /// Standard input is no socket.
    pub fn run(self, context: &Context) -> Result<Outcome> {
        let fail = |error: io::Error| {
            Error::io("standard input is no line to dlm", error).with_hint("this command is not for people")
        };
        let line = io::stdin().as_fd().try_clone_to_owned().map_err(fail)?;
        let mut stream = UnixStream::from(line);
        stream.local_addr().map_err(fail)?;
        watch_parent();
        let mut worker = Worker { context: context.clone(), component: None, predictors: Vec::new() };
        while let Ok((request, blobs)) = receive::<Request>(&mut stream) {
            let (answer, blobs) =
                worker.answer(request, &blobs).unwrap_or_else(|error| (failed(&error), Vec::new()));
            let blobs: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
            if send(&mut stream, &answer, &blobs).is_err() {
                break;
            }
        }
        Ok(Outcome::Done)
    }
}

/// Ends this process when its parent is gone, also in the middle of a call.
fn watch_parent() {
    let parent = parent_id();
    thread::spawn(move || {
        while parent_id() == parent {
            thread::sleep(WATCH);
        }
        process::exit(1);
    });
}

struct Worker {
    context: Context,
    component: Option<Component>,
    predictors: Vec<Box<dyn Predictor>>,
}

impl Worker {
    fn answer(&mut self, request: Request, blobs: &[Vec<u8>]) -> Result<Reply> {
        let blob = |place: usize| blobs.get(place).map(Vec::as_slice).unwrap_or_default();
        match request {
            Request::Create { folder, kind, id, config, digest } => {
                self.create(Path::new(&folder), kind, &id, &config, &digest)
            }
            Request::Tokenize { ends } => self.tokenize(&ends, blob(0)),
            Request::Encode { rows, columns, what } => self.encode(rows, columns, what, blob(0), blob(1)),
            Request::Read { index } => self.read(index),
            Request::Load { split } => {
                let Some(Component::Task(task)) = &self.component else { return Err(unknown()) };
                let set = task.collect(Split::ALL[split.min(2)])?;
                let (wire, bases, targets) = WireItems::of_examples(set.view().examples());
                Ok((Answer::Examples(wire), vec![bases, targets]))
            }
            Request::Fit { task, train, validation, seed } => {
                let Some(Component::Baseline(baseline)) = &self.component else { return Err(unknown()) };
                let task = task.spec()?;
                let train = train.set(blob(0), blob(1))?;
                let validation = validation.map(|wire| wire.set(blob(2), blob(3))).transpose()?;
                let (train, validation) = (train.view(), validation.as_ref().map(|set| set.view()));
                let chosen_on = validation.as_ref().map(|view| view.examples());
                self.predictors.push(baseline.fit(&task, train.examples(), chosen_on, seed)?);
                Ok((Answer::Predictor(self.predictors.len() - 1), Vec::new()))
            }
            Request::Predict { predictor, items, outputs } => {
                let predictor = self.predictors.get_mut(predictor).ok_or_else(unknown)?;
                let set = items.set(blob(0), &[])?;
                let mut scores = Array2::zeros((set.len(), outputs));
                predictor.predict(set.view().examples().items, scores.view_mut())?;
                Ok((Answer::Numbers, vec![bytes_of_f32(scores)]))
            }
        }
    }

    fn create(&mut self, folder: &Path, kind: u32, id: &str, config: &str, digest: &str) -> Result<Reply> {
        let manifest = Manifest::read(folder)?;
        let opened = open_library(folder, &manifest)?;
        // The parent asked too, but of a file that may have changed since.
        if !Trust::of_user()?.holds(&manifest.plugin.id, opened.sha256()) {
            return Err(Error::invalid(format!("plugin {} is not trusted", manifest.plugin.id)));
        }
        let foreign = opened.load()?;
        agrees(&manifest, &foreign)?;
        let listed = manifest.components.iter().find(|it| it.id == id && it.kind() as u32 + 1 == kind);
        let listed = listed.ok_or_else(unknown)?;
        let config = border::config_from_json(id, config, listed.known())?;
        let mut component =
            foreign.create(host(self.context.cancellation()), listed.kind(), id, &config, digest)?;
        let reply = describe(&mut component);
        self.component = Some(component);
        Ok(reply)
    }

    fn tokenize(&self, ends: &[usize], bases: &[u8]) -> Result<Reply> {
        let Some(Component::Tokenizer(tokenizer)) = &self.component else { return Err(unknown()) };
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let pieces: Option<Vec<Sequence<'_>>> =
            starts.zip(ends).map(|(start, &end)| bases.get(start..end).map(Sequence::new)).collect();
        let batch = tokenizer.batch(&pieces.ok_or_else(unknown)?)?;
        let lengths = batch.rows().map(|row| row.ids.len()).collect();
        let ids = bytes_of_u32(batch.rows().flat_map(|row| row.ids.iter().copied()));
        let spans =
            bytes_of_u32(batch.rows().flat_map(|row| row.spans).flat_map(|span| [span.start, span.end]));
        Ok((Answer::Tokens(lengths), vec![ids, spans]))
    }

    fn encode(
        &mut self,
        rows: usize,
        columns: usize,
        what: Output,
        ids: &[u8],
        mask: &[u8],
    ) -> Result<Reply> {
        let Some(Component::Encoder(encoder)) = &mut self.component else { return Err(unknown()) };
        let (ids, mask) = (i64_of_bytes(ids), i64_of_bytes(mask));
        let view = |numbers| ArrayView2::from_shape((rows, columns), numbers).map_err(|_| unknown());
        let tokens = TokenTensor { ids: view(&ids)?, mask: view(&mask)? };
        let spec = encoder.spec();
        let width = if matches!(what, Output::Logits) { spec.vocab_size as usize } else { spec.hidden };
        let mut out = Array3::zeros((rows, columns, width));
        match what {
            Output::Hidden => encoder.encode(tokens, out.view_mut())?,
            Output::Layer(layer) => encoder.encode_layer(tokens, layer, out.view_mut())?,
            Output::Logits => {
                encoder.language_model().ok_or_else(unknown)?.logits(tokens, out.view_mut())?;
            }
        }
        Ok((Answer::Numbers, vec![bytes_of_f32(out)]))
    }

    fn read(&mut self, index: usize) -> Result<Reply> {
        let Some(Component::Encoder(encoder)) = &mut self.component else { return Err(unknown()) };
        let trainable = encoder.trainable().ok_or_else(unknown)?;
        let shape = trainable.parameters().get(index).ok_or_else(unknown)?.shape.clone();
        let mut value = ArrayD::zeros(shape);
        trainable.read(index, value.view_mut())?;
        Ok((Answer::Numbers, vec![bytes_of_f32(value)]))
    }
}

fn unknown() -> Error {
    Error::new(ErrorKind::Internal, "a worker was asked what it cannot answer")
}

/// Says what a new component is.
fn describe(component: &mut Component) -> Reply {
    match component {
        Component::Tokenizer(tokenizer) => {
            let spec = tokenizer.spec();
            let (mut texts, mut ends) = (Vec::new(), Vec::with_capacity(spec.vocab_size as usize));
            for id in 0..spec.vocab_size {
                ends.push(tokenizer.token(id).map(|text| {
                    texts.extend_from_slice(text.as_bytes());
                    texts.len()
                }));
            }
            let special = spec.special;
            let wire = WireTokenizer {
                name: spec.name.clone(),
                fingerprint: spec.fingerprint.clone(),
                vocab_size: spec.vocab_size,
                coverage: match spec.coverage {
                    Coverage::Partition => 0,
                    Coverage::Overlap => 1,
                    Coverage::Sparse => 2,
                },
                special: [special.pad, special.unk, special.cls, special.sep, special.mask],
                ends,
            };
            (Answer::Tokenizer(wire), vec![texts])
        }
        Component::Encoder(encoder) => encoder_of(&mut **encoder),
        Component::Task(task) => (Answer::Task(WireTask::from(task.spec())), Vec::new()),
        Component::Baseline(baseline) => {
            let spec = baseline.spec();
            let (name, control, seeded) = (spec.name.clone(), number_of(spec.control), spec.seeded);
            (Answer::Baseline { name, control, seeded }, Vec::new())
        }
    }
}

fn encoder_of(encoder: &mut dyn Encoder) -> Reply {
    let mut blobs = Vec::new();
    let language_model = encoder.language_model().is_some();
    let trainable = encoder.trainable().map(|trainable| {
        let path = match trainable.forward() {
            Graph::Path(path) => Some(path.to_string_lossy().into_owned()),
            Graph::Bytes(bytes) => {
                blobs.push(bytes.to_vec());
                None
            }
        };
        WireTrainable { path, parameters: parameters(trainable.parameters()) }
    });
    let spec = encoder.spec().clone();
    let wire = WireEncoder {
        name: spec.name,
        tokenizer: spec.tokenizer,
        fingerprint: spec.fingerprint,
        vocab_size: spec.vocab_size,
        hidden: spec.hidden,
        layers: spec.layers,
        max_tokens: spec.max_tokens,
        prefix: spec.prefix,
        suffix: spec.suffix,
        causal: spec.causal,
        pooler: spec.pooler,
        parameters: spec.parameters,
        language_model,
        trainable,
    };
    (Answer::Encoder(wire), blobs)
}
