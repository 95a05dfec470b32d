//! `Einsum`, by its definition: for every value of every letter, one product.

use ndarray::{ArrayD, Dimension, IxDyn};

use crate::{
    Result,
    einsum::Equation,
    interpret::{Array, Call, Rule},
};

pub(super) fn rule(key: &str) -> Option<Rule> {
    (key == "Einsum").then_some(einsum as Rule)
}

fn einsum(call: &Call<'_>) -> Result<Vec<Array>> {
    let equation =
        Equation::parse(call.node.attributes.text("equation", "")).map_err(|problem| call.fail(problem))?;
    let inputs = (0..call.inputs.len()).map(|index| call.real(index)).collect::<Result<Vec<_>>>()?;
    let letters = equation.letters();
    let mut sizes = vec![None; letters.len()];
    let place = |letter: &char| letters.iter().position(|other| other == letter);
    if inputs.len() != equation.inputs.len() {
        return Err(call.fail("the equation does not fit the inputs"));
    }
    for (input, axes) in inputs.iter().zip(&equation.inputs) {
        if input.ndim() != axes.len() {
            return Err(call.fail("the equation does not fit the inputs"));
        }
        for (letter, &size) in axes.iter().zip(input.shape()) {
            let slot = place(letter).and_then(|at| sizes.get_mut(at));
            if let Some(slot) = slot
                && slot.replace(size).is_some_and(|before| before != size)
            {
                return Err(call.fail(format!("`{letter}` has two lengths")));
            }
        }
    }
    let sizes: Vec<usize> = sizes.into_iter().map(Option::unwrap_or_default).collect();
    let kept = equation.output.len();
    let mut sum = ArrayD::<f64>::zeros(IxDyn(&sizes[..kept]));
    let axes: Vec<Vec<usize>> =
        equation.inputs.iter().map(|axes| axes.iter().filter_map(place).collect()).collect();
    for at in ndarray::indices(IxDyn(&sizes)) {
        let at = at.slice();
        let pick = |axes: &Vec<usize>| -> Vec<usize> { axes.iter().map(|&axis| at[axis]).collect() };
        let product: f64 = inputs.iter().zip(&axes).map(|(input, axes)| input[IxDyn(&pick(axes))]).product();
        sum[IxDyn(&at[..kept])] += product;
    }
    Ok(vec![Array::Real(sum)])
}
