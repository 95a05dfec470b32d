//! The policy for everything in a sequence that is not an upper-case A, C, G, T or N.

/// What becomes of a IUPAC code that stands for several bases, such as R.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Ambiguity {
    /// It becomes N and is counted.
    #[default]
    Unknown,
    /// It is an error.
    Error,
}

/// How a FASTA file is read.
///
/// | in the file | becomes |
/// |---|---|
/// | A C G T N | itself |
/// | a c g t n | upper case; where, is kept on request ([`soft_mask`](Self::soft_mask)) |
/// | R Y K M S W B D H V, either case | N, counted, or an error ([`ambiguity`](Self::ambiguity)) |
/// | U | an error: the file is RNA |
/// | `-` `*` and all else | an error |
///
/// # Examples
///
/// ```
/// use dlm_genome::fasta::{Ambiguity, Options, Reader};
///
/// let text = &b">a\nACGTnnRt\n"[..];
/// let options = Options::default().soft_mask(true);
/// let record = Reader::new(text, "a.fa")?.with_options(options).records().next().unwrap()?;
/// assert_eq!(record.bases(), b"ACGTNNNT");
/// assert_eq!(record.ambiguous(), 1);
/// assert_eq!(record.soft_mask(), [4..6, 7..8]);
///
/// let options = Options::default().ambiguity(Ambiguity::Error);
/// assert!(Reader::new(text, "a.fa")?.with_options(options).records().next().unwrap().is_err());
/// # Ok::<(), dlm_genome::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub(super) ambiguity: Ambiguity,
    pub(super) soft_mask: bool,
    pub(super) max_length: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { ambiguity: Ambiguity::Unknown, soft_mask: false, max_length: u64::from(u32::MAX) }
    }
}

impl Options {
    /// Sets what becomes of ambiguous codes. By default they become N and are counted.
    #[must_use]
    pub fn ambiguity(mut self, ambiguity: Ambiguity) -> Self {
        self.ambiguity = ambiguity;
        self
    }

    /// Sets whether the lower-case stretches are kept. By default they are not.
    #[must_use]
    pub fn soft_mask(mut self, keep: bool) -> Self {
        self.soft_mask = keep;
        self
    }

    /// Sets the longest sequence that is read, in bases. By default it is 4,294,967,295, so that positions within a
    /// sequence fit 32 bits and a stream that never ends is an error.
    #[must_use]
    pub fn max_length(mut self, bases: u64) -> Self {
        self.max_length = bases;
        self
    }

    pub(crate) fn keeps_soft_mask(self) -> bool {
        self.soft_mask
    }

    pub(crate) fn longest(self) -> u64 {
        self.max_length
    }
}
