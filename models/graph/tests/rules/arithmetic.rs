//! Operators of two inputs, broadcast in every way.

use dlm_graph::Attributes;

use crate::check::{Case, check_all};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::new("add", [&[2, 3], &[2, 3]], |g, p| g.add(p[0], p[1])),
        Case::new("add, a row", [&[2, 3], &[3]], |g, p| g.add(p[0], p[1])),
        Case::new("add, both", [&[2, 1, 3], &[4, 1]], |g, p| g.add(p[0], p[1])),
        Case::new("add, a scalar", [&[], &[2, 2]], |g, p| g.add(p[0], p[1])),
        Case::new("add, outer and inner", [&[2, 3, 4], &[3, 1]], |g, p| g.add(p[0], p[1])),
        Case::new("sub", [&[2, 3], &[2, 1]], |g, p| g.sub(p[0], p[1])),
        Case::new("sub, left", [&[3], &[2, 2, 3]], |g, p| g.sub(p[0], p[1])),
        Case::new("mul", [&[2, 3], &[2, 3]], |g, p| g.mul(p[0], p[1])),
        Case::new("mul, both", [&[2, 1, 3], &[4, 1]], |g, p| g.mul(p[0], p[1])),
        Case::new("mul, itself", [&[3]], |g, p| g.mul(p[0], p[0])),
        Case::new("div", [&[2, 3], &[3]], |g, p| g.div(p[0], p[1])).within(0.5, 2.0),
        Case::new("div, left", [&[3], &[2, 3]], |g, p| g.div(p[0], p[1])).within(-2.0, -0.5),
        Case::new("pow", [&[2, 3], &[3]], |g, p| g.pow(p[0], p[1])).within(0.5, 2.0),
        Case::new("sum", [&[2, 3], &[3], &[2, 1]], |g, p| {
            Ok(g.node("Sum", "", &[Some(p[0]), Some(p[1]), Some(p[2])], Attributes::new(), 1)?[0])
        }),
        Case::new("max", [&[2, 3], &[3]], |g, p| g.max(p[0], p[1])),
        Case::new("min", [&[2, 3], &[2, 1]], |g, p| g.min(p[0], p[1])),
        Case::new("where", [&[2, 3], &[3]], |g, p| {
            let condition = g.less(p[0], p[1])?;
            g.choose(condition, p[0], p[1])
        }),
        Case::new("where, a scalar", [&[2, 3], &[]], |g, p| {
            let condition = g.constant(dlm_graph::Tensor::bool([2, 1], &[true, false])?);
            g.choose(condition, p[1], p[0])
        }),
    ];
    for exponent in [2.0, 0.5, 3.0, -1.5] {
        cases.push(
            Case::new("pow of a constant", [&[4]], move |g, p| {
                let exponent = g.scalar(dlm_graph::DataType::F32, exponent);
                g.pow(p[0], exponent)
            })
            .within(0.5, 2.0),
        );
    }
    cases
}

#[test]
fn arithmetic() {
    check_all(&cases());
}
