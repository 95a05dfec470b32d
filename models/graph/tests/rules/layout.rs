//! Operators that move elements.

use dlm_graph::{Attributes, Tensor};

use crate::check::{Case, check_all};

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::new("reshape", [&[2, 6]], |g, p| g.reshape(p[0], &[0, 3, -1])),
        Case::new("flatten", [&[2, 3, 2]], |g, p| {
            Ok(g.node("Flatten", "", &[Some(p[0])], Attributes::new().with("axis", 2), 1)?[0])
        }),
        Case::new("squeeze", [&[2, 1, 3]], |g, p| g.squeeze(p[0], &[1])),
        Case::new("unsqueeze", [&[2, 3]], |g, p| g.unsqueeze(p[0], &[0, -1])),
        Case::new("transpose", [&[2, 3, 4]], |g, p| g.transpose(p[0], &[2, 0, 1])),
        Case::new("transpose, reversed", [&[2, 3]], |g, p| {
            Ok(g.node("Transpose", "", &[Some(p[0])], Attributes::new(), 1)?[0])
        }),
        Case::new("expand", [&[3, 1]], |g, p| g.expand(p[0], &[2, 3, 4])),
        Case::new("tile", [&[2, 3]], |g, p| {
            let times = g.list(&[3, 2]);
            Ok(g.node("Tile", "", &[Some(p[0]), Some(times)], Attributes::new(), 1)?[0])
        }),
        Case::new("concat", [&[2, 3], &[2, 1], &[2, 2]], |g, p| g.concat(p, 1)),
        Case::new("split", [&[2, 5]], |g, p| {
            let parts = g.split(p[0], 1, &[2, 2, 1])?;
            let product = g.mul(parts[0], parts[1])?;
            g.mul(product, parts[2])
        }),
        Case::new("split, one part unused", [&[2, 5]], |g, p| Ok(g.split(p[0], -1, &[2, 3])?[1])),
        Case::new("pad", [&[2, 3]], |g, p| g.pad(p[0], 1, 2, 1)),
        Case::new("pad, cutting", [&[3, 4]], |g, p| {
            let (pads, axes) = (g.list(&[-1, 2]), g.list(&[1]));
            Ok(g.node("Pad", "", &[Some(p[0]), Some(pads), None, Some(axes)], Attributes::new(), 1)?[0])
        }),
        Case::new("rotation of halves", [&[2, 6]], |g, p| {
            let (front, back) = (g.slice(p[0], 1, 0, 3)?, g.slice(p[0], 1, 3, i64::MAX)?);
            let back = g.neg(back)?;
            g.concat(&[back, front], 1)
        }),
    ];
    for (start, end, step) in
        [(1, 6, 1), (-3, i64::MAX, 1), (0, 7, 2), (1, 7, 3), (6, i64::MIN, -1), (5, 0, -2), (3, 3, 1)]
    {
        cases.push(Case::new("slice", [&[2, 7]], move |g, p| {
            let part = g.slice_by(p[0], 1, start, end, step)?;
            // An empty part has no sum of its own: keep the rest in play.
            let rest = g.reduce_sum(p[0], &[1], true)?;
            g.concat(&[part, rest], 1)
        }));
    }
    cases.push(Case::new("constant", [&[2]], |g, p| {
        let two = g.constant(Tensor::f32([2], &[2.0, 3.0])?);
        g.mul(p[0], two)
    }));
    cases
}

#[test]
fn layout() {
    check_all(&cases());
}
