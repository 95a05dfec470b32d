//! How numbers are written in tables.

use crate::results::{Gain, Interval};

/// Shortens a spec for a table: of a path to a tokenizer only the name stays.
pub(super) fn label(spec: &str) -> String {
    let name = |path: &str| match path.rsplit_once(['/', '\\']) {
        Some((_, name)) => name.strip_suffix(".json").unwrap_or(name).to_owned(),
        None => path.strip_suffix(".json").unwrap_or(path).to_owned(),
    };
    match spec.split_once(':') {
        Some((id, path)) if path.contains(".json") => {
            let (path, options) = path.split_once(',').map_or((path, ""), |(path, options)| (path, options));
            let comma = if options.is_empty() { "" } else { "," };
            format!("{id}:{}{comma}{options}", name(path))
        }
        _ => spec.to_owned(),
    }
}

/// Returns how many decimals tell the scores of a table apart: one more where all are small.
pub(super) fn decimals(scores: impl Iterator<Item = f64>) -> usize {
    let largest = scores.map(f64::abs).fold(0.0, f64::max);
    if largest < 0.1 { 4 } else { 3 }
}

/// Writes a number with a real minus sign.
pub(super) fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|byte| matches!(byte, b'0' | b'.')) => rest.to_owned(),
        Some(rest) => format!("\u{2212}{rest}"),
        None => text,
    }
}

/// Writes a difference with its sign.
pub(super) fn signed(value: f64, decimals: usize) -> String {
    let text = fixed(value, decimals);
    if text.starts_with('\u{2212}') || text.bytes().all(|byte| matches!(byte, b'0' | b'.')) {
        text
    } else {
        format!("+{text}")
    }
}

/// Writes an interval as `[low, high]`.
pub(super) fn interval(interval: &Interval, decimals: usize) -> String {
    format!("[{}, {}]", fixed(interval.low, decimals), fixed(interval.high, decimals))
}

/// Writes a gain with its interval.
pub(super) fn gain(gain: &Gain, decimals: usize) -> String {
    match &gain.interval {
        Some(around) => format!("{} {}", signed(gain.value, decimals), interval(around, decimals)),
        None => signed(gain.value, decimals),
    }
}

/// Writes a duration: seconds with two digits, longer ones in minutes and hours.
pub(super) fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 0.001 => format!("{:.0} \u{b5}s", s * 1e6),
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

/// Writes a count with thin spaces between thousands.
pub(super) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// Writes bytes in binary units.
pub(super) fn bytes(value: u64) -> String {
    const MIB: f64 = 1_048_576.0;
    let mebibytes = value as f64 / MIB;
    if mebibytes < 1024.0 { format!("{mebibytes:.0} MiB") } else { format!("{:.1} GiB", mebibytes / 1024.0) }
}

/// Writes a share as a percentage.
pub(super) fn percent(share: f64) -> String {
    match share * 100.0 {
        p if p != 0.0 && p.abs() < 0.1 => format!("{p:.3} %"),
        p if p.abs() < 10.0 => format!("{p:.2} %"),
        p => format!("{p:.1} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([fixed(-0.0001, 3), fixed(-0.25, 2), signed(0.5, 1)], ["0.000", "\u{2212}0.25", "+0.5"]);
        assert_eq!(
            [duration(0.000_2), duration(0.25), duration(75.0), duration(300.0)],
            ["200 \u{b5}s", "250 ms", "75 s", "5 min"]
        );
        assert_eq!(label("tfidf:some/where/bpe-600.json"), "tfidf:bpe-600");
        assert_eq!(label("tfidf:bpe-600.json,trees=100"), "tfidf:bpe-600,trees=100");
        assert_eq!(label("tfidf:kmer:6:overlap"), "tfidf:kmer:6:overlap");
        assert_eq!([count(999), count(1_234_567)], ["999", "1\u{202f}234\u{202f}567"]);
        assert_eq!([percent(1.0 / 4096.0), percent(0.5)], ["0.024 %", "50.0 %"]);
        assert_eq!([bytes(10 << 20), bytes(3 << 30)], ["10 MiB", "3.0 GiB"]);
    }
}
