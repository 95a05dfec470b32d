//! δ₁ and δ₂ from the trace, for parabolas in one variable.
//!
//! The exact values need the whole operator, n² numbers. Cleveland and Grosse (1991, section 4) fitted a formula to many
//! designs instead: δ = n − tr(L) · exp(c₁ z^c₂ (1 − z)^c₃ · e^g(z)), where z places the trace between the number of
//! parameters and n. R uses it by default, and so it is what its bands are made of.

/// The parameters of a parabola.
const PARAMETERS: f64 = 3.0;
/// The three constants of δ₁ and of δ₂, for degree 2 and one variable.
const FIRST: [f64; 3] = [0.161_176_1, 0.309_132_3, 0.440_102_3];
const SECOND: [f64; 3] = [0.207_567, 0.282_257_4, 0.236_995_7];
/// The curve g: places, values and slopes, with a cubic between.
const CURVE: [(f64, f64, f64); 10] = [
    (-0.005, -0.090_572, 4.4844),
    (0.1204, 0.095_807, -0.7978),
    (0.2017, 0.026_152, -0.7286),
    (0.2815, -0.031_926, -0.4457),
    (0.3705, -0.053_718, -0.3495),
    (0.4536, -0.064_17, 0.032_813),
    (0.5591, -0.058_387, 0.1611),
    (0.7132, -0.020_636, 0.335),
    (0.8751, 0.040_172, -0.041_032),
    (1.005, -0.010_856, -0.7736),
];

/// Returns δ₁ and δ₂ of n points.
pub(super) fn approximate(trace: f64, n: usize) -> (f64, f64) {
    let n = n as f64;
    let correction = (PARAMETERS / n).sqrt();
    let z = (((PARAMETERS / trace).sqrt() - correction) / (1.0 - correction)).clamp(0.0, 1.0);
    let scale = curve(z).exp();
    let delta = |[c1, c2, c3]: [f64; 3]| n - trace * (c1 * z.powf(c2) * (1.0 - z).powf(c3) * scale).exp();
    (delta(FIRST), delta(SECOND))
}

fn curve(z: f64) -> f64 {
    let right = CURVE.partition_point(|&(place, ..)| place < z).clamp(1, CURVE.len() - 1);
    let ((x0, y0, d0), (x1, y1, d1)) = (CURVE[right - 1], CURVE[right]);
    let width = x1 - x0;
    let h = (z - x0) / width;
    (1.0 - h).powi(2) * (1.0 + 2.0 * h) * y0
        + h * h * (3.0 - 2.0 * h) * y1
        + (h * (1.0 - h).powi(2) * d0 + h * h * (h - 1.0) * d1) * width
}
