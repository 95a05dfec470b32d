//! Curves, with bands and markers.

use super::{
    frame,
    scale::{Axis, Scale},
    style::{INK, MUTED, Mark},
    svg::{Anchor, SMALL, Svg, text_width},
};

/// A curve of a [`LinePlot`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Its name in the legend.
    pub label: String,
    /// Its points, in the order they are joined.
    pub points: Vec<(f64, f64)>,
    /// Its band, as `(x, low, high)`.
    pub band: Vec<(f64, f64, f64)>,
    /// Whether each point bears a marker.
    pub markers: bool,
    /// Whether its points stand apart instead of being joined.
    pub apart: bool,
    /// The series, which fixes its mark.
    pub series: usize,
}

/// A straight line between two points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Straight {
    /// Where it begins.
    pub from: (f64, f64),
    /// Where it ends.
    pub to: (f64, f64),
    /// Its name in the legend.
    pub label: String,
}

/// Curves on two axes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinePlot {
    /// The name of the horizontal axis.
    pub x_axis: String,
    /// The name of the vertical axis.
    pub y_axis: String,
    /// The curves.
    pub lines: Vec<Line>,
    /// The ends of the horizontal axis; `None`: round values around the points.
    pub x_range: Option<(f64, f64)>,
    /// The ends of the vertical axis; `None`: round values around the points.
    pub y_range: Option<(f64, f64)>,
    /// How values are laid along the horizontal axis.
    pub x_scale: Scale,
    /// How values are laid along the vertical axis.
    pub y_scale: Scale,
    /// A straight line to compare with.
    pub reference: Option<Straight>,
    /// The width in pixels.
    pub width: f64,
    /// The height of the box in pixels.
    pub height: f64,
}

impl LinePlot {
    /// Creates a plot without curves.
    pub fn new(x_axis: impl Into<String>, y_axis: impl Into<String>) -> Self {
        Self { x_axis: x_axis.into(), y_axis: y_axis.into(), width: 560.0, height: 300.0, ..Self::default() }
    }

    /// Draws the plot, its legend below.
    pub fn to_svg(&self) -> String {
        let (left, right, top) = (66.0, self.width - 14.0, 10.0);
        let bottom = top + self.height;
        let entries = self.lines.len() + usize::from(self.reference.is_some());
        let widest = self
            .lines
            .iter()
            .map(|line| line.label.as_str())
            .chain(self.reference.iter().map(|reference| reference.label.as_str()))
            .map(|label| text_width(label, SMALL) + 52.0)
            .fold(0.0, f64::max);
        let columns = (((right - left + 40.0) / widest.max(1.0)).floor() as usize).clamp(1, entries.max(1));
        let legend_rows = if entries > 1 || self.reference.is_some() { entries.div_ceil(columns) } else { 0 };
        let height = bottom + 44.0 + 17.0 * legend_rows as f64;
        let mut svg = Svg::new(self.width, height, &format!("{} by {}", self.y_axis, self.x_axis));
        let axis = |scale, range: Option<_>, values: Vec<f64>, pixels| match range {
            Some(range) => Axis::new(scale, range, pixels),
            None => Axis::around(scale, values.into_iter(), pixels),
        };
        let xs = self.lines.iter().flat_map(|line| line.points.iter().map(|point| point.0)).collect();
        let ys = self.lines.iter().flat_map(line_heights).collect();
        let across = axis(self.x_scale, self.x_range, xs, (left, right));
        let up = axis(self.y_scale, self.y_range, ys, (bottom, top));
        frame::vertical(&mut svg, &up, left, right, &self.y_axis);
        frame::horizontal(&mut svg, &across, top, bottom, &self.x_axis);
        let place = |x: f64, y: f64| (across.place(x), up.place(y));
        if let Some(Straight { from, to, .. }) = &self.reference {
            svg.line(place(from.0, from.1), place(to.0, to.1), MUTED, 1.2, "4 3");
        }
        for line in &self.lines {
            draw_line(&mut svg, line, &place);
        }
        if legend_rows > 0 {
            let column = (right - left + 40.0) / columns as f64;
            let at = |index: usize| {
                (
                    left - 40.0 + column * (index % columns) as f64,
                    bottom + 56.0 + 17.0 * (index / columns) as f64,
                )
            };
            for (index, line) in self.lines.iter().enumerate() {
                let (x, y) = at(index);
                let mark = Mark::nth(line.series);
                if !line.apart {
                    svg.line((x, y - 4.0), (x + 30.0, y - 4.0), mark.color, 1.8, mark.dash);
                }
                if line.markers {
                    mark.draw(&mut svg, (x + 15.0, y - 4.0), 3.5);
                }
                let text = frame::shorten(&line.label, SMALL, column - 40.0);
                svg.text((x + 36.0, y), Anchor::Start, SMALL, INK, &text);
            }
            if let Some(Straight { label, .. }) = &self.reference {
                let (x, y) = at(self.lines.len());
                svg.line((x, y - 4.0), (x + 30.0, y - 4.0), MUTED, 1.2, "4 3");
                svg.text((x + 36.0, y), Anchor::Start, SMALL, INK, label);
            }
        }
        svg.finish()
    }
}

fn line_heights(line: &Line) -> impl Iterator<Item = f64> {
    line.points.iter().map(|point| point.1).chain(line.band.iter().flat_map(|&(_, low, high)| [low, high]))
}

fn draw_line(svg: &mut Svg, line: &Line, place: &impl Fn(f64, f64) -> (f64, f64)) {
    let mark = Mark::nth(line.series);
    svg.begin_group(&line.label);
    if line.band.len() > 1 {
        let lower = line.band.iter().map(|&(x, low, _)| place(x, low));
        let upper = line.band.iter().rev().map(|&(x, _, high)| place(x, high));
        svg.polygon(&lower.chain(upper).collect::<Vec<_>>(), mark.color, 0.15);
    }
    let points: Vec<(f64, f64)> = line.points.iter().map(|&(x, y)| place(x, y)).collect();
    if !line.apart {
        svg.polyline(&points, mark.color, 1.8, mark.dash);
    }
    if line.markers {
        for point in points {
            mark.draw(svg, point, 3.5);
        }
    }
    svg.end_group();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_and_their_names_are_drawn() {
        let mut plot = LinePlot::new("false positives", "true positives");
        plot.x_range = Some((0.0, 1.0));
        plot.reference = Some(Straight { from: (0.0, 0.0), to: (1.0, 1.0), label: "chance".into() });
        for (series, label) in ["a", "b"].into_iter().enumerate() {
            let points = vec![(0.0, 0.0), (0.2, 0.9), (1.0, 1.0)];
            let band = vec![(0.0, 0.0, 0.1), (1.0, 0.9, 1.0)];
            plot.lines.push(Line { label: label.into(), points, band, markers: true, apart: false, series });
        }
        let svg = plot.to_svg();
        assert_eq!((svg.matches("<polyline").count(), svg.matches("stroke-dasharray").count()), (2, 4));
        assert!([">a<", ">b<", ">chance<"].into_iter().all(|label| svg.contains(label)));
    }
}
