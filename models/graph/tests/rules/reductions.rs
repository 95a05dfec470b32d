//! Reductions.

use crate::check::{Case, check_all};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::new("sum", [&[2, 3, 2]], |g, p| g.reduce_sum(p[0], &[1], false)),
        Case::new("sum, kept", [&[2, 3, 2]], |g, p| g.reduce_sum(p[0], &[0, -1], true)),
        Case::new("mean", [&[2, 3, 2]], |g, p| g.reduce_mean(p[0], &[-1, 0], false)),
        Case::new("mean of all", [&[2, 3]], |g, p| g.reduce_mean(p[0], &[], false)),
        Case::new("max", [&[3, 4]], |g, p| g.reduce_max(p[0], &[1], false)),
        Case::new("min", [&[3, 4]], |g, p| g.reduce_min(p[0], &[0], true)),
        Case::new("sum of squares", [&[3, 4]], |g, p| g.reduce_sum_square(p[0], &[1], false)),
        Case::new("log of summed exponentials", [&[3, 4]], |g, p| g.reduce_log_sum_exp(p[0], &[1], false)),
    ]
}

#[test]
fn reductions() {
    check_all(&cases());
}
