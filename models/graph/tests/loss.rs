//! Losses against their definitions, values and derivatives.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use dlm_graph::{DataType, Graph, Result, Var, interpret::Array, loss};

const ROWS: usize = 4;
const CLASSES: usize = 3;

fn logits() -> Vec<f64> {
    (0..ROWS * CLASSES).map(|at| (at as f64 * 1.7).sin() * 3.0).collect()
}

/// Returns a loss and its derivative with respect to the logits.
fn run(
    build: impl Fn(&mut Graph, Var) -> Result<loss::Loss>,
    others: &[(&str, Array)],
    logits: Vec<f64>,
) -> (f64, Vec<f64>) {
    let mut g = Graph::new("loss");
    let x = g.parameter("x", [ROWS, CLASSES]).unwrap();
    let loss = build(&mut g, x).unwrap();
    let gradient = g.gradients(loss.mean, &[x]).unwrap()[0];
    let mut feeds = others.to_vec();
    feeds.push(("x", Array::reals(&[ROWS, CLASSES], logits).unwrap()));
    let values = g.interpret_values(&feeds, &[loss.mean, gradient]).unwrap();
    (values[0].to_reals()[0], values[1].to_reals())
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-6, "{a} and {b}");
}

fn softmax(row: &[f64]) -> Vec<f64> {
    let total: f64 = row.iter().map(|x| x.exp()).sum();
    row.iter().map(|x| x.exp() / total).collect()
}

#[test]
fn cross_entropy_is_softmax_minus_one_hot() {
    // The third row is ignored, the fourth is padding.
    let labels = [2i64, 0, -100, 1];
    let (rows, classes) = ([1.0, 0.5, 1.0, 0.0], [1.0, 2.0, 4.0]);
    let build = |g: &mut Graph, x: Var| {
        let labels = g.input("labels", DataType::I64, [ROWS])?;
        let weights = g.input("weights", DataType::F32, [ROWS])?;
        let of_class = g.input("classes", DataType::F32, [CLASSES])?;
        loss::cross_entropy(g, x, labels, Some(weights), Some(of_class))
    };
    let others = [
        ("labels", Array::integers(&[ROWS], labels.to_vec()).unwrap()),
        ("weights", Array::reals(&[ROWS], rows.to_vec()).unwrap()),
        ("classes", Array::reals(&[CLASSES], classes.to_vec()).unwrap()),
    ];
    let (value, gradient) = run(build, &others, logits());
    let (mut sum, mut total) = (0.0, 0.0);
    let mut expected = vec![0.0; ROWS * CLASSES];
    for (row, &label) in labels.iter().enumerate().filter(|(_, label)| **label >= 0) {
        let weight = rows[row] * classes[label as usize];
        let probabilities = softmax(&logits()[row * CLASSES..(row + 1) * CLASSES]);
        sum -= weight * probabilities[label as usize].ln();
        total += weight;
        for class in 0..CLASSES {
            let hot = f64::from(class as i64 == label);
            expected[row * CLASSES + class] = weight * (probabilities[class] - hot);
        }
    }
    close(value, sum / total);
    gradient.iter().zip(expected).for_each(|(&gradient, expected)| close(gradient, expected / total));
}

#[test]
fn large_logits_do_not_overflow() {
    let build = |g: &mut Graph, x: Var| {
        let labels = g.input("labels", DataType::I64, [ROWS])?;
        loss::cross_entropy(g, x, labels, None, None)
    };
    let labels = Array::integers(&[ROWS], vec![0; ROWS]).unwrap();
    let (value, gradient) = run(build, &[("labels", labels)], vec![1e6; ROWS * CLASSES]);
    close(value, 3f64.ln());
    assert!(gradient.iter().all(|value| value.is_finite()));
}

#[test]
fn no_valid_row_is_no_loss() {
    let build = |g: &mut Graph, x: Var| {
        let labels = g.input("labels", DataType::I64, [ROWS])?;
        loss::cross_entropy(g, x, labels, None, None)
    };
    let labels = Array::integers(&[ROWS], vec![-100; ROWS]).unwrap();
    let (value, gradient) = run(build, &[("labels", labels)], logits());
    assert_eq!(value, 0.0);
    assert_eq!(gradient, [0.0; ROWS * CLASSES]);
}

fn targets() -> Vec<f64> {
    (0..ROWS * CLASSES).map(|at| f64::from(at % 3 == 1 || at % 5 == 0)).collect()
}

#[test]
fn binary_cross_entropy_counts_every_label() {
    for positive in [None, Some([1.0, 3.0, 0.5])] {
        let build = |g: &mut Graph, x: Var| {
            let targets = g.input("targets", DataType::F32, [ROWS, CLASSES])?;
            let weights = g.input("weights", DataType::F32, [ROWS])?;
            let positive = match positive {
                Some(_) => Some(g.input("positive", DataType::F32, [CLASSES])?),
                None => None,
            };
            loss::binary_cross_entropy(g, x, targets, Some(weights), positive)
        };
        let rows = vec![1.0, 1.0, 0.0, 1.0];
        let mut others = vec![
            ("targets", Array::reals(&[ROWS, CLASSES], targets()).unwrap()),
            ("weights", Array::reals(&[ROWS], rows.clone()).unwrap()),
        ];
        if let Some(positive) = positive {
            others.push(("positive", Array::reals(&[CLASSES], positive.to_vec()).unwrap()));
        }
        let (value, gradient) = run(build, &others, logits());
        let (mut sum, scale) = (0.0, 3.0 * CLASSES as f64);
        for (at, (x, t)) in logits().into_iter().zip(targets()).enumerate() {
            let p = 1.0 / (1.0 + (-x).exp());
            let (row, factor) = (rows[at / CLASSES], positive.map_or(1.0, |positive| positive[at % CLASSES]));
            sum -= row * (factor * t * p.ln() + (1.0 - t) * (1.0 - p).ln());
            close(gradient[at], row * ((1.0 - t) * p - factor * t * (1.0 - p)) / scale);
        }
        close(value, sum / scale);
    }
}

#[test]
fn squared_errors_are_averaged() {
    let build = |g: &mut Graph, x: Var| {
        let targets = g.input("targets", DataType::F32, [ROWS, CLASSES])?;
        loss::mean_squared_error(g, x, targets, None)
    };
    let others = [("targets", Array::reals(&[ROWS, CLASSES], targets()).unwrap())];
    let (value, gradient) = run(build, &others, logits());
    let count = (ROWS * CLASSES) as f64;
    let differences: Vec<f64> = logits().iter().zip(targets()).map(|(x, t)| x - t).collect();
    close(value, differences.iter().map(|d| d * d).sum::<f64>() / count);
    gradient.iter().zip(differences).for_each(|(&gradient, d)| close(gradient, 2.0 * d / count));
}

#[test]
fn rows_are_counted_where_the_label_wins() {
    let mut g = Graph::new("correct");
    let x = g.input("x", DataType::F32, [2, 3]).unwrap();
    let labels = g.input("labels", DataType::I64, [2]).unwrap();
    let correct = loss::correct(&mut g, x, labels, None).unwrap();
    let feeds = [
        ("x", Array::reals(&[2, 3], vec![0.0, 2.0, 1.0, 3.0, 2.0, 1.0]).unwrap()),
        ("labels", Array::integers(&[2], vec![1, 2]).unwrap()),
    ];
    assert_eq!(g.interpret_values(&feeds, &[correct]).unwrap()[0].to_reals(), [1.0]);
}

#[test]
fn positions_count_through_all_rows() {
    let mut g = Graph::new("positions");
    let hidden = g
        .input("hidden", DataType::F32, ["batch".into(), "tokens".into(), dlm_graph::Dim::Fixed(2)])
        .unwrap();
    let positions = g.input("positions", DataType::I64, ["masked"]).unwrap();
    let picked = loss::at_positions(&mut g, hidden, positions).unwrap();
    assert_eq!(g.shape(picked).unwrap().to_string(), "[masked, 2]");
    let feeds = [
        ("hidden", Array::reals(&[2, 2, 2], (0..8).map(f64::from).collect()).unwrap()),
        ("positions", Array::integers(&[2], vec![3, 0]).unwrap()),
    ];
    assert_eq!(g.interpret_values(&feeds, &[picked]).unwrap()[0].to_reals(), [6.0, 7.0, 0.0, 1.0]);
}
