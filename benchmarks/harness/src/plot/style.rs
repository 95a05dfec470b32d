//! The marks of series: colour, marker and dash, so that none is told by colour alone.

use super::svg::Svg;

/// The ink of axes and plain marks.
pub(super) const INK: &str = "#1a1a1a";
/// The ink of grid lines.
pub(super) const GRID: &str = "#e3e3e3";
/// The ink of references and secondary text.
pub(super) const MUTED: &str = "#595959";

/// The shape of a marker.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Marker {
    /// A disc.
    Circle,
    /// A square.
    Square,
    /// A triangle that points up.
    Triangle,
    /// A square on its corner.
    Diamond,
    /// A triangle that points down.
    Wedge,
    /// A plus sign.
    Plus,
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Mark {
    /// Its colour as `#rrggbb`.
    pub color: &'static str,
    /// Its marker.
    pub marker: Marker,
    /// The dash pattern of its line; empty: solid.
    pub dash: &'static str,
}

/// Blue, vermilion, green, purple, sky, black of the palette of Okabe and Ito, which the colour-blind can tell apart;
/// its orange and yellow are too pale for lines on white.
const MARKS: [Mark; 6] = [
    Mark { color: "#0072b2", marker: Marker::Circle, dash: "" },
    Mark { color: "#d55e00", marker: Marker::Square, dash: "7 3" },
    Mark { color: "#009e73", marker: Marker::Triangle, dash: "2 2.5" },
    Mark { color: "#a6437e", marker: Marker::Diamond, dash: "9 3 2 3" },
    Mark { color: "#2b8fc9", marker: Marker::Wedge, dash: "4 2" },
    Mark { color: "#1a1a1a", marker: Marker::Plus, dash: "12 3" },
];

impl Mark {
    /// Returns the mark of a series by its number; marks repeat after six.
    pub fn nth(series: usize) -> Self {
        MARKS[series % MARKS.len()]
    }

    /// Draws its marker.
    pub(super) fn draw(&self, svg: &mut Svg, (x, y): (f64, f64), radius: f64) {
        let r = radius;
        match self.marker {
            Marker::Circle => svg.circle((x, y), r, self.color, 1.0),
            Marker::Square => {
                let r = r * 0.9;
                svg.polygon(
                    &[(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)],
                    self.color,
                    1.0,
                );
            }
            Marker::Triangle => {
                svg.polygon(
                    &[(x, y - r * 1.2), (x + r * 1.1, y + r * 0.8), (x - r * 1.1, y + r * 0.8)],
                    self.color,
                    1.0,
                );
            }
            Marker::Diamond => {
                let r = r * 1.25;
                svg.polygon(&[(x, y - r), (x + r, y), (x, y + r), (x - r, y)], self.color, 1.0);
            }
            Marker::Wedge => {
                svg.polygon(
                    &[(x, y + r * 1.2), (x + r * 1.1, y - r * 0.8), (x - r * 1.1, y - r * 0.8)],
                    self.color,
                    1.0,
                );
            }
            Marker::Plus => {
                svg.line((x - r, y), (x + r, y), self.color, 2.0, "");
                svg.line((x, y - r), (x, y + r), self.color, 2.0, "");
            }
        }
    }
}
