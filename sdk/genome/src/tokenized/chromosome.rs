//! The tokens of one chromosome.

use std::ops::Range;

use dlm_sdk::{Span, TokenId};

use super::directory::{Directory, ENTRY, STRIDE, Section, broken, number};
use crate::{Error, ErrorKind, Result};

/// A token and the bases it covers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// Its bases, counted from the start of the chromosome.
    pub span: Span,
}

/// A chromosome of a [`Store`](super::Store): its tokens in the order of their bases.
///
/// Copies are views of the same store.
#[derive(Clone, Copy, Debug)]
pub struct Chromosome<'s> {
    pub(super) directory: &'s Directory,
    pub(super) section: &'s Section,
    pub(super) width: usize,
    pub(super) ids: &'s [u8],
    pub(super) index: &'s [u8],
}

impl<'s> Chromosome<'s> {
    /// Returns the name.
    pub fn name(&self) -> &'s str {
        &self.section.name
    }

    /// Returns how many bases it has.
    pub fn length(&self) -> u32 {
        self.section.length
    }

    /// Returns how many tokens it has.
    pub fn n_tokens(&self) -> u32 {
        self.section.tokens
    }

    /// Returns the token over a base, in at most 256 steps.
    ///
    /// # Errors
    ///
    /// The base lies past the end of the chromosome, or the store is damaged.
    pub fn at(&self, base: u32) -> Result<Token> {
        self.check_bounds(base..base.saturating_add(1))?;
        let mut tokens = self.from(base)?;
        tokens.next().unwrap_or_else(|| Err(self.damaged(base)))
    }

    /// Returns the tokens that share a base with a stretch, 0-based and half-open; the first and the last may reach
    /// beyond it.
    ///
    /// # Errors
    ///
    /// The stretch ends past the end of the chromosome or before it starts, or the store is damaged.
    pub fn overlapping(&self, bases: Range<u32>) -> Result<Tokens<'s>> {
        self.check_bounds(bases.clone())?;
        if bases.is_empty() {
            return Ok(Tokens { chromosome: *self, number: 0, position: 0, end: 0 });
        }
        Ok(Tokens { end: bases.end, ..self.from(bases.start)? })
    }

    /// Returns all tokens.
    pub fn tokens(&self) -> Tokens<'s> {
        Tokens { chromosome: *self, number: 0, position: 0, end: self.section.length }
    }

    /// Returns the tokens from the one over a base to the end.
    fn from(&self, base: u32) -> Result<Tokens<'s>> {
        let entry = base as usize / STRIDE * ENTRY;
        let (number, position) = (number(self.index, entry), number(self.index, entry + 4));
        if position > base {
            return Err(self.damaged(base));
        }
        let mut tokens = Tokens { chromosome: *self, number, position, end: self.section.length };
        loop {
            let before = tokens.clone();
            match tokens.next() {
                Some(Ok(token)) if token.span.end > base => return Ok(before),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
                None => return Err(self.damaged(base)),
            }
        }
    }

    fn id(&self, number: u32) -> Option<TokenId> {
        let bytes = self.ids.get(number as usize * self.width..)?;
        if self.width == 2 {
            bytes.first_chunk().map(|two| u32::from(u16::from_le_bytes(*two)))
        } else {
            bytes.first_chunk().map(|four| u32::from_le_bytes(*four))
        }
    }

    fn check_bounds(&self, bases: Range<u32>) -> Result<()> {
        if bases.start <= bases.end && bases.end <= self.section.length {
            return Ok(());
        }
        let message = format!(
            "the stretch {}-{} does not lie within its {} bases",
            bases.start, bases.end, self.section.length
        );
        Err(Error::new(ErrorKind::Bounds, message).in_record(self.name()).with_hint(
            "the positions and the tokenized genome may be of different builds, such as hg19 and hg38",
        ))
    }

    fn damaged(&self, base: u32) -> Error {
        broken(format!("is damaged near base {base}"))
            .in_record(self.name())
            .with_hint("make it or copy it again")
    }
}

/// Tokens one after the other, see [`Chromosome::overlapping`]. After an error there are no more.
#[derive(Clone, Debug)]
pub struct Tokens<'s> {
    chromosome: Chromosome<'s>,
    number: u32,
    position: u32,
    end: u32,
}

impl Iterator for Tokens<'_> {
    type Item = Result<Token>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.position >= self.end {
            return None;
        }
        let chromosome = self.chromosome;
        let start = self.position;
        let token = chromosome.id(self.number).and_then(|id| {
            let length = chromosome.directory.tokens.get(id as usize)?.1;
            let end =
                start.checked_add(length).filter(|&end| end > start && end <= chromosome.section.length)?;
            Some(Token { id, span: Span { start, end } })
        });
        if let Some(token) = token {
            self.number += 1;
            self.position = token.span.end;
            Some(Ok(token))
        } else {
            self.end = 0;
            Some(Err(chromosome.damaged(start)))
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.end.saturating_sub(self.position) as usize))
    }
}
