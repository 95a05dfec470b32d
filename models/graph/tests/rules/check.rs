//! The comparison itself.

use std::collections::BTreeSet;

use dlm_graph::{Graph, Result, Tensor, Var, interpret::Array};

/// Relative to the largest derivative of an input. Differences of step 1e-5 are exact to about 1e-9 here; constants are
/// rounded to single precision in the graphs, which is seen at 1e-7.
const TOLERANCE: f64 = 2e-6;
const STEP: f64 = 1e-5;

type Build = Box<dyn Fn(&mut Graph, &[Var]) -> Result<Var>>;

/// A function of some parameters, to be differentiated with respect to all of them.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    inputs: Vec<(Vec<usize>, f64, f64)>,
    build: Build,
}

impl Case {
    /// Creates a case of parameters with values between -1.5 and 1.5.
    pub(crate) fn new<const N: usize>(
        name: &'static str,
        shapes: [&[usize]; N],
        build: impl Fn(&mut Graph, &[Var]) -> Result<Var> + 'static,
    ) -> Self {
        let inputs = shapes.iter().map(|shape| (shape.to_vec(), -1.5, 1.5)).collect();
        Self { name, inputs, build: Box::new(build) }
    }

    /// Puts the values between others.
    pub(crate) fn within(mut self, low: f64, high: f64) -> Self {
        self.inputs.iter_mut().for_each(|input| (input.1, input.2) = (low, high));
        self
    }

    /// Returns the graph of the function, its parameters and a weighted sum of its elements.
    pub(crate) fn graph(&self) -> (Graph, Vec<Var>, Var) {
        let mut g = Graph::new(self.name);
        let parameters: Vec<Var> = self
            .inputs
            .iter()
            .enumerate()
            .map(|(at, (shape, ..))| g.parameter(&format!("p{at}"), shape.as_slice()).unwrap())
            .collect();
        let y = (self.build)(&mut g, &parameters).unwrap();
        // A weighted sum, so that every element of the output counts for itself.
        let dims = g.dims(y).unwrap();
        let count = dims.iter().product();
        let dtype = g.dtype(y).unwrap();
        let weights = Tensor::from_reals(dtype, dims, &values(count, 0.5, 2.0, 0.37)).unwrap();
        let weights = g.constant(weights);
        let product = g.mul(y, weights).unwrap();
        let loss = g.reduce_sum(product, &[], false).unwrap();
        (g, parameters, loss)
    }

    /// Returns values for the parameters.
    pub(crate) fn arrays(&self) -> Vec<Vec<f64>> {
        let one = |(at, (shape, low, high)): (usize, &(Vec<usize>, f64, f64))| {
            values(shape.iter().product(), *low, *high, 0.11 * (at + 1) as f64)
        };
        self.inputs.iter().enumerate().map(one).collect()
    }

    /// Returns what the parameters are given, by name.
    pub(crate) fn feeds(&self, arrays: &[Vec<f64>]) -> Vec<(String, Array)> {
        let one = |(at, (shape, ..)): (usize, &(Vec<usize>, f64, f64))| {
            (format!("p{at}"), Array::reals(shape, arrays[at].clone()).unwrap())
        };
        self.inputs.iter().enumerate().map(one).collect()
    }

    /// Returns the operators that this case differentiates.
    pub(crate) fn operators(&self) -> BTreeSet<String> {
        let (g, ..) = self.graph();
        let key = |node: &dlm_graph::Node| match node.domain() {
            "" => node.operator().to_owned(),
            domain => format!("{domain}:{}", node.operator()),
        };
        g.nodes().iter().map(key).collect()
    }

    /// Returns the largest error of a gradient that `differentiate` makes, relative to the largest derivative.
    pub(crate) fn error_of(
        &self,
        differentiate: impl Fn(&mut Graph, Var, &[Var]) -> Result<Vec<Var>>,
    ) -> f64 {
        let (mut g, parameters, loss) = self.graph();
        let gradients = differentiate(&mut g, loss, &parameters).unwrap();
        let mut arrays = self.arrays();
        let run = |arrays: &[Vec<f64>], wanted: &[Var]| {
            let feeds = self.feeds(arrays);
            let feeds: Vec<_> = feeds.iter().map(|(name, array)| (name.as_str(), array.clone())).collect();
            g.interpret_values(&feeds, wanted).unwrap()
        };
        let analytic = run(&arrays, &gradients);
        let mut worst = 0.0f64;
        for at in 0..arrays.len() {
            assert_eq!(analytic[at].dims(), self.inputs[at].0, "{}", self.name);
            assert_eq!(g.dims(gradients[at]).unwrap(), self.inputs[at].0, "{}", self.name);
            let mut numeric = Vec::new();
            for element in 0..arrays[at].len() {
                let value = arrays[at][element];
                arrays[at][element] = value + STEP;
                let above = run(&arrays, &[loss])[0].to_reals()[0];
                arrays[at][element] = value - STEP;
                let below = run(&arrays, &[loss])[0].to_reals()[0];
                arrays[at][element] = value;
                numeric.push((above - below) / (2.0 * STEP));
            }
            let scale = numeric.iter().fold(1e-3, |largest: f64, value| largest.max(value.abs()));
            for (analytic, numeric) in analytic[at].to_reals().into_iter().zip(numeric) {
                let error = (analytic - numeric).abs() / scale;
                worst = if error.is_nan() { f64::INFINITY } else { worst.max(error) };
            }
        }
        worst
    }

    /// Panics where the gradient is wrong.
    pub(crate) fn check(&self) {
        let error = self.error_of(Graph::gradients);
        assert!(error < TOLERANCE, "{}: error {error:e}", self.name);
    }

    /// Panics where a wrong gradient is not seen.
    pub(crate) fn check_caught(&self, wrong: impl Fn(&mut Graph, Var, &[Var]) -> Result<Vec<Var>>) {
        let error = self.error_of(wrong);
        assert!(error > 10.0 * TOLERANCE, "{}: error {error:e} would pass", self.name);
    }
}

/// Returns numbers spread over a range, by the golden ratio.
pub(crate) fn values(count: usize, low: f64, high: f64, offset: f64) -> Vec<f64> {
    (0..count)
        .map(|at| low + (high - low) * ((at as f64 + 1.0) * 0.618_033_988_749 + offset).fract())
        .collect()
}

/// Panics where one of the gradients is wrong.
pub(crate) fn check_all(cases: &[Case]) {
    cases.iter().for_each(Case::check);
}
