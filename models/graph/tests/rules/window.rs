//! Convolutions, pools and Fourier transforms.

use dlm_graph::{Attributes, Convolution};

use crate::check::{Case, check_all};

fn conv(x: &'static [usize], w: &'static [usize], form: Convolution) -> Case {
    let bias: &'static [usize] = if w[0] == 4 { &[4] } else { &[2] };
    Case::new("conv", [x, w, bias], move |g, p| g.conv1d(p[0], p[1], Some(p[2]), form))
}

fn dft(dims: &'static [usize], inverse: bool, one_sided: bool) -> Case {
    Case::new("dft", [dims], move |g, p| g.dft(p[0], 1, inverse, one_sided))
}

pub(crate) fn cases() -> Vec<Case> {
    let plain = Convolution::default();
    vec![
        conv(&[2, 3, 7], &[2, 3, 3], plain),
        conv(&[2, 3, 8], &[2, 3, 3], Convolution { stride: 2, pads: (1, 2), ..plain }),
        conv(&[1, 2, 9], &[2, 2, 3], Convolution { dilation: 2, stride: 3, pads: (2, 0), ..plain }),
        conv(&[2, 4, 6], &[4, 2, 2], Convolution { groups: 2, ..plain }),
        conv(&[2, 4, 6], &[4, 1, 3], Convolution { groups: 4, pads: (2, 0), ..plain }),
        conv(&[1, 2, 6], &[4, 1, 3], Convolution { groups: 2, ..plain }),
        Case::new("max pool", [&[2, 2, 7]], |g, p| g.max_pool1d(p[0], 3, 2)),
        Case::new("max pool, overlapping", [&[1, 2, 6]], |g, p| g.max_pool1d(p[0], 3, 1)),
        Case::new("global max pool", [&[2, 3, 4]], |g, p| g.global_max_pool(p[0])),
        Case::new("global average pool", [&[2, 3, 4]], |g, p| {
            Ok(g.node("GlobalAveragePool", "", &[Some(p[0])], Attributes::new(), 1)?[0])
        }),
        dft(&[2, 6, 1], false, true),
        dft(&[2, 5, 1], false, true),
        dft(&[2, 5, 1], false, false),
        dft(&[2, 5, 2], false, false),
        dft(&[2, 5, 2], true, false),
        Case::new("dft, longer than its input", [&[2, 4, 1]], |g, p| {
            let (length, axis) =
                (g.scalar(dlm_graph::DataType::I64, 7.0), g.scalar(dlm_graph::DataType::I64, 1.0));
            let attributes = Attributes::new().with("onesided", true);
            Ok(g.node("DFT", "", &[Some(p[0]), Some(length), Some(axis)], attributes, 1)?[0])
        }),
    ]
}

#[test]
fn windows() {
    check_all(&cases());
}
