//! A model taken apart: its answer as one number, the derivative of that number by what each token looks up, and its
//! attention.
//!
//! The graph of a pretrained or fine-tuned model is extended by one number a row, the *answer*: of a masked language model
//! the summed log-probability of tokens at chosen places, of a fine-tuned one a weighted sum of its scores. For gradients
//! the rows of the embedding table that the tokens look up become an input of the graph.

use std::{collections::BTreeMap, path::Path};

use dlm_graph::{DataType, Dim, ErrorKind, Graph, Tensor, Var};
use dlm_nn::weights::Checkpoint;
use dlm_runtime::{Device, Runtime, Session, SessionOptions};
use dlm_sdk::{Encoder, Error, Parameter, Result, SpecialTokens, TokenId};
use dlm_train::finetune::Frame;
use ndarray::{Array1, Array2, Array3, ArrayViewMutD, Axis, Ix3, Ix4, IxDyn, s};
use serde::{Deserialize, de::IgnoredAny};

use super::feed::{CHOSEN, CHOSEN_IDS, EMBEDDED, Feeds, IDS, run};

const SCORES: &str = "scores";
const ANSWERS: &str = "answers";
const GRADIENT: &str = "gradient";
/// Rows that are run together.
pub(super) const ROWS: usize = 8;

/// What a model answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Tokens at hidden places.
    Tokens,
    /// Scores of classes, of labels, or a value.
    Scores(usize),
}

/// What of the answer is looked at.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Chosen {
    /// The log-probabilities of tokens at places among the row's tokens, summed.
    Tokens(Vec<(usize, TokenId)>),
    /// Scores, weighed and summed.
    Scores(Vec<f32>),
}

/// A row of tokens, special ones left out, and what is asked of it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) ids: Vec<TokenId>,
    pub(super) chosen: Chosen,
}

/// A model taken apart.
#[derive(Debug)]
pub(super) struct Network {
    graph: Graph,
    /// The name of the rows that tokens look up, and the table they look in, `[vocabulary, width]`.
    lookup: String,
    table: Array2<f32>,
    attention: Vec<String>,
    pub(super) frame: Frame,
    pub(super) special: SpecialTokens,
    pub(super) kind: Kind,
    /// Whether scores are those of classes, of which one holds.
    pub(super) classes: bool,
    device: Device,
    sessions: BTreeMap<(&'static str, usize), Session>,
}

/// What is read of `finetuned.json`.
#[derive(Deserialize)]
struct Description {
    answers: Answers,
    frame: Frame,
    parameters: Vec<Named>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Answers {
    Classes(usize),
    Labels(usize),
    Values,
    Tokens(IgnoredAny),
}

#[derive(Deserialize)]
struct Named {
    name: String,
    shape: Vec<usize>,
}

fn failed(error: dlm_graph::Error) -> Error {
    match error.kind() {
        ErrorKind::MissingRules(_) => {
            Error::unsupported("the model's graph cannot be differentiated").with_source(error)
        }
        _ => Error::internal("the model's graph cannot be taken apart").with_source(error),
    }
}

impl Network {
    /// Takes a pretrained masked language model apart.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) where it hands over no graph with logits.
    pub(super) fn pretrained(
        encoder: &mut dyn Encoder,
        special: SpecialTokens,
        device: Device,
    ) -> Result<Self> {
        let spec = encoder.spec().clone();
        let trainable = encoder.trainable().ok_or_else(|| {
            Error::unsupported(format!("{} hands over no graph to be looked into", spec.name))
        })?;
        let graph = match trainable.forward() {
            dlm_sdk::Graph::Path(path) => Graph::read(&path),
            dlm_sdk::Graph::Bytes(bytes) => Graph::from_onnx(&bytes, None),
        };
        let graph = graph.map_err(failed)?;
        if spec.causal || graph.find("logits").is_err() {
            return Err(Error::unsupported(format!("{} guesses no hidden tokens", spec.name))
                .with_hint("look into a masked language model, or into a model that dlm finetune wrote"));
        }
        let parameters = trainable.parameters().to_vec();
        let mut values = Vec::with_capacity(parameters.len());
        for (index, parameter) in parameters.iter().enumerate() {
            let mut value = vec![0.0; parameter.shape.iter().product()];
            let view = ArrayViewMutD::from_shape(IxDyn(&parameter.shape), &mut value)
                .map_err(|error| Error::internal("a weight has no shape").with_source(error))?;
            trainable.read(index, view)?;
            values.push(value);
        }
        let pad = special.pad.unwrap_or(0);
        let frame = Frame { prefix: spec.prefix, suffix: spec.suffix, pad, most: spec.max_tokens };
        Self::new(graph, &parameters, &values, Kind::Tokens, frame, special, device)
    }

    /// Takes a model apart that `dlm finetune` wrote.
    ///
    /// # Errors
    ///
    /// A file is missing or damaged; [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) for one that answers each token.
    pub(super) fn finetuned(folder: &Path, special: SpecialTokens, device: Device) -> Result<Self> {
        let path = folder.join("finetuned.json");
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Error::io(format!("{}: cannot be read", path.display()), error))?;
        let description: Description = serde_json::from_str(&text)
            .map_err(|error| Error::invalid(format!("{}: {error}", path.display())))?;
        let classes = matches!(description.answers, Answers::Classes(_));
        let kind = match description.answers {
            Answers::Classes(n) | Answers::Labels(n) => Kind::Scores(n),
            Answers::Values => Kind::Scores(1),
            Answers::Tokens(_) => {
                return Err(Error::unsupported(
                    "a model that answers each token has no one answer to explain",
                ));
            }
        };
        let path = folder.join("graph.onnx");
        let graph = Graph::read(&path)
            .map_err(|error| Error::invalid(format!("{}: is no graph", path.display())).with_source(error))?;
        let checkpoint = Checkpoint::open(folder.join("weights.safetensors"))?;
        let (mut parameters, mut values) = (Vec::new(), Vec::new());
        for Named { name, shape } in description.parameters {
            let mut value = vec![0.0; shape.iter().product()];
            checkpoint.read(&name, &mut value)?;
            parameters.push(Parameter { name, shape, group: 0, decay: false });
            values.push(value);
        }
        Ok(Self {
            classes,
            ..Self::new(graph, &parameters, &values, kind, description.frame, special, device)?
        })
    }

    fn new(
        mut graph: Graph,
        parameters: &[Parameter],
        values: &[Vec<f32>],
        kind: Kind,
        frame: Frame,
        special: SpecialTokens,
        device: Device,
    ) -> Result<Self> {
        graph.remove_dropout().map_err(failed)?;
        let ids = graph.find(IDS).map_err(failed)?;
        let named = |graph: &Graph, var: Option<Var>| {
            let name = graph.name_of(var?).ok()?;
            parameters.iter().position(|parameter| parameter.name == name)
        };
        let found = graph.nodes().iter().find_map(|node| {
            let table = named(&graph, node.input(0)).filter(|_| node.operator() == "Gather")?;
            (node.input(1) == Some(ids)).then_some((table, node.output(0)?))
        });
        let (table, lookup) = found.ok_or_else(|| {
            Error::unsupported("the model's graph has no table that tokens look their embeddings up in")
        })?;
        let table = Array2::from_shape_vec(
            (parameters[table].shape[0], parameters[table].shape[1]),
            values[table].clone(),
        )
        .map_err(|error| Error::internal("the table of embeddings is no matrix").with_source(error))?;
        let lookup = graph.name_of(lookup).map_err(failed)?.to_owned();
        for (parameter, values) in parameters.iter().zip(values) {
            let var = graph.find(&parameter.name).map_err(failed)?;
            let tensor = Tensor::f32(parameter.shape.clone(), values).map_err(failed)?;
            graph.set_constant(var, tensor).map_err(failed)?;
        }
        let attention = graph
            .nodes()
            .iter()
            .filter(|node| node.operator() == "Softmax")
            .filter_map(|node| node.output(0))
            .filter(|&var| graph.rank(var).is_ok_and(|rank| rank == 4))
            .map(|var| Ok(graph.name_of(var).map_err(failed)?.to_owned()))
            .collect::<Result<Vec<_>>>()?;
        answer(&mut graph, ids, kind).map_err(failed)?;
        let sessions = BTreeMap::new();
        Ok(Self { graph, lookup, table, attention, frame, special, kind, classes: false, device, sessions })
    }

    /// Returns how many tokens a row may have, special ones left out; `None`: any number.
    pub(super) fn most(&self) -> Option<usize> {
        let around = usize::from(self.frame.prefix.is_some()) + usize::from(self.frame.suffix.is_some());
        self.frame.most.map(|most| most.saturating_sub(around))
    }

    /// Returns the id that hides a token.
    ///
    /// # Errors
    ///
    /// The tokenizer has none.
    pub(super) fn mask_id(&self) -> Result<TokenId> {
        self.special.mask.ok_or_else(|| Error::unsupported("the tokenizer has no token that hides others"))
    }

    /// Returns the number of special tokens before a row.
    pub(super) fn before(&self) -> usize {
        usize::from(self.frame.prefix.is_some())
    }

    /// Returns a row with its special tokens.
    pub(super) fn framed(&self, ids: &[TokenId]) -> Vec<TokenId> {
        self.frame.prefix.iter().chain(ids).chain(&self.frame.suffix).copied().collect()
    }

    /// Returns what tokens look up, `[tokens, width]`.
    pub(super) fn embedded(&self, ids: &[TokenId]) -> Array2<f32> {
        self.table.select(Axis(0), &ids.iter().map(|&id| id as usize).collect::<Vec<_>>())
    }

    /// Returns the width of an embedding.
    pub(super) fn width(&self) -> usize {
        self.table.ncols()
    }

    /// Returns the answers to some rows.
    ///
    /// # Errors
    ///
    /// The graph cannot be run.
    pub(super) fn answers(&mut self, asked: &[Asked]) -> Result<Vec<f64>> {
        let mut answers = Vec::with_capacity(asked.len());
        for part in asked.chunks(ROWS) {
            let longest = part.iter().map(|row| self.framed(&row.ids).len()).max().unwrap_or(0);
            let feeds = self.feeds(part, longest);
            let session = self.session("answers", 0)?;
            let outputs = run(session, &feeds, None)?;
            answers.extend(outputs.array::<f32>(ANSWERS)?.iter().map(|&value| f64::from(value)));
        }
        Ok(answers)
    }

    /// Returns the scores of some rows of a fine-tuned model, `[rows, outputs]`.
    ///
    /// # Errors
    ///
    /// The graph cannot be run, or it gives tokens.
    pub(super) fn scores(&mut self, rows: &[Vec<TokenId>]) -> Result<Array2<f32>> {
        let Kind::Scores(outputs) = self.kind else {
            return Err(Error::internal("a masked language model has no scores of a whole row"));
        };
        let one = |ids: &Vec<TokenId>, output: usize| {
            let mut weights = vec![0.0; outputs];
            weights[output] = 1.0;
            Asked { ids: ids.clone(), chosen: Chosen::Scores(weights) }
        };
        let asked: Vec<Asked> =
            rows.iter().flat_map(|ids| (0..outputs).map(move |output| one(ids, output))).collect();
        let answers = self.answers(&asked)?.into_iter().map(|answer| answer as f32).collect();
        let scores = Array2::from_shape_vec((rows.len(), outputs), answers)
            .map_err(|error| Error::internal("scores are no matrix").with_source(error))?;
        Ok(scores)
    }

    /// Returns, for points that take the place of what a row looks up, the answer there and its derivative by them, both
    /// `[tokens, width]` with the special tokens.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) where the graph has an operator without a rule; it cannot be run.
    pub(super) fn gradients(
        &mut self,
        asked: &Asked,
        points: &[Array2<f32>],
    ) -> Result<Vec<(f64, Array2<f32>)>> {
        let length = self.framed(&asked.ids).len();
        // Few lengths, so that few graphs are compiled.
        let columns = length.next_multiple_of(32).min(self.frame.most.unwrap_or(usize::MAX)).max(length);
        let mut found = Vec::with_capacity(points.len());
        for part in points.chunks(ROWS) {
            let rows = vec![asked.clone(); ROWS];
            let feeds = self.feeds(&rows, columns);
            let mut embedded = Array3::<f32>::zeros((ROWS, columns, self.width()));
            for (mut row, point) in embedded.axis_iter_mut(Axis(0)).zip(part) {
                row.slice_mut(s![..length, ..]).assign(point);
            }
            let session = self.session(GRADIENT, columns)?;
            let outputs = run(session, &feeds, Some(&embedded))?;
            let answers = outputs.array::<f32>(ANSWERS)?;
            let gradients = outputs
                .array::<f32>(GRADIENT)?
                .into_dimensionality::<Ix3>()
                .map_err(|error| Error::internal("a gradient has another shape").with_source(error))?;
            for (row, answer) in answers.iter().enumerate().take(part.len()) {
                found.push((f64::from(*answer), gradients.slice(s![row, ..length, ..]).to_owned()));
            }
        }
        Ok(found)
    }

    /// Returns the attention of each layer to a row, `[heads, tokens, tokens]` with the special tokens: of each token, the
    /// shares that it takes from all others.
    ///
    /// # Errors
    ///
    /// The graph cannot be run.
    pub(super) fn attention(&mut self, asked: &Asked) -> Result<Vec<Array3<f32>>> {
        let length = self.framed(&asked.ids).len();
        let feeds = self.feeds(std::slice::from_ref(asked), length);
        let names = self.attention.clone();
        let session = self.session("attention", 0)?;
        let outputs = run(session, &feeds, None)?;
        names
            .iter()
            .map(|name| {
                let values = outputs.array::<f32>(name)?.into_dimensionality::<Ix4>();
                let values = values
                    .map_err(|error| Error::internal("attention has another shape").with_source(error))?;
                Ok(values.index_axis(Axis(0), 0).to_owned())
            })
            .collect()
    }

    /// Makes what the graph takes, but for the embeddings.
    fn feeds(&self, rows: &[Asked], columns: usize) -> Feeds {
        let shape = (rows.len(), columns);
        let mut feeds = Feeds {
            ids: Array2::from_elem(shape, i64::from(self.frame.pad)),
            mask: Array2::zeros(shape),
            pool: Array2::zeros(shape),
            chosen: match self.kind {
                Kind::Tokens => Array2::zeros(shape),
                Kind::Scores(outputs) => Array2::zeros((rows.len(), outputs)),
            },
            chosen_ids: Array2::zeros(shape),
        };
        let before = self.before();
        for (row, asked) in rows.iter().enumerate() {
            for (column, id) in self.framed(&asked.ids).into_iter().enumerate() {
                feeds.ids[[row, column]] = i64::from(id);
                feeds.mask[[row, column]] = 1;
            }
            let weight = 1.0 / asked.ids.len().max(1) as f32;
            feeds.pool.slice_mut(s![row, before..before + asked.ids.len()]).fill(weight);
            match &asked.chosen {
                Chosen::Tokens(places) => {
                    for &(place, id) in places {
                        feeds.chosen[[row, before + place]] = 1.0;
                        feeds.chosen_ids[[row, before + place]] = i64::from(id);
                    }
                }
                Chosen::Scores(weights) => feeds.chosen.row_mut(row).assign(&Array1::from(weights.clone())),
            }
        }
        feeds
    }

    fn session(&mut self, what: &'static str, columns: usize) -> Result<&mut Session> {
        let key = (what, columns);
        if !self.sessions.contains_key(&key) {
            let graph = match what {
                GRADIENT => self.differentiated(columns).map_err(failed)?,
                "attention" => self.giving(&self.attention).map_err(failed)?,
                _ => self.giving(&[ANSWERS.to_owned()]).map_err(failed)?,
            };
            let bytes = graph.to_onnx().map_err(failed)?;
            let runtime = Runtime::get_for(self.device)?;
            let options = SessionOptions::default().device(self.device);
            self.sessions.insert(key, Session::from_bytes(runtime, graph.name(), &bytes, &options)?);
        }
        self.sessions.get_mut(&key).ok_or_else(|| Error::internal("a session is gone"))
    }

    fn giving(&self, names: &[String]) -> dlm_graph::Result<Graph> {
        let mut graph = self.graph.clone();
        graph.clear_outputs();
        for name in names {
            let var = graph.find(name)?;
            graph.output(name, var)?;
        }
        graph.prune()?;
        Ok(graph)
    }

    /// Builds the graph of answers and their derivatives by what tokens look up.
    fn differentiated(&self, columns: usize) -> dlm_graph::Result<Graph> {
        let ids = self.graph.find(IDS)?;
        let symbols = self.graph.shape(ids)?.iter().zip([ROWS, columns]);
        let sizes: Vec<(String, usize)> = symbols
            .filter_map(|(dim, size)| match dim {
                Dim::Fixed(_) => None,
                Dim::Symbol(name) => Some((name.to_string(), size)),
            })
            .collect();
        let sizes: Vec<(&str, usize)> = sizes.iter().map(|(name, size)| (name.as_str(), *size)).collect();
        let mut graph = self.giving(&[ANSWERS.to_owned()])?.bind(&sizes)?;
        let embedded = graph.input(EMBEDDED, DataType::F32, [ROWS, columns, self.width()])?;
        let looked_up = graph.find(&self.lookup)?;
        graph.replace_uses(looked_up, embedded)?;
        graph.prune()?;
        let answers = graph.find(ANSWERS)?;
        // Rows do not see each other, so the derivative of the sum is that of each.
        let sum = graph.reduce_sum(answers, &[0], false)?;
        let gradient = graph.gradients(sum, &[embedded])?[0];
        graph.output(GRADIENT, gradient)?;
        graph.arrange()?;
        Ok(graph)
    }
}

/// Adds the answer to a graph: one number a row.
fn answer(g: &mut Graph, ids: Var, kind: Kind) -> dlm_graph::Result<()> {
    let dims: Vec<Dim> = g.shape(ids)?.iter().cloned().collect();
    let weighed = match kind {
        Kind::Tokens => {
            let logits = g.find("logits")?;
            let chosen = g.input(CHOSEN, DataType::F32, dims.clone())?;
            let chosen_ids = g.input(CHOSEN_IDS, DataType::I64, dims)?;
            let shares = g.log_softmax(logits, -1)?;
            let places = g.unsqueeze(chosen_ids, &[2])?;
            let own = g.gather_elements(shares, places, 2)?;
            let own = g.squeeze(own, &[2])?;
            g.mul(own, chosen)?
        }
        Kind::Scores(outputs) => {
            let scores = g.find(SCORES)?;
            let chosen = g.input(CHOSEN, DataType::F32, [dims[0].clone(), Dim::Fixed(outputs)])?;
            g.mul(scores, chosen)?
        }
    };
    let answers = g.reduce_sum(weighed, &[1], false)?;
    g.output(ANSWERS, answers)?;
    Ok(())
}
