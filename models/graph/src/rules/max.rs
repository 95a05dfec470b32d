//! `Max` and `Min` of any number of inputs: `dy` goes to the input that was chosen, in equal parts where several were.

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, y) = (a.dy()?, a.y(0)?);
    let dtype = a.graph.dtype(y)?;
    let mut chosen = Vec::new();
    for index in 0..a.node.inputs.len() {
        let x = a.x(index)?;
        let same = a.graph.equal(x, y)?;
        chosen.push(a.graph.as_number(same, dtype)?);
    }
    let mut count = chosen[0];
    for &other in &chosen[1..] {
        count = a.graph.add(count, other)?;
    }
    let share = a.graph.div(dy, count)?;
    let mut inputs = vec![None; chosen.len()];
    for (index, &chosen) in chosen.iter().enumerate() {
        if a.wants(index) {
            let part = a.graph.mul(share, chosen)?;
            inputs[index] = a.reduced(part, index)?;
        }
    }
    Ok(inputs)
}
