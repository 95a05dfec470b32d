//! An amount a row, as a bar from zero.

use super::{
    frame,
    scale::{Axis, Scale},
    style::{INK, MUTED, Mark},
    svg::{Anchor, SMALL, Svg, TEXT, text_width},
};

const ROW: f64 = 22.0;

/// A row of a [`BarPlot`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bar {
    /// What the row is about.
    pub label: String,
    /// The amount.
    pub value: f64,
    /// What is written behind the bar, such as the amount in words.
    pub note: String,
}

/// Amounts as horizontal bars.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BarPlot {
    /// The name of the value axis.
    pub axis: String,
    /// The rows from top to bottom.
    pub bars: Vec<Bar>,
    /// The width in pixels.
    pub width: f64,
}

impl BarPlot {
    /// Creates a plot without bars.
    pub fn new(axis: impl Into<String>) -> Self {
        Self { axis: axis.into(), bars: Vec::new(), width: 760.0 }
    }

    /// Draws the plot.
    pub fn to_svg(&self) -> String {
        let labels = self.bars.iter().map(|bar| text_width(&bar.label, TEXT)).fold(30.0, f64::max).min(260.0);
        let notes = self.bars.iter().map(|bar| text_width(&bar.note, SMALL)).fold(0.0, f64::max).min(190.0);
        let (left, right) = (labels + 14.0, self.width - notes - 20.0);
        let (top, bottom) = (6.0, 6.0 + ROW * self.bars.len() as f64);
        let mut svg = Svg::new(self.width, bottom + 44.0, &self.axis);
        let values = self.bars.iter().map(|bar| bar.value).chain([0.0]);
        let axis = Axis::around(Scale::Linear, values, (left, right));
        frame::horizontal(&mut svg, &axis, top, bottom, &self.axis);
        let zero = axis.place(0.0);
        for (index, bar) in self.bars.iter().enumerate() {
            let y = top + ROW * (index as f64 + 0.5);
            let end = axis.place(bar.value);
            let title = format!("{}: {}", bar.label, bar.value);
            let corner = (zero.min(end), y - ROW * 0.34);
            svg.rectangle(corner, ((end - zero).abs(), ROW * 0.68), Mark::nth(0).color, &title);
            svg.text(
                (labels + 4.0, y + 4.0),
                Anchor::End,
                TEXT,
                INK,
                &frame::shorten(&bar.label, TEXT, labels),
            );
            svg.text((end.max(zero) + 5.0, y + 4.0), Anchor::Start, SMALL, MUTED, &bar.note);
        }
        svg.line((zero, top), (zero, bottom), INK, 1.0, "");
        svg.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_begin_at_zero_on_either_side() {
        let mut plot = BarPlot::new("share");
        for (label, value) in [("up", 2.0), ("down", -1.0)] {
            plot.bars.push(Bar { label: label.into(), value, note: String::new() });
        }
        let svg = plot.to_svg();
        assert_eq!(svg.matches("<rect").count(), 2);
        assert!(svg.contains(">up: 2<") && svg.contains(">down: -1<"));
    }
}
