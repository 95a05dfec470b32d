//! Makes a negative from a promoter.

use std::collections::BTreeSet;

use dlm_sdk::random::Stream;

use crate::window::Cut;

/// How many chunks a promoter is laid in.
const CHUNKS: usize = 8;
/// How many of them are shuffled.
const SHUFFLED: usize = 6;
/// How often a shuffle may come out as what it was made from before it is given up.
const TRIES: usize = 10;

/// Shuffles the tokens of six of eight chunks among their places; `None` if that gives the same sequence over and over.
///
/// Chunks are as equal as can be, the first ones longer by one token. All tokens of the chosen chunks are shuffled
/// together, so that they may change chunks; the two other chunks stay as they are.
pub(crate) fn shuffle_tokens(promoter: &Cut, stream: &mut Stream) -> Option<Cut> {
    let tokens = promoter.tokens();
    (0..TRIES).find_map(|_| {
        let chosen: BTreeSet<usize> = stream.sample(CHUNKS, SHUFFLED).into_iter().collect();
        let places: Vec<usize> =
            (0..tokens.len()).filter(|&place| chosen.contains(&chunk_of(place, tokens.len()))).collect();
        let mut order = places.clone();
        stream.shuffle(&mut order);
        let mut shuffled = tokens.clone();
        for (place, from) in places.into_iter().zip(order) {
            shuffled[place] = tokens[from];
        }
        Some(Cut::of(&shuffled)).filter(|shuffled| shuffled != promoter)
    })
}

/// Returns the chunk of a place, as NumPy's `array_split` lays them.
fn chunk_of(place: usize, count: usize) -> usize {
    let (size, longer) = (count / CHUNKS, count % CHUNKS);
    let in_longer = longer * (size + 1);
    if place < in_longer { place / (size + 1) } else { longer + (place - in_longer) / size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_those_of_array_split() {
        let sizes = |count| {
            let mut sizes = [0; CHUNKS];
            (0..count).for_each(|place| sizes[chunk_of(place, count)] += 1);
            sizes
        };
        assert_eq!(sizes(75), [10, 10, 10, 9, 9, 9, 9, 9]);
        assert_eq!(sizes(16), [2; 8]);
        assert_eq!(sizes(3), [1, 1, 1, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn tokens_are_kept_and_two_chunks_stay() {
        // Forty different tokens.
        let texts: Vec<Vec<u8>> = (0..40).map(|index| dlm_sdk::dna::kmer(index, 3).into_bytes()).collect();
        let promoter = Cut::of(&texts.iter().map(Vec::as_slice).collect::<Vec<_>>());
        for seed in 0..50 {
            let shuffled = shuffle_tokens(&promoter, &mut Stream::new(seed, "test")).unwrap();
            let (before, after) = (promoter.tokens(), shuffled.tokens());
            let same = |chunk: usize| (5 * chunk..5 * chunk + 5).all(|place| before[place] == after[place]);
            let stayed = (0..CHUNKS).filter(|&chunk| same(chunk)).count();
            assert_eq!(stayed, CHUNKS - SHUFFLED, "seed {seed}");
            let sorted = |mut tokens: Vec<&[u8]>| {
                tokens.sort_unstable();
                tokens.concat()
            };
            assert_eq!(sorted(before), sorted(after));
        }
        let poly = Cut::of(&[&b"AA"[..]; 20]);
        assert_eq!(shuffle_tokens(&poly, &mut Stream::new(0, "test")), None);
    }
}
