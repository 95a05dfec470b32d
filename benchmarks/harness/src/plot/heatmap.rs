//! A value for each row and column.

use super::{
    frame,
    style::INK,
    svg::{Anchor, SMALL, Svg, TEXT, text_width},
};

/// A table of values as shades, with the values written in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heatmap {
    /// The name of the rows' dimension.
    pub row_axis: String,
    /// The name of the columns' dimension.
    pub column_axis: String,
    /// The names of the rows.
    pub rows: Vec<String>,
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The values, row by row, at least zero; missing ones stay white.
    pub values: Vec<Option<f64>>,
    /// How many decimals a value is written with.
    pub decimals: usize,
}

impl Heatmap {
    /// Draws the table; darker is more.
    pub fn to_svg(&self) -> String {
        let labels = self.rows.iter().map(|row| text_width(row, SMALL)).fold(20.0, f64::max).min(220.0);
        let written = |value: f64| format!("{value:.*}", self.decimals);
        let widest = self
            .columns
            .iter()
            .cloned()
            .chain(self.values.iter().flatten().map(|value| written(*value)))
            .map(|text| text_width(&text, SMALL))
            .fold(30.0, f64::max);
        let (wide, high) = (widest.min(140.0) + 14.0, 26.0);
        let (left, top) = (labels + 34.0, 44.0);
        let width = left + wide * self.columns.len() as f64 + 10.0;
        let height = top + high * self.rows.len() as f64 + 10.0;
        let mut svg = Svg::new(width, height, &format!("{} by {}", self.row_axis, self.column_axis));
        let most = self.values.iter().flatten().copied().fold(f64::MIN_POSITIVE, f64::max);
        let center = left + wide * self.columns.len() as f64 / 2.0;
        svg.text((center, 14.0), Anchor::Middle, TEXT, "", &self.column_axis);
        svg.upward_text((14.0, top + high * self.rows.len() as f64 / 2.0), TEXT, &self.row_axis);
        for (column, name) in self.columns.iter().enumerate() {
            let x = left + wide * (column as f64 + 0.5);
            svg.text((x, top - 8.0), Anchor::Middle, SMALL, "", &frame::shorten(name, SMALL, wide));
        }
        for (row, name) in self.rows.iter().enumerate() {
            let y = top + high * row as f64;
            let name = frame::shorten(name, SMALL, labels);
            svg.text((left - 8.0, y + high / 2.0 + 4.0), Anchor::End, SMALL, "", &name);
            for column in 0..self.columns.len() {
                let value = self.values.get(row * self.columns.len() + column).copied().flatten();
                let Some(value) = value else { continue };
                let share = (value / most).clamp(0.0, 1.0);
                let x = left + wide * column as f64;
                svg.rectangle((x, y), (wide - 1.0, high - 1.0), &shade(share), "");
                let ink = if share > 0.55 { "#ffffff" } else { INK };
                let at = (x + wide / 2.0, y + high / 2.0 + 4.0);
                svg.text(at, Anchor::Middle, SMALL, ink, &written(value));
            }
        }
        svg.finish()
    }
}

/// Returns a shade between white and dark blue.
fn shade(share: f64) -> String {
    let mix = |dark: f64| (245.0 + (dark - 245.0) * share).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mix(0.0), mix(77.0), mix(128.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_values_stay_white() {
        let map = Heatmap {
            rows: vec!["a".into(), "b".into()],
            columns: vec!["x".into()],
            values: vec![Some(3.0), None],
            ..Heatmap::default()
        };
        let svg = map.to_svg();
        assert_eq!(svg.matches("<rect").count(), 1);
        assert!(svg.contains(">3<"));
    }
}
