//! How often values fall into bins.

use super::{
    frame,
    scale::{Axis, Scale},
    style::{INK, Mark},
    svg::Svg,
};

/// A bin of a [`Histogram`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Where it starts.
    pub start: f64,
    /// Where it ends.
    pub end: f64,
    /// How often a value fell into it, or which share did.
    pub count: f64,
}

/// Counts of values in bins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// The name of the value axis.
    pub axis: String,
    /// The name of the count axis.
    pub count_axis: String,
    /// The bins, ascending.
    pub bins: Vec<Bin>,
    /// The width in pixels.
    pub width: f64,
    /// The height in pixels.
    pub height: f64,
}

impl Histogram {
    /// Creates a plot without bins.
    pub fn new(axis: impl Into<String>, count_axis: impl Into<String>) -> Self {
        Self {
            axis: axis.into(),
            count_axis: count_axis.into(),
            bins: Vec::new(),
            width: 560.0,
            height: 300.0,
        }
    }

    /// Creates a plot of whole numbers, each a bin around itself.
    pub fn of_integers(
        axis: impl Into<String>,
        count_axis: impl Into<String>,
        counts: &[(u64, f64)],
    ) -> Self {
        let bin =
            |&(value, count): &(u64, f64)| Bin { start: value as f64 - 0.5, end: value as f64 + 0.5, count };
        Self { bins: counts.iter().map(bin).collect(), ..Self::new(axis, count_axis) }
    }

    /// Draws the plot.
    pub fn to_svg(&self) -> String {
        let (left, right, top, bottom) = (66.0, self.width - 14.0, 10.0, self.height - 46.0);
        let mut svg = Svg::new(self.width, self.height, &self.axis);
        let low = self.bins.iter().map(|bin| bin.start).fold(f64::INFINITY, f64::min);
        let high = self.bins.iter().map(|bin| bin.end).fold(f64::NEG_INFINITY, f64::max);
        let across = Axis::new(Scale::Linear, (low, high), (left, right));
        let counts = self.bins.iter().map(|bin| bin.count).chain([0.0]);
        let up = Axis::around(Scale::Linear, counts, (bottom, top));
        frame::vertical(&mut svg, &up, left, right, &self.count_axis);
        frame::horizontal(&mut svg, &across, bottom, bottom, &self.axis);
        for bin in &self.bins {
            let (start, end, y) = (across.place(bin.start), across.place(bin.end), up.place(bin.count));
            let gap = ((end - start) * 0.06).min(1.0);
            let title = format!("{} to {}: {}", bin.start, bin.end, bin.count);
            let size = (end - start - 2.0 * gap, bottom - y);
            svg.rectangle((start + gap, y), size, Mark::nth(0).color, &title);
        }
        svg.line((left, bottom), (right, bottom), INK, 1.0, "");
        svg.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bin_is_a_bar() {
        let svg = Histogram::of_integers("length", "tokens", &[(1, 2.0), (2, 8.0), (4, 1.0)]).to_svg();
        assert_eq!(svg.matches("<rect").count(), 3);
        assert!(svg.contains(">1.5 to 2.5: 8<"));
    }
}
