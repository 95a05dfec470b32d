//! Reads any bytes as an ONNX model; what opens must be written and read again as the same, bound and differentiated.

use dlm_graph::{DataType, Graph, Var};

/// Panics if a promise is broken.
pub(crate) fn check(bytes: &[u8]) {
    let graph = match Graph::from_onnx(bytes, None) {
        Ok(graph) => graph,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    if let Ok(written) = graph.to_onnx() {
        let again = Graph::from_onnx(&written, None).expect("what is written can be read");
        assert_eq!(again.to_onnx().expect("what was read can be written"), written);
    }
    let symbols = graph.symbols();
    let sizes: Vec<(&str, usize)> = symbols.iter().map(|name| (name.as_str(), 2)).collect();
    if let Ok(bound) = graph.bind(&sizes) {
        differentiate(bound);
    }
}

fn differentiate(mut graph: Graph) {
    let real = |graph: &Graph, vars: &[Var]| -> Vec<Var> {
        let real = |var: &&Var| graph.dtype(**var).is_ok_and(DataType::is_float);
        vars.iter().filter(real).copied().collect()
    };
    let inputs = real(&graph, graph.inputs());
    let outputs = real(&graph, graph.outputs());
    for output in outputs {
        let Ok(loss) = graph.reduce_sum(output, &[], false) else { continue };
        match graph.gradients(loss, &inputs) {
            Ok(gradients) => assert_eq!(gradients.len(), inputs.len()),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}
