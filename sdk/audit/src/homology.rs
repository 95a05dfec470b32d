//! Homologs of test items among what was seen before.
//!
//! Two sequences that are 80 % identical share hardly a word of 21 bases, so they are found as search programs do: by
//! *seeds*, words of 12 bases that lie near one diagonal in both, and then by a local alignment in a band around it
//! (Smith and Waterman 1981; match 1, mismatch -1, gap -2). An item has a homolog if such an alignment covers at least
//! half of it with at least 80 % of its columns identical, on either strand.
//!
//! The seeds that a candidate must show are what an alignment at the threshold has with good probability; what is found
//! are homologs, but not all of those near the threshold are found.

use dlm_sdk::dna;
use rayon::prelude::*;

/// The least identity and coverage of a homolog.
pub(crate) const LEAST_IDENTITY: f64 = 0.8;
pub(crate) const LEAST_COVERAGE: f64 = 0.5;

const SEED: usize = 12;
const SEEDS: usize = 1 << (2 * SEED);
/// A seed in more places of the queries than this is low complexity.
const MOST_PLACES: u32 = 64;
/// Diagonals are taken together by this many, and an alignment may leave its own by as many.
const BAND: usize = 24;
/// Seeds on one band must reach over this share of the query, from the first to the end of the last.
const LEAST_REACH: f64 = 0.35;
const LEAST_SEEDS: u32 = 2;
/// How many candidates a query are aligned, those with the most seeds first.
const MOST_ALIGNED: usize = 48;
/// How many references are searched before candidates are thinned.
const CHUNK: usize = 16_384;

const MISMATCH: i32 = -1;
const GAP: i32 = -2;

/// A place that looks like a homolog.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
struct Candidate {
    query: u32,
    /// How many seeds, negative so that the most come first.
    seeds: i32,
    reference: u32,
    reverse: bool,
    band: i32,
}

/// Where each seed stands in the queries.
struct Places {
    starts: Vec<u32>,
    places: Vec<(u32, u32)>,
}

fn seeds(bases: &[u8], mut each: impl FnMut(usize, usize)) {
    const MASK: usize = SEEDS - 1;
    let (mut code, mut known) = (0, 0);
    for (end, base) in (1..).zip(bases) {
        let Some(base) = dna::code(*base) else {
            known = 0;
            continue;
        };
        code = (code << 2 | usize::from(base)) & MASK;
        known += 1;
        if known >= SEED {
            each(code, end - SEED);
        }
    }
}

impl Places {
    fn new(queries: &[&[u8]]) -> Self {
        let mut starts = vec![0_u32; SEEDS + 1];
        for bases in queries {
            seeds(bases, |code, _| starts[code + 1] += 1);
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut places = vec![(0, 0); starts[SEEDS] as usize];
        let mut next = starts.clone();
        for (query, bases) in (0..).zip(queries) {
            seeds(bases, |code, position| {
                places[next[code] as usize] = (query, position as u32);
                next[code] += 1;
            });
        }
        Self { starts, places }
    }

    fn of(&self, code: usize) -> &[(u32, u32)] {
        let (start, end) = (self.starts[code], self.starts[code + 1]);
        if end - start > MOST_PLACES { &[] } else { &self.places[start as usize..end as usize] }
    }
}

/// Returns for each query the first reference that is a homolog of it, those with the most seeds tried first.
pub(crate) fn find(
    queries: &[&[u8]],
    references: &[&[u8]],
    check: &(dyn Fn() -> dlm_sdk::Result<()> + Sync),
) -> dlm_sdk::Result<Vec<Option<u32>>> {
    let places = Places::new(queries);
    let mut best: Vec<Vec<Candidate>> = vec![Vec::new(); queries.len()];
    for (chunk, part) in references.chunks(CHUNK).enumerate() {
        check()?;
        let found: Vec<Vec<Candidate>> = part
            .par_iter()
            .enumerate()
            .map_init(Vec::new, |hits, (place, bases)| {
                let reference = (chunk * CHUNK + place) as u32;
                let mut found = candidates(queries, &places, reference, bases, false, hits);
                let turned = dna::reverse_complement(bases);
                found.extend(candidates(queries, &places, reference, &turned, true, hits));
                found
            })
            .collect();
        for candidate in found.into_iter().flatten() {
            best[candidate.query as usize].push(candidate);
        }
        best.par_iter_mut().for_each(|candidates| {
            candidates.sort_unstable();
            candidates.truncate(MOST_ALIGNED);
        });
    }
    check()?;
    Ok(best
        .par_iter()
        .map_init(Rows::default, |rows, candidates| {
            candidates
                .iter()
                .find(|candidate| {
                    let query = queries[candidate.query as usize];
                    let reference = references[candidate.reference as usize];
                    let turned = candidate.reverse.then(|| dna::reverse_complement(reference));
                    let aligned = align(query, turned.as_deref().unwrap_or(reference), candidate.band, rows);
                    aligned.identity() >= LEAST_IDENTITY
                        && f64::from(aligned.covered) >= LEAST_COVERAGE * query.len() as f64
                })
                .map(|candidate| candidate.reference)
        })
        .collect())
}

/// Finds the queries that a reference could be a homolog of.
fn candidates(
    queries: &[&[u8]],
    places: &Places,
    reference: u32,
    bases: &[u8],
    reverse: bool,
    hits: &mut Vec<(u32, i32, u32)>,
) -> Vec<Candidate> {
    hits.clear();
    seeds(bases, |code, position| {
        for &(query, at) in places.of(code) {
            hits.push((query, at as i32 - position as i32, at));
        }
    });
    hits.sort_unstable();
    let mut found = Vec::new();
    for of_query in hits.chunk_by(|a, b| a.0 == b.0) {
        let length = queries[of_query[0].0 as usize].len();
        let mut start = 0;
        let mut best: Option<Candidate> = None;
        // A window of diagonals slides over the hits.
        for end in 0..of_query.len() {
            while of_query[end].1 - of_query[start].1 > BAND as i32 {
                start += 1;
            }
            let window = &of_query[start..=end];
            if (window.len() as u32) < LEAST_SEEDS
                || best.is_some_and(|best| -best.seeds >= window.len() as i32)
            {
                continue;
            }
            let first = window.iter().map(|hit| hit.2).min().unwrap_or_default();
            let last = window.iter().map(|hit| hit.2).max().unwrap_or_default();
            if f64::from(last - first) + SEED as f64 >= LEAST_REACH * length as f64 {
                let band = window[window.len() / 2].1;
                best = Some(Candidate {
                    query: of_query[0].0,
                    seeds: -(window.len() as i32),
                    reference,
                    reverse,
                    band,
                });
            }
        }
        found.extend(best);
    }
    found
}

/// What an alignment covers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Aligned {
    score: i32,
    identical: u32,
    columns: u32,
    /// Bases of the query.
    covered: u32,
}

impl Aligned {
    fn identity(self) -> f64 {
        f64::from(self.identical) / f64::from(self.columns.max(1))
    }

    fn step(self, score: i32, identical: bool, of_query: bool) -> Self {
        Self {
            score: self.score + score,
            identical: self.identical + u32::from(identical),
            columns: self.columns + 1,
            covered: self.covered + u32::from(of_query),
        }
    }
}

/// Two rows of the band, kept between alignments.
#[derive(Default)]
struct Rows(Vec<Aligned>, Vec<Aligned>);

/// Aligns locally in a band around a diagonal (query position minus reference position); the highest score, the first of
/// equals.
fn align(query: &[u8], reference: &[u8], diagonal: i32, rows: &mut Rows) -> Aligned {
    const WIDTH: usize = 2 * BAND + 1;
    let Rows(above, here) = rows;
    above.clear();
    above.resize(WIDTH + 1, Aligned::default());
    here.clear();
    here.resize(WIDTH + 1, Aligned::default());
    let mut best = Aligned::default();
    for (row, base) in (0_i32..).zip(query) {
        for slot in 0..WIDTH {
            let column = row - diagonal - BAND as i32 + slot as i32;
            let Some(other) = usize::try_from(column).ok().and_then(|column| reference.get(column)) else {
                here[slot] = Aligned::default();
                continue;
            };
            let same = dna::code(*base).is_some() && dna::code(*base) == dna::code(*other);
            // One row down, the same slot is one column further: slot is the diagonal.
            let mut cell = above[slot].step(if same { 1 } else { MISMATCH }, same, true);
            let down = above[slot + 1].step(GAP, false, true);
            if down.score > cell.score {
                cell = down;
            }
            if slot > 0 {
                let across = here[slot - 1].step(GAP, false, false);
                if across.score > cell.score {
                    cell = across;
                }
            }
            here[slot] = if cell.score > 0 { cell } else { Aligned::default() };
            if cell.score > best.score {
                best = cell;
            }
        }
        here[WIDTH] = Aligned::default();
        std::mem::swap(above, here);
    }
    best
}

#[cfg(test)]
mod tests {
    use dlm_sdk::random::Stream;

    use super::*;

    fn bases(stream: &mut Stream, length: usize) -> Vec<u8> {
        (0..length).map(|_| dna::BASES[stream.below(4)]).collect()
    }

    /// Substitutes one base in so many, and leaves one out near the middle.
    fn diverged(stream: &mut Stream, of: &[u8], one_in: usize) -> Vec<u8> {
        let mut copy: Vec<u8> = of
            .iter()
            .map(|base| {
                let turn = stream.below(one_in) == 0;
                if turn {
                    dna::BASES[(usize::from(dna::code(*base).unwrap()) + 1 + stream.below(3)) % 4]
                } else {
                    *base
                }
            })
            .collect();
        copy.remove(copy.len() / 2);
        copy
    }

    #[test]
    fn an_alignment_is_counted_by_hand() {
        let aligned = align(b"ACGTTGCATT", b"GGACGTGCATTCC", -2, &mut Rows::default());
        // ACGTTGCATT on ACGT-GCATT.
        assert_eq!((aligned.score, aligned.identical, aligned.columns, aligned.covered), (7, 9, 10, 10));
        assert_eq!(align(b"AAAA", b"NNNN", 0, &mut Rows::default()), Aligned::default());
    }

    #[test]
    fn homologs_are_found_and_chance_is_not() {
        let mut stream = Stream::new(6, "homology");
        let queries: Vec<Vec<u8>> = (0..120).map(|_| bases(&mut stream, 300)).collect();
        let mut references: Vec<Vec<u8>> = (0..2_000).map(|_| bases(&mut stream, 300)).collect();
        for (place, query) in queries.iter().enumerate() {
            // 90 % identical; every second from the other strand; then 60 % identical, which is no homolog.
            let near = diverged(&mut stream, query, 10);
            let far = diverged(&mut stream, query, 2);
            references.push(if place % 2 == 0 { near } else { dna::reverse_complement(&near) });
            references.push(far);
        }
        let of = |all: &Vec<Vec<u8>>| -> Vec<Vec<u8>> { all.clone() };
        let (queries, references) = (of(&queries), of(&references));
        let queries: Vec<&[u8]> = queries.iter().map(Vec::as_slice).collect();
        let references: Vec<&[u8]> = references.iter().map(Vec::as_slice).collect();
        let found = find(&queries, &references, &|| Ok(())).unwrap();
        let right = (0..).zip(&found).filter(|(query, found)| **found == Some(2_000 + 2 * query)).count();
        assert!(right >= 118, "{right} of 120 found");
        let none = find(&queries, &references[..2_000], &|| Ok(())).unwrap();
        assert_eq!(none.iter().flatten().count(), 0);
    }
}
