//! `Identity`, and `Dropout` in inference: `dx = dy`.
//!
//! Dropout in training is a product with a mask: see [`Graph::replace_dropout`](crate::Graph::replace_dropout).

use crate::{
    Result,
    rules::{Adjoint, Inputs},
};

pub(super) fn apply(a: &mut Adjoint<'_>) -> Result<Inputs> {
    Ok(vec![Some(a.dy()?)])
}
