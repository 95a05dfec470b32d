//! Masked log-likelihood ratio of two sequences that differ somewhere.
//!
//! Both are cut into tokens. Cut from the left, tokens are the same up to the difference, and from the right down to it,
//! shifted where bases were inserted or deleted; what remains between are the tokens that the change reaches, of which
//! byte-pair tokens may be more than one. These are hidden, all at once, in either sequence:
//!
//! ```text
//! reference  ACG TTA | GA  CCT | AGT   ->  ACG TTA [MASK] [MASK] AGT     log p(GA) + log p(CCT)
//! alternate  ACG TTA | GATC CT | AGT   ->  ACG TTA [MASK] [MASK] AGT     log p(GATC) + log p(CT)
//! ```
//!
//! The score is the alternate's sum less the reference's, in nats: below zero the model finds the alternate less likely.
//! Where one side has no token between, as after the deletion of a whole token, both take in a neighbour on each side, so
//! that something is compared with something.

use dlm_sdk::{Error, Result, Span, TokenId, Tokenizer};

use super::{
    network::{Asked, Chosen, Network},
    regions::tokens,
};

/// Tokens of which some are hidden.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Side {
    pub(super) ids: Vec<TokenId>,
    /// The first hidden token, and one past the last.
    pub(super) hidden: (usize, usize),
}

/// Two sequences, and the tokens in which they differ.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Alleles {
    pub(super) reference: Side,
    pub(super) alternate: Side,
}

/// What a model says of two alleles, in nats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ratio {
    pub(super) reference: f64,
    pub(super) alternate: f64,
}

impl Ratio {
    /// Returns the log-likelihood ratio: above zero the alternate is more likely.
    pub(super) fn score(&self) -> f64 {
        self.alternate - self.reference
    }
}

impl Alleles {
    /// Cuts two sequences into tokens and finds those in which they differ. Rows are cut down around the difference to the
    /// tokens a model takes.
    ///
    /// # Errors
    ///
    /// The difference alone has more tokens than a model takes.
    pub(super) fn new(
        tokenizer: &dyn Tokenizer,
        reference: &[u8],
        alternate: &[u8],
        most: Option<usize>,
    ) -> Result<Self> {
        let (a, b) = (tokens(tokenizer, reference)?, tokens(tokenizer, alternate)?);
        let (before, behind) = common(&a, &b, reference.len(), alternate.len());
        let side = |(ids, _): (Vec<TokenId>, Vec<Span>)| {
            let hidden = (before, ids.len() - behind);
            fit(ids, hidden, most)
        };
        Ok(Self { reference: side(a)?, alternate: side(b)? })
    }
}

/// Returns how many tokens are the same from the left, and from the right.
fn common(
    a: &(Vec<TokenId>, Vec<Span>),
    b: &(Vec<TokenId>, Vec<Span>),
    a_length: usize,
    b_length: usize,
) -> (usize, usize) {
    let same = |i: usize, j: usize| a.0[i] == b.0[j];
    let shorter = a.0.len().min(b.0.len());
    let mut before = (0..shorter).take_while(|&at| same(at, at) && a.1[at] == b.1[at]).count();
    let from_end = |span: Span, length: usize| (length as u32 - span.end, length as u32 - span.start);
    let mut behind = (0..shorter - before)
        .take_while(|&at| {
            let (i, j) = (a.0.len() - 1 - at, b.0.len() - 1 - at);
            same(i, j) && from_end(a.1[i], a_length) == from_end(b.1[j], b_length)
        })
        .count();
    if before + behind == shorter && a.0.len() != b.0.len() {
        (before, behind) = (before.saturating_sub(1), behind.saturating_sub(1));
    }
    (before, behind)
}

/// Cuts a row down around its hidden tokens, evenly on both sides as far as there is something.
fn fit(ids: Vec<TokenId>, hidden: (usize, usize), most: Option<usize>) -> Result<Side> {
    let Some(most) = most.filter(|most| ids.len() > *most) else { return Ok(Side { ids, hidden }) };
    let own = hidden.1 - hidden.0;
    if own > most {
        return Err(Error::unsupported(format!(
            "the change reaches {own} tokens, and the model takes {most}"
        )));
    }
    let room = most - own;
    let behind = ids.len() - hidden.1;
    let left = (room / 2).max(room.saturating_sub(behind)).min(hidden.0);
    let start = hidden.0 - left;
    let end = (start + most).min(ids.len());
    Ok(Side { ids: ids[start..end].to_vec(), hidden: (left, left + own) })
}

/// Asks a masked language model for the ratio of each pair. Alleles whose tokens are the same have a ratio of zero.
///
/// # Errors
///
/// The tokenizer has no token that hides others, or the model cannot be run.
pub(super) fn ratios(network: &mut Network, alleles: &[Alleles]) -> Result<Vec<Ratio>> {
    let mask = network.mask_id()?;
    let ask = |side: &Side| {
        let mut ids = side.ids.clone();
        let places: Vec<(usize, TokenId)> =
            (side.hidden.0..side.hidden.1).map(|place| (place, ids[place])).collect();
        ids[side.hidden.0..side.hidden.1].fill(mask);
        Asked { ids, chosen: Chosen::Tokens(places) }
    };
    let asked: Vec<Asked> =
        alleles.iter().flat_map(|pair| [ask(&pair.reference), ask(&pair.alternate)]).collect();
    let answers = network.answers(&asked)?;
    Ok(answers.chunks(2).map(|pair| Ratio { reference: pair[0], alternate: pair[1] }).collect())
}

#[cfg(test)]
mod tests {
    use dlm_sdk::Registry;

    use super::*;

    fn alleles(spec: &str, reference: &[u8], alternate: &[u8], most: Option<usize>) -> Alleles {
        let tokenizer = Registry::builtin().unwrap().tokenizer(spec).unwrap();
        Alleles::new(&*tokenizer, reference, alternate, most).unwrap()
    }

    #[test]
    fn the_tokens_that_a_change_reaches_are_found() {
        // One base of one token.
        let pair = alleles("kmer:2", b"ACGTACGTAC", b"ACGTCCGTAC", None);
        assert_eq!((pair.reference.hidden, pair.alternate.hidden), ((2, 3), (2, 3)));
        assert_ne!(pair.reference.ids[2], pair.alternate.ids[2]);
        // A change of one base reaches every k-mer that overlaps it.
        let pair = alleles("kmer:3:overlap", b"ACGTACGTAC", b"ACGTCCGTAC", None);
        assert_eq!(pair.reference.hidden, (2, 5));
        // Two bases inserted: what comes behind is shifted and the same.
        let pair = alleles("kmer:2", b"ACGTACGTAC", b"ACGTGGACGTAC", None);
        assert_eq!(pair.alternate.ids.len(), pair.reference.ids.len() + 1);
        let hidden = |side: &Side| side.hidden.1 - side.hidden.0;
        assert_eq!((hidden(&pair.reference), hidden(&pair.alternate)), (2, 3), "neighbours are taken in");
        assert_eq!(
            pair.reference.ids[pair.reference.hidden.1..],
            pair.alternate.ids[pair.alternate.hidden.1..]
        );
        // One base deleted puts all tokens behind it out of step.
        let pair = alleles("kmer:2", b"ACGTACGTAC", b"ACGTCGTAC", None);
        assert_eq!(pair.reference.hidden.0, 2);
        // Nothing changed.
        let pair = alleles("kmer:2", b"ACGT", b"ACGT", None);
        assert_eq!(hidden(&pair.reference) + hidden(&pair.alternate), 0);
    }

    #[test]
    fn rows_are_cut_down_around_the_change() {
        for (at, hidden) in [(0, (0, 1)), (10, (2, 3)), (19, (4, 5))] {
            let reference = b"A".repeat(40);
            let mut alternate = reference.clone();
            alternate[2 * at] = b'C';
            let pair = alleles("kmer:2", &reference, &alternate, Some(5));
            assert_eq!((pair.alternate.ids.len(), pair.alternate.hidden), (5, hidden), "{at}");
            assert_ne!(pair.reference.ids[hidden.0], pair.alternate.ids[hidden.0]);
        }
        let tokenizer = Registry::builtin().unwrap().tokenizer("kmer:2").unwrap();
        assert!(Alleles::new(&*tokenizer, &b"A".repeat(40), &b"C".repeat(40), Some(5)).is_err());
    }
}
