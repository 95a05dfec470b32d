//! Products.

use dlm_graph::{Attributes, Gemm, MICROSOFT};

use crate::check::{Case, check_all};

fn gemm(trans_a: bool, trans_b: bool, bias: &'static [usize]) -> Case {
    let a: &[usize] = if trans_a { &[4, 2] } else { &[2, 4] };
    let b: &[usize] = if trans_b { &[3, 4] } else { &[4, 3] };
    let form = Gemm { trans_a, trans_b, alpha: 0.5, beta: 1.5 };
    Case::new("gemm", [a, b, bias], move |g, p| g.gemm(p[0], p[1], Some(p[2]), form))
}

fn fused(trans_a: bool, trans_b: bool) -> Case {
    let a: &[usize] = if trans_a { &[2, 4, 2] } else { &[2, 2, 4] };
    let b: &[usize] = if trans_b { &[2, 3, 4] } else { &[2, 4, 3] };
    Case::new("fused", [a, b], move |g, p| {
        let attributes =
            Attributes::new().with("alpha", 0.5f32).with("transA", trans_a).with("transB", trans_b);
        Ok(g.node("FusedMatMul", MICROSOFT, &[Some(p[0]), Some(p[1])], attributes, 1)?[0])
    })
}

fn einsum(equation: &'static str, a: &'static [usize], b: &'static [usize]) -> Case {
    Case::new(equation, [a, b], move |g, p| {
        let attributes = Attributes::new().with("equation", equation);
        Ok(g.node("Einsum", "", &[Some(p[0]), Some(p[1])], attributes, 1)?[0])
    })
}

pub(crate) fn cases() -> Vec<Case> {
    let product =
        |name, a: &'static [usize], b: &'static [usize]| Case::new(name, [a, b], |g, p| g.matmul(p[0], p[1]));
    vec![
        gemm(false, false, &[3]),
        gemm(true, false, &[2, 3]),
        gemm(false, true, &[2, 1]),
        gemm(true, true, &[]),
        fused(false, false),
        fused(true, false),
        fused(false, true),
        fused(true, true),
        product("matmul, matrices", &[2, 4], &[4, 3]),
        product("matmul, rows", &[2, 2, 4], &[4, 3]),
        product("matmul, stacks", &[2, 2, 4], &[2, 4, 3]),
        product("matmul, broadcast", &[2, 1, 2, 4], &[3, 4, 2]),
        product("matmul, a matrix on a stack", &[2, 4], &[3, 4, 2]),
        product("matmul, a vector on the right", &[2, 3, 4], &[4]),
        product("matmul, a vector on the left", &[4], &[2, 4, 3]),
        einsum("bij,bjk->bik", &[2, 3, 2], &[2, 2, 4]),
        einsum("ij,kj", &[3, 2], &[4, 2]),
        einsum("i,j->ij", &[3], &[2]),
        einsum("ijk,j->i", &[2, 3, 2], &[3]),
        product("matmul, two vectors", &[4], &[4]),
    ]
}

#[test]
fn products() {
    check_all(&cases());
}
