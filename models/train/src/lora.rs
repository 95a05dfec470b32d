//! Low-rank adaptation: a large weight stays as it is, and a small change of it is learned.
//!
//! A dense layer `y = x W'` with `W [outputs, inputs]` becomes `y = x W' + s (x A') B'`, where `A [rank, inputs]` and
//! `B [outputs, rank]` are learned and `s = alpha / rank` (Hu and others, 2021, *Low-rank adaptation of large
//! language models*, section 4.1). A begins uniform within `1 / sqrt(inputs)`, as PEFT has it, and B with zeros, so that
//! training begins at the model as it was. Afterwards `W + s B A` is one weight again: [`Adapters::merge`].
//!
//! Weights that lie `[inputs, outputs]` (`MatMul`, or `Gemm` without transposition) get A and B transposed.

use dlm_graph::{Attributes, Gemm, Graph, Node, Var};
use dlm_sdk::{Error, Parameter, Result, random::Stream};
use serde::{Deserialize, Serialize};

use crate::graph_error::graph_error;

/// Which weights are adapted, and how. By default those of attention's queries and values, at rank 8.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Lora {
    /// The rank of the change.
    pub rank: usize,
    /// The change is multiplied by `alpha / rank`.
    pub alpha: f64,
    /// Ends of the names of layers, of whole words: `query` is `encoder.3.query.weight`, and so is `3.query`.
    pub targets: Vec<String>,
}

impl Default for Lora {
    fn default() -> Self {
        Self { rank: 8, alpha: 16.0, targets: vec!["query".to_owned(), "value".to_owned()] }
    }
}

/// An adapted weight.
#[derive(Clone, Debug, PartialEq)]
struct Adapter {
    weight: String,
    down: String,
    up: String,
    /// Whether the weight lies `[outputs, inputs]`.
    outputs_first: bool,
    inputs: usize,
    outputs: usize,
}

/// The adapters of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Adapters {
    list: Vec<Adapter>,
    rank: usize,
    scale: f64,
}

impl Lora {
    /// Adds adapters to a graph, and their weights to the parameters and values. `group` is that of the new parameters;
    /// the seed draws them.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) for a rank or alpha that is not positive, or a target that no weight has;
    /// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) for a weight that is used otherwise than in dense layers.
    pub fn attach(
        &self,
        graph: &mut Graph,
        parameters: &mut Vec<Parameter>,
        values: &mut Vec<Vec<f32>>,
        group: u32,
        seed: u64,
    ) -> Result<Adapters> {
        if self.rank == 0 || !(self.alpha > 0.0 && self.alpha.is_finite()) {
            return Err(Error::invalid(format!("rank {} and alpha {} adapt nothing", self.rank, self.alpha)));
        }
        if let Some(target) =
            self.targets.iter().find(|target| !parameters.iter().any(|it| fits(&it.name, target)))
        {
            return Err(Error::invalid(format!("no weight of a dense layer is called {target:?}")));
        }
        let chosen: Vec<Parameter> = parameters
            .iter()
            .filter(|it| it.shape.len() == 2 && self.targets.iter().any(|target| fits(&it.name, target)))
            .cloned()
            .collect();
        let mut adapters =
            Adapters { list: Vec::new(), rank: self.rank, scale: self.alpha / self.rank as f64 };
        for weight in chosen {
            let adapter = adapters.attach(graph, &weight)?;
            let mut stream = Stream::new(seed, &adapter.down);
            let bound = 1.0 / (adapter.inputs as f64).sqrt();
            let down = 0..self.rank * adapter.inputs;
            let down = down.map(|_| ((stream.unit() * 2.0 - 1.0) * bound) as f32).collect();
            let shapes = adapter.shapes(self.rank);
            let new = [
                (&adapter.down, &shapes[0], down),
                (&adapter.up, &shapes[1], vec![0.0; adapter.outputs * self.rank]),
            ];
            for (name, shape, value) in new {
                parameters.push(Parameter { name: name.clone(), shape: shape.clone(), group, decay: true });
                values.push(value);
            }
            adapters.list.push(adapter);
        }
        if adapters.list.is_empty() {
            return Err(Error::invalid("no weight is adapted").with_hint("name layers, such as query"));
        }
        graph.prune().map_err(graph_error)?;
        Ok(adapters)
    }
}

/// Returns whether a target names the layer of a weight.
fn fits(name: &str, target: &str) -> bool {
    let Some(layer) = name.strip_suffix(".weight") else { return name == target };
    layer == target || layer.strip_suffix(target).is_some_and(|front| front.ends_with('.'))
}

impl Adapter {
    fn shapes(&self, rank: usize) -> [Vec<usize>; 2] {
        if self.outputs_first {
            [vec![rank, self.inputs], vec![self.outputs, rank]]
        } else {
            [vec![self.inputs, rank], vec![rank, self.outputs]]
        }
    }
}

impl Adapters {
    /// Adds one weight's adapter wherever the weight is used.
    fn attach(&self, graph: &mut Graph, weight: &Parameter) -> Result<Adapter> {
        let var = graph.find(&weight.name).map_err(graph_error)?;
        let uses: Vec<Node> =
            graph.nodes().iter().filter(|node| node.inputs().contains(&Some(var))).cloned().collect();
        let other = || {
            Error::unsupported(format!("weight {:?} is used otherwise than in dense layers", weight.name))
                .with_hint("adapt others")
        };
        let mut forms = uses.iter().map(|node| form(node, var));
        let outputs_first = forms.next().flatten().ok_or_else(other)?;
        if forms.any(|form| form != Some(outputs_first)) {
            return Err(other());
        }
        let (first, second) = (weight.shape[0], weight.shape[1]);
        let (outputs, inputs) = if outputs_first { (first, second) } else { (second, first) };
        let adapter = Adapter {
            weight: weight.name.clone(),
            down: format!("{}.lora_a", weight.name),
            up: format!("{}.lora_b", weight.name),
            outputs_first,
            inputs,
            outputs,
        };
        let [down, up] = adapter.shapes(self.rank);
        let build = || {
            let down = graph.parameter(&adapter.down, down)?;
            let up = graph.parameter(&adapter.up, up)?;
            for node in &uses {
                self.add(graph, node, down, up, outputs_first)?;
            }
            Ok(())
        };
        build().map_err(graph_error)?;
        Ok(adapter)
    }

    /// Adds the change to what a dense layer gives.
    fn add(
        &self,
        g: &mut Graph,
        node: &Node,
        down: Var,
        up: Var,
        outputs_first: bool,
    ) -> dlm_graph::Result<()> {
        let (Some(x), Some(y)) = (node.input(0), node.output(0)) else { return Ok(()) };
        let changed = if node.operator() == "Gemm" {
            let form = Gemm { trans_b: outputs_first, ..Gemm::default() };
            let low = g.gemm(x, down, None, form)?;
            g.gemm(low, up, Some(y), Gemm { alpha: self.scale as f32, ..form })?
        } else {
            let low = g.matmul(x, down)?;
            let low = g.mul_scalar(low, self.scale)?;
            let change = g.matmul(low, up)?;
            g.add(y, change)?
        };
        g.substitute(y, changed)
    }

    /// Returns the weights without adapters: each adapted one is `W + s B A`. Values are in the order of the parameters.
    ///
    /// # Errors
    ///
    /// [`Internal`](dlm_sdk::ErrorKind::Internal) where a weight is not there.
    pub fn merge(
        &self,
        parameters: &[Parameter],
        values: &[&[f32]],
    ) -> Result<(Vec<Parameter>, Vec<Vec<f32>>)> {
        let find = |name: &str| {
            let at = parameters.iter().position(|parameter| parameter.name == name);
            at.and_then(|at| values.get(at).copied())
                .ok_or_else(|| Error::internal(format!("there is no weight {name:?}")))
        };
        let own = |name: &str| self.list.iter().any(|it| it.down == name || it.up == name);
        let (mut kept, mut merged) = (Vec::new(), Vec::new());
        for (parameter, values) in parameters.iter().zip(values) {
            if own(&parameter.name) {
                continue;
            }
            let mut values = values.to_vec();
            if let Some(adapter) = self.list.iter().find(|it| it.weight == parameter.name) {
                self.change(adapter, &mut values, find(&adapter.down)?, find(&adapter.up)?);
            }
            kept.push(parameter.clone());
            merged.push(values);
        }
        Ok((kept, merged))
    }

    /// Adds `s B A` to a weight, in double precision.
    fn change(&self, adapter: &Adapter, weight: &mut [f32], down: &[f32], up: &[f32]) {
        let Adapter { inputs, outputs, outputs_first, .. } = *adapter;
        for output in 0..outputs {
            for input in 0..inputs {
                let product = |rank: usize| {
                    let (a, b) = if outputs_first {
                        (down[rank * inputs + input], up[output * self.rank + rank])
                    } else {
                        (down[input * self.rank + rank], up[rank * outputs + output])
                    };
                    f64::from(a) * f64::from(b)
                };
                let change = self.scale * (0..self.rank).map(product).sum::<f64>();
                let at = if outputs_first { output * inputs + input } else { input * outputs + output };
                weight[at] = (f64::from(weight[at]) + change) as f32;
            }
        }
    }
}

/// Returns whether a dense layer takes its weight `[outputs, inputs]`; `None` where it is no dense layer of this weight.
fn form(node: &Node, weight: Var) -> Option<bool> {
    let once = node.inputs().iter().filter(|input| **input == Some(weight)).count() == 1;
    if !once || node.input(1) != Some(weight) || !node.domain().is_empty() {
        return None;
    }
    let attributes: &Attributes = node.attributes();
    match node.operator() {
        "Gemm" if attributes.int("transA", 0) == 0 => Some(attributes.int("transB", 0) != 0),
        "MatMul" => Some(false),
        _ => None,
    }
}
