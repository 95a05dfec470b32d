//! Labelled sequences from files.
//!
//! A released benchmark is a folder of tables: one file a split, one line an example. Three things go wrong with such
//! files over and over, and each is answered here once for all tasks that read them:
//!
//! - a file is damaged, or is not what its name says: [`text`] and [`table`] say which file, which line and why;
//! - the same sequence stands in train and test, as it is or as its reverse complement: [`overlap`] counts them;
//! - there is no validation split, or none at all: [`partition`] draws one that keeps groups together and the classes
//!   in proportion, from a seed.
//!
//! Tasks that are cut from a genome put their examples into splits by [`Located`], make negatives by
//! [`shuffle`], read the options they share by [`options`], and are a [`FromGenome`] in the end.

pub mod bases;
pub mod fasta;
pub mod options;
pub mod overlap;
pub mod partition;
pub mod shuffle;
pub mod table;
pub mod text;

mod from_genome;
mod located;
mod splits;
mod stream;

pub use from_genome::FromGenome;
pub use located::{Located, SplitBy};
pub use splits::{Part, Published, Splits};
pub use stream::stream;
pub use table::Table;
