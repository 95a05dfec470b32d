//! Functions of one input, and normalisations.

use dlm_graph::{Attributes, DataType, Gelu, Graph, MICROSOFT, Result, Var};

use crate::check::{Case, check_all};

fn one(operator: &'static str, domain: &'static str, attributes: Attributes) -> Case {
    Case::new(operator, [&[3, 4]], move |g, p| {
        Ok(g.node(operator, domain, &[Some(p[0])], attributes.clone(), 1)?[0])
    })
}

fn normal(g: &mut Graph, p: &[Var], axis: i64) -> Result<Var> {
    let attributes = Attributes::new().with("axis", axis).with("epsilon", 1e-3f32);
    let inputs: Vec<_> = p.iter().copied().map(Some).collect();
    Ok(g.node("LayerNormalization", "", &inputs, attributes, 1)?[0])
}

pub(crate) fn cases() -> Vec<Case> {
    let plain = |operator| one(operator, "", Attributes::new());
    vec![
        plain("Neg"),
        plain("Abs"),
        plain("Exp"),
        plain("Erf"),
        plain("Tanh"),
        plain("Sigmoid"),
        plain("Sin"),
        plain("Cos"),
        plain("Relu"),
        plain("Softplus"),
        plain("LeakyRelu"),
        plain("Identity"),
        plain("Dropout"),
        plain("Floor").within(0.1, 0.9),
        plain("Ceil").within(0.1, 0.9),
        plain("Round").within(0.6, 0.9),
        plain("Sign"),
        plain("Sqrt").within(0.5, 2.0),
        plain("Reciprocal").within(0.5, 2.0),
        plain("Log").within(0.5, 2.0),
        plain("Gelu"),
        one("Gelu", "", Attributes::new().with("approximate", "tanh")),
        one("Gelu", MICROSOFT, Attributes::new()),
        one("FastGelu", MICROSOFT, Attributes::new()),
        one("QuickGelu", MICROSOFT, Attributes::new()),
        Case::new("gelu, a chain", [&[5]], |g, p| g.gelu_chain(p[0])),
        Case::new("gelu, by method", [&[5]], |g, p| g.gelu(p[0], Gelu::Tanh)),
        Case::new("silu", [&[5]], |g, p| g.silu(p[0])),
        Case::new("clip", [&[6]], |g, p| g.clip(p[0], -0.7, 0.6)),
        Case::new("cast", [&[4]], |g, p| g.cast(p[0], DataType::F64)),
        Case::new("cast like", [&[4], &[1]], |g, p| {
            let wide = g.cast(p[1], DataType::F64)?;
            let cast = g.node("CastLike", "", &[Some(p[0]), Some(wide)], Attributes::new(), 1)?[0];
            g.mul(cast, wide)
        }),
        Case::new("softmax", [&[3, 4]], |g, p| g.softmax(p[0], -1)),
        Case::new("softmax, first axis", [&[3, 4]], |g, p| g.softmax(p[0], 0)),
        Case::new("log softmax", [&[3, 4]], |g, p| g.log_softmax(p[0], -1)),
        Case::new("log softmax, middle axis", [&[2, 3, 2]], |g, p| g.log_softmax(p[0], 1)),
        Case::new("layer norm", [&[3, 4], &[4], &[4]], |g, p| normal(g, p, -1)),
        Case::new("layer norm, no bias", [&[2, 2, 4], &[4]], |g, p| normal(g, p, 2)),
        Case::new("layer norm, two axes", [&[2, 3, 2], &[3, 2], &[3, 2]], |g, p| normal(g, p, 1)),
        Case::new("rms norm", [&[3, 4], &[4]], |g, p| {
            Ok(g.node("RMSNormalization", "", &[Some(p[0]), Some(p[1])], Attributes::new(), 1)?[0])
        }),
        Case::new("cumsum", [&[2, 4]], |g, p| g.cumsum(p[0], 1)),
        Case::new("cumsum, exclusive and reversed", [&[2, 4]], |g, p| {
            let axis = g.constant(dlm_graph::Tensor::scalar(DataType::I64, 0.0));
            let attributes = Attributes::new().with("exclusive", true).with("reverse", true);
            Ok(g.node("CumSum", "", &[Some(p[0]), Some(axis)], attributes, 1)?[0])
        }),
        Case::new("triangle", [&[3, 3]], |g, p| {
            Ok(g.node("Trilu", "", &[Some(p[0])], Attributes::new().with("upper", false), 1)?[0])
        }),
    ]
}

#[test]
fn functions() {
    check_all(&cases());
}
