//! The next k-mer after the longest suffix seen at least twice.
//!
//! Each place of train that counts is packed with its label into a 64-bit key. The keys of one length of suffix, ordered
//! by suffix and label, become those of the next by distributing them over one more base; what was seen once is dropped
//! on the way, since the rule never asks for it. A suffix is found by binary search.
//!
//! The rule gives an answer, the table wants probabilities. They are interpolated (Jelinek and Mercer),
//! `P(c | s) = w n(s, c) / n(s) + (1 - w) P(c | s')`, with `s'` the suffix one base shorter; below lie the class shares
//! with half an example added to each. The weight `w` depends on the length and on how often the most frequent follower
//! was seen (once, twice, three or four times, more): nearly all that follows a long suffix follows it once, and says
//! little. Weights are fitted to validation by expectation-maximisation. Where this puts another k-mer first, the least
//! share of the whole moves to the rule's answer that puts it first.

use dlm_sdk::{dna, prelude::*};
use rayon::prelude::*;

use super::Counts;
use crate::{chain::Context, labels, markov::continued, rows};

/// All suffixes of one length that were seen at least twice, ascending.
#[derive(Default)]
struct Length {
    suffixes: Vec<u64>,
    starts: Vec<u32>,
    totals: Vec<u32>,
    best: Vec<u32>,
    classes: Vec<u32>,
    counts: Vec<u32>,
    /// The share of a suffix's own followers, by [`trust`].
    weights: [f64; 4],
}

/// The weights without validation.
const WEIGHTS: [f64; 4] = [0.01, 0.3, 0.5, 0.7];

/// How often expectation-maximisation goes over validation; it converges monotonically.
const ROUNDS: usize = 20;

/// Returns which weight belongs to how often the most frequent follower was seen.
fn trust(counts: &[u32]) -> usize {
    match counts.iter().max() {
        None | Some(0 | 1) => 0,
        Some(2) => 1,
        Some(3 | 4) => 2,
        Some(_) => 3,
    }
}

/// Where a key keeps what: the label in its lowest bits, then the suffix, its last base lowest, then how many bases of
/// the suffix are known.
#[derive(Clone, Copy)]
struct Layout {
    label_bits: u32,
    length_shift: u32,
}

impl Layout {
    fn new(most: usize, k: u32) -> Result<Self> {
        let (label_bits, length_shift) = (2 * k, 2 * k + 2 * most as u32);
        if length_shift > 64 - 5 {
            return Err(Error::unsupported(format!(
                "a suffix of {most} bases and a k-mer of {k} do not fit a key"
            ))
            .with_hint(format!("ask for at most ngram:{}", 29_u32.saturating_sub(k).max(1))));
        }
        Ok(Self { label_bits, length_shift })
    }

    fn key(self, context: Context, most: usize, label: u64) -> u64 {
        let known = context.length().min(most) as u64;
        known << self.length_shift | context.suffix(most) << self.label_bits | label
    }

    fn label(self, key: u64) -> u32 {
        (key & ((1 << self.label_bits) - 1)) as u32
    }

    fn suffix(self, key: u64, length: usize) -> u64 {
        key >> self.label_bits & ((1 << (2 * length)) - 1)
    }

    /// Returns the base before a suffix of a length, if it is known.
    fn before(self, key: u64, length: usize) -> Option<usize> {
        let known = (key >> self.length_shift) as usize;
        (known > length).then(|| (key >> self.label_bits >> (2 * length) & 3) as usize)
    }

    /// Groups keys by their suffix of a length and leaves out those that stand alone.
    fn groups(self, keys: &[u64], length: usize) -> impl Iterator<Item = &[u64]> {
        keys.chunk_by(move |a, b| self.suffix(*a, length) == self.suffix(*b, length))
            .filter(|group| group.len() > 1)
    }

    /// Orders keys by a suffix that is one base longer: a stable distribution over that base, since they already
    /// stand in the order of the shorter suffix and the label.
    fn lengthen(self, keys: &[u64], length: usize) -> Vec<u64> {
        let mut by_base = [const { Vec::new() }; 4];
        for key in self.groups(keys, length).flatten() {
            if let Some(base) = self.before(*key, length) {
                by_base[base].push(*key);
            }
        }
        by_base.concat()
    }
}

impl Length {
    /// Counts keys in the order of their suffix and label; `shorter` are the shorter lengths, which break ties.
    fn new(keys: &[u64], length: usize, layout: Layout, shorter: &[Self]) -> Self {
        let mut table = Self { weights: WEIGHTS, ..Self::default() };
        for group in layout.groups(keys, length) {
            table.suffixes.push(layout.suffix(group[0], length));
            table.starts.push(table.classes.len() as u32);
            table.totals.push(group.len() as u32);
            for same in group.chunk_by(|a, b| layout.label(*a) == layout.label(*b)) {
                table.classes.push(layout.label(same[0]));
                table.counts.push(same.len() as u32);
            }
        }
        table.starts.push(table.classes.len() as u32);
        table.best = (0..table.suffixes.len())
            .into_par_iter()
            .map(|place| {
                let (classes, counts) = table.followers(place);
                let most = counts.iter().max().copied().unwrap_or(0);
                let tied = classes.iter().zip(counts).filter(|&(_, count)| *count == most);
                break_tie(tied.map(|(class, _)| *class).collect(), table.suffixes[place], length, shorter)
            })
            .collect();
        table
    }

    fn find(&self, suffix: u64) -> Option<usize> {
        self.suffixes.binary_search(&suffix).ok()
    }

    /// Returns the classes that follow a suffix, ascending, and how often.
    fn followers(&self, place: usize) -> (&[u32], &[u32]) {
        let range = self.starts[place] as usize..self.starts[place + 1] as usize;
        (&self.classes[range.clone()], &self.counts[range])
    }
}

/// Returns the one of equally frequent classes that shorter suffixes prefer, at last the first.
fn break_tie(mut tied: Vec<u32>, suffix: u64, length: usize, shorter: &[Length]) -> u32 {
    for (length, table) in (0..length).zip(shorter).rev() {
        if tied.len() == 1 {
            break;
        }
        let suffix = suffix & ((1 << (2 * length)) - 1);
        let Some(place) = table.find(suffix) else { continue };
        let (classes, counts) = table.followers(place);
        let count = |class: &u32| classes.binary_search(class).map_or(0, |at| counts[at]);
        let most = tied.iter().map(count).max().unwrap_or(0);
        tied.retain(|class| count(class) == most);
    }
    tied.first().copied().unwrap_or(0)
}

/// A fitted back-off table.
pub(super) struct Suffixes {
    lengths: Vec<Length>,
    priors: Vec<f64>,
    majority: u32,
    longest: usize,
    most: usize,
    chosen_on: Option<usize>,
    counted: Counts,
}

/// Returns a key for each place of train that counts, ordered by label.
fn keys(
    layout: Layout,
    most: usize,
    k: u32,
    counts: Counts,
    train: Examples<'_>,
    classes: &[u32],
) -> Result<Vec<u64>> {
    let parts: Vec<Vec<u64>> = train
        .items
        .sequences
        .par_chunks(4_096)
        .zip(classes.par_chunks(4_096))
        .map(|(sequences, classes)| {
            let mut keys = Vec::new();
            for (sequence, class) in sequences.iter().zip(classes) {
                let end = Context::at_end_of(sequence.bases());
                keys.push(layout.key(end, most, u64::from(*class)));
                if counts == Counts::Everywhere {
                    inner_keys(layout, most, k, sequence.bases(), *class, &mut keys);
                }
            }
            keys
        })
        .collect();
    let mut keys = parts.concat();
    if u32::try_from(keys.len()).is_err() {
        return Err(Error::unsupported("more than 4,294,967,295 places of train cannot be counted"));
    }
    keys.par_sort_unstable_by_key(|key| layout.label(*key));
    Ok(keys)
}

/// Adds the keys of the k-mers that begin within an input; the last reach into the label.
fn inner_keys(layout: Layout, most: usize, k: u32, bases: &[u8], class: u32, keys: &mut Vec<u64>) {
    let all: Vec<u8> = continued(bases, class, k).collect();
    let mut context = Context::default();
    for (place, base) in bases.iter().enumerate() {
        if let Some(label) = dna::kmer_index(&all[place..place + k as usize]) {
            keys.push(layout.key(context, most, label));
        }
        context.read(*base);
    }
}

/// Counts train and chooses the longest suffix on validation.
pub(super) fn fit(
    most: usize,
    k: u32,
    counts: Counts,
    train: Examples<'_>,
    validation: Option<Examples<'_>>,
) -> Result<Suffixes> {
    let layout = Layout::new(most, k)?;
    let outputs = 1 << (2 * k);
    let classes = labels::classes(train, outputs)?;
    let mut keys = keys(layout, most, k, counts, train, &classes)?;
    let mut lengths: Vec<Length> = Vec::with_capacity(most + 1);
    for length in 0..=most {
        let table = Length::new(&keys, length, layout, &lengths);
        lengths.push(table);
        keys = layout.lengthen(&keys, length);
    }
    let priors = labels::priors(&classes, outputs);
    let majority = labels::first_highest(&priors) as u32;
    let mut fitted =
        Suffixes { lengths, priors, majority, longest: most, most, chosen_on: None, counted: counts };
    if let Some(validation) = validation {
        fitted.choose(validation, outputs)?;
    }
    Ok(fitted)
}

impl Suffixes {
    /// Chooses the longest suffix with the most right answers; of equals the shortest.
    fn choose(&mut self, validation: Examples<'_>, outputs: usize) -> Result<()> {
        let targets = labels::classes(validation, outputs)?;
        let right = validation
            .items
            .sequences
            .par_iter()
            .zip(&targets)
            .map(|(sequence, target)| {
                let places = self.places(Context::at_end_of(sequence.bases()), self.most);
                let right: Vec<usize> = (1..=self.most)
                    .map(|longest| usize::from(self.answer(&places, longest) == *target))
                    .collect();
                right
            })
            .reduce(|| vec![0; self.most], |a, b| a.iter().zip(&b).map(|(a, b)| a + b).collect());
        self.longest = 1;
        for longest in 2..=self.most {
            if right[longest - 1] > right[self.longest - 1] {
                self.longest = longest;
            }
        }
        self.lengths.truncate(self.longest + 1);
        self.chosen_on = Some(validation.len());
        self.weigh(validation, &targets);
        Ok(())
    }

    /// Fits the weights of each length, the shortest first, to the probabilities of the validation targets.
    fn weigh(&mut self, validation: Examples<'_>, targets: &[u32]) {
        let contexts = validation.items.sequences.iter().map(|sequence| Context::at_end_of(sequence.bases()));
        let mut items: Vec<(Context, u32, f64)> = contexts
            .zip(targets)
            .map(|(context, target)| (context, *target, self.priors[*target as usize]))
            .collect();
        for length in 1..=self.longest {
            let table = &self.lengths[length];
            let seen: Vec<Option<(usize, f64)>> = items
                .par_iter()
                .map(|(context, target, _)| {
                    let suffix = (context.length() >= length).then(|| context.suffix(length))?;
                    let place = table.find(suffix)?;
                    let (classes, counts) = table.followers(place);
                    let count = classes.binary_search(target).map_or(0, |at| counts[at]);
                    Some((trust(counts), f64::from(count) / f64::from(table.totals[place])))
                })
                .collect();
            let mut weights = WEIGHTS;
            for _ in 0..ROUNDS {
                let mut sums = [(0.0, 0.0); 4];
                for ((_, _, shorter), (trust, own)) in
                    items.iter().zip(&seen).filter_map(|(item, seen)| Some((item, (*seen)?)))
                {
                    let weight = weights[trust];
                    let (share, all) = &mut sums[trust];
                    *share += weight * own / (weight * own + (1.0 - weight) * shorter);
                    *all += 1.0;
                }
                for (weight, (share, all)) in weights.iter_mut().zip(sums) {
                    if all > 0.0 {
                        *weight = f64::clamp(share / all, 1e-4, 0.999);
                    }
                }
            }
            for ((_, _, probability), seen) in items.iter_mut().zip(&seen) {
                if let Some((trust, own)) = seen {
                    *probability = weights[*trust] * own + (1.0 - weights[*trust]) * *probability;
                }
            }
            self.lengths[length].weights = weights;
        }
    }

    /// Returns where the suffixes of a context stand, from length 0 up to the first that was not seen twice.
    fn places(&self, context: Context, longest: usize) -> Vec<usize> {
        (0..=longest.min(context.length()))
            .map_while(|length| self.lengths[length].find(context.suffix(length)))
            .collect()
    }

    fn answer(&self, places: &[usize], longest: usize) -> u32 {
        let length = places.len().min(longest + 1);
        match length.checked_sub(1) {
            Some(length) => self.lengths[length].best[places[length]],
            None => self.majority,
        }
    }

    fn probabilities(&self, bases: &[u8], row: &mut [f64]) {
        let places = self.places(Context::at_end_of(bases), self.longest);
        // The weight of a length is what all longer ones leave to it.
        let mut left = 1.0;
        for (table, &place) in self.lengths.iter().zip(&places).skip(1).rev() {
            let (classes, counts) = table.followers(place);
            let weight = table.weights[trust(counts)];
            let scale = left * weight / f64::from(table.totals[place]);
            for (class, count) in classes.iter().zip(counts) {
                row[*class as usize] += scale * f64::from(*count);
            }
            left *= 1.0 - weight;
        }
        row.iter_mut().zip(&self.priors).for_each(|(cell, prior)| *cell += left * prior);
        labels::put_first(self.answer(&places, self.longest) as usize, row);
    }
}

impl Predictor for Suffixes {
    fn predict(&mut self, items: Items<'_>, scores: ArrayViewMut2<'_, f32>) -> Result<()> {
        rows::fill(items, scores, self.priors.len(), |bases, row| self.probabilities(bases, row))
    }

    fn facts(&self) -> Vec<Fact> {
        let chosen = match self.chosen_on {
            Some(items) => format!("1 to {} on {items} validation items", self.most),
            None => "not chosen, there is no validation".to_owned(),
        };
        vec![
            Fact::new("longest suffix", self.longest),
            Fact::new("chosen from", chosen),
            Fact::new("suffixes", self.lengths.iter().map(|table| table.suffixes.len()).sum::<usize>()),
            Fact::new("counted", self.counted.name()),
            Fact::new("ties", "by the next shorter suffix, at last the first class"),
        ]
    }

    fn parameters(&self) -> Option<u64> {
        Some(self.lengths.iter().map(|table| table.counts.len() as u64).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples(rows: &[(&str, u32)]) -> ExampleSet {
        let mut set = ExampleSet::new(1);
        for (id, (bases, class)) in rows.iter().enumerate() {
            set.add(id as u64, bases.as_bytes(), &[*class as f32], id as u64).unwrap();
        }
        set
    }

    fn row(fitted: &Suffixes, bases: &str) -> Vec<f64> {
        let mut row = vec![0.0; fitted.priors.len()];
        fitted.probabilities(bases.as_bytes(), &mut row);
        row
    }

    #[test]
    fn a_suffix_seen_once_does_not_answer() {
        let set = examples(&[("AAT", 1), ("CAT", 2), ("GAT", 2), ("GGG", 0), ("TGG", 0), ("CCG", 0)]);
        let fitted = fit(3, 1, Counts::Ends, set.view().examples(), None).unwrap();
        // `AAT` was seen once, `AT` three times.
        assert_eq!(labels::first_highest(&row(&fitted, "AAT")), 2);
        assert_eq!(labels::first_highest(&row(&fitted, "CCC")), 0);
        // N forgets what lies before it.
        assert_eq!(labels::first_highest(&row(&fitted, "ATN")), 0);
        assert_eq!(labels::first_highest(&row(&fitted, "")), 0);
    }

    #[test]
    fn a_tie_asks_the_shorter_suffix_and_then_the_first_class() {
        let set = examples(&[("AC", 3), ("AC", 2), ("TC", 3), ("GG", 1), ("GG", 0)]);
        let fitted = fit(2, 1, Counts::Ends, set.view().examples(), None).unwrap();
        assert_eq!(labels::first_highest(&row(&fitted, "AC")), 3);
        assert_eq!(labels::first_highest(&row(&fitted, "GG")), 0);
    }

    #[test]
    fn probabilities_sum_to_one_and_interpolate() {
        let set = examples(&[("A", 0), ("A", 0), ("A", 1), ("C", 2)]);
        let fitted = fit(1, 1, Counts::Ends, set.view().examples(), None).unwrap();
        let prior: Vec<f64> = [2.5, 1.5, 1.5, 0.5].iter().map(|count| count / 6.0).collect();
        let expected: Vec<f64> =
            [2.0, 1.0, 0.0, 0.0].iter().zip(&prior).map(|(n, p)| 0.3 * n / 3.0 + 0.7 * p).collect();
        for (value, expected) in row(&fitted, "A").iter().zip(expected) {
            assert!((value - expected).abs() < 1e-12, "{value} {expected}");
        }
        assert!((row(&fitted, "C").iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn weights_follow_what_validation_says() {
        let train = examples(&[("A", 0), ("A", 0), ("C", 1), ("C", 1), ("G", 2), ("G", 2)]);
        let right = examples(&[("A", 0), ("C", 1), ("G", 2)]);
        let wrong = examples(&[("A", 1), ("C", 2), ("G", 0)]);
        let weight = |validation: &ExampleSet| {
            let view = validation.view();
            fit(1, 1, Counts::Ends, train.view().examples(), Some(view.examples())).unwrap().lengths[1]
                .weights[1]
        };
        assert!(weight(&right) > 0.9, "{}", weight(&right));
        assert!(weight(&wrong) < 0.01, "{}", weight(&wrong));
    }

    #[test]
    fn everywhere_counts_inside_the_inputs_too() {
        let set = examples(&[("GATTAGATTC", 0), ("CCCCCCCCCC", 1), ("CCCCCCCCCC", 1)]);
        let answer = |counts| {
            let fitted = fit(3, 1, counts, set.view().examples(), None).unwrap();
            labels::first_highest(&row(&fitted, "GAT"))
        };
        // `GAT` ends no input, but T follows it twice.
        assert_eq!(answer(Counts::Ends), 1);
        assert_eq!(answer(Counts::Everywhere), 3);
    }

    #[test]
    fn tables_equal_a_plain_count() {
        use std::collections::BTreeMap;
        let mut stream = dlm_sdk::random::Stream::new(5, "suffixes");
        let mut set = ExampleSet::new(1);
        for id in 0..400 {
            let length = stream.below(12);
            let bases: Vec<u8> = (0..length).map(|_| b"AACGTN"[stream.below(6)]).collect();
            set.add(id, &bases, &[stream.below(16) as f32], id).unwrap();
        }
        let view = set.view();
        let examples = view.examples();
        let fitted = fit(5, 2, Counts::Ends, examples, None).unwrap();
        for length in 0..=5 {
            let mut plain: BTreeMap<u64, BTreeMap<u32, u32>> = BTreeMap::new();
            for (sequence, class) in examples.items.sequences.iter().zip(examples.classes()) {
                let start = sequence.bases().len().saturating_sub(length);
                let suffix = &sequence.bases()[start..];
                if let (true, Some(index)) = (suffix.len() == length, dna::kmer_index(suffix)) {
                    *plain.entry(index).or_default().entry(class as u32).or_default() += 1;
                }
            }
            plain.retain(|_, followers| followers.values().sum::<u32>() > 1);
            let table = &fitted.lengths[length];
            assert_eq!(table.suffixes, plain.keys().copied().collect::<Vec<_>>());
            for (place, followers) in plain.values().enumerate() {
                let (classes, counts) = table.followers(place);
                assert!(classes.iter().eq(followers.keys()) && counts.iter().eq(followers.values()));
            }
        }
    }

    #[test]
    fn validation_chooses_the_length() {
        let train = examples(&[("AC", 3), ("AC", 3), ("TC", 2), ("TC", 2), ("GC", 1), ("CC", 1), ("CC", 1)]);
        let validation = examples(&[("AC", 3), ("TC", 2)]);
        let held = validation.view();
        let fitted = fit(5, 1, Counts::Ends, train.view().examples(), Some(held.examples())).unwrap();
        assert_eq!(fitted.longest, 2);
        assert!(fitted.facts().contains(&Fact::new("chosen from", "1 to 5 on 2 validation items")));
    }
}
