//! Writes a tokenized genome in one pass.

use std::{
    io::{self, Write as _},
    path::Path,
};

use dlm_sdk::{Coverage, Error, Result, Sequence, Span, TokenBatch, TokenId, Tokenizer, TokenizerSpec};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::{
    directory::{self, Directory, Entry, HEADER, STRIDE, Section, hexadecimal},
    store::digest_bases,
};
use crate::output::Output;

/// Bases that are tokenized before their tokens are written.
const ROUND: usize = 1 << 25;

/// A tokenized genome in the making.
///
/// It appears under its name on [`finish`](Self::finish); dropped before, it leaves nothing. Memory is that of the
/// tokens of some 32 million bases, or of the longest stretch without N where that is longer, and of one chromosome's
/// index.
pub struct Writer<'t> {
    tokenizer: &'t dyn Tokenizer,
    output: Output,
    offset: u64,
    directory: Directory,
}

impl<'t> Writer<'t> {
    /// Begins a store.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) if the tokenizer's tokens do not tile a sequence; the file cannot
    /// be written.
    pub fn create(path: impl AsRef<Path>, tokenizer: &'t dyn Tokenizer) -> Result<Self> {
        let spec = tokenizer.spec();
        if spec.coverage != Coverage::Partition {
            return Err(Error::unsupported(format!(
                "the tokens of {} do not lie side by side, so their positions do not follow from their lengths",
                spec.name
            ))
            .with_hint("overlapping tokens start at every base: tokenize the stretch that is asked for"));
        }
        let mut output = Output::create(path)?;
        let tokens = entries(spec, tokenizer);
        let header = directory::header(directory::width(tokens.len()));
        output.write_all(&header).map_err(|error| failed(&output, error))?;
        let directory = Directory {
            tokenizer: spec.name.clone(),
            fingerprint: spec.fingerprint.clone(),
            unknown: spec.special.unk,
            tokens,
            chromosomes: Vec::new(),
        };
        Ok(Self { tokenizer, output, offset: HEADER as u64, directory })
    }

    /// Tokenizes a chromosome and appends it. The function is told how many more bases are done, and may stop the work by
    /// an error.
    ///
    /// The chromosome is cut between an N and a known base, which no token spans, and its pieces are tokenized on all
    /// threads.
    ///
    /// # Errors
    ///
    /// The name is taken, a token covers different numbers of bases at different places, tokenizing or writing fails, or
    /// the function does.
    pub fn add(
        &mut self,
        name: &str,
        bases: &[u8],
        mut progress: impl FnMut(u64) -> Result<()>,
    ) -> Result<()> {
        let mut section = self.begin(name, bases.len())?;
        let pieces = pieces(bases);
        let mut rest = pieces.as_slice();
        while !rest.is_empty() {
            let mut round = 0;
            let n = rest.iter().take_while(|piece| {
                round += piece.len();
                round <= ROUND
            });
            let (now, later) = rest.split_at(n.count().max(1));
            let batches: Vec<TokenBatch> = now
                .par_iter()
                .map(|piece| {
                    let mut batch = TokenBatch::default();
                    self.tokenizer.tokenize(&[Sequence::new(piece)], &mut batch).map(|()| batch)
                })
                .collect::<Result<_>>()?;
            for (piece, batch) in now.iter().zip(&batches) {
                let row = batch.rows().next().ok_or_else(|| Error::internal("the tokenizer gave no row"))?;
                self.append(&mut section, piece.len(), row.ids, row.spans)?;
                progress(piece.len() as u64)?;
            }
            rest = later;
        }
        self.end(section, digest_bases(bases))
    }

    /// Appends a chromosome that is tokenized already, such as a published one: its ids and the number of bases each
    /// covers. Digests its bases as the tokens spell them, N for the unknown token.
    ///
    /// # Errors
    ///
    /// The name is taken, an id is no token, a token covers different numbers of bases at different places, or writing
    /// fails.
    pub fn add_tokens(&mut self, name: &str, ids: &[TokenId], lengths: &[u32]) -> Result<()> {
        let length = lengths.iter().map(|&length| u64::from(length)).sum::<u64>();
        let mut section = self.begin(name, usize::try_from(length).unwrap_or(usize::MAX))?;
        let mut bases = Vec::with_capacity(length as usize);
        let mut spans = Vec::with_capacity(ids.len());
        for (&id, &length) in ids.iter().zip(lengths) {
            let start = bases.len() as u32;
            spans.push(Span { start, end: start + length });
            match self.tokenizer.token(id) {
                Some(text) if self.directory.unknown != Some(id) => bases.extend_from_slice(text.as_bytes()),
                _ => bases.resize(bases.len() + length as usize, b'N'),
            }
        }
        self.append(&mut section, bases.len(), ids, &spans)?;
        self.end(section, digest_bases(&bases))
    }

    /// Writes the directory and puts the store in its place.
    ///
    /// # Errors
    ///
    /// The rest cannot be written.
    pub fn finish(mut self) -> Result<()> {
        let footer = directory::footer(&self.directory, self.offset)
            .map_err(|error| Error::internal("the directory cannot be written").with_source(error))?;
        self.write(&footer)?;
        Ok(self.output.commit()?)
    }

    fn begin(&self, name: &str, length: usize) -> Result<Unfinished> {
        if self.directory.chromosomes.iter().any(|section| section.name == name) {
            return Err(Error::invalid(format!("chromosome {name} is given twice")));
        }
        let length = u32::try_from(length)
            .map_err(|_| Error::invalid(format!("chromosome {name} is longer than {} bases", u32::MAX)))?;
        Ok(Unfinished {
            section: Section {
                name: name.to_owned(),
                length,
                tokens: 0,
                offset: self.offset,
                bases_sha256: String::new(),
                content_sha256: String::new(),
            },
            position: 0,
            index: Vec::with_capacity((length as usize).div_ceil(STRIDE) * 8),
            hasher: Sha256::new(),
        })
    }

    /// Appends the tokens of the next piece.
    fn append(&mut self, to: &mut Unfinished, length: usize, ids: &[TokenId], spans: &[Span]) -> Result<()> {
        let width = directory::width(self.directory.tokens.len());
        let mut bytes = Vec::with_capacity(ids.len() * width);
        let mut end = 0;
        for (&id, &span) in ids.iter().zip(spans) {
            let place =
                || format!("chromosome {}: token {id} at base {}", to.section.name, to.position + span.start);
            if span.start != end || span.is_empty() {
                return Err(Error::internal(format!("{} does not start where the last one ended", place())));
            }
            let Some(entry) = self.directory.tokens.get_mut(id as usize) else {
                return Err(Error::internal(format!(
                    "{} is no token of {}",
                    place(),
                    self.directory.tokenizer
                )));
            };
            if entry.1 == 0 {
                entry.1 = span.len();
            } else if entry.1 != span.len() {
                let message = format!("{} covers {} bases, and {} elsewhere", place(), span.len(), entry.1);
                return Err(
                    Error::unsupported(message).with_hint("its positions do not follow from token lengths")
                );
            }
            end = span.end;
            to.mark(to.position + span.start, to.position + end);
            to.section.tokens += 1;
            bytes.extend_from_slice(&id.to_le_bytes()[..width]);
        }
        if end as usize != length {
            return Err(Error::internal(format!(
                "chromosome {}: the tokens of {length} bases cover {end}",
                to.section.name
            )));
        }
        to.position += end;
        to.hasher.update(&bytes);
        self.write(&bytes)
    }

    fn end(&mut self, unfinished: Unfinished, bases_sha256: String) -> Result<()> {
        let Unfinished { mut section, index, mut hasher, .. } = unfinished;
        hasher.update(&index);
        self.write(&index)?;
        let filling = self.offset.next_multiple_of(8) - self.offset;
        self.write(&[0; 8][..filling as usize])?;
        section.bases_sha256 = bases_sha256;
        section.content_sha256 = hexadecimal(hasher.finalize());
        self.directory.chromosomes.push(section);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.output.write_all(bytes).map_err(|error| failed(&self.output, error))?;
        self.offset += bytes.len() as u64;
        Ok(())
    }
}

impl std::fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("output", &self.output).finish_non_exhaustive()
    }
}

/// A chromosome in the making.
struct Unfinished {
    section: Section,
    position: u32,
    index: Vec<u8>,
    hasher: Sha256,
}

impl Unfinished {
    /// Adds the index entries of the bases that the next token covers.
    fn mark(&mut self, start: u32, end: u32) {
        let mut base = self.index.len() / directory::ENTRY * STRIDE;
        while base < end as usize {
            self.index.extend_from_slice(&self.section.tokens.to_le_bytes());
            self.index.extend_from_slice(&start.to_le_bytes());
            base += STRIDE;
        }
    }
}

fn entries(spec: &TokenizerSpec, tokenizer: &dyn Tokenizer) -> Vec<Entry> {
    (0..spec.vocab_size).map(|id| Entry(tokenizer.token(id).unwrap_or_default().to_owned(), 0)).collect()
}

fn failed(output: &Output, error: io::Error) -> Error {
    crate::output::cannot(output.path(), error).into()
}

/// Cuts a chromosome before every known base that follows an unknown one.
fn pieces(bases: &[u8]) -> Vec<&[u8]> {
    let known = |base: &u8| dlm_sdk::dna::code(*base).is_some();
    bases.chunk_by(|left, right| known(left) || !known(right)).collect()
}
