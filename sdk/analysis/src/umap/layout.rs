//! Moving points on the map: joined ones attract, random others repel.

use dlm_sdk::{Result, random::Stream};
use ndarray::Array2;

use super::{Curve, Options, fuzzy::Edges};

/// No coordinate is moved farther than this at once, times the rate.
const LONGEST: f32 = 4.0;
/// Keeps the repulsion of points that nearly touch finite.
const SOFT: f32 = 0.001;

/// Goes through all epochs. An edge of weight w is used in a share w of them.
pub(super) fn optimise(
    places: &mut Array2<f32>,
    edges: &Edges,
    curve: Curve,
    epochs: usize,
    options: &Options,
    mut progress: impl FnMut(usize) -> Result<()>,
) -> Result<()> {
    let points = places.nrows();
    let Some(places) = places.as_slice_mut() else { return Ok(()) };
    let (a, b) = (curve.a as f32, curve.b as f32);
    let negative = options.negative_samples as f32;
    let every: Vec<f32> = edges.weights.iter().map(|weight| 1.0 / weight).collect();
    let mut next = every.clone();
    let mut next_negative: Vec<f32> = every.iter().map(|every| every / negative.max(1.0)).collect();
    let mut random = Stream::new(options.seed, "umap layout");
    let mut rate = 1.0;
    for epoch in 0..epochs {
        progress(epoch)?;
        let now = epoch as f32;
        for edge in 0..every.len() {
            if next[edge] > now {
                continue;
            }
            let (head, tail) = (edges.heads[edge] as usize, edges.tails[edge] as usize);
            let (dx, dy, squared) = apart(places, head, tail);
            if squared > 0.0 {
                let power = squared.powf(b);
                let pull = -2.0 * a * b * power / squared / (a * power + 1.0);
                let (x, y) = (clip(pull * dx) * rate, clip(pull * dy) * rate);
                places[2 * head] += x;
                places[2 * head + 1] += y;
                places[2 * tail] -= x;
                places[2 * tail + 1] -= y;
            }
            next[edge] += every[edge];
            if options.negative_samples == 0 {
                continue;
            }
            let step = every[edge] / negative;
            let samples = ((now - next_negative[edge]) / step).max(0.0) as usize;
            for _ in 0..samples {
                let other = random.below(points);
                if other == head {
                    continue;
                }
                let (dx, dy, squared) = apart(places, head, other);
                if squared > 0.0 {
                    let push = 2.0 * b / ((SOFT + squared) * (a * squared.powf(b) + 1.0));
                    places[2 * head] += clip(push * dx) * rate;
                    places[2 * head + 1] += clip(push * dy) * rate;
                }
            }
            next_negative[edge] += samples as f32 * step;
        }
        rate = 1.0 - now / epochs as f32;
    }
    Ok(())
}

fn apart(places: &[f32], one: usize, other: usize) -> (f32, f32, f32) {
    let dx = places[2 * one] - places[2 * other];
    let dy = places[2 * one + 1] - places[2 * other + 1];
    (dx, dy, dx * dx + dy * dy)
}

fn clip(value: f32) -> f32 {
    value.clamp(-LONGEST, LONGEST)
}
