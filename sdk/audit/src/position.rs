//! Words at fixed positions.
//!
//! Windows that are aligned to a site have the site's own letters at one place: `GT` behind every true donor, the core of
//! a motif in every bound window. If the negatives were not chosen to have them too, a table of a few letters answers the
//! task. The table is built greedily: of the words of one to three bases whose frequency at a position differs most
//! between the classes, up to four are taken, each the one that helps most on train.

use dlm_sdk::dna;
use rayon::prelude::*;

use crate::{
    corpus::Corpus,
    rule::{Scored, Sides, correlation},
    shortcuts::MOST_FITTED,
};

const LONGEST_WORD: usize = 3;
/// Longer items are not windows around a site.
const LONGEST: usize = 2_000;
const SHORTEST: usize = 4;
/// The best positions of each word that are tried, and how many words.
const POSITIONS: usize = 3;
const CANDIDATES: usize = 40;
const MOST_WORDS: usize = 4;

/// A word at a position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Site {
    pub(crate) position: usize,
    pub(crate) length: usize,
    pub(crate) code: u32,
}

impl Site {
    fn stands_in(self, bases: &[u8]) -> bool {
        word(&bases[self.position..self.position + self.length]) == Some(self.code)
    }

    /// Spells the word and where it stands, from one.
    pub(crate) fn text(self) -> String {
        format!("{} at {}", dna::kmer(u64::from(self.code), self.length as u32), self.position + 1)
    }
}

fn word(bases: &[u8]) -> Option<u32> {
    bases.iter().try_fold(0, |code, base| Some(code << 2 | u32::from(dna::code(*base)?)))
}

/// Builds the table on train and scores it; `None` if items differ in length or are too long for windows around a site.
pub(crate) fn table(corpus: &Corpus<'_>, classes: &[u32]) -> Option<(Scored, Vec<Site>)> {
    let length = corpus.sequences.first()?.len();
    let aligned = corpus.sequences.iter().all(|bases| bases.len() == length);
    if !aligned || !(SHORTEST..=LONGEST).contains(&length) {
        return None;
    }
    let fitted = corpus.sizes[0].min(MOST_FITTED);
    let every = corpus.sizes[0] as f64 / fitted.max(1) as f64;
    let rows: Vec<usize> = (0..fitted).map(|place| (place as f64 * every) as usize).collect();
    let targets: Vec<u32> = rows.iter().map(|&row| classes[row]).collect();
    let sequences: Vec<&[u8]> = rows.iter().map(|&row| corpus.sequences[row]).collect();
    let candidates = candidates(&sequences, &targets, corpus.n_classes, length);
    let sites = choose(&candidates, &sequences, &targets, corpus.n_classes);
    let test: Vec<usize> = corpus.test().collect();
    let cells =
        |items: &[&[u8]]| -> Vec<usize> { items.par_iter().map(|bases| cell(&sites, bases)).collect() };
    let (train_cells, test_cells) =
        (cells(&sequences), cells(&test.iter().map(|&item| corpus.sequences[item]).collect::<Vec<_>>()));
    let answers = Answers::count(&train_cells, &targets, corpus.n_classes, sites.len());
    let both = Sides { train: &targets, test: &classes[corpus.test()], classes: corpus.n_classes };
    let scored = if corpus.n_classes == 2 {
        both.of_scores(&answers.scores(&train_cells), &answers.scores(&test_cells))
    } else {
        both.of_classes(&answers.classes(&train_cells), &answers.classes(&test_cells))
    };
    Some((scored, sites))
}

/// Which of the words an item has, as bits.
fn cell(sites: &[Site], bases: &[u8]) -> usize {
    sites.iter().enumerate().map(|(bit, site)| usize::from(site.stands_in(bases)) << bit).sum()
}

/// How often each class has each combination of words.
struct Answers {
    counts: Vec<Vec<f64>>,
    commonest: u32,
}

impl Answers {
    fn count(cells: &[usize], targets: &[u32], classes: usize, sites: usize) -> Self {
        let mut counts = vec![vec![0.0; classes]; 1 << sites];
        let mut all = vec![0.0; classes];
        for (cell, target) in cells.iter().zip(targets) {
            counts[*cell][*target as usize] += 1.0;
            all[*target as usize] += 1.0;
        }
        Self { counts, commonest: highest(&all) }
    }

    fn scores(&self, cells: &[usize]) -> Vec<f64> {
        let share = |counts: &Vec<f64>| (counts[1] + 1.0) / (counts.iter().sum::<f64>() + 2.0);
        let shares: Vec<f64> = self.counts.iter().map(share).collect();
        cells.iter().map(|&cell| shares[cell]).collect()
    }

    fn classes(&self, cells: &[usize]) -> Vec<u32> {
        let answer = |counts: &Vec<f64>| {
            if counts.iter().sum::<f64>() > 0.0 { highest(counts) } else { self.commonest }
        };
        let answers: Vec<u32> = self.counts.iter().map(answer).collect();
        cells.iter().map(|&cell| answers[cell]).collect()
    }
}

fn highest(values: &[f64]) -> u32 {
    (1..values.len()).fold(0, |best, at| if values[at] > values[best] { at } else { best }) as u32
}

/// Counts words at positions, a class at a time, and returns those whose frequency differs most between a class and the
/// rest.
fn candidates(sequences: &[&[u8]], targets: &[u32], classes: usize, length: usize) -> Vec<Site> {
    let mut members = vec![0.0; classes];
    for target in targets {
        members[*target as usize] += 1.0;
    }
    let all = targets.len() as f64;
    let mut found: Vec<(f64, Site)> = Vec::new();
    for size in 1..=LONGEST_WORD {
        let words = 1 << (2 * size);
        let at_position = |position: usize| -> Vec<(f64, Site)> {
            let mut counts = vec![0.0; words * classes];
            for (bases, target) in sequences.iter().zip(targets) {
                if let Some(code) = word(&bases[position..position + size]) {
                    counts[code as usize * classes + *target as usize] += 1.0;
                }
            }
            (0..words)
                .map(|code| {
                    let counts = &counts[code * classes..(code + 1) * classes];
                    let total: f64 = counts.iter().sum();
                    let apart = (0..classes)
                        .filter(|&class| members[class] > 0.0 && members[class] < all)
                        .map(|class| {
                            let (inside, outside) = (counts[class], total - counts[class]);
                            (inside / members[class] - outside / (all - members[class])).abs()
                        })
                        .fold(0.0, f64::max);
                    (apart, Site { position, length: size, code: code as u32 })
                })
                .collect()
        };
        let positions: Vec<Vec<(f64, Site)>> = (0..=length - size).into_par_iter().map(at_position).collect();
        for code in 0..words {
            let mut of_word: Vec<(f64, Site)> = positions.iter().map(|position| position[code]).collect();
            of_word.sort_by(|a, b| b.0.total_cmp(&a.0));
            found.extend(of_word.into_iter().take(POSITIONS));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().take(CANDIDATES).map(|(_, site)| site).collect()
}

fn choose(candidates: &[Site], sequences: &[&[u8]], targets: &[u32], classes: usize) -> Vec<Site> {
    let mut chosen: Vec<Site> = Vec::new();
    for _ in 0..MOST_WORDS {
        let tried: Vec<(f64, Site)> = candidates
            .par_iter()
            .filter(|site| !chosen.contains(site))
            .map(|&site| {
                let sites: Vec<Site> = chosen.iter().copied().chain([site]).collect();
                let cells: Vec<usize> = sequences.iter().map(|bases| cell(&sites, bases)).collect();
                let answers = Answers::count(&cells, targets, classes, sites.len());
                let value = if classes == 2 {
                    area(&answers)
                } else {
                    correlation(targets, &answers.classes(&cells), classes)
                };
                (value, site)
            })
            .collect();
        // The first of equals.
        let best = tried.into_iter().reduce(|best, next| if next.0 > best.0 { next } else { best });
        let Some((_, site)) = best else { break };
        chosen.push(site);
    }
    chosen
}

/// The area under the curve of a table of two classes, from its counts.
fn area(answers: &Answers) -> f64 {
    let mut cells: Vec<(f64, f64, f64)> = answers
        .counts
        .iter()
        .map(|counts| ((counts[1] + 1.0) / (counts[0] + counts[1] + 2.0), counts[0], counts[1]))
        .collect();
    cells.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut wins) = (0.0, 0.0);
    for equal in cells.chunk_by(|a, b| a.0 == b.0) {
        let (negatives, positives) =
            equal.iter().fold((0.0, 0.0), |sum, cell| (sum.0 + cell.1, sum.1 + cell.2));
        wins += positives * (below + negatives / 2.0);
        below += negatives;
    }
    let positives: f64 = cells.iter().map(|cell| cell.2).sum();
    if below * positives > 0.0 { wins / (below * positives) } else { 0.5 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::best_cut;

    #[test]
    fn an_area_is_counted_from_cells() {
        let answers = Answers { counts: vec![vec![3.0, 1.0], vec![1.0, 3.0]], commonest: 0 };
        // Of 16 pairs 9 are right, 6 tied, 1 wrong.
        assert_eq!(area(&answers), (9.0 + 3.0) / 16.0);
        assert!(best_cut(&answers.scores(&[0, 1]), &[0, 1]) > 0.5);
    }
}
