//! Many rows as thin bands, a column a quantity, each on its own scale; a tree beside the rows.

use super::{
    frame,
    scatter::viridis,
    style::{GRID, INK, MUTED},
    svg::{Anchor, SMALL, Svg, TEXT, text_width},
};

/// How the values of a column become colours.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Shade {
    /// From the least value of the column, dark, to its greatest, light (viridis).
    #[default]
    Own,
    /// From a value, dark, to another, light (viridis): for columns that share a scale.
    Between(f64, f64),
    /// From minus this, blue, over white at zero, to this, orange.
    Around(f64),
}

/// A column of a [`Matrix`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    /// What it holds, written above it.
    pub name: String,
    /// A value a row; `None` stays white.
    pub values: Vec<Option<f64>>,
    /// How values become colours.
    pub shade: Shade,
    /// Which cells carry a dot, such as those of a small p-value; empty: none.
    pub marked: Vec<bool>,
    /// Whether it stands apart from the column before it.
    pub apart: bool,
}

/// Two branches of a tree that meet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Branch {
    /// Below the number of rows, a row; from there on, an earlier branch.
    pub left: usize,
    /// The other.
    pub right: usize,
    /// How far from the rows the two meet.
    pub height: f64,
}

/// Rows of values, a column a quantity.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matrix {
    /// The names of the rows; written where there is room for them.
    pub rows: Vec<String>,
    /// The columns from left to right.
    pub columns: Vec<Column>,
    /// Rows from top to bottom, by their numbers; empty: as they are.
    pub order: Vec<usize>,
    /// The tree drawn at the left, its rows in an order in which no branches cross; empty: none.
    pub tree: Vec<Branch>,
    /// What the legend says of the first column's scale.
    pub legend: String,
    /// The height of a row in pixels.
    pub row_height: f64,
    /// The width of a column in pixels.
    pub column_width: f64,
}

/// The width of the tree.
const TREE: f64 = 120.0;
/// From what height of a row on its name is written.
const READABLE: f64 = 11.0;
/// Between columns that stand apart.
const GAP: f64 = 8.0;

impl Matrix {
    /// Creates a matrix without columns.
    pub fn new(rows: Vec<String>, row_height: f64, column_width: f64) -> Self {
        Self { rows, row_height, column_width, ..Self::default() }
    }

    /// Draws the matrix.
    pub fn to_svg(&self) -> String {
        let order: Vec<usize> =
            if self.order.is_empty() { (0..self.rows.len()).collect() } else { self.order.clone() };
        let named = self.row_height >= READABLE;
        let label_width = if named {
            self.rows.iter().map(|row| text_width(row, SMALL)).fold(20.0, f64::max).min(220.0) + 8.0
        } else {
            0.0
        };
        let tree = if self.tree.is_empty() { 0.0 } else { TREE };
        let heads =
            self.columns.iter().map(|column| text_width(&column.name, SMALL)).fold(20.0, f64::max).min(150.0);
        let (left, top) = (tree + label_width + 6.0, heads + 10.0);
        let gaps = self.columns.iter().filter(|column| column.apart).count() as f64 * GAP;
        let right = left + self.column_width * self.columns.len() as f64 + gaps;
        let bottom = top + self.row_height * order.len() as f64;
        let legend = 40.0;
        let width = (right + 10.0).max(text_width(&self.legend, SMALL) + 260.0);
        let mut svg = Svg::new(width, bottom + legend, &self.legend);
        if tree > 0.0 {
            self.draw_tree(&mut svg, &order, tree, top);
        }
        let mut x = left;
        for column in &self.columns {
            x += if column.apart { GAP } else { 0.0 };
            self.draw_column(&mut svg, column, &order, x, top, heads);
            x += self.column_width;
        }
        if named {
            for (place, &row) in order.iter().enumerate() {
                let y = top + self.row_height * (place as f64 + 0.5) + 4.0;
                let name = frame::shorten(&self.rows[row], SMALL, label_width - 8.0);
                svg.text((left - 6.0, y), Anchor::End, SMALL, "", &name);
            }
        }
        if let Some(first) = self.columns.first() {
            draw_legend(&mut svg, first, bottom + 14.0, &self.legend);
        }
        svg.finish()
    }

    fn draw_column(&self, svg: &mut Svg, column: &Column, order: &[usize], x: f64, top: f64, heads: f64) {
        let name = frame::shorten(&column.name, SMALL, heads);
        svg.upward_label((x + self.column_width / 2.0 + 4.0, top - 5.0), SMALL, &name);
        let scale = Colours::of(column);
        let overlap = if self.row_height < 4.0 { 0.3 } else { -1.0 };
        for (place, &row) in order.iter().enumerate() {
            let Some(value) = column.values.get(row).copied().flatten().filter(|value| value.is_finite())
            else {
                continue;
            };
            let y = top + self.row_height * place as f64;
            let size = (self.column_width - 1.0, self.row_height + overlap);
            let title = format!("{}, {}: {value:.4}", self.rows[row], column.name);
            svg.rectangle((x, y), size, &scale.of_value(value), &title);
            if column.marked.get(row) == Some(&true) {
                let at = (x + (self.column_width - 1.0) / 2.0, y + self.row_height / 2.0);
                svg.circle(at, 1.9, INK, 1.0);
            }
        }
    }

    /// Draws branches from the rows, at the right, to the root at the left.
    fn draw_tree(&self, svg: &mut Svg, order: &[usize], width: f64, top: f64) {
        let most = self.tree.iter().map(|branch| branch.height).fold(f64::MIN_POSITIVE, f64::max);
        let mut ends = vec![(0.0, 0.0); self.rows.len()];
        for (place, &row) in order.iter().enumerate() {
            ends[row] = (width, top + self.row_height * (place as f64 + 0.5));
        }
        for branch in &self.tree {
            let (Some(&left), Some(&right)) = (ends.get(branch.left), ends.get(branch.right)) else { break };
            let x = width - (width - 6.0) * branch.height / most;
            svg.polyline(&[left, (x, left.1), (x, right.1), right], MUTED, 0.8, "");
            ends.push((x, f64::midpoint(left.1, right.1)));
        }
    }
}

/// The colours of a column.
struct Colours {
    shade: Shade,
    ends: (f64, f64),
}

impl Colours {
    fn of(column: &Column) -> Self {
        let values = column.values.iter().flatten().copied().filter(|value| value.is_finite());
        let ends = match column.shade {
            Shade::Own => values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            }),
            Shade::Between(low, high) => (low, high),
            Shade::Around(most) => (-most, most),
        };
        Self { shade: column.shade, ends }
    }

    fn of_value(&self, value: f64) -> String {
        let (low, high) = self.ends;
        let share = if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 };
        match self.shade {
            Shade::Around(_) => diverging(2.0 * share - 1.0),
            _ => viridis(share),
        }
    }
}

/// Returns a colour between blue at −1, white at 0 and orange at 1, which the colour-blind can tell apart.
fn diverging(value: f64) -> String {
    let end = if value < 0.0 { (0.0, 90.0, 160.0) } else { (200.0, 80.0, 0.0) };
    let mix = |end: f64| (250.0 + (end - 250.0) * value.abs().min(1.0)).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mix(end.0), mix(end.1), mix(end.2))
}

fn draw_legend(svg: &mut Svg, column: &Column, top: f64, text: &str) {
    const PIECES: u32 = 40;
    let scale = Colours::of(column);
    let (low, high) = scale.ends;
    if !(low.is_finite() && high.is_finite()) {
        return;
    }
    svg.text((60.0, top + 9.0), Anchor::End, SMALL, MUTED, &format!("{low:.2}"));
    for piece in 0..PIECES {
        let value = low + (high - low) * (f64::from(piece) + 0.5) / f64::from(PIECES);
        svg.rectangle((66.0 + f64::from(piece) * 3.0, top), (3.4, 10.0), &scale.of_value(value), "");
    }
    svg.text((192.0, top + 9.0), Anchor::Start, SMALL, MUTED, &format!("{high:.2}"));
    svg.text((240.0, top + 9.0), Anchor::Start, TEXT, INK, text);
    svg.line((66.0, top + 11.0), (186.0, top + 11.0), GRID, 0.5, "");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_values_stay_white_and_marks_are_drawn() {
        let mut matrix = Matrix::new(vec!["a".into(), "b".into()], 14.0, 18.0);
        matrix.columns.push(Column {
            name: "PC1".into(),
            values: vec![Some(-1.0), None],
            shade: Shade::Around(1.0),
            marked: vec![true, false],
            apart: false,
        });
        matrix.tree.push(Branch { left: 0, right: 1, height: 2.0 });
        let svg = matrix.to_svg();
        assert!(svg.contains(&diverging(-1.0)) && svg.contains(">PC1<") && svg.contains(">a<"));
        assert_eq!(svg.matches("<circle").count(), 1);
        assert_eq!(svg.matches("<polyline").count(), 1);
        assert_eq!(svg.matches("<title>").count(), 1, "one value");
    }

    #[test]
    fn zero_is_white_and_the_sides_differ() {
        assert_eq!(diverging(0.0), "#fafafa");
        assert_eq!([diverging(-1.0), diverging(1.0)], ["#005aa0", "#c85000"]);
    }

    #[test]
    fn nothing_is_still_a_plot() {
        assert!(Matrix::default().to_svg().ends_with("</svg>"));
    }
}
