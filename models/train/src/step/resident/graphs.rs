//! The optimiser as graphs of standard operators.
//!
//! They compute what [`Optimiser`](crate::optimiser::Optimiser) computes in this process, by the same operations in the
//! same order, each rounded to single precision; so the two differ by the norm alone, whose sum is single here.

use dlm_graph::{DataType, Graph, Result, Var};
use dlm_sdk::Parameter;

use crate::optimiser::{Coefficients, Method, OptimiserOptions};

/// The name of the numbers of an update among its inputs, one row of [`Coefficients`] a group.
pub(super) const NUMBERS: &str = "numbers";
/// The name of the norm among the outputs.
pub(super) const NORM: &str = "norm";
/// The name of the truth value that lets sums begin anew.
pub(super) const FRESH: &str = "fresh";

/// The names of what is given and made of one parameter.
pub(super) struct Names;

impl Names {
    pub(super) fn of(kind: &str, parameter: &Parameter) -> String {
        format!("{kind} of {}", parameter.name)
    }
}

/// What decides the numbers of an update: what the rate is multiplied by, and whether decay applies.
pub(super) type Group = (f64, bool);

/// A graph, and which of its outputs may be written over which of its inputs.
#[derive(Debug)]
pub(super) struct InPlace {
    pub(super) graph: Graph,
    /// By their names.
    pub(super) pairs: Vec<(String, String)>,
}

impl InPlace {
    fn new(graph: Graph, pairs: &[(Var, Var)]) -> Result<Self> {
        graph.in_place(pairs)?;
        let name = |var| -> Result<String> { Ok(graph.name_of(var)?.to_owned()) };
        let named = |&(input, output): &(Var, Var)| Ok((name(input)?, name(output)?));
        let pairs = pairs.iter().map(named).collect::<Result<_>>()?;
        Ok(Self { graph, pairs })
    }
}

/// Builds the norm of all gradients together, the root of the sum of their squares. Sums are taken in rows first, so that
/// each has few terms.
pub(super) fn norm(parameters: &[Parameter]) -> Result<Graph> {
    let mut g = Graph::new("norm");
    let mut sums = Vec::with_capacity(parameters.len());
    for parameter in parameters {
        let name = Names::of("gradient", parameter);
        let gradient = g.input(&name, DataType::F32, parameter.shape.as_slice())?;
        let squares = if parameter.shape.is_empty() {
            g.mul(gradient, gradient)?
        } else {
            g.reduce_sum_square(gradient, &[-1], false)?
        };
        let sum = g.reduce_sum(squares, &[], false)?;
        sums.push(g.reshape(sum, &[1])?);
    }
    let sums = g.concat(&sums, 0)?;
    let sum = g.reduce_sum(sums, &[], false)?;
    let norm = g.sqrt(sum)?;
    g.output(NORM, norm)?;
    Ok(g)
}

/// Builds sums of gradients: what was there and what came, or what came alone.
pub(super) fn accumulate(parameters: &[Parameter]) -> Result<InPlace> {
    let mut g = Graph::new("accumulate");
    let fresh = g.input(FRESH, DataType::Bool, Vec::<usize>::new())?;
    let mut pairs = Vec::with_capacity(parameters.len());
    for parameter in parameters {
        let shape = parameter.shape.as_slice();
        let sum = g.input(&Names::of("sum", parameter), DataType::F32, shape)?;
        let gradient = g.input(&Names::of("gradient", parameter), DataType::F32, shape)?;
        let both = g.add(sum, gradient)?;
        let next = g.choose(fresh, gradient, both)?;
        pairs.push((sum, g.output(&Names::of("next sum", parameter), next)?));
    }
    InPlace::new(g, &pairs)
}

/// Builds one update of Adam or AdamW of all parameters (Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019,
/// algorithm 2). `of` says which group each parameter belongs to.
pub(super) fn update(
    options: &OptimiserOptions,
    parameters: &[Parameter],
    groups: &[Group],
    of: &[usize],
) -> Result<InPlace> {
    let mut g = Graph::new("update");
    let numbers = g.input(NUMBERS, DataType::F32, [groups.len() * Coefficients::COUNT])?;
    let mut numbers_of = Vec::with_capacity(groups.len());
    for group in 0..groups.len() {
        let first = group * Coefficients::COUNT;
        let mut each = [numbers; Coefficients::COUNT];
        for (at, number) in each.iter_mut().enumerate() {
            *number = g.select(numbers, 0, (first + at) as i64)?;
        }
        numbers_of.push(each);
    }
    let mut pairs = Vec::with_capacity(3 * parameters.len());
    for (parameter, &group) in parameters.iter().zip(of) {
        let decay = groups[group].1 && options.weight_decay > 0.0;
        let [factor, penalty, keep, first, second, fresh, step, root, epsilon] = numbers_of[group];
        let input = |g: &mut Graph, kind| {
            g.input(&Names::of(kind, parameter), DataType::F32, parameter.shape.as_slice())
        };
        let weight = input(&mut g, "weight")?;
        let mut gradient = input(&mut g, "gradient")?;
        let (mean, square) = (input(&mut g, "first")?, input(&mut g, "second")?);
        let (next_weight, next_mean, next_square) = g.scope(&parameter.name, |g| {
            if options.clip.is_some() {
                gradient = g.mul(gradient, factor)?;
            }
            if decay && options.method == Method::Adam {
                let penalty = g.mul(weight, penalty)?;
                gradient = g.add(gradient, penalty)?;
            }
            let change = g.sub(gradient, mean)?;
            let change = g.mul(change, first)?;
            let next_mean = g.add(mean, change)?;
            let kept = g.mul(square, second)?;
            let squared = g.mul(gradient, gradient)?;
            let squared = g.mul(squared, fresh)?;
            let next_square = g.add(kept, squared)?;
            let deviation = g.sqrt(next_square)?;
            let deviation = g.div(deviation, root)?;
            let deviation = g.add(deviation, epsilon)?;
            let direction = g.div(next_mean, deviation)?;
            let move_by = g.mul(direction, step)?;
            let kept = if decay && options.method == Method::AdamW { g.mul(weight, keep)? } else { weight };
            Ok((g.sub(kept, move_by)?, next_mean, next_square))
        })?;
        pairs.push((weight, g.output(&Names::of("next weight", parameter), next_weight)?));
        pairs.push((mean, g.output(&Names::of("next first", parameter), next_mean)?));
        pairs.push((square, g.output(&Names::of("next second", parameter), next_square)?));
    }
    InPlace::new(g, &pairs)
}
