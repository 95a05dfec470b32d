//! A value a row, with the intervals around it and the points behind it.

use std::fmt::Write as _;

use super::{
    frame,
    scale::{Axis, Scale},
    style::{GRID, INK, MUTED, Mark},
    svg::{Anchor, SMALL, Svg, TEXT, text_width},
};

const ROW: f64 = 26.0;
const LABELS: f64 = 260.0;

/// A row of a [`DotPlot`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DotRow {
    /// What the row is about.
    pub label: String,
    /// The value; `None`: the row shows its note alone.
    pub value: Option<f64>,
    /// An interval drawn as a thin line with caps.
    pub interval: Option<(f64, f64)>,
    /// A second interval drawn as a thick pale line.
    pub band: Option<(f64, f64)>,
    /// Single measurements, such as one a seed, drawn small.
    pub points: Vec<f64>,
    /// Which series it belongs to: the index of a legend entry and the mark.
    pub series: usize,
    /// A note drawn at the right, such as a status.
    pub note: String,
}

impl DotRow {
    /// Creates a row with a value alone.
    pub fn new(label: impl Into<String>, value: f64) -> Self {
        Self { label: label.into(), value: Some(value), ..Self::default() }
    }

    /// Sets the interval.
    #[must_use]
    pub fn with_interval(mut self, low: f64, high: f64) -> Self {
        self.interval = Some((low, high));
        self
    }

    /// Sets the band.
    #[must_use]
    pub fn with_band(mut self, low: f64, high: f64) -> Self {
        self.band = Some((low, high));
        self
    }

    fn numbers(&self) -> impl Iterator<Item = f64> {
        let ends = [self.interval, self.band].into_iter().flatten().flat_map(|(low, high)| [low, high]);
        self.value.into_iter().chain(ends).chain(self.points.iter().copied())
    }
}

/// A value that rows are compared with, drawn as a dashed line, such as chance.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Where it lies.
    pub value: f64,
    /// Its name.
    pub label: String,
}

/// Values with intervals, one a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DotPlot {
    /// The name of the value axis.
    pub axis: String,
    /// The rows from top to bottom.
    pub rows: Vec<DotRow>,
    /// Values to compare with.
    pub references: Vec<Reference>,
    /// The names of the series; shown above the plot if there are several.
    pub series: Vec<String>,
    /// How values are laid along the axis.
    pub scale: Scale,
    /// The width in pixels.
    pub width: f64,
}

impl DotPlot {
    /// Creates a plot without rows.
    pub fn new(axis: impl Into<String>) -> Self {
        Self { axis: axis.into(), width: 760.0, ..Self::default() }
    }

    /// Draws the plot.
    pub fn to_svg(&self) -> String {
        let labels =
            self.rows.iter().map(|row| text_width(&row.label, TEXT)).fold(40.0, f64::max).min(LABELS);
        let notes = self.rows.iter().map(|row| text_width(&row.note, SMALL)).fold(0.0, f64::max).min(190.0);
        let (left, right) = (labels + 14.0, self.width - notes - 20.0);
        let used: Vec<(Mark, &str)> = self
            .series
            .iter()
            .enumerate()
            .filter(|(index, _)| self.rows.iter().any(|row| row.series == *index))
            .map(|(index, name)| (Mark::nth(index), name.as_str()))
            .collect();
        let legend_lines = if used.len() > 1 {
            let total: f64 = used.iter().map(|(_, name)| 32.0 + text_width(name, SMALL)).sum();
            (total / (self.width - 8.0)).ceil().max(1.0)
        } else {
            0.0
        };
        let references = if self.references.is_empty() { 0.0 } else { 16.0 };
        let top = 8.0 + legend_lines * 18.0 + references + if legend_lines > 0.0 { 8.0 } else { 0.0 };
        let bottom = top + ROW * self.rows.len() as f64;
        let mut svg = Svg::new(self.width, bottom + 44.0, &self.axis);
        if used.len() > 1 {
            frame::legend(&mut svg, &used, 4.0, self.width - 4.0, 4.0);
        }
        let values = self
            .rows
            .iter()
            .flat_map(DotRow::numbers)
            .chain(self.references.iter().map(|reference| reference.value));
        let axis = Axis::around(self.scale, values, (left, right));
        frame::horizontal(&mut svg, &axis, top, bottom, &self.axis);
        for reference in &self.references {
            let x = axis.place(reference.value);
            svg.line((x, top - 3.0), (x, bottom), MUTED, 1.2, "4 3");
            let near_end = x + text_width(&reference.label, SMALL) / 2.0 > self.width - 4.0;
            let anchor = if near_end { Anchor::End } else { Anchor::Middle };
            svg.text((x, top - 7.0), anchor, SMALL, MUTED, &reference.label);
        }
        for (index, row) in self.rows.iter().enumerate() {
            let y = top + ROW * (index as f64 + 0.5);
            if index > 0 {
                svg.line((0.0, y - ROW / 2.0), (left, y - ROW / 2.0), GRID, 0.5, "");
            }
            draw_row(&mut svg, row, &axis, y, labels);
            svg.text(
                (right + 12.0, y + 4.0),
                Anchor::Start,
                SMALL,
                MUTED,
                &frame::shorten(&row.note, SMALL, notes),
            );
        }
        svg.finish()
    }
}

fn draw_row(svg: &mut Svg, row: &DotRow, axis: &Axis, y: f64, labels: f64) {
    svg.begin_group(&describe(row));
    svg.text((labels + 4.0, y + 4.0), Anchor::End, TEXT, INK, &frame::shorten(&row.label, TEXT, labels));
    let mark = Mark::nth(row.series);
    if let Some((low, high)) = row.band {
        let (low, high) = (axis.place(low), axis.place(high));
        svg.polygon(&[(low, y - 4.5), (high, y - 4.5), (high, y + 4.5), (low, y + 4.5)], mark.color, 0.22);
    }
    if let Some((low, high)) = row.interval {
        let (low, high) = (axis.place(low), axis.place(high));
        svg.line((low, y), (high, y), mark.color, 1.6, "");
        for x in [low, high] {
            svg.line((x, y - 4.0), (x, y + 4.0), mark.color, 1.6, "");
        }
    }
    for point in &row.points {
        svg.circle((axis.place(*point), y + 8.5), 1.8, INK, 0.55);
    }
    if let Some(value) = row.value {
        mark.draw(svg, (axis.place(value), y), 5.0);
    }
    svg.end_group();
}

fn describe(row: &DotRow) -> String {
    // Writing to a string never fails.
    let mut text = row.label.clone();
    if let Some(value) = row.value {
        let _ = write!(text, ": {value:.4}");
    }
    if let Some((low, high)) = row.interval {
        let _ = write!(text, " [{low:.4}, {high:.4}]");
    }
    if !row.note.is_empty() {
        text.push_str("; ");
        text.push_str(&row.note);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_and_reference_is_named() {
        let mut plot = DotPlot::new("MCC");
        plot.series = vec!["frequencies".into(), "order".into()];
        plot.rows = vec![
            DotRow { points: vec![0.2, 0.3], ..DotRow::new("majority", 0.25).with_interval(0.1, 0.4) },
            DotRow { series: 1, ..DotRow::new("markov:3", 0.5).with_band(0.4, 0.6) },
            DotRow { label: "cnn".into(), note: "failed".into(), ..DotRow::default() },
        ];
        plot.references = vec![Reference { value: 0.0, label: "chance".into() }];
        let svg = plot.to_svg();
        for text in ["majority", "markov:3", "cnn", "failed", "chance", "frequencies", "order", "MCC"] {
            assert!(svg.contains(&format!(">{text}<")), "{text} is missing");
        }
        assert_eq!(svg.matches("<g>").count(), svg.matches("</g>").count());
        assert_eq!(svg.matches("<circle").count(), 4, "two points, one marker, one in the legend");
    }

    #[test]
    fn an_empty_plot_is_still_a_plot() {
        assert!(DotPlot::new("MCC").to_svg().ends_with("</svg>"));
    }
}
