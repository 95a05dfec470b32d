//! Rules of graphs that are handed over to be trained: their gradients, and whether they learn.

use std::collections::BTreeMap;

use dlm_graph::{DataType, Dim, Graph, Tensor, Var};
use dlm_runtime::{Input, Runtime, Session, SessionOptions};
use dlm_sdk::{Encoder, Error, Parameter, Result, conformance::Outcome, random::Stream};
use dlm_train::finetune::{self, FinetuneOptions, Frame, Labelled, Pool, Source, Targets, Tokens};
use ndarray::{Array2, ArrayD, IxDyn};

use super::{Checked, ensure, outcome, told};

/// Directions that are looked at in each group of weights.
const DIRECTIONS: usize = 5;
/// How far a gradient may lie from the difference.
const SHARE: f64 = 0.02;
/// Steps of differences, as shares of a group's size: what is lost to curvature in one is lost to rounding in another.
const STEPS: [f64; 3] = [1e-2, 1e-3, 1e-1];
/// The size of the batch that gradients are taken on.
const ROWS: usize = 2;
const COLUMNS: usize = 6;
/// The training that must lower the loss.
const EXAMPLES: usize = 16;
const TRAINED: u64 = 30;
const SEED: u64 = 1;

/// Runs a check.
pub(super) fn check(id: &str, encoder: &mut dyn Encoder) -> Outcome {
    let checked = match id {
        "G3" => gradients(encoder),
        _ => learns(encoder),
    };
    outcome(checked)
}

/// Fails where an operator between the weights and the hidden states has no gradient rule.
pub(super) fn rules(encoder: &mut dyn Encoder) -> Checked {
    let taken = Taken::new(encoder).map_err(|error| told(&error))?;
    let missing = taken.graph.missing_rules(taken.loss, &taken.vars).map_err(|error| error.to_string())?;
    match missing.first() {
        Some(first) => {
            Err(format!("operator {} of node {:?} has no gradient rule", first.operator, first.node))
        }
        None => Ok(()),
    }
}

/// A graph with a loss, and its weights.
struct Taken {
    graph: Graph,
    loss: Var,
    /// The factors of hidden states in the loss.
    factors: Vec<f64>,
    vars: Vec<Var>,
    parameters: Vec<Parameter>,
    values: Vec<ArrayD<f32>>,
    ids: Array2<i64>,
    mask: Array2<i64>,
}

fn failed(error: dlm_graph::Error) -> Error {
    Error::invalid("the graph cannot be differentiated").with_source(error)
}

impl Taken {
    fn new(encoder: &mut dyn Encoder) -> Result<Self> {
        let spec = encoder.spec().clone();
        let trainable =
            encoder.trainable().ok_or_else(|| Error::unsupported("the encoder hands over no graph"))?;
        let graph = match trainable.forward() {
            dlm_sdk::Graph::Path(path) => Graph::read(&path),
            dlm_sdk::Graph::Bytes(bytes) => Graph::from_onnx(&bytes, None),
        };
        let mut graph = graph.map_err(failed)?;
        let parameters = trainable.parameters().to_vec();
        let mut values = Vec::with_capacity(parameters.len());
        for (index, parameter) in parameters.iter().enumerate() {
            let mut value = ArrayD::zeros(IxDyn(&parameter.shape));
            trainable.read(index, value.view_mut())?;
            values.push(value);
            let var = graph.find(&parameter.name).map_err(failed)?;
            if !graph.is_parameter(var) {
                graph.mark_parameter(var).map_err(failed)?;
            }
        }
        let columns = spec.max_tokens.unwrap_or(COLUMNS).min(COLUMNS);
        let ids = graph.find("input_ids").map_err(failed)?;
        let names: Vec<String> = graph
            .shape(ids)
            .map_err(failed)?
            .iter()
            .filter_map(|dim| if let Dim::Symbol(name) = dim { Some(name.to_string()) } else { None })
            .collect();
        let [rows_name, columns_name] = &names[..] else {
            return Err(Error::unsupported("the graph's ids have a fixed axis"));
        };
        let mut graph = graph.bind(&[(rows_name, ROWS), (columns_name, columns)]).map_err(failed)?;
        graph.remove_dropout().map_err(failed)?;
        let mut stream = Stream::new(SEED, "check/gradients");
        let mut mask = Array2::ones((ROWS, columns));
        if columns > 2 {
            mask[[1, columns - 1]] = 0;
        }
        let ids =
            Array2::from_shape_simple_fn((ROWS, columns), || stream.below(spec.vocab_size as usize) as i64);
        let size = ROWS * columns * spec.hidden;
        let factors: Vec<f64> = (0..size)
            .map(|at| {
                let place = at / spec.hidden;
                mask[[place / columns, place % columns]] as f64 * stream.normal()
            })
            .collect();
        let hidden = graph.find("hidden").map_err(failed)?;
        let constant =
            Tensor::from_reals(DataType::F32, [ROWS, columns, spec.hidden], &factors).map_err(failed)?;
        let constant = graph.constant(constant);
        let product = graph.mul(hidden, constant).map_err(failed)?;
        let loss = graph.reduce_sum(product, &[], false).map_err(failed)?;
        let vars = parameters
            .iter()
            .map(|parameter| graph.find(&parameter.name))
            .collect::<dlm_graph::Result<_>>()
            .map_err(failed)?;
        Ok(Self { graph, loss, factors, vars, parameters, values, ids, mask })
    }

    fn inputs<'a>(&'a self, values: &'a [ArrayD<f32>]) -> Vec<(&'a str, Input<'a>)> {
        let mut inputs =
            vec![("input_ids", Input::from(&self.ids)), ("attention_mask", Input::from(&self.mask))];
        for (parameter, value) in self.parameters.iter().zip(values) {
            inputs.push((&parameter.name, Input::from(value)));
        }
        inputs
    }

    /// Returns the gradients as the host computes them.
    fn gradients(&self, runtime: &'static Runtime) -> Result<Vec<ArrayD<f32>>> {
        let mut graph = self.graph.clone();
        let gradients = graph.gradients(self.loss, &self.vars).map_err(failed)?;
        graph.clear_outputs();
        for (place, gradient) in gradients.iter().enumerate() {
            graph.output(&format!("gradient {place}"), *gradient).map_err(failed)?;
        }
        let mut session = session(runtime, &graph)?;
        let outputs = session.run(&self.inputs(&self.values))?;
        (0..gradients.len())
            .map(|place| Ok(outputs.array::<f32>(&format!("gradient {place}"))?.to_owned()))
            .collect()
    }

    /// Returns the loss, summed in double precision.
    fn loss(&self, session: &mut Session, values: &[ArrayD<f32>]) -> Result<f64> {
        let outputs = session.run(&self.inputs(values))?;
        let hidden = outputs.array::<f32>("hidden")?;
        // Where the mask is zero, any number may stand.
        let terms = hidden.iter().zip(&self.factors).filter(|(_, factor)| **factor != 0.0);
        Ok(terms.map(|(value, factor)| f64::from(*value) * factor).sum())
    }
}

fn session(runtime: &'static Runtime, graph: &Graph) -> Result<Session> {
    let bytes = graph.to_onnx().map_err(failed)?;
    Ok(Session::from_bytes(runtime, "check", &bytes, &SessionOptions::default())?)
}

fn norm(values: &[ArrayD<f32>]) -> f64 {
    values.iter().flatten().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt()
}

/// Compares directional derivatives with central differences, along directions of each group that lean towards the
/// gradient: along others a derivative drowns in rounding.
fn gradients(encoder: &mut dyn Encoder) -> Checked {
    let run = |encoder: &mut dyn Encoder| -> Result<Vec<String>> {
        let taken = Taken::new(encoder)?;
        let runtime = Runtime::get()?;
        let gradients = taken.gradients(runtime)?;
        let mut graph = taken.graph.clone();
        let hidden = graph.find("hidden").map_err(failed)?;
        graph.clear_outputs();
        graph.output("hidden", hidden).map_err(failed)?;
        let mut session = session(runtime, &graph)?;
        let mut groups: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (place, parameter) in taken.parameters.iter().enumerate() {
            groups.entry(parameter.group).or_default().push(place);
        }
        let mut wrong = Vec::new();
        for (group, places) in groups {
            for direction in 0..DIRECTIONS {
                if let Some(found) = differs(&taken, &mut session, &gradients, (group, &places), direction)? {
                    wrong.push(format!("group {group}, direction {direction}: {found}"));
                }
            }
        }
        Ok(wrong)
    };
    let wrong = run(encoder).map_err(|error| told(&error))?;
    ensure(wrong.is_empty(), || wrong.first().cloned().unwrap_or_default())
}

/// Returns how a derivative differs, if it does at every step.
fn differs(
    taken: &Taken,
    session: &mut Session,
    gradients: &[ArrayD<f32>],
    (group, places): (u32, &[usize]),
    direction: usize,
) -> Result<Option<String>> {
    let mut stream = Stream::nth(SEED, &format!("check/direction/{group}"), direction as u64);
    let of = |values: &[ArrayD<f32>]| places.iter().map(|&place| values[place].clone()).collect::<Vec<_>>();
    let random: Vec<ArrayD<f32>> =
        of(gradients).iter().map(|it| it.mapv(|_| stream.normal() as f32)).collect();
    let leaning: Vec<ArrayD<f32>> = of(gradients)
        .iter()
        .map(|it| it.mapv(|value| if stream.normal() > 0.0 { value } else { 0.0 }))
        .collect();
    let (one, two) = (norm(&random).max(f64::MIN_POSITIVE), norm(&leaning));
    let along: Vec<ArrayD<f32>> = random
        .iter()
        .zip(&leaning)
        .map(|(random, leaning)| {
            let lean = if two > 0.0 { (1.0 / two) as f32 } else { 0.0 };
            random / (one as f32) + leaning * lean
        })
        .collect();
    let derivative: f64 = places
        .iter()
        .zip(&along)
        .map(|(&place, along)| {
            gradients[place].iter().zip(along).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>()
        })
        .sum();
    let size = norm(&of(&taken.values)).max(1e-3);
    let mut said = None;
    for share in STEPS {
        let step = share * size;
        let mut moved = |sign: f64| -> Result<f64> {
            let mut values = taken.values.clone();
            for (&place, along) in places.iter().zip(&along) {
                values[place].scaled_add((sign * step) as f32, along);
            }
            taken.loss(session, &values)
        };
        let (above, below) = (moved(1.0)?, moved(-1.0)?);
        let difference = (above - below) / (2.0 * step);
        // What single precision cannot tell from zero.
        let noise = 1e-5 * taken.factors.iter().map(|factor| factor * factor).sum::<f64>().sqrt() / step;
        if (difference - derivative).abs() <= SHARE * difference.abs().max(derivative.abs()) + noise {
            return Ok(None);
        }
        said.get_or_insert_with(|| {
            format!("the gradient says {derivative:.6}, the difference {difference:.6}")
        });
    }
    Ok(said)
}

/// Trains a head on rows with labels that mean nothing: a model that learns at all learns them by heart.
fn learns(encoder: &mut dyn Encoder) -> Checked {
    let run = |encoder: &mut dyn Encoder| -> Result<Vec<f64>> {
        let spec = encoder.spec().clone();
        let trainable =
            encoder.trainable().ok_or_else(|| Error::unsupported("the encoder hands over no graph"))?;
        let source = Source::from_trainable(trainable)?;
        let mut stream = Stream::new(SEED, "check/learns");
        let longest = spec.max_tokens.unwrap_or(12).saturating_sub(2).clamp(1, 10);
        let rows = (0..EXAMPLES)
            .map(|_| (0..longest).map(|_| stream.below(spec.vocab_size as usize) as u32).collect())
            .collect();
        let labels = (0..EXAMPLES).map(|at| (at % 2) as u32).collect();
        let frame = Frame { prefix: spec.prefix, suffix: spec.suffix, pad: 0, most: spec.max_tokens };
        let labelled = Labelled { tokens: Tokens { rows }, targets: Targets::Classes { labels, classes: 2 } };
        let options = FinetuneOptions {
            seed: SEED,
            pool: Pool::Mean,
            head_dropout: 0.0,
            encoder_dropout: None,
            rate: 1e-3,
            epochs: TRAINED,
            most_steps: Some(TRAINED),
            batch: EXAMPLES,
            ..FinetuneOptions::default()
        };
        let mut losses = Vec::new();
        finetune::fit(Runtime::get()?, source, frame, labelled, None, &options, None, &mut |progress| {
            losses.push(progress.report.loss);
            dlm_train::trainer::Signal::Continue
        })?;
        Ok(losses)
    };
    let losses = run(encoder).map_err(|error| told(&error))?;
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
    let few = losses.len().min(3);
    let (first, last) = (mean(&losses[..few]), mean(&losses[losses.len() - few..]));
    ensure(last < first && last.is_finite(), || {
        format!("the loss went from {first:.4} to {last:.4} in {} steps", losses.len())
    })
}

#[cfg(test)]
mod tests {
    use dlm_sdk::{EncoderSpec, TokenTensor, Trainable};
    use ndarray::{ArrayViewMut3, ArrayViewMutD};

    use super::*;

    /// A table of embeddings, `[6, 4]`, under what a test adds to it.
    struct Planted {
        spec: EncoderSpec,
        parameters: Vec<Parameter>,
        graph: dlm_sdk::Graph,
    }

    impl Planted {
        fn new(build: impl FnOnce(&mut Graph, Var) -> dlm_graph::Result<Var>) -> Self {
            let mut graph = Graph::new("planted");
            let axes = ["batch", "tokens"];
            let ids = graph.input("input_ids", DataType::I64, axes).unwrap();
            let mask = graph.input("attention_mask", DataType::I64, axes).unwrap();
            let table = graph.parameter("table", [6, 4]).unwrap();
            let mask = graph.cast(mask, DataType::F32).unwrap();
            let mask = graph.unsqueeze(mask, &[2]).unwrap();
            let states = graph.gather(table, ids, 0).unwrap();
            let states = graph.mul(states, mask).unwrap();
            let states = build(&mut graph, states).unwrap();
            graph.output("hidden", states).unwrap();
            Self {
                spec: EncoderSpec::new("planted", "none", 6, 4),
                parameters: vec![Parameter {
                    name: "table".into(),
                    shape: vec![6, 4],
                    group: 0,
                    decay: true,
                }],
                graph: dlm_sdk::Graph::Bytes(graph.to_onnx().unwrap().into()),
            }
        }
    }

    impl Encoder for Planted {
        fn spec(&self) -> &EncoderSpec {
            &self.spec
        }

        fn encode(&mut self, _: TokenTensor<'_>, _: ArrayViewMut3<'_, f32>) -> Result<()> {
            Err(Error::unsupported("it hands over its graph"))
        }

        fn trainable(&mut self) -> Option<&mut dyn Trainable> {
            Some(self)
        }
    }

    impl Trainable for Planted {
        fn parameters(&self) -> &[Parameter] {
            &self.parameters
        }

        fn read(&mut self, _: usize, mut value: ArrayViewMutD<'_, f32>) -> Result<()> {
            let mut stream = Stream::new(3, "planted");
            value.mapv_inplace(|_| stream.normal() as f32);
            Ok(())
        }

        fn forward(&self) -> dlm_sdk::Graph {
            self.graph.clone()
        }
    }

    fn runtime() -> bool {
        Runtime::get().map_err(|error| println!("skipped: {error}")).is_ok()
    }

    #[test]
    fn a_graph_that_learns_holds_the_rules() {
        let mut good = Planted::new(Graph::tanh);
        assert_eq!(rules(&mut good), Ok(()));
        if runtime() {
            assert_eq!((gradients(&mut good), learns(&mut good)), (Ok(()), Ok(())));
        }
    }

    /// A step has a gradient of zero nearly everywhere, and no difference is zero.
    /// G3: differences say otherwise.
    #[test]
    fn gradients_that_differences_contradict_are_seen() {
        let mut steps = Planted::new(|graph, states| {
            let fine = graph.mul_scalar(states, 1000.0)?;
            let steps = graph.floor(fine)?;
            graph.mul_scalar(steps, 0.001)
        });
        if runtime() {
            let error = gradients(&mut steps).unwrap_err();
            assert!(error.contains("group 0, direction 0: the gradient says 0.0000"), "{error}");
        }
    }

    /// G5: the loss stays where it was.
    #[test]
    fn a_graph_that_forgets_its_tokens_does_not_learn() {
        let mut empty = Planted::new(|graph, states| graph.mul_scalar(states, 0.0));
        if runtime() {
            let error = learns(&mut empty).unwrap_err();
            assert!(error.contains("the loss went from 0.693"), "{error}");
        }
    }

    #[test]
    fn an_operator_without_a_rule_is_named() {
        let mut other = Planted::new(|graph, states| {
            let types = [(DataType::F32, Some(graph.shape(states)?.clone()))];
            Ok(graph.typed_node(
                "Mystery",
                "org.example",
                &[Some(states)],
                dlm_graph::Attributes::new(),
                &types,
            )?[0])
        });
        let error = rules(&mut other).unwrap_err();
        assert!(error.contains("Mystery"), "{error}");
    }
}
