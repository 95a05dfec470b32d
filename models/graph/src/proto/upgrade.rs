//! Older forms of operators, brought up to opset 20.
//!
//! Between opsets 11 and 20 axes, splits and ratios moved from attributes to inputs. Only one form is known to the rest
//! of this crate.

use crate::{Attribute, Attributes, DataType, Error, Graph, Result, Tensor, Var};

/// A node as it was read.
pub(super) struct Raw<'a> {
    pub(super) operator: &'a str,
    pub(super) inputs: Vec<Option<Var>>,
    pub(super) attributes: Attributes,
    pub(super) outputs: usize,
    pub(super) place: &'a str,
}

/// Brings a node of ONNX's own domain up to opset 20.
pub(super) fn upgrade(g: &mut Graph, node: &mut Raw<'_>, opset: i64) -> Result<()> {
    match node.operator {
        "Squeeze" | "Unsqueeze" | "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceProd"
        | "ReduceL1" | "ReduceL2" | "ReduceLogSumExp" | "ReduceSumSquare" => moved(g, node, "axes", 1),
        "Split" => {
            moved(g, node, "split", 1);
            if node.inputs.get(1).is_none_or(Option::is_none) && node.attributes.get("num_outputs").is_none()
            {
                node.attributes.set("num_outputs", node.outputs as i64);
            }
        }
        "Dropout" => {
            if let Some(Attribute::Float(ratio)) = node.attributes.remove("ratio") {
                let ratio = g.scalar(DataType::F32, f64::from(ratio));
                place(node, 1, ratio);
            }
        }
        "DFT" if opset < 20 => {
            let axis = match node.attributes.remove("axis") {
                Some(Attribute::Int(axis)) => axis,
                _ => 1,
            };
            let axis = g.constant(Tensor::i64(Vec::new(), &[axis])?);
            place(node, 2, axis);
        }
        "Softmax" | "LogSoftmax" if opset < 13 => {
            // Until opset 12, all axes from this one on were one axis.
            let axis = node.attributes.int("axis", 1);
            let rank = node.inputs.first().copied().flatten().and_then(|x| g.rank(x).ok());
            if axis != -1 && rank.map(|rank| rank as i64 - 1) != Some(axis) {
                let problem =
                    format!("axis {axis} of opset {opset} joins all axes behind it, which is not supported");
                return Err(Error::model(node.place, problem));
            }
            node.attributes.set("axis", -1i64);
        }
        "SequenceAt" => part_of_sequence(g, node)?,
        _ => {}
    }
    Ok(())
}

/// Makes a part of a `SplitToSequence` a `Slice`: sequences of tensors have no derivative, their parts do.
fn part_of_sequence(g: &mut Graph, node: &mut Raw<'_>) -> Result<()> {
    let (Some(Some(sequence)), Some(Some(index))) =
        (node.inputs.first().copied(), node.inputs.get(1).copied())
    else {
        return Ok(());
    };
    let source = g.producer(sequence).filter(|producer| &*producer.key() == "SplitToSequence");
    let parts = source.and_then(|producer| {
        let axis = producer.attributes().int("axis", 0);
        Some((producer.input(0)?, producer.input(1)?, axis))
    });
    let place =
        g.tensor(index).and_then(|tensor| tensor.integers().first().copied()).filter(|&index| index >= 0);
    let (Some((x, length, axis)), Some(place)) = (parts, place) else { return Ok(()) };
    if g.shape(length)?.elements() != Some(1) {
        return Ok(());
    }
    let length = g.cast(length, DataType::I64)?;
    let length = g.reshape(length, &[1])?;
    let place = g.list(&[place]);
    let start = g.mul(length, place)?;
    let end = g.add(start, length)?;
    let along = g.list(&[axis]);
    node.operator = "Slice";
    node.inputs = vec![Some(x), Some(start), Some(end), Some(along)];
    node.attributes = Attributes::new();
    Ok(())
}

/// Makes an attribute of integers a constant input.
fn moved(g: &mut Graph, node: &mut Raw<'_>, name: &str, index: usize) {
    if let Some(Attribute::Ints(values)) = node.attributes.remove(name) {
        let list = g.list(&values);
        place(node, index, list);
    }
}

fn place(node: &mut Raw<'_>, index: usize, var: Var) {
    if node.inputs.len() <= index {
        node.inputs.resize(index + 1, None);
    }
    node.inputs[index] = Some(var);
}
