//! `Einsum`: the adjoint of an input is the product of `dy` and the other inputs, summed over the axes the input has not.
//!
//! A letter that only this input has was summed: its adjoint is repeated along that axis.

use crate::{
    Attributes, Result, Var,
    einsum::Equation,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let equation =
        Equation::parse(a.node.attributes.text("equation", "")).map_err(|problem| a.fail(problem))?;
    let mut inputs = vec![None; equation.inputs.len()];
    for (index, adjoint) in inputs.iter_mut().enumerate() {
        if a.wants(index) {
            *adjoint = Some(one(a, &equation, index)?);
        }
    }
    Ok(inputs)
}

fn one(a: &mut Adjoint<'_>, equation: &Equation, index: usize) -> Result<Var> {
    let own = &equation.inputs[index];
    if own.iter().enumerate().any(|(at, letter)| own[..at].contains(letter)) {
        return Err(a.fail("a diagonal cannot be differentiated"));
    }
    let (mut parts, mut factors) = (vec![equation.output.clone()], vec![a.dy()?]);
    for (other, axes) in equation.inputs.iter().enumerate().filter(|(other, _)| *other != index) {
        parts.push(axes.clone());
        factors.push(a.x(other)?);
    }
    let known: Vec<char> =
        own.iter().copied().filter(|letter| parts.iter().any(|part| part.contains(letter))).collect();
    let left: Vec<String> = parts.iter().map(|part| part.iter().collect()).collect();
    let text = format!("{}->{}", left.join(","), known.iter().collect::<String>());
    let product = a.graph.apply("Einsum", &factors, Attributes::new().with("equation", text.as_str()))?;
    let alone = own.iter().enumerate().filter(|(_, letter)| !known.contains(letter));
    let alone: Vec<i64> = alone.map(|(axis, _)| axis as i64).collect();
    if alone.is_empty() {
        return Ok(product);
    }
    let x = a.x(index)?;
    let kept = a.graph.unsqueeze(product, &alone)?;
    let shape = a.graph.shape_tensor(x)?;
    a.graph.expand_to(kept, shape)
}
