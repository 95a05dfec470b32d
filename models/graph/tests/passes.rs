//! Passes that must not change what a graph computes: mixed precision, lowering, dropout.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use dlm_graph::{DataType, Graph, Target, Var, interpret::Array};

fn number(at: usize) -> f64 {
    ((at as f64 + 1.0) * 0.618_033_988_749).fract() - 0.5
}

fn feeds(g: &Graph) -> Vec<(String, Array)> {
    let mut feeds = Vec::new();
    for &var in g.inputs() {
        let (name, dims) = (g.name_of(var).unwrap().to_owned(), g.dims(var).unwrap());
        let count: usize = dims.iter().product();
        let array = match g.dtype(var).unwrap() {
            DataType::F32 => Array::reals(&dims, (0..count).map(|at| number(at + name.len() * 7)).collect()),
            _ if name == "attention_mask" => Array::integers(&dims, vec![1; count]),
            _ => Array::integers(&dims, (0..count).map(|at| (at * 7 % 30) as i64).collect()),
        };
        feeds.push((name, array.unwrap()));
    }
    feeds
}

fn run(g: &Graph, wanted: &[Var]) -> Vec<Vec<f64>> {
    let feeds = feeds(g);
    let feeds: Vec<_> = feeds.iter().map(|(name, array)| (name.as_str(), array.clone())).collect();
    g.interpret_values(&feeds, wanted).unwrap().iter().map(Array::to_reals).collect()
}

fn close(a: &[Vec<f64>], b: &[Vec<f64>], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert_eq!(a.len(), b.len());
        let scale = a.iter().fold(1e-6, |largest: f64, value| largest.max(value.abs()));
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < tolerance * scale), "{a:?} and {b:?}");
    }
}

fn bert() -> (Graph, Var) {
    let mut g = Graph::new("bert");
    let size = common::Size { layers: 1, hidden: 8, heads: 2, inner: 12, ..common::TINY };
    let hidden = common::encoder(&mut g, size, 0.1).unwrap();
    let mut g = g.bind(&[("batch", 2), ("tokens", 3)]).unwrap();
    let cube = g.mul(hidden, hidden).and_then(|square| g.mul(square, hidden)).unwrap();
    let loss = g.reduce_mean(cube, &[], false).unwrap();
    let loss = g.output("loss", loss).unwrap();
    g.output("hidden", hidden).unwrap();
    (g, loss)
}

/// The interpreter does not round, so that only the structure is seen: every value must be the same.
#[test]
fn mixed_precision_changes_types_alone() {
    let (mut wide, loss) = bert();
    let mut low = wide.clone();
    low.mixed_precision(DataType::BF16).unwrap();
    let parameters = wide.parameters();
    let expected = wide.gradients(loss, &parameters).unwrap();
    let found = low.gradients(low.find("loss").unwrap(), &parameters).unwrap();
    close(&run(&wide, &expected), &run(&low, &found), 1e-6);
    let hidden = low.find("hidden").unwrap();
    assert_eq!(low.dtype(hidden).unwrap(), DataType::F32);
    assert!(found.iter().all(|&gradient| low.dtype(gradient).unwrap() == DataType::F32));
    let mut products = 0;
    for node in low.nodes() {
        let dtype = low.dtype(node.output(0).unwrap()).unwrap();
        match node.operator() {
            "Gemm" | "MatMul" if !node.name().contains("Gather") => {
                products += 1;
                assert_eq!(dtype, DataType::BF16, "{node}");
            }
            "LayerNormalization" | "ReduceMean" => assert_eq!(dtype, DataType::F32, "{node}"),
            "Softmax" => assert_eq!(dtype, DataType::BF16, "{node}"),
            _ => {}
        }
    }
    assert_eq!(products, 18, "six products, two more for each");
    assert!(Graph::from_onnx(&low.to_onnx().unwrap(), None).is_ok());
    assert!(low.mixed_precision(DataType::I64).is_err());
}

#[test]
fn an_output_in_half_precision_is_widened_under_its_name() {
    let mut g = Graph::new("product");
    let (x, w) = (g.input("x", DataType::F32, [2, 3]).unwrap(), g.parameter("w", [3, 2]).unwrap());
    let y = g.matmul(x, w).unwrap();
    g.output("y", y).unwrap();
    g.mixed_precision(DataType::BF16).unwrap();
    let y = g.find("y").unwrap();
    assert_eq!(g.outputs(), [y]);
    assert_eq!(g.dtype(y).unwrap(), DataType::F32);
    assert_eq!(run(&g, &[y])[0].len(), 4);
}

#[test]
fn a_transform_is_a_product_on_cuda() {
    for (dims, axis, inverse, one_sided) in [
        (vec![2, 6, 1], 1, false, true),
        (vec![2, 5, 3, 1], 1, false, false),
        (vec![2, 5, 2], -2, true, false),
        (vec![2, 4, 3, 2], 1, false, false),
    ] {
        let mut g = Graph::new("transform");
        let x = g.input("x", DataType::F32, dims).unwrap();
        let y = g.dft(x, axis, inverse, one_sided).unwrap();
        g.output("y", y).unwrap();
        let expected = run(&g, g.outputs());
        let mut same = g.clone();
        same.lower(Target::Cpu).unwrap();
        assert_eq!(same.nodes().len(), g.nodes().len());
        g.lower(Target::Cuda).unwrap();
        g.prune().unwrap();
        assert!(g.nodes().iter().all(|node| node.operator() != "DFT"));
        assert_eq!(g.name_of(g.outputs()[0]).unwrap(), "y");
        close(&expected, &run(&g, g.outputs()), 1e-6);
    }
}

/// A convolution by Fourier transforms is a convolution by its definition, on both targets, with its derivatives.
#[test]
fn a_long_convolution_by_transforms() {
    const LENGTH: usize = 5;
    let mut g = Graph::new("long");
    let x = g.parameter("x", [2, 3, LENGTH]).unwrap();
    let filter = g.parameter("filter", [3, LENGTH]).unwrap();
    let spectrum = |g: &mut Graph, v: Var, axis: i64| {
        let padded = g.pad(v, axis as usize, 0, LENGTH)?;
        let pairs = g.unsqueeze(padded, &[-1])?;
        g.dft(pairs, axis, false, true)
    };
    let (data, kernel) = (spectrum(&mut g, x, 2).unwrap(), spectrum(&mut g, filter, 1).unwrap());
    let build = |g: &mut Graph| {
        // (a + bi)(c + di) = (ac - bd) + (ad + bc)i.
        let (ar, ai) = (g.slice(data, -1, 0, 1)?, g.slice(data, -1, 1, 2)?);
        let (br, bi) = (g.slice(kernel, -1, 0, 1)?, g.slice(kernel, -1, 1, 2)?);
        let (rr, ii, ri, ir) = (g.mul(ar, br)?, g.mul(ai, bi)?, g.mul(ar, bi)?, g.mul(ai, br)?);
        let (real, imaginary) = (g.sub(rr, ii)?, g.add(ri, ir)?);
        let half = g.concat(&[real, imaginary], -1)?;
        // The other frequencies are the conjugates in reverse.
        let (inner, signs) = (
            g.slice_by(half, 2, LENGTH as i64 - 1, 0, -1)?,
            g.constant(dlm_graph::Tensor::f32([2], &[1.0, -1.0])?),
        );
        let mirrored = g.mul(inner, signs)?;
        let whole = g.concat(&[half, mirrored], 2)?;
        let back = g.dft(whole, 2, true, false)?;
        let real = g.select(back, -1, 0)?;
        g.slice(real, 2, 0, LENGTH as i64)
    };
    let y = build(&mut g).unwrap();
    let y = g.output("y", y).unwrap();
    let square = g.mul(y, y).unwrap();
    let loss = g.reduce_sum(square, &[], false).unwrap();
    let gradient = g.gradients(loss, &[filter]).unwrap()[0];
    let gradient = g.output("gradient", gradient).unwrap();
    let (inputs, found) = (feeds(&g), run(&g, &[y, gradient]));
    let (x, filter) = (inputs[0].1.to_reals(), inputs[1].1.to_reals());
    let mut expected = vec![vec![0.0; 2 * 3 * LENGTH], vec![0.0; 3 * LENGTH]];
    for row in 0..6 {
        for at in 0..LENGTH {
            for back in 0..=at {
                expected[0][row * LENGTH + at] +=
                    x[row * LENGTH + at - back] * filter[row % 3 * LENGTH + back];
            }
        }
        for at in 0..LENGTH {
            for back in 0..=at {
                let product = 2.0 * expected[0][row * LENGTH + at] * x[row * LENGTH + at - back];
                expected[1][row % 3 * LENGTH + back] += product;
            }
        }
    }
    close(&expected, &found, 1e-6);
    g.lower(Target::Cuda).unwrap();
    close(&expected, &run(&g, &[g.find("y").unwrap(), g.find("gradient").unwrap()]), 1e-6);
}
