//! What the graph of a training step in half precision holds in which type.

use std::collections::BTreeSet;

use dlm_graph::{DataType, Graph, Keep, Target};
use dlm_nn::bert::{self, Config};

use super::{Precision, compiled};

/// Operators with CUDA kernels for bf16, by the registry of the pinned library, and those that only move elements.
const IN_BF16: [&str; 24] = [
    "Add",
    "Cast",
    "Concat",
    "Div",
    "Erf",
    "Exp",
    "Expand",
    "Gather",
    "Gelu",
    "Gemm",
    "Identity",
    "MatMul",
    "Mul",
    "Neg",
    // It sums in single precision, and rounds the sum: the gradients of biases, and the rows of a softmax's.
    "ReduceSum",
    "Reshape",
    "Slice",
    "Softmax",
    "Split",
    "Squeeze",
    "Sub",
    "Tanh",
    "Transpose",
    "Unsqueeze",
];

fn step(precision: Precision) -> (Graph, Vec<String>) {
    let config = Config::from_json(
        r#"{"vocab_size": 30, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
            "intermediate_size": 64, "max_position_embeddings": 16, "hidden_dropout_prob": 0.1,
            "attention_probs_dropout_prob": 0.1}"#,
    )
    .unwrap();
    let g = bert::masked_language_model(&config, "batch".into(), "tokens".into(), "masked".into()).unwrap();
    let mut g = g.bind(&[("batch", 2), ("tokens", 12), ("masked", 5)]).unwrap();
    let parameters: Vec<String> =
        g.parameters().into_iter().map(|var| g.name_of(var).unwrap().to_owned()).collect();
    let form = compiled::Form { keep: Keep::default(), precision };
    let (masks, gradients) = compiled::training(&mut g, &parameters, form, Target::Cuda).unwrap();
    // Embeddings; and in each of two layers attention and both sums.
    assert_eq!(masks.len(), 1 + 2 * 3);
    assert_eq!(gradients.len(), parameters.len());
    (g, gradients)
}

#[test]
fn products_alone_are_in_half_precision_and_what_is_delicate_is_whole() {
    let (g, gradients) = step(Precision::Bf16);
    let is_low = |var| g.dtype(var).unwrap() == DataType::BF16;
    // Weights come whole, loss and gradients go whole.
    for var in g.parameters() {
        assert_eq!(g.dtype(var).unwrap(), DataType::F32);
    }
    for name in gradients.iter().map(String::as_str).chain([super::LOSS]) {
        assert_eq!(g.dtype(g.find(name).unwrap()).unwrap(), DataType::F32, "{name}");
    }
    let (mut low, mut whole) = (BTreeSet::new(), BTreeSet::new());
    let mut products = 0;
    for node in g.nodes() {
        let operator = node.operator();
        let vars: Vec<_> = node.inputs().iter().chain(node.outputs()).flatten().copied().collect();
        let floats: Vec<_> = vars.into_iter().filter(|&var| g.dtype(var).unwrap().is_float()).collect();
        // The gradient of a table adds up rows, by a product with zeros and ones: a sum, and whole.
        if matches!(operator, "MatMul" | "Gemm") && !node.name().contains("/Gather_") {
            assert!(floats.iter().all(|&var| is_low(var)), "{} is not in half precision", node.name());
            products += 1;
        }
        if floats.iter().any(|&var| is_low(var)) {
            low.insert(operator)
        } else {
            whole.insert(operator)
        };
    }
    // Six products a layer forwards and two for each of them backwards, at the least.
    assert!(products >= 2 * 6 * 3, "{products}");
    for operator in low {
        assert!(IN_BF16.contains(&operator), "{operator} has no kernel for bf16 on CUDA");
    }
    for operator in ["LayerNormalization", "ReduceLogSumExp", "Log", "ReduceMax", "OneHot"] {
        let somewhere = g.nodes().iter().any(|node| node.operator() == operator);
        assert!(!somewhere || whole.contains(operator), "{operator} is in half precision");
    }
    assert!(whole.contains("LayerNormalization"));
}

#[test]
fn single_precision_has_no_other_in_it() {
    for precision in [Precision::Single, Precision::Tf32] {
        let (g, _) = step(precision);
        for node in g.nodes() {
            for &var in node.inputs().iter().chain(node.outputs()).flatten() {
                assert!(!matches!(g.dtype(var).unwrap(), DataType::BF16 | DataType::F16), "{}", node.name());
            }
        }
    }
}
