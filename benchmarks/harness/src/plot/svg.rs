//! Writes SVG elements.

use std::fmt::Write as _;

/// The size of plain text.
pub(super) const TEXT: f64 = 12.0;
/// The size of tick labels and notes.
pub(super) const SMALL: f64 = 11.0;

/// A drawing in the making.
#[derive(Debug)]
pub(super) struct Svg {
    text: String,
}

/// Where a text stands relative to its point.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    /// Begins a drawing. The name is what a screen reader says.
    pub(super) fn new(width: f64, height: f64, name: &str) -> Self {
        let mut text = String::new();
        let (width, height, name) = (number(width), number(height), escape(name));
        let _ = write!(
            text,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\" aria-label=\"{name}\" font-family=\"Helvetica, Arial, 'DejaVu Sans', \
             sans-serif\" font-size=\"{TEXT}\" fill=\"#1a1a1a\">",
        );
        Self { text }
    }

    /// Draws a straight line.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: &str, width: f64, dash: &str) {
        let _ = write!(
            self.text,
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{stroke}\" stroke-width=\"{}\"{}/>",
            number(from.0),
            number(from.1),
            number(to.0),
            number(to.1),
            number(width),
            dash_attribute(dash),
        );
    }

    /// Draws a chain of lines.
    pub(super) fn polyline(&mut self, points: &[(f64, f64)], stroke: &str, width: f64, dash: &str) {
        let _ = write!(
            self.text,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{}\" \
             stroke-linejoin=\"round\"{}/>",
            coordinates(points),
            number(width),
            dash_attribute(dash),
        );
    }

    /// Fills a polygon.
    pub(super) fn polygon(&mut self, points: &[(f64, f64)], fill: &str, opacity: f64) {
        let _ = write!(
            self.text,
            "<polygon points=\"{}\" fill=\"{fill}\"{}/>",
            coordinates(points),
            opacity_attribute(opacity),
        );
    }

    /// Fills a rectangle; the title is what a pointer resting on it shows.
    pub(super) fn rectangle(&mut self, corner: (f64, f64), size: (f64, f64), fill: &str, title: &str) {
        let _ = write!(
            self.text,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{fill}\"",
            number(corner.0),
            number(corner.1),
            number(size.0.max(0.0)),
            number(size.1.max(0.0)),
        );
        self.close_with_title("rect", title);
    }

    /// Fills a circle.
    pub(super) fn circle(&mut self, center: (f64, f64), radius: f64, fill: &str, opacity: f64) {
        let _ = write!(
            self.text,
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{fill}\"{}/>",
            number(center.0),
            number(center.1),
            number(radius),
            opacity_attribute(opacity),
        );
    }

    /// Writes a text at a point; `fill` empty: the drawing's own.
    pub(super) fn text(&mut self, at: (f64, f64), anchor: Anchor, size: f64, fill: &str, text: &str) {
        self.write_text(at, anchor, size, fill, "", text);
    }

    /// Writes a text that reads upwards, its middle at a point.
    pub(super) fn upward_text(&mut self, at: (f64, f64), size: f64, text: &str) {
        let turn = format!(" transform=\"rotate(-90 {} {})\"", number(at.0), number(at.1));
        self.write_text(at, Anchor::Middle, size, "", &turn, text);
    }

    /// Writes a text that reads upwards and begins at a point.
    pub(super) fn upward_label(&mut self, at: (f64, f64), size: f64, text: &str) {
        let turn = format!(" transform=\"rotate(-90 {} {})\"", number(at.0), number(at.1));
        self.write_text(at, Anchor::Start, size, "", &turn, text);
    }

    fn write_text(&mut self, at: (f64, f64), anchor: Anchor, size: f64, fill: &str, extra: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let size = if (size - TEXT).abs() < f64::EPSILON {
            String::new()
        } else {
            format!(" font-size=\"{}\"", number(size))
        };
        let fill = if fill.is_empty() { String::new() } else { format!(" fill=\"{fill}\"") };
        let _ = write!(
            self.text,
            "<text x=\"{}\" y=\"{}\"{anchor}{size}{fill}{extra}>{}</text>",
            number(at.0),
            number(at.1),
            escape(text),
        );
    }

    /// Begins a group with a title, which a pointer resting on it shows.
    pub(super) fn begin_group(&mut self, title: &str) {
        let _ = write!(self.text, "<g><title>{}</title>", escape(title));
    }

    /// Ends a group.
    pub(super) fn end_group(&mut self) {
        self.text.push_str("</g>");
    }

    fn close_with_title(&mut self, tag: &str, title: &str) {
        if title.is_empty() {
            self.text.push_str("/>");
        } else {
            let _ = write!(self.text, "><title>{}</title></{tag}>", escape(title));
        }
    }

    /// Ends the drawing.
    pub(super) fn finish(mut self) -> String {
        self.text.push_str("</svg>");
        self.text
    }
}

/// Writes a number with at most two decimals; what is not finite becomes zero.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "0".to_owned();
    }
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Estimates the width of a text. Fonts differ, so it errs to the wide side.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    let units: f64 = text
        .chars()
        .map(|character| match character {
            'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '|' | '\'' | '!' | ' ' | 't' | 'f' | 'r' => 0.36,
            'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.93,
            'A'..='Z' => 0.72,
            _ => 0.61,
        })
        .sum();
    units * size
}

/// Escapes what HTML and XML would read as markup, and drops characters that no XML document may hold.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' => escaped.push(' '),
            _ if character.is_control() => {}
            _ => escaped.push(character),
        }
    }
    escaped
}

fn coordinates(points: &[(f64, f64)]) -> String {
    let pairs: Vec<String> =
        points.iter().map(|point| format!("{},{}", number(point.0), number(point.1))).collect();
    pairs.join(" ")
}

fn dash_attribute(dash: &str) -> String {
    if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") }
}

fn opacity_attribute(opacity: f64) -> String {
    if opacity < 1.0 { format!(" fill-opacity=\"{}\"", number(opacity)) } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_text_stays_text() {
        let mut svg = Svg::new(10.0, 10.0, "a \"name\" <b>");
        svg.text((1.0, 2.0), Anchor::Start, TEXT, "", "<script>\u{0}&");
        assert_eq!(
            svg.finish().split_once("<text").unwrap().1,
            " x=\"1\" y=\"2\">&lt;script&gt;&amp;</text></svg>"
        );
    }

    #[test]
    fn numbers_are_short_and_always_finite() {
        assert_eq!([1.0, -0.001, 2.345_6, f64::NAN].map(number), ["1", "0", "2.35", "0"]);
    }
}
