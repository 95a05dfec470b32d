//! Many values in rows and columns, as colours.

use super::{
    frame,
    scale::{Axis, Scale},
    scatter::{color_bar, viridis},
    svg::{Anchor, SMALL, Svg, TEXT},
};

/// A matrix as colours, without names of rows and columns: dark is low, light is high (viridis).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    /// The name of the rows' dimension.
    pub row_axis: String,
    /// The name of the columns' dimension.
    pub column_axis: String,
    /// What the colours say.
    pub value_axis: String,
    /// How many rows there are.
    pub rows: usize,
    /// How many columns there are.
    pub columns: usize,
    /// The values, row by row.
    pub values: Vec<f64>,
}

/// Cells a side, at most: beyond that several values share a cell, which shows their mean.
const CELLS: usize = 64;
const SIDE: f64 = 380.0;

impl Grid {
    /// Draws the matrix.
    pub fn to_svg(&self) -> String {
        let (left, top) = (66.0, 10.0);
        let (right, bottom) = (left + SIDE, top + SIDE);
        let mut svg =
            Svg::new(right + 20.0, bottom + 94.0, &format!("{} by {}", self.row_axis, self.column_axis));
        let (rows, columns) = (self.rows.min(CELLS), self.columns.min(CELLS));
        let means: Vec<f64> = (0..rows)
            .flat_map(|row| (0..columns).map(move |column| (row, column)))
            .map(|(row, column)| self.mean((row, rows), (column, columns)))
            .collect();
        let finite = means.iter().copied().filter(|value| value.is_finite());
        let ends = finite
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let shades = Axis::new(Scale::Linear, ends, (0.0, 1.0));
        let (wide, high) = (SIDE / columns.max(1) as f64, SIDE / rows.max(1) as f64);
        for (at, value) in means.iter().enumerate().filter(|(_, value)| value.is_finite()) {
            let (row, column) = (at / columns, at % columns);
            let corner = (left + wide * column as f64, top + high * row as f64);
            svg.rectangle(corner, (wide + 0.3, high + 0.3), &viridis(shades.place(*value)), "");
        }
        let across = Axis::new(Scale::Linear, (0.0, self.columns as f64), (left, right));
        let down = Axis::new(Scale::Linear, (0.0, self.rows as f64), (top, bottom));
        frame::horizontal(&mut svg, &across, bottom, bottom, &self.column_axis);
        for (value, label) in down.ticks(6.0) {
            svg.text((left - 7.0, down.place(value) + 4.0), Anchor::End, SMALL, "", &label);
        }
        svg.upward_text((left - 46.0, f64::midpoint(top, bottom)), TEXT, &self.row_axis);
        color_bar(&mut svg, ends, Scale::Linear, (left, right), bottom + 50.0, &self.value_axis);
        svg.finish()
    }

    /// Returns the mean of the values that share a cell.
    fn mean(&self, (row, rows): (usize, usize), (column, columns): (usize, usize)) -> f64 {
        let part = |at: usize, cells: usize, all: usize| at * all / cells..((at + 1) * all / cells);
        let (mut sum, mut count) = (0.0, 0.0);
        for row in part(row, rows, self.rows) {
            for column in part(column, columns, self.columns) {
                if let Some(value) = self.values.get(row * self.columns + column) {
                    sum += value;
                    count += 1.0;
                }
            }
        }
        if count > 0.0 { sum / count } else { f64::NAN }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_are_shared_show_the_mean() {
        let (rows, columns) = (128, 3);
        let values = (0..rows * columns).map(|at| (at / columns % 2 * 2) as f64).collect();
        let grid = Grid { rows, columns, values, ..Grid::default() };
        assert!((grid.mean((5, CELLS), (2, 3)) - 1.0).abs() < 1e-12);
        assert!(grid.to_svg().matches("<rect").count() >= CELLS * columns);
        assert!(Grid::default().to_svg().starts_with("<svg"));
    }
}
