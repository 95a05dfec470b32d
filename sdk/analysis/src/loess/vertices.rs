//! The interpolated surface: parabolas at the cell borders of a k-d tree, a cubic between them.

use dlm_sdk::Result;

use super::local::{Local, Parabola, Row};

/// The share of a neighbourhood that a cell may hold before it is cut (R's `cell`).
const CELL: f64 = 0.2;
/// How far the outermost vertices lie beyond the points, as a share of their extent.
const MARGIN: f64 = 0.005;

/// Places in ascending order, and the parabola at each.
#[derive(Clone, Debug)]
pub(super) struct Vertices {
    places: Vec<f64>,
    parabolas: Vec<Parabola>,
}

impl Vertices {
    pub(super) fn new(local: &Local) -> Result<Self> {
        let places = places(local);
        let parabolas = places.iter().map(|&place| local.fit(place)).collect::<Result<_>>()?;
        Ok(Self { places, parabolas })
    }

    /// Returns the weights of the points in the cubic at a place within the outermost vertices.
    pub(super) fn blend(&self, at: f64) -> Row {
        let right = self.places.partition_point(|&place| place < at).clamp(1, self.places.len() - 1);
        let (left, width) = (right - 1, self.places[right] - self.places[right - 1]);
        let h = (at - self.places[left]) / width;
        Row::combine(&[
            ((1.0 - h).powi(2) * (1.0 + 2.0 * h), &self.parabolas[left].value),
            (h * h * (3.0 - 2.0 * h), &self.parabolas[right].value),
            (h * (1.0 - h).powi(2) * width, &self.parabolas[left].slope),
            (h * h * (h - 1.0) * width, &self.parabolas[right].slope),
        ])
    }
}

/// Cuts cells at the median until each holds few points.
fn places(local: &Local) -> Vec<f64> {
    let x = local.sorted();
    let (least, greatest) = local.extent();
    let extent = (greatest - least).max(1e-10 * least.abs().max(greatest.abs()) + 1e-30);
    let (low, high) = (least - MARGIN * extent, greatest + MARGIN * extent);
    let mut places = vec![low, high];
    let few = (x.len() as f64 * local.span() * CELL) as usize;
    // Points from the first to before the second, between two vertices.
    let mut cells = vec![(0, x.len(), low, high)];
    while let Some((first, end, low, high)) = cells.pop() {
        if end - first <= few || first == end {
            continue;
        }
        let cut = cut(x, first, end - 1);
        let place = x[cut];
        if place == low || place == high {
            continue;
        }
        if !places.contains(&place) {
            places.push(place);
        }
        cells.push((first, cut + 1, low, place));
        cells.push((cut + 1, end, place, high));
    }
    places.sort_by(f64::total_cmp);
    places
}

/// Returns the last point of the left half: the median, or the nearest to it after which `x` changes.
fn cut(x: &[f64], first: usize, last: usize) -> usize {
    let middle = usize::midpoint(first, last);
    let mut offset = 0_isize;
    loop {
        let Some(place) = middle.checked_add_signed(offset).filter(|place| (first..last).contains(place))
        else {
            return middle;
        };
        if x[place] != x[place + 1] {
            return place;
        }
        offset = if offset > 0 { -offset } else { 1 - offset };
    }
}
