//! Encoding fast.
//!
//! Merging step by step takes a queue. But a sequence of tokens is *the* encoding of its text if and only if each pair of
//! neighbours is the encoding of its own text: the first merge to cross a border would have crossed it with the two
//! neighbours alone. So it is enough to go left to right, take the longest token that gets on with the one before, and
//! step back where none does. The rule holds for vocabularies such as training makes, in which
//!
//! - every merge joins bases or results of earlier merges, and
//! - no two merges make the same token.
//!
//! [`Matcher::new`] checks both and declines others, which are then encoded by [`Rules::encode`].
//!
//! A token is found by eight bases at once in a table; whether two tokens get on is a bit in another. No position is
//! reached twice with different tokens behind it, so the work is linear whatever the input.

mod compatible;
mod matcher;

pub(crate) use matcher::{Matcher, Paths};

#[cfg(test)]
mod tests;
