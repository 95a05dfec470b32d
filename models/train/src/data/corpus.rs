//! A genome as tokens, divided.

use std::path::{Path, PathBuf};

use dlm_genome::{
    IntervalSet, fasta,
    tokenized::{Chromosome, Store, Writer},
};
use dlm_sdk::{Error, Result, SpecialTokens, TokenId, Tokenizer};

use super::{
    HoldOut, Stretch, Window,
    stretches::{Divided, divide},
};

/// Where a corpus comes from.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The FASTA files.
    pub fasta: &'a [PathBuf],
    /// What cuts them.
    pub tokenizer: &'a dyn Tokenizer,
    /// Whose tokens windows are counted in, where that is another: twins over other tokens then see the same bases.
    pub windows_of: Option<&'a dyn Tokenizer>,
    /// What is held out.
    pub hold_out: &'a HoldOut,
    /// What belongs to neither part.
    pub excluded: &'a IntervalSet,
}

impl std::fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("fasta", &self.fasta)
            .field("tokenizer", &self.tokenizer)
            .finish_non_exhaustive()
    }
}

/// A tokenized genome with the stretches to learn from and those held out.
#[derive(Debug)]
pub struct Corpus {
    folder: PathBuf,
    store: Store,
    windows: Option<Store>,
    divided: Divided,
    special: SpecialTokens,
    standard: Vec<TokenId>,
    lengths: Vec<u32>,
}

impl Corpus {
    /// Tokenizes a genome into a folder, or takes the tokens that lie there if they are of these bases and tokenizer.
    /// The function is told how many more bases are done, and may stop the work by an error.
    ///
    /// # Errors
    ///
    /// A file cannot be read or written; the tokenizer's tokens do not tile a sequence, or it lacks `[CLS]`, `[SEP]`,
    /// `[PAD]` or `[MASK]`; nothing is left to learn from.
    pub fn open(
        source: Source<'_>,
        folder: &Path,
        mut progress: impl FnMut(u64) -> Result<()>,
    ) -> Result<Self> {
        let special = source.tokenizer.spec().special;
        check_special(source.tokenizer, special)?;
        let mut divided = Divided::default();
        let store = tokens(
            source,
            source.tokenizer,
            &folder.join("genome.tokens"),
            &mut progress,
            |chromosome, record| {
                divided.append(divide(
                    chromosome,
                    record.name(),
                    record.bases(),
                    source.hold_out,
                    source.excluded,
                ));
            },
        )?;
        let windows = match source.windows_of {
            Some(other) if other.spec().fingerprint != source.tokenizer.spec().fingerprint => {
                let path = folder.join("windows.tokens");
                Some(tokens(source, other, &path, &mut progress, |_, _| ())?)
            }
            _ => None,
        };
        if divided.train.is_empty() {
            return Err(Error::invalid("nothing is left to learn from")
                .with_hint("all known bases are held out or excluded, or there are none"));
        }
        let standard: Vec<TokenId> = (0..source.tokenizer.spec().vocab_size)
            .filter(|id| special.ids().all(|other| other != *id) && source.tokenizer.token(*id).is_some())
            .collect();
        let lengths = (0..source.tokenizer.spec().vocab_size)
            .map(|id| source.tokenizer.token(id).map_or(1, |text| text.len() as u32))
            .collect();
        Ok(Self { folder: folder.to_owned(), store, windows, divided, special, standard, lengths })
    }

    /// Returns the folder that the tokens lie in.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the ids of the special tokens.
    pub fn special(&self) -> SpecialTokens {
        self.special
    }

    /// Returns the ids that stand for bases, ascending.
    pub fn standard(&self) -> &[TokenId] {
        &self.standard
    }

    /// Returns how many ids there are.
    pub fn vocab_size(&self) -> usize {
        self.lengths.len()
    }

    /// Returns how many bases a token covers.
    pub fn length(&self, id: TokenId) -> u32 {
        self.lengths.get(id as usize).copied().unwrap_or(1)
    }

    /// Returns the stretches to learn from.
    pub fn train(&self) -> &[Stretch] {
        &self.divided.train
    }

    /// Returns the stretches that are held out.
    pub fn held_out(&self) -> &[Stretch] {
        &self.divided.held_out
    }

    /// Appends the tokens that lie wholly within a stretch of a chromosome; those that reach beyond it are left out.
    ///
    /// # Errors
    ///
    /// The tokenized genome is damaged.
    pub fn tokens(&self, window: &Window, ids: &mut Vec<TokenId>) -> Result<()> {
        each(&self.store, &window.stretch(), |id, _| {
            ids.push(id);
            Ok(())
        })
    }

    /// Calls a function with each token of a stretch, in order.
    pub(super) fn each_token(&self, stretch: &Stretch, mut take: impl FnMut(TokenId)) -> Result<()> {
        each(&self.store, stretch, |id, _| {
            take(id);
            Ok(())
        })
    }

    /// Calls a function with the bases of each token that windows are counted in.
    pub(super) fn each_place(
        &self,
        stretch: &Stretch,
        mut take: impl FnMut(std::ops::Range<u32>) -> Result<()>,
    ) -> Result<()> {
        each(self.windows.as_ref().unwrap_or(&self.store), stretch, |_, bases| take(bases))
    }
}

/// Calls a function with the tokens that lie wholly within a stretch.
fn each(
    store: &Store,
    stretch: &Stretch,
    mut take: impl FnMut(TokenId, std::ops::Range<u32>) -> Result<()>,
) -> Result<()> {
    let chromosome: Chromosome<'_> = store
        .chromosomes()
        .nth(stretch.chromosome as usize)
        .ok_or_else(|| Error::internal("a stretch of a chromosome that is not there"))?;
    for token in chromosome.overlapping(stretch.bases.clone())? {
        let token = token?;
        if token.span.start >= stretch.bases.start && token.span.end <= stretch.bases.end {
            take(token.id, token.span.start..token.span.end)?;
        }
    }
    Ok(())
}

/// Opens the tokens of a genome, making them first if need be, and shows each record once.
fn tokens(
    source: Source<'_>,
    tokenizer: &dyn Tokenizer,
    path: &Path,
    progress: &mut impl FnMut(u64) -> Result<()>,
    mut see: impl FnMut(u32, &fasta::Record),
) -> Result<Store> {
    let known = Store::open(path).ok().filter(|store| store.expect_tokenizer(tokenizer.spec()).is_ok());
    let mut fits = known.is_some();
    let mut index = 0;
    each_record(source.fasta, |record| {
        fits = fits
            && known.as_ref().is_some_and(|store| store.expect_bases(record.name(), record.bases()).is_ok());
        see(index, record);
        index += 1;
        Ok(())
    })?;
    if let Some(store) = known.filter(|store| fits && store.chromosomes().len() == index as usize) {
        return Ok(store);
    }
    let mut writer = Writer::create(path, tokenizer)?;
    each_record(source.fasta, |record| writer.add(record.name(), record.bases(), &mut *progress))?;
    writer.finish()?;
    Ok(Store::open(path)?)
}

fn each_record(paths: &[PathBuf], mut take: impl FnMut(&fasta::Record) -> Result<()>) -> Result<()> {
    for path in paths {
        for record in fasta::Reader::<std::fs::File>::open(path)?.records() {
            take(&record?)?;
        }
    }
    Ok(())
}

fn check_special(tokenizer: &dyn Tokenizer, special: SpecialTokens) -> Result<()> {
    let roles =
        [("[PAD]", special.pad), ("[CLS]", special.cls), ("[SEP]", special.sep), ("[MASK]", special.mask)];
    let missing: Vec<&str> = roles.iter().filter(|(_, id)| id.is_none()).map(|(name, _)| *name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::unsupported(format!("the tokenizer {} has no {}", tokenizer.spec().name, missing.join(", ")))
        .with_hint("masked-language modelling needs tokens that pad, open, close and hide"))
}
