//! Maps values to places, and chooses round ticks.

/// How values are laid along an axis.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Scale {
    /// Equal distances are equal differences.
    #[default]
    Linear,
    /// Equal distances are equal ratios; values must be above zero, and others are left out.
    Log,
}

/// An axis: a range of values on a stretch of pixels.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    scale: Scale,
    values: (f64, f64),
    pixels: (f64, f64),
}

impl Axis {
    /// Creates an axis; a range without extent is widened.
    pub(super) fn new(scale: Scale, values: (f64, f64), pixels: (f64, f64)) -> Self {
        let (mut low, mut high) = values;
        if !low.is_finite() || !high.is_finite() {
            (low, high) = (0.0, 1.0);
        }
        if scale == Scale::Log && low <= 0.0 {
            low = high.max(1.0) / 10.0;
        }
        if high <= low {
            (low, high) = match scale {
                Scale::Linear => (low - 0.5, low + 0.5),
                Scale::Log => (low / 2.0, low * 2.0),
            };
        }
        Self { scale, values: (low, high), pixels }
    }

    /// Creates an axis that ends at round values around some others.
    pub(super) fn around(scale: Scale, values: impl Iterator<Item = f64>, pixels: (f64, f64)) -> Self {
        let mut low = f64::INFINITY;
        let mut high = f64::NEG_INFINITY;
        for value in values.filter(|value| value.is_finite() && (scale == Scale::Linear || *value > 0.0)) {
            low = low.min(value);
            high = high.max(value);
        }
        let mut axis = Self::new(scale, (low, high), pixels);
        if scale == Scale::Linear {
            let step = step_of(axis.values.1 - axis.values.0, 6.0);
            axis.values = ((axis.values.0 / step).floor() * step, (axis.values.1 / step).ceil() * step);
        }
        axis
    }

    /// Returns the place of a value, kept within the axis.
    pub(super) fn place(&self, value: f64) -> f64 {
        let (low, high) = self.values;
        let share = match self.scale {
            Scale::Linear => (value - low) / (high - low),
            Scale::Log if value <= 0.0 => 0.0,
            Scale::Log => (value / low).ln() / (high / low).ln(),
        };
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        self.pixels.0 + share * (self.pixels.1 - self.pixels.0)
    }

    /// Returns the pixels it spans.
    pub(super) fn pixels(&self) -> (f64, f64) {
        self.pixels
    }

    /// Returns round values within the axis, with their labels.
    pub(super) fn ticks(&self, about: f64) -> Vec<(f64, String)> {
        let (low, high) = self.values;
        match self.scale {
            Scale::Linear => {
                let step = step_of(high - low, about);
                let first = (low / step - 1e-9).ceil() as i64;
                let last = (high / step + 1e-9).floor() as i64;
                (first..=last).map(|n| (n as f64 * step, label(n as f64 * step, step))).collect()
            }
            Scale::Log => {
                let first = (low.log10() - 1e-9).ceil() as i32;
                let last = (high.log10() + 1e-9).floor() as i32;
                let every = (f64::from(last - first + 1) / about).ceil().max(1.0) as usize;
                (first..=last)
                    .step_by(every)
                    .map(|power| {
                        let value = 10_f64.powi(power);
                        (value, label(value, value))
                    })
                    .collect()
            }
        }
    }
}

/// Returns a distance of 1, 2 or 5 times a power of ten that cuts an extent into about so many pieces.
fn step_of(extent: f64, about: f64) -> f64 {
    let raw = extent / about.max(1.0);
    if !raw.is_finite() || raw <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(raw.log10().floor());
    let digit = [1.0, 2.0, 5.0, 10.0].into_iter().find(|digit| digit * power >= raw * 0.999).unwrap_or(10.0);
    digit * power
}

/// Writes a tick with as many decimals as its step needs.
fn label(value: f64, step: f64) -> String {
    let value = if value.abs() < step * 1e-6 { 0.0 } else { value };
    if value.abs() >= 1e6 || (value != 0.0 && step < 1e-5) {
        return format!("{value:.1e}").replace(".0e", "e");
    }
    let mut decimals = 0;
    let mut scaled = step;
    while decimals < 6 && (scaled - scaled.round()).abs() > 1e-6 * scaled.abs().max(1.0) {
        scaled *= 10.0;
        decimals += 1;
    }
    let text = format!("{value:.decimals$}");
    if value < 0.0 { text.replacen('-', "\u{2212}", 1) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis, about: f64) -> Vec<String> {
        axis.ticks(about).into_iter().map(|tick| tick.1).collect()
    }

    #[test]
    fn ticks_are_round() {
        let axis = Axis::around(Scale::Linear, [0.013, 0.048].into_iter(), (0.0, 100.0));
        assert_eq!(labels(&axis, 4.0), ["0.01", "0.02", "0.03", "0.04", "0.05"]);
        let axis = Axis::new(Scale::Linear, (-0.5, 0.5), (0.0, 100.0));
        assert_eq!(labels(&axis, 5.0), ["\u{2212}0.4", "\u{2212}0.2", "0.0", "0.2", "0.4"]);
        let axis = Axis::new(Scale::Log, (1.0, 1000.0), (0.0, 100.0));
        assert_eq!(labels(&axis, 5.0), ["1", "10", "100", "1000"]);
    }

    #[test]
    fn places_are_within_the_axis_whatever_the_value() {
        for scale in [Scale::Linear, Scale::Log] {
            let axis = Axis::around(scale, [f64::NAN, f64::INFINITY].into_iter(), (10.0, 20.0));
            for value in [f64::NAN, -1.0, 0.0, 0.5, 1e300] {
                assert!((10.0..=20.0).contains(&axis.place(value)), "{value}");
            }
        }
        let axis = Axis::new(Scale::Linear, (3.0, 3.0), (0.0, 1.0));
        assert!((axis.place(3.0) - 0.5).abs() < 1e-12);
    }
}
