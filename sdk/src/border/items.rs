//! Items and examples, from slices to the border's arrays and back.

use std::sync::Arc;

use ndarray::ArrayView2;

use super::{
    abi,
    text::{read, slice, text},
};
use crate::{Error, Examples, Items, Locus, Result, Sequence, Strand};

/// Items with the arrays that the border's struct points to.
pub(super) struct LentItems<'a> {
    items: Items<'a>,
    sequences: Vec<abi::Bytes>,
    cuts: Vec<abi::Cuts>,
    loci: Vec<abi::Locus>,
}

impl<'a> LentItems<'a> {
    pub(super) fn new(items: Items<'a>) -> Self {
        let locus = |locus: &Locus| abi::Locus {
            chromosome: abi::Str::new(&locus.chromosome),
            start: locus.start,
            end: locus.end,
            strand: match locus.strand {
                Some(Strand::Forward) => 1,
                Some(Strand::Reverse) => -1,
                None => 0,
            },
            reserved: 0,
        };
        let cuts = |ends: &&[u32]| abi::Cuts { ends: ends.as_ptr(), n: ends.len() };
        Self {
            items,
            sequences: items.sequences.iter().map(|sequence| abi::Bytes::new(sequence.bases())).collect(),
            cuts: items.cuts.unwrap_or_default().iter().map(cuts).collect(),
            loci: items.loci.unwrap_or_default().iter().map(locus).collect(),
        }
    }

    /// Returns the border's struct; it is valid as long as this is.
    pub(super) fn items(&self) -> abi::Items {
        abi::Items {
            struct_size: size_of::<abi::Items>() as u32,
            reserved: 0,
            n: self.items.len(),
            ids: self.items.ids.as_ptr(),
            seqs: self.sequences.as_ptr(),
            cuts: if self.items.cuts.is_some() { self.cuts.as_ptr() } else { std::ptr::null() },
            groups: self.items.groups.as_ptr(),
            loci: if self.items.loci.is_some() { self.loci.as_ptr() } else { std::ptr::null() },
        }
    }
}

/// Calls with the border's form of some examples.
pub(super) fn with_examples<R>(examples: Examples<'_>, call: impl FnOnce(*const abi::Examples) -> R) -> R {
    let lent = LentItems::new(examples.items);
    let items = lent.items();
    let targets = examples.targets.as_standard_layout();
    let examples = abi::Examples {
        struct_size: size_of::<abi::Examples>() as u32,
        reserved: 0,
        items: &raw const items,
        targets: targets.as_ptr(),
    };
    call(&raw const examples)
}

/// The other side's items, checked, with the slices that the SDK's struct borrows.
pub(super) struct HeldItems<'a> {
    ids: &'a [u64],
    groups: &'a [u64],
    sequences: Vec<Sequence<'a>>,
    cuts: Option<Vec<&'a [u32]>>,
    loci: Option<Vec<Locus>>,
}

impl<'a> HeldItems<'a> {
    /// Reads and checks items.
    ///
    /// # Safety
    ///
    /// `items` is NULL or follows the header, and nobody writes to it or what it points to during `'a`.
    pub(super) unsafe fn new(items: *const abi::Items) -> Result<Self> {
        // SAFETY: the caller's promise.
        let items = unsafe { read(items, "the items' struct") }?;
        let n = items.n;
        // SAFETY: the caller's promise.
        let ids = unsafe { slice(items.ids, n, "ids") }?;
        // SAFETY: the caller's promise.
        let groups = unsafe { slice(items.groups, n, "groups") }?;
        // SAFETY: the caller's promise.
        let bytes = unsafe { slice(items.seqs, n, "sequences") }?;
        // SAFETY: the caller's promise, for each.
        let bases =
            |bytes: &abi::Bytes| unsafe { slice(bytes.ptr, bytes.len, "a sequence") }.map(Sequence::new);
        let sequences: Vec<Sequence<'a>> = bytes.iter().map(bases).collect::<Result<_>>()?;
        let cuts = if items.cuts.is_null() {
            None
        } else {
            // SAFETY: the caller's promise.
            let list = unsafe { slice(items.cuts, n, "cuts") }?;
            // SAFETY: the caller's promise, for each.
            let ends = |cuts: &abi::Cuts| unsafe { slice(cuts.ends, cuts.n, "a sequence's cuts") };
            Some(list.iter().map(ends).collect::<Result<Vec<_>>>()?)
        };
        let loci = if items.loci.is_null() {
            None
        } else {
            // SAFETY: the caller's promise.
            let list = unsafe { slice(items.loci, n, "loci") }?;
            // SAFETY: the caller's promise, for each.
            Some(list.iter().map(|item| unsafe { locus(item) }).collect::<Result<Vec<_>>>()?)
        };
        let held = Self { ids, groups, sequences, cuts, loci };
        held.check()?;
        Ok(held)
    }

    fn check(&self) -> Result<()> {
        for (index, cuts) in self.cuts.iter().flatten().enumerate() {
            let length = self.sequences[index].bases().len();
            let rising = cuts.is_sorted_by(|a, b| a < b) && cuts.first() != Some(&0);
            if !rising || cuts.last().copied().unwrap_or(0) as usize != length {
                let id = self.ids[index];
                return Err(Error::invalid(format!(
                    "example {id}: token ends do not ascend to its {length} bases"
                )));
            }
        }
        Ok(())
    }

    /// Returns the items.
    pub(super) fn items(&self) -> Items<'_> {
        Items {
            ids: self.ids,
            sequences: &self.sequences,
            cuts: self.cuts.as_deref(),
            groups: self.groups,
            loci: self.loci.as_deref(),
        }
    }
}

unsafe fn locus(item: &abi::Locus) -> Result<Locus> {
    // SAFETY: the caller's promise of a readable text.
    let chromosome: Arc<str> = unsafe { text(item.chromosome, "a chromosome's name") }?.into();
    let strand = match item.strand {
        1 => Some(Strand::Forward),
        -1 => Some(Strand::Reverse),
        0 => None,
        other => return Err(Error::invalid(format!("{chromosome}: {other} is no strand"))),
    };
    if item.start > item.end {
        return Err(Error::invalid(format!("{chromosome}: {} lies after {}", item.start, item.end)));
    }
    Ok(Locus { chromosome, start: item.start, end: item.end, strand })
}

/// Reads and checks examples with a width of target rows, and calls with them.
///
/// # Safety
///
/// As [`HeldItems::new`].
pub(super) unsafe fn held_examples<R>(
    examples: *const abi::Examples,
    width: usize,
    call: impl FnOnce(Examples<'_>) -> R,
) -> Result<R> {
    // SAFETY: the caller's promise.
    let examples = unsafe { read(examples, "the examples' struct") }?;
    // SAFETY: the caller's promise.
    let held = unsafe { HeldItems::new(examples.items) }?;
    let items = held.items();
    let values = items.len().checked_mul(width).ok_or_else(|| Error::invalid("too many targets"))?;
    // SAFETY: the caller's promise.
    let targets: &[f32] = unsafe { slice(examples.targets, values, "targets") }?;
    let targets = ArrayView2::from_shape((items.len(), width), targets)
        .map_err(|error| Error::internal("targets have no shape").with_source(error))?;
    Ok(call(Examples { items, targets }))
}
