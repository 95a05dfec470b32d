//! What a stretch of the genome is annotated as.
//!
//! An *annotation* is a list of intervals, each of a class: repeats (`LINE`, `SINE`, ..), chromatin states, genes, parts of
//! genes. A token or a window overlaps some of them; its *overlap* ([`Overlap`]) is how many of its bases each class covers, counted once
//! however many intervals of the class lie there, and on which strand. A signal, such as replication timing,
//! gives every base a number instead: `dlm_genome::Signal`.
//!
//! Where classes come from:
//!
//! * repeats: [`Track::repeats`]. `RepeatMasker` marks a class that it doubts by `?`; the two are pooled, as in
//!   Sanabria et al. (2024). [`Track::unfragmented`] keeps what is likely to be a whole element.
//! * chromatin states: [`Track::chromatin`], in the order of their numbers.
//! * genes: [`Track::genes`] with their strand, and [`Track::elements`], which gives every base of a gene one part.
//! * anything else: [`Track::new`].
//!
//! Positions mean nothing without the build that they are of. Readers of `dlm-genome` check names and ends against the
//! genome; [`Known`] catches what lies within the ends and yet belongs elsewhere, by intervals in bases that nobody knows.

mod elements;
mod known;
mod overlap;
mod repeats;
mod track;

pub use elements::{GenePart, Promoter};
pub use known::Known;
pub use overlap::Overlap;
pub use track::Track;
