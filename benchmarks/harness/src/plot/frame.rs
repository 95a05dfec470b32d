//! Axes with grid, ticks and names, and legends.

use super::{
    scale::Axis,
    style::{GRID, INK, MUTED, Mark},
    svg::{Anchor, SMALL, Svg, TEXT, text_width},
};

/// Draws a horizontal axis below a box, its grid through the box.
pub(super) fn horizontal(svg: &mut Svg, axis: &Axis, top: f64, bottom: f64, name: &str) {
    let (left, right) = axis.pixels();
    for (value, label) in axis.ticks(((right - left) / 75.0).clamp(2.0, 8.0)) {
        let x = axis.place(value);
        svg.line((x, top), (x, bottom), GRID, 1.0, "");
        svg.line((x, bottom), (x, bottom + 4.0), INK, 1.0, "");
        svg.text((x, bottom + 17.0), Anchor::Middle, SMALL, "", &label);
    }
    svg.line((left, bottom), (right, bottom), INK, 1.0, "");
    svg.text((f64::midpoint(left, right), bottom + 35.0), Anchor::Middle, TEXT, "", name);
}

/// Draws a vertical axis at the left of a box, its grid through the box.
pub(super) fn vertical(svg: &mut Svg, axis: &Axis, left: f64, right: f64, name: &str) {
    let (bottom, top) = axis.pixels();
    for (value, label) in axis.ticks(((bottom - top) / 45.0).clamp(2.0, 8.0)) {
        let y = axis.place(value);
        svg.line((left, y), (right, y), GRID, 1.0, "");
        svg.line((left - 4.0, y), (left, y), INK, 1.0, "");
        svg.text((left - 7.0, y + 4.0), Anchor::End, SMALL, "", &label);
    }
    svg.line((left, bottom), (left, top), INK, 1.0, "");
    svg.upward_text((left - 46.0, f64::midpoint(bottom, top)), TEXT, name);
}

/// Draws a row of markers with their names and returns the height it took.
pub(super) fn legend(svg: &mut Svg, names: &[(Mark, &str)], left: f64, right: f64, top: f64) -> f64 {
    let (mut x, mut y) = (left, top + 10.0);
    for (mark, name) in names {
        let width = 22.0 + text_width(name, SMALL);
        if x > left && x + width > right {
            x = left;
            y += 18.0;
        }
        mark.draw(svg, (x + 6.0, y - 4.0), 4.5);
        svg.text((x + 15.0, y), Anchor::Start, SMALL, MUTED, name);
        x += width + 10.0;
    }
    if names.is_empty() { 0.0 } else { y - top + 8.0 }
}

/// Shortens a text to a width, with an ellipsis.
pub(super) fn shorten(text: &str, size: f64, width: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    for character in text.chars() {
        short.push(character);
        if text_width(&short, size) + size > width {
            break;
        }
    }
    short.push('\u{2026}');
    short
}
