//! Negatives made from positives, and whether their labels tell.

use std::{collections::BTreeMap, fmt::Write as _};

use dlm_sdk::Result;

use crate::{
    corpus::Corpus,
    draft::{Draft, shown},
    report::{Check, Item, Status},
    twins,
};

/// How much better than chance a twin's label must tell the item's (kappa), and for how many items at least.
const INFORMATIVE: f64 = 0.4;
const LEAST_TWINS: usize = 10;

pub(crate) fn twins(
    corpus: &Corpus<'_>,
    details: &mut [Item],
    check: &(dyn Fn() -> Result<()> + Sync),
) -> Result<[Check; 2]> {
    let shuffle = Draft { id: "construction.shuffle", title: "dinucleotide-shuffled twins" };
    let segment = Draft { id: "construction.segment", title: "twins that keep pieces in place" };
    let Some(classes) = &corpus.classes else {
        let reason = "the task has no classes, or too many to compare labels";
        return Ok([shuffle.skip(reason), segment.skip(reason)]);
    };
    let (firsts, of) = corpus.distinct((0..corpus.len()).filter(|item| corpus.comparable(*item)));
    let bases: Vec<&[u8]> = firsts.iter().map(|&item| corpus.sequences[item]).collect();
    let side = Twins::new(corpus, classes, &of, firsts.len());
    let shuffled = side.judge(shuffle, &twins::shuffled(&bases), details, |item| &mut item.shuffled_twin);
    check()?;
    let segments = side.judge(segment, &twins::segments(&bases), details, |item| &mut item.segment_twin);
    Ok([shuffled, segments])
}

/// The labels of distinct sequences, to judge twins by.
struct Twins<'a> {
    corpus: &'a Corpus<'a>,
    classes: &'a [u32],
    of: &'a [(usize, u32)],
    /// For each distinct sequence, how often it stands in train or validation with each class.
    seen: Vec<Vec<u32>>,
    /// And an item that does.
    partner: Vec<Option<usize>>,
}

impl<'a> Twins<'a> {
    fn new(corpus: &'a Corpus<'a>, classes: &'a [u32], of: &'a [(usize, u32)], distinct: usize) -> Self {
        let mut seen = vec![vec![0; corpus.n_classes]; distinct];
        let mut partner = vec![None; distinct];
        for &(item, number) in of.iter().filter(|(item, _)| corpus.seen().contains(item)) {
            seen[number as usize][classes[item] as usize] += 1;
            partner[number as usize].get_or_insert(item);
        }
        Self { corpus, classes, of, seen, partner }
    }

    fn judge(
        &self,
        draft: Draft,
        pairs: &[(u32, u32)],
        details: &mut [Item],
        slot: impl Fn(&mut Item) -> &mut Option<u64>,
    ) -> Check {
        let classes = self.corpus.n_classes;
        let mut votes = BTreeMap::<u32, (Vec<u32>, usize)>::new();
        for (one, other) in pairs.iter().flat_map(|&(a, b)| [(a, b), (b, a)]) {
            let Some(partner) = self.partner[other as usize] else { continue };
            let (votes, _) = votes.entry(one).or_insert_with(|| (vec![0; classes], partner));
            votes.iter_mut().zip(&self.seen[other as usize]).for_each(|(sum, count)| *sum += count);
        }
        let start = self.corpus.test().start;
        let (mut covered, mut same) = (0, 0);
        for &(item, number) in self.of.iter().filter(|(item, _)| *item >= start) {
            let Some((votes, partner)) = votes.get(&number) else { continue };
            *slot(&mut details[item - start]) = Some(self.corpus.ids[*partner]);
            let label =
                (1..classes).fold(0, |best, class| if votes[class] > votes[best] { class } else { best });
            covered += 1;
            same += usize::from(self.classes[item] as usize == label);
        }
        let (alike, opposed) = self.beyond_chance(covered, same);
        let mut check =
            draft.share(covered, details.len(), "test items have such a twin in train or validation");
        if covered < LEAST_TWINS || alike.max(opposed) < INFORMATIVE {
            check.status = Status::Pass;
        } else if alike > opposed {
            // Relatives with the same label: they help a method that remembers, but nobody made them so.
            check.status = check.status.min(Status::Warn);
        }
        if covered > 0 {
            let share = 100.0 * (covered - same) as f64 / covered as f64;
            let _ = write!(check.reason, "; {share:.1} % of these have the other label");
        }
        check.evidence.insert("pairs".into(), pairs.len() as f64);
        check.evidence.insert("alike_beyond_chance".into(), alike);
        check.evidence.insert("opposed_beyond_chance".into(), opposed);
        check.examples = shown(details, |item| slot(&mut item.clone()).map(|other| (other, 0.0)));
        check
    }

    /// How much more often labels are alike, and opposed, than chance would have it: 0 at chance, 1 always.
    fn beyond_chance(&self, covered: usize, same: usize) -> (f64, f64) {
        let shares = |items: std::ops::Range<usize>| {
            let mut counts = vec![0.0; self.corpus.n_classes];
            let all = items.len().max(1) as f64;
            items.for_each(|item| counts[self.classes[item] as usize] += 1.0 / all);
            counts
        };
        let chance: f64 =
            shares(self.corpus.test()).iter().zip(shares(self.corpus.seen())).map(|(a, b)| a * b).sum();
        if covered == 0 || chance <= 0.0 || chance >= 1.0 {
            return (0.0, 0.0);
        }
        let agreement = same as f64 / covered as f64;
        ((agreement - chance) / (1.0 - chance), (chance - agreement) / chance)
    }
}
