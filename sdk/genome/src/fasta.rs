//! FASTA: names and bases.
//!
//! ```text
//! >chr21 the smallest autosome     header: the name up to the first blank, then a description
//! NNNNNNNNNNACGTGATTACA            bases, in lines of any length
//! gattacaRACGT                     lower case marks repeats, R is "A or G"
//! ```
//!
//! What is not A, C, G, T or N is dealt with by a stated policy, see [`Options`].

mod bases;
mod indexed;
mod options;
mod reader;
mod record;

pub use self::{
    indexed::IndexedFasta,
    options::{Ambiguity, Options},
    reader::{Reader, Records},
    record::Record,
};
