//! Plots as SVG that a paper can print.
//!
//! Every plot is a struct with public fields and one method, `to_svg`, that returns a complete `<svg>` element: it may
//! stand inside an HTML page or, as it is, in a file of its own. Text stays text, so that it can be selected and
//! searched. Series differ by marker or dash as well as by colour (the palette of Okabe and Ito), so that nothing is
//! said by colour alone. Widths and heights are in CSS pixels.
//!
//! | plot | what it shows |
//! |---|---|
//! | [`DotPlot`] | a value a row, with intervals and the points behind it |
//! | [`BarPlot`] | an amount a row |
//! | [`LinePlot`] | curves, with bands and markers |
//! | [`ScatterPlot`] | points, coloured by series or by a value |
//! | [`Histogram`] | how often values fall into bins |
//! | [`Matrix`] | many rows, a column a quantity on a scale of its own, with a tree |
//! | [`Grid`] | many values in rows and columns, as colours |
//! | [`Heatmap`] | a value for each row and column, such as a confusion matrix |
//!
//! # Examples
//!
//! ```
//! use dlm::plot::{DotPlot, DotRow};
//!
//! let mut plot = DotPlot::new("Matthews correlation");
//! plot.rows.push(DotRow::new("tfidf:kmer:6", 0.71).with_interval(0.68, 0.74));
//! let svg = plot.to_svg();
//! assert!(svg.starts_with("<svg"));
//! assert!(svg.contains("tfidf:kmer:6"));
//! ```

mod bars;
mod dots;
mod frame;
mod grid;
mod heatmap;
mod histogram;
mod lines;
mod matrix;
mod scale;
mod scatter;
mod style;
mod svg;

pub use bars::{Bar, BarPlot};
pub use dots::{DotPlot, DotRow, Reference};
pub use grid::Grid;
pub use heatmap::Heatmap;
pub use histogram::{Bin, Histogram};
pub use lines::{Line, LinePlot, Straight};
pub use matrix::{Branch, Column, Matrix, Shade};
pub use scale::Scale;
pub use scatter::{Dot, ScatterPlot, Smooth};
pub use style::{Mark, Marker};
