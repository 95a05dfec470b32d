//! Picking and placing.

use dlm_graph::{Attributes, Graph, Result, Tensor, Var};

use crate::check::{Case, check_all};

fn list(g: &mut Graph, dims: &[usize], values: &[i64]) -> Result<Var> {
    Ok(g.constant(Tensor::i64(dims, values)?))
}

fn scatter(operator: &'static str, reduction: &'static str) -> Case {
    Case::new(operator, [&[3, 2], &[2, 2]], move |g, p| {
        let (dims, values): (&[usize], &[i64]) =
            if operator == "ScatterND" { (&[2, 1], &[2, 0]) } else { (&[2, 2], &[2, 0, 1, 2]) };
        let indices = list(g, dims, values)?;
        let attributes = Attributes::new().with("reduction", reduction);
        Ok(g.node(operator, "", &[Some(p[0]), Some(indices), Some(p[1])], attributes, 1)?[0])
    })
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::new("gather, rows", [&[4, 3]], |g, p| {
            let indices = list(g, &[2, 2], &[1, 3, 1, -4])?;
            g.gather(p[0], indices, 0)
        }),
        Case::new("gather, middle axis", [&[2, 4, 2]], |g, p| {
            let indices = list(g, &[3], &[3, 0, 3])?;
            g.gather(p[0], indices, 1)
        }),
        Case::new("gather, one place", [&[2, 4, 2]], |g, p| g.select(p[0], 1, -2)),
        Case::new("gather, last axis", [&[2, 4]], |g, p| {
            let indices = list(g, &[2], &[2, 2])?;
            g.gather(p[0], indices, -1)
        }),
        // More than the largest one-hot matrix: 3000 rows, 3000 indices.
        Case::new("gather, scattered back", [&[2, 1]], |g, p| {
            let rows = g.expand(p[0], &[2, 1500])?;
            let rows = g.reshape(rows, &[3000, 1])?;
            let indices: Vec<i64> = (0..3000).map(|at| at % 7 * 400).collect();
            let indices = list(g, &[3000], &indices)?;
            let picked = g.gather(rows, indices, 0)?;
            g.reduce_mean(picked, &[], false)
        }),
        Case::new("gather elements", [&[3, 2]], |g, p| {
            let indices = list(g, &[2, 2], &[2, 0, 2, 1])?;
            g.gather_elements(p[0], indices, 0)
        }),
        Case::new("gather elements, last axis", [&[2, 3]], |g, p| {
            let indices = list(g, &[2, 4], &[2, 0, 2, 1, 1, 1, 0, -1])?;
            g.gather_elements(p[0], indices, 1)
        }),
        Case::new("gather nd", [&[3, 2, 2]], |g, p| {
            let indices = list(g, &[3, 2], &[2, 0, 2, 0, 1, 1])?;
            Ok(g.node("GatherND", "", &[Some(p[0]), Some(indices)], Attributes::new(), 1)?[0])
        }),
        scatter("ScatterElements", "none"),
        scatter("ScatterElements", "add"),
        scatter("ScatterND", "none"),
        scatter("ScatterND", "add"),
    ]
}

#[test]
fn indices() {
    check_all(&cases());
}
