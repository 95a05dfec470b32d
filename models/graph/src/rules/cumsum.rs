//! `CumSum`: running sums of `dy` from the other end.

use crate::{
    Attributes, Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    let (dy, axis) = (a.dy()?, a.x(1)?);
    let reverse = a.node.attributes.int("reverse", 0) == 0;
    let exclusive = a.node.attributes.int("exclusive", 0);
    let attributes = Attributes::new().with("reverse", reverse).with("exclusive", exclusive);
    Ok(vec![Some(a.graph.apply("CumSum", &[dy, axis], attributes)?), None])
}
