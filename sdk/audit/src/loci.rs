//! Overlap by place on the genome.

use std::collections::BTreeMap;

use crate::corpus::Corpus;

/// Stretches of one chromosome, by start, with the greatest end so far and whose it is.
type Stretches = Vec<(u64, u64, usize)>;

/// For each test item, an item of train or validation whose locus overlaps its own, strands aside; `None` without loci.
pub(crate) fn overlapping(corpus: &Corpus<'_>) -> Option<Vec<Option<usize>>> {
    let loci = corpus.loci.as_ref()?;
    let mut seen: BTreeMap<&str, Stretches> = BTreeMap::new();
    for item in corpus.seen() {
        let locus = loci[item];
        seen.entry(&locus.chromosome).or_default().push((locus.start, locus.end, item));
    }
    for stretches in seen.values_mut() {
        stretches.sort_unstable();
        let mut furthest = (0, 0);
        for (_, end, item) in stretches.iter_mut() {
            if *end > furthest.0 {
                furthest = (*end, *item);
            }
            (*end, *item) = furthest;
        }
    }
    let find = |item: usize| {
        let locus = loci[item];
        let stretches = seen.get(&*locus.chromosome)?;
        let before = stretches.partition_point(|(start, ..)| *start < locus.end);
        let (_, end, other) = stretches[before.checked_sub(1)?];
        (end > locus.start).then_some(other)
    };
    Some(corpus.test().map(find).collect())
}

/// Pairs of items whose loci overlap, so that all that overlap in a chain are connected.
pub(crate) fn chains(corpus: &Corpus<'_>) -> Vec<(usize, usize)> {
    let Some(loci) = &corpus.loci else { return Vec::new() };
    let mut order: Vec<usize> = (0..corpus.len()).collect();
    order.sort_by_key(|&item| (&loci[item].chromosome, loci[item].start, item));
    let mut pairs = Vec::new();
    let mut furthest: Option<usize> = None;
    for item in order {
        if let Some(before) = furthest
            && loci[before].chromosome == loci[item].chromosome
        {
            if loci[before].end > loci[item].start {
                pairs.push((before, item));
            }
            if loci[before].end >= loci[item].end {
                continue;
            }
        }
        furthest = Some(item);
    }
    pairs
}
