//! What must stay on one side of a split.

use dlm_sdk::{Examples, Result, TaskSpec};

use crate::{corpus::Corpus, kmers, loci, overlap::NEAR, twins};

/// Examples joined by what they share.
#[derive(Clone, Debug, PartialEq)]
pub struct Clusters {
    /// The cluster of each example, train first, then validation and test; numbers count up from zero in the order of
    /// first sight.
    pub of: Vec<u64>,
    /// How many clusters there are.
    pub count: usize,
    /// How many examples the largest one has.
    pub largest: usize,
}

/// Joins examples that are copies on either strand, near copies by shared 21-mers, twins that a shuffle or a
/// substitution of segments could have made, of one leakage group, or overlapping on the genome. Whatever is joined to
/// one is joined to all that it is joined to.
///
/// # Errors
///
/// `check`, called between steps, fails.
pub fn clusters(
    spec: &TaskSpec,
    splits: &[Examples<'_>; 3],
    check: &(dyn Fn() -> Result<()> + Sync),
) -> Result<Clusters> {
    let corpus = Corpus::new(spec, splits);
    let mut forest = Forest::new(corpus.len());
    for keys in [&corpus.molecules, &corpus.groups] {
        let mut first = rustc_hash::FxHashMap::<u64, usize>::default();
        for (item, key) in keys.iter().enumerate() {
            forest.join(*first.entry(*key).or_insert(item), item);
        }
    }
    for (one, other) in loci::chains(&corpus) {
        forest.join(one, other);
    }
    check()?;
    let (firsts, _) = corpus.distinct((0..corpus.len()).filter(|item| corpus.comparable(*item)));
    let bases: Vec<&[u8]> = firsts.iter().map(|&item| corpus.sequences[item]).collect();
    let scale = kmers::scale(bases.iter().map(|bases| bases.len()).collect());
    for (item, found) in firsts.iter().zip(kmers::lookup(&bases, &bases, scale, Some(NEAR), true)) {
        if found.assessable() {
            found.near.iter().for_each(|&other| forest.join(*item, firsts[other as usize]));
        }
    }
    check()?;
    for (one, other) in twins::shuffled(&bases).into_iter().chain(twins::segments(&bases)) {
        forest.join(firsts[one as usize], firsts[other as usize]);
    }
    check()?;
    Ok(forest.clusters())
}

/// Joined sets (Tarjan 1975): each item points towards the one that names its set.
struct Forest(Vec<u32>);

impl Forest {
    fn new(items: usize) -> Self {
        Self((0..items as u32).collect())
    }

    fn root(&mut self, mut item: usize) -> usize {
        while self.0[item] as usize != item {
            self.0[item] = self.0[self.0[item] as usize];
            item = self.0[item] as usize;
        }
        item
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        // The first names the set, so that names do not depend on the order of joining.
        self.0[one.max(other)] = one.min(other) as u32;
    }

    fn clusters(mut self) -> Clusters {
        let mut sizes: Vec<usize> = Vec::new();
        let mut numbers = rustc_hash::FxHashMap::<usize, u64>::default();
        let of: Vec<u64> = (0..self.0.len())
            .map(|item| {
                let root = self.root(item);
                let number = *numbers.entry(root).or_insert_with(|| {
                    sizes.push(0);
                    sizes.len() as u64 - 1
                });
                sizes[number as usize] += 1;
                number
            })
            .collect();
        Clusters { of, count: sizes.len(), largest: sizes.into_iter().max().unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_to_one_is_joined_to_all() {
        let mut forest = Forest::new(6);
        forest.join(4, 1);
        forest.join(5, 4);
        forest.join(3, 2);
        let clusters = forest.clusters();
        assert_eq!(clusters.of, [0, 1, 2, 2, 1, 1]);
        assert_eq!((clusters.count, clusters.largest), (3, 3));
    }
}
