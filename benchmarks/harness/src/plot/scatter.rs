//! Points on two axes, coloured by series or by a value.

use super::{
    frame,
    scale::{Axis, Scale},
    style::{INK, Mark},
    svg::{Anchor, SMALL, Svg},
};

/// A point of a [`ScatterPlot`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dot {
    /// Where it lies.
    pub at: (f64, f64),
    /// The value it is coloured by, where the plot has a scale of colours; `None`: grey.
    pub value: Option<f64>,
    /// The series, which fixes its mark where the plot has no scale of colours.
    pub series: usize,
    /// What is written beside it; empty: nothing.
    pub label: String,
}

/// A curve through the points of a [`ScatterPlot`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Smooth {
    /// Its points, in the order they are joined.
    pub points: Vec<(f64, f64)>,
    /// Its band, as `(x, low, high)`.
    pub band: Vec<(f64, f64, f64)>,
}

/// Points on two axes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScatterPlot {
    /// The name of the horizontal axis.
    pub x_axis: String,
    /// The name of the vertical axis.
    pub y_axis: String,
    /// The points; later ones lie above earlier ones.
    pub dots: Vec<Dot>,
    /// Points that are neither of a series nor coloured: small and grey, below all others.
    pub background: Vec<(f64, f64)>,
    /// A curve above the points, in a band.
    pub smooth: Option<Smooth>,
    /// The names of the series, for the legend.
    pub series: Vec<String>,
    /// What the colours say, where points are coloured by a value: dark is low, light is high (viridis).
    pub color_axis: Option<String>,
    /// How values are laid along the scale of colours.
    pub color_scale: Scale,
    /// How values are laid along the horizontal axis.
    pub x_scale: Scale,
    /// How values are laid along the vertical axis.
    pub y_scale: Scale,
    /// The radius of a point in pixels.
    pub radius: f64,
    /// The width in pixels.
    pub width: f64,
    /// The height of the box in pixels.
    pub height: f64,
}

/// The height of the scale of colours with its labels.
const BAR: f64 = 46.0;
/// The colour of points without a value.
const GREY: &str = "#c4c4c4";

impl ScatterPlot {
    /// Creates a plot without points.
    pub fn new(x_axis: impl Into<String>, y_axis: impl Into<String>) -> Self {
        Self {
            x_axis: x_axis.into(),
            y_axis: y_axis.into(),
            radius: 3.0,
            width: 560.0,
            height: 360.0,
            ..Self::default()
        }
    }

    /// Draws the plot. Points that have no place, such as zero on an axis of ratios, are left out.
    pub fn to_svg(&self) -> String {
        let (left, right, top) = (66.0, self.width - 14.0, 10.0);
        let bottom = top + self.height;
        let entries: Vec<(Mark, &str)> = match self.color_axis {
            Some(_) => Vec::new(),
            None => self.series.iter().enumerate().map(|(n, name)| (Mark::nth(n), name.as_str())).collect(),
        };
        let below = match (&self.color_axis, entries.len()) {
            (Some(_), _) => BAR,
            (None, 0) => 0.0,
            (None, entries) => 24.0 + 18.0 * entries.div_ceil(3) as f64,
        };
        let mut svg =
            Svg::new(self.width, bottom + 44.0 + below, &format!("{} by {}", self.y_axis, self.x_axis));
        let has_place = |dot: &&Dot| {
            let good = |scale, value: f64| value.is_finite() && (scale == Scale::Linear || value > 0.0);
            good(self.x_scale, dot.at.0) && good(self.y_scale, dot.at.1)
        };
        let placed: Vec<&Dot> = self.dots.iter().filter(has_place).collect();
        let smooth = || {
            let curve = |smooth: &Smooth| {
                let ends = smooth.band.iter().flat_map(|&(x, low, high)| [(x, low), (x, high)]);
                smooth.points.iter().copied().chain(ends).collect::<Vec<_>>()
            };
            self.smooth.iter().flat_map(curve)
        };
        let all = || placed.iter().map(|dot| dot.at).chain(self.background.iter().copied()).chain(smooth());
        let across = Axis::around(self.x_scale, all().map(|at| at.0), (left, right));
        let up = Axis::around(self.y_scale, all().map(|at| at.1), (bottom, top));
        let values = placed
            .iter()
            .filter_map(|dot| dot.value)
            .filter(|value| value.is_finite() && (self.color_scale == Scale::Linear || *value > 0.0));
        let ends = values
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let shades = Axis::new(self.color_scale, ends, (0.0, 1.0));
        frame::vertical(&mut svg, &up, left, right, &self.y_axis);
        frame::horizontal(&mut svg, &across, top, bottom, &self.x_axis);
        for at in &self.background {
            svg.circle((across.place(at.0), up.place(at.1)), 0.6 * self.radius, GREY, 0.6);
        }
        for dot in &placed {
            let at = (across.place(dot.at.0), up.place(dot.at.1));
            if self.color_axis.is_some() {
                let fill = dot
                    .value
                    .filter(|value| value.is_finite())
                    .map_or_else(|| GREY.to_owned(), |value| viridis(shades.place(value)));
                svg.circle(at, self.radius, &fill, 0.85);
            } else {
                Mark::nth(dot.series).draw(&mut svg, at, self.radius);
            }
        }
        if let Some(smooth) = &self.smooth {
            let place = |x: f64, y: f64| (across.place(x), up.place(y));
            let lower = smooth.band.iter().map(|&(x, low, _)| place(x, low));
            let upper = smooth.band.iter().rev().map(|&(x, _, high)| place(x, high));
            svg.polygon(&lower.chain(upper).collect::<Vec<_>>(), INK, 0.18);
            let points: Vec<(f64, f64)> = smooth.points.iter().map(|&(x, y)| place(x, y)).collect();
            svg.polyline(&points, INK, 1.8, "");
        }
        for dot in placed.iter().filter(|dot| !dot.label.is_empty()) {
            let (x, y) = (across.place(dot.at.0), up.place(dot.at.1));
            let (x, anchor) = if x > f64::midpoint(left, right) {
                (x - self.radius - 2.0, Anchor::End)
            } else {
                (x + self.radius + 2.0, Anchor::Start)
            };
            svg.text((x, y + 4.0), anchor, SMALL, INK, &dot.label);
        }
        if let Some(name) = &self.color_axis {
            color_bar(&mut svg, ends, self.color_scale, (left, right), bottom + 50.0, name);
        } else {
            frame::legend(&mut svg, &entries, left, right, bottom + 48.0);
        }
        svg.finish()
    }
}

/// Draws a scale of colours with its ticks and name.
pub(super) fn color_bar(
    svg: &mut Svg,
    ends: (f64, f64),
    scale: Scale,
    (left, right): (f64, f64),
    top: f64,
    name: &str,
) {
    const PIECES: u32 = 48;
    let (from, to) = (left + 0.35 * (right - left), right - 20.0);
    let piece = (to - from) / f64::from(PIECES);
    for n in 0..PIECES {
        let fill = viridis((f64::from(n) + 0.5) / f64::from(PIECES));
        svg.rectangle((from + f64::from(n) * piece, top), (piece + 0.4, 9.0), &fill, "");
    }
    let axis = Axis::new(scale, ends, (from, to));
    for (value, label) in axis.ticks(5.0) {
        let x = axis.place(value);
        svg.line((x, top + 9.0), (x, top + 13.0), INK, 1.0, "");
        svg.text((x, top + 25.0), Anchor::Middle, SMALL, "", &label);
    }
    svg.text((from - 10.0, top + 9.0), Anchor::End, SMALL, INK, &frame::shorten(name, SMALL, from - 30.0));
}

/// Returns a colour between dark violet and yellow, by share: the map viridis at nine places, straight between them. It
/// grows evenly in lightness, so that it can be read in grey and by the colour-blind.
pub(super) fn viridis(share: f64) -> String {
    const STOPS: [(f64, f64, f64); 9] = [
        (68.0, 1.0, 84.0),
        (71.0, 44.0, 122.0),
        (59.0, 81.0, 139.0),
        (44.0, 113.0, 142.0),
        (33.0, 144.0, 141.0),
        (39.0, 173.0, 129.0),
        (92.0, 200.0, 99.0),
        (170.0, 220.0, 50.0),
        (253.0, 231.0, 37.0),
    ];
    let place = share.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let low = (place.floor() as usize).min(STOPS.len() - 2);
    let part = place - low as f64;
    let (a, b) = (STOPS[low], STOPS[low + 1]);
    let mix = |a: f64, b: f64| (a + (b - a) * part).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_without_a_place_are_left_out_and_without_a_value_are_grey() {
        let mut plot = ScatterPlot::new("frequency", "accuracy");
        plot.x_scale = Scale::Log;
        plot.color_axis = Some("length".into());
        let dot = |x: f64, value| Dot { at: (x, 0.5), value, ..Dot::default() };
        plot.dots = vec![dot(1.0, Some(1.0)), dot(100.0, Some(9.0)), dot(10.0, None), dot(0.0, Some(3.0))];
        let svg = plot.to_svg();
        assert_eq!(svg.matches("<circle").count(), 3);
        assert_eq!(svg.matches(GREY).count(), 1);
        assert!(svg.contains(&viridis(0.0)) && svg.contains(&viridis(1.0)));
    }

    #[test]
    fn a_curve_lies_above_its_points_and_its_band_fits_the_axes() {
        let mut plot = ScatterPlot::new("GC", "PC1");
        plot.dots = (0..3).map(|n| Dot { at: (f64::from(n), 0.0), ..Dot::default() }).collect();
        assert!(!plot.to_svg().contains("<polygon"));
        let (points, band) = (vec![(0.0, 1.0), (2.0, 1.0)], vec![(0.0, -40.0, 42.0), (2.0, 0.0, 2.0)]);
        plot.smooth = Some(Smooth { points, band });
        let svg = plot.to_svg();
        assert_eq!((svg.matches("<polygon").count(), svg.matches("<polyline").count()), (1, 1));
        let last = svg.rfind("<circle").or(svg.rfind("<path")).unwrap();
        assert!(svg.find("<polyline").unwrap() > last, "points hide the curve");
        assert!(svg.contains(">40<"), "the axis ends below the band");
    }

    #[test]
    fn the_scale_of_colours_ends_where_the_map_does() {
        assert_eq!([0.0, 0.5, 1.0, 7.0].map(viridis), ["#440154", "#21908d", "#fde725", "#fde725"]);
    }
}
