//! Motifs: what a protein binds, as a matrix, and where a sequence looks like that.
//!
//! # The domain in a minute
//!
//! A transcription factor binds stretches of DNA that resemble each other. A *motif* says how: for each column, how often
//! each base was seen there among known sites. Databases hand motifs out as count matrices ([`jaspar`]) or as frequencies
//! ([`meme`]).
//!
//! A *scan* slides the matrix along both strands. Each window gets a score, the sum over its bases of
//! log2(frequency / background); *background* is how often the base occurs anyway. A score alone says little, so it is
//! turned into a p-value: how often a random sequence of the background would score at least as high. Windows under a
//! p-value are *hits*. Hits may overlap, and a window may be a hit on both strands.
//!
//! ```text
//!             column   1    2    3                GATTACA
//!   A      0.97 0.01 0.90                           ATA      score  log2(.97/.27) + log2(.98/.27) + log2(.90/.27)
//!   C      0.01 0.01 0.03                                    p-value  the share of random 3-mers that score as high
//!   G      0.01 0.00 0.03
//!   T      0.01 0.98 0.04
//! ```
//!
//! # What is computed, exactly
//!
//! Scores and p-values are those of FIMO (Grant, Bailey and Noble, Bioinformatics 2011), hit by hit:
//!
//! - *Pseudocount* 0.1: a frequency `f` of a motif with `n` sites becomes `(n f + 0.1 b) / (n + 0.1)`, `b` the background.
//! - *Units*: scores of single bases become whole numbers from 0 to 1000, `round((s - o) c)`, where `o` is the least
//!   score rounded down and `c` is 1000 over the distance from `o` to the greatest score, rounded down.
//! - *p-values*: the exact distribution of the sum under a background of independent bases, column by column, for every
//!   possible sum of units.
//! - *Background*: whoever scans both strands takes base frequencies averaged with those of their complements. That is
//!   what FIMO's command line does with its default, the frequencies of a non-redundant database
//!   ([`Background::nrdb`]); its library interfaces do not, and find other hits.
//! - Windows with anything but A, C, G and T are skipped.
//!
//! # Examples
//!
//! ```
//! use dlm_genome::motif::{Background, Scanner, Scores, jaspar};
//!
//! let text = b">X tata\nA [ 0 40  0 40 ]\nC [ 0 0 0 0 ]\nG [ 0 0 0 0 ]\nT [ 40 0 40 0 ]\n";
//! let motif = jaspar::read(&text[..], "x.pfm")?.remove(0);
//! let scores = Scores::new(&motif, &Background::nrdb().over_both_strands(), 0.1)?;
//! let hits = Scanner::new(&scores, 0.01)?.scan(b"GCGTATACGC");
//! assert_eq!(hits.len(), 2);
//! assert_eq!((hits[0].start, hits[1].start), (3, 3));
//! assert!((hits[0].p_value - 0.274_552_f64.powi(4)).abs() < 1e-6);
//! # Ok::<(), dlm_genome::Error>(())
//! ```

mod background;
pub mod jaspar;
mod matrix;
pub mod meme;
mod scanner;
mod scores;
mod stored;

pub use self::{
    background::Background,
    matrix::Motif,
    scanner::{Hit, Scanner},
    scores::Scores,
    stored::Stored,
};
