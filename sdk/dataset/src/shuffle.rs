//! Shuffles a sequence and keeps every dinucleotide count (Altschul and Erikson 1985).
//!
//! The sequence is a walk through a graph of four bases, one edge a dinucleotide. Every other walk that uses each edge
//! once is a shuffle. Such a walk is drawn by drawing, for each base but the last one visited, the edge by which it is
//! left for the last time, until these edges lead from everywhere to the last base, and by shuffling all other edges.

use dlm_sdk::{dna, random::Stream};

/// Returns a shuffle with the same first and last base, each with the same probability; `None` if the sequence holds
/// anything but A, C, G and T.
pub fn dinucleotides(bases: &[u8], stream: &mut Stream) -> Option<Vec<u8>> {
    let codes: Vec<usize> =
        bases.iter().map(|&base| dna::code(base).map(usize::from)).collect::<Option<_>>()?;
    let (Some(&first), Some(&last)) = (codes.first(), codes.last()) else { return Some(Vec::new()) };
    let mut edges: [Vec<usize>; 4] = Default::default();
    for pair in codes.windows(2) {
        edges[pair[0]].push(pair[1]);
    }
    let exits = loop {
        let exits: [Option<usize>; 4] = std::array::from_fn(|from| {
            (from != last && !edges[from].is_empty()).then(|| stream.below(edges[from].len()))
        });
        if (0..4).all(|from| edges[from].is_empty() || leads_to(from, last, &edges, &exits)) {
            break exits;
        }
    };
    for (edges, exit) in edges.iter_mut().zip(exits) {
        let exit = exit.map(|index| edges.swap_remove(index));
        stream.shuffle(edges);
        edges.extend(exit);
        // Edges are taken from the back.
        edges.reverse();
    }
    let mut shuffled = Vec::with_capacity(bases.len());
    let mut at = first;
    shuffled.push(dna::BASES[at]);
    while let Some(next) = edges[at].pop() {
        at = next;
        shuffled.push(dna::BASES[at]);
    }
    Some(shuffled)
}

fn leads_to(from: usize, last: usize, edges: &[Vec<usize>; 4], exits: &[Option<usize>; 4]) -> bool {
    let mut at = from;
    for _ in 0..4 {
        match exits[at] {
            _ if at == last => return true,
            Some(exit) => at = edges[at][exit],
            None => return false,
        }
    }
    at == last
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn counts(bases: &[u8]) -> [[u32; 4]; 4] {
        let mut counts = [[0; 4]; 4];
        for pair in bases.windows(2) {
            counts[dna::code(pair[0]).unwrap() as usize][dna::code(pair[1]).unwrap() as usize] += 1;
        }
        counts
    }

    proptest! {
        #[test]
        fn dinucleotides_are_kept(bases in "[ACGT]{1,400}", seed in 0_u64..1000) {
            let shuffled = dinucleotides(bases.as_bytes(), &mut Stream::new(seed, "test")).unwrap();
            prop_assert_eq!(counts(&shuffled), counts(bases.as_bytes()));
            prop_assert_eq!(shuffled.len(), bases.len());
            prop_assert_eq!(shuffled[0], bases.as_bytes()[0]);
        }
    }

    /// All sequences with the same dinucleotides and ends as ACAGATACCA, counted by brute force over permutations of
    /// its inner bases, must come out equally often.
    #[test]
    fn every_shuffle_is_as_likely() {
        let bases = b"ACAGATACCA";
        let mut all = std::collections::BTreeSet::new();
        let inner = &bases[1..bases.len() - 1];
        let mut stack = vec![(vec![bases[0]], inner.to_vec())];
        while let Some((head, rest)) = stack.pop() {
            if rest.is_empty() {
                let whole = [head.as_slice(), b"A"].concat();
                if counts(&whole) == counts(bases) {
                    all.insert(whole);
                }
                continue;
            }
            let mut tried = Vec::new();
            for (index, base) in rest.iter().enumerate() {
                if !tried.contains(base) {
                    tried.push(*base);
                    let mut left = rest.clone();
                    left.remove(index);
                    stack.push(([head.as_slice(), &[*base]].concat(), left));
                }
            }
        }
        let mut drawn: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
        let mut stream = Stream::new(3, "test");
        let times = 1_000 * all.len();
        for _ in 0..times {
            *drawn.entry(dinucleotides(bases, &mut stream).unwrap()).or_default() += 1;
        }
        assert_eq!(drawn.keys().cloned().collect::<std::collections::BTreeSet<_>>(), all);
        assert!(drawn.values().all(|count| (850..1150).contains(count)), "{drawn:?}");
    }

    #[test]
    fn what_is_no_base_is_refused() {
        assert_eq!(dinucleotides(b"ACNT", &mut Stream::new(0, "test")), None);
    }
}
