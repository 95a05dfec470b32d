//! A cloud of words, the larger the more frequent.
//!
//! Words are placed from the most frequent on, each at the first free place along a spiral from the middle, so that the
//! same counts give the same cloud.

use std::fmt::Write as _;

use super::summary::TokenRow;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
/// Words that are tried; those without a place are left out.
const WORDS: usize = 200;
/// The share of the picture that words are to cover.
const FILL: f64 = 0.55;
const LARGEST: f64 = 64.0;
const SMALLEST: f64 = 7.0;
/// The width of a letter of the fixed-width font, by its size, with some air.
const ADVANCE: f64 = 0.62;
/// The height of a line of capitals, by its size, with some air.
const LINE: f64 = 0.86;
/// Points of the spiral.
const STEPS: u32 = 8000;

#[derive(Clone, Copy)]
struct Place {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

impl Place {
    fn meets(&self, other: &Self) -> bool {
        (self.x - other.x).abs() * 2.0 < self.width + other.width
            && (self.y - other.y).abs() * 2.0 < self.height + other.height
    }

    fn within_picture(&self) -> bool {
        self.x >= self.width / 2.0
            && self.x <= WIDTH - self.width / 2.0
            && self.y >= self.height / 2.0
            && self.y <= HEIGHT - self.height / 2.0
    }
}

/// Draws the cloud. Colours tell the first base, which the word itself says too.
pub(super) fn cloud(rows: &[TokenRow]) -> String {
    let mut rows: Vec<&TokenRow> = rows.iter().filter(|row| row.occurrences > 0).collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.occurrences), row.id));
    rows.truncate(WORDS);
    // A word's area is its length times its frequency; together they cover the share that was set.
    let letters: f64 = rows.iter().map(|row| row.token.len() as f64 * row.occurrences as f64).sum();
    let scale = (FILL * WIDTH * HEIGHT / (ADVANCE * LINE * letters.max(1.0))).sqrt();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
         height=\"{HEIGHT}\" role=\"img\" aria-label=\"cloud of tokens\" font-family=\"'DejaVu Sans Mono', Menlo, \
         Consolas, monospace\" font-weight=\"600\" text-anchor=\"middle\">"
    );
    let mut taken: Vec<Place> = Vec::new();
    for row in rows {
        let size = (scale * (row.occurrences as f64).sqrt()).clamp(SMALLEST, LARGEST);
        let (width, height) = (ADVANCE * size * row.token.len() as f64, LINE * size);
        let Some(place) = free_place(&taken, width, height) else { continue };
        taken.push(place);
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"{size:.1}\" fill=\"{}\">{}<title>{}: {}</title></text>",
            place.x,
            // Capitals stand on the line and are 0.73 of the size tall.
            place.y + 0.365 * size,
            color(&row.token),
            row.token,
            row.token,
            row.occurrences
        );
    }
    svg.push_str("</svg>");
    svg
}

fn free_place(taken: &[Place], width: f64, height: f64) -> Option<Place> {
    let mut spiral = (0..STEPS).map(|step| {
        let turn = f64::from(step).sqrt() * 1.1;
        let radius = 3.9 * turn;
        Place {
            x: WIDTH / 2.0 + radius * turn.cos(),
            y: HEIGHT / 2.0 + 0.55 * radius * turn.sin(),
            width,
            height,
        }
    });
    spiral.find(|place| place.within_picture() && !taken.iter().any(|other| other.meets(place)))
}

/// Returns the colour of a first base, of the palette of Okabe and Ito.
fn color(token: &str) -> &'static str {
    match token.as_bytes().first() {
        Some(b'A') => "#009e73",
        Some(b'C') => "#0072b2",
        Some(b'G') => "#1a1a1a",
        _ => "#d55e00",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: usize, token: &str, occurrences: u64) -> TokenRow {
        TokenRow {
            id,
            token: token.to_owned(),
            length: token.len(),
            occurrences,
            inside: 0,
            share: 0.0,
            kmers: 0,
            surviving: 0.0,
        }
    }

    #[test]
    fn no_two_words_meet() {
        let mut taken = Vec::new();
        for size in [60.0, 50.0, 30.0, 30.0, 20.0, 20.0, 10.0] {
            for _ in 0..6 {
                taken.extend(free_place(&taken, 3.0 * size, size));
            }
        }
        assert!(taken.len() > 20);
        for (index, place) in taken.iter().enumerate() {
            assert!(place.within_picture());
            assert!(!taken[..index].iter().any(|other| other.meets(place)));
        }
    }

    #[test]
    fn what_does_not_occur_is_not_shown() {
        let svg = cloud(&[row(5, "A", 0), row(6, "TT", 9), row(7, "ACG", 3)]);
        assert_eq!(svg.matches("<text").count(), 2);
        assert!(svg.contains(">TT<"));
        assert_eq!(svg, cloud(&[row(6, "TT", 9), row(7, "ACG", 3)]));
    }
}
