//! The rules of differentiation, one operator a file.
//!
//! Every file says which formula it uses and where it is from, and is tested in `tests/rules.rs` against central finite
//! differences in the reference interpreter. Notation: `y = f(x)`, and a bar over a value is its adjoint, the derivative
//! of the loss with respect to it; in code `y`, `x` and `dy`, `dx`.

mod add;
mod adjoint;
mod cast;
mod clip;
mod concat;
mod conv;
mod cumsum;
mod dft;
mod div;
mod einsum;
mod erf;
mod expand;
mod gather;
mod gather_elements;
mod gather_nd;
mod gelu;
mod gemm;
mod global_pool;
mod identity;
mod layer_normalization;
mod leaky_relu;
mod log_softmax;
mod matmul;
mod max;
mod max_pool;
mod mul;
mod pad;
mod pow;
mod quick_gelu;
mod reduce_extreme;
mod reduce_log_sum_exp;
mod reduce_sum;
mod reduce_sum_square;
mod relu;
mod reshape;
mod rms_normalization;
mod scatter_elements;
mod scatter_nd;
mod sigmoid;
mod slice;
mod softmax;
mod softplus;
mod split;
mod step;
mod sub;
mod tanh;
mod tile;
mod transpose;
mod trigonometry;
mod trilu;
mod unary;
mod r#where;

use std::sync::LazyLock;

pub(crate) use self::adjoint::{Adjoint, count};
use crate::{Result, Var};

/// The adjoints of a node's inputs; `None` where none was wanted or there is none.
pub(crate) type Inputs = Vec<Option<Var>>;

/// How an operator is differentiated.
pub(crate) struct Rule {
    /// The operator's type, after its domain and a colon where it has one.
    pub(crate) operator: &'static str,
    /// Adds the nodes that compute the adjoints of the inputs.
    pub(crate) apply: fn(&mut Adjoint<'_>) -> Result<Inputs>,
}

const fn rule(operator: &'static str, apply: fn(&mut Adjoint<'_>) -> Result<Inputs>) -> Rule {
    Rule { operator, apply }
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let mut rules = vec![
        rule("Abs", unary::abs),
        rule("Add", add::apply),
        rule("Cast", cast::apply),
        rule("CastLike", cast::apply),
        rule("Ceil", step::apply),
        rule("Clip", clip::apply),
        rule("Concat", concat::apply),
        rule("Conv", conv::apply),
        rule("Cos", trigonometry::cos),
        rule("CumSum", cumsum::apply),
        rule("DFT", dft::apply),
        rule("Div", div::apply),
        rule("Dropout", identity::apply),
        rule("Einsum", einsum::apply),
        rule("Erf", erf::apply),
        rule("Exp", unary::exp),
        rule("Expand", expand::apply),
        rule("Flatten", reshape::apply),
        rule("Floor", step::apply),
        rule("Gather", gather::apply),
        rule("GatherElements", gather_elements::apply),
        rule("GatherND", gather_nd::apply),
        rule("Gelu", gelu::apply),
        rule("Gemm", gemm::apply),
        rule("GlobalAveragePool", global_pool::average),
        rule("GlobalMaxPool", global_pool::max),
        rule("Identity", identity::apply),
        rule("LayerNormalization", layer_normalization::apply),
        rule("LeakyRelu", leaky_relu::apply),
        rule("Log", unary::log),
        rule("LogSoftmax", log_softmax::apply),
        rule("MatMul", matmul::apply),
        rule("Max", max::apply),
        rule("MaxPool", max_pool::apply),
        rule("Min", max::apply),
        rule("Mul", mul::apply),
        rule("Neg", unary::neg),
        rule("Pad", pad::apply),
        rule("Pow", pow::apply),
        rule("RMSNormalization", rms_normalization::apply),
        rule("Reciprocal", unary::reciprocal),
        rule("ReduceLogSumExp", reduce_log_sum_exp::apply),
        rule("ReduceMax", reduce_extreme::apply),
        rule("ReduceMean", reduce_sum::mean),
        rule("ReduceMin", reduce_extreme::apply),
        rule("ReduceSum", reduce_sum::apply),
        rule("ReduceSumSquare", reduce_sum_square::apply),
        rule("Relu", relu::apply),
        rule("Reshape", reshape::apply),
        rule("Round", step::apply),
        rule("ScatterElements", scatter_elements::apply),
        rule("ScatterND", scatter_nd::apply),
        rule("Sigmoid", sigmoid::apply),
        rule("Sign", step::apply),
        rule("Sin", trigonometry::sin),
        rule("Slice", slice::apply),
        rule("Softmax", softmax::apply),
        rule("Softplus", softplus::apply),
        rule("Split", split::apply),
        rule("Sqrt", unary::sqrt),
        rule("Squeeze", reshape::apply),
        rule("Sub", sub::apply),
        rule("Sum", add::apply),
        rule("Tanh", tanh::apply),
        rule("Tile", tile::apply),
        rule("Transpose", transpose::apply),
        rule("Trilu", trilu::apply),
        rule("Unsqueeze", reshape::apply),
        rule("Where", r#where::apply),
        rule("com.microsoft:FastGelu", gelu::apply),
        rule("com.microsoft:FusedMatMul", matmul::fused),
        rule("com.microsoft:Gelu", gelu::apply),
        rule("com.microsoft:QuickGelu", quick_gelu::apply),
    ];
    rules.sort_by_key(|rule| rule.operator);
    rules
});

/// Returns all rules in the order of their operators.
pub(crate) fn all() -> &'static [Rule] {
    &RULES
}

/// Returns the rule of an operator.
pub(crate) fn find(operator: &str) -> Option<&'static Rule> {
    let at = RULES.binary_search_by_key(&operator, |rule| rule.operator).ok()?;
    Some(&RULES[at])
}
