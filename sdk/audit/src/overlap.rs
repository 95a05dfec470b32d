//! What test shares with train and validation.

use std::{collections::BTreeSet, fmt::Write as _};

use dlm_sdk::{Result, random::Stream};

use crate::{
    copies,
    corpus::Corpus,
    draft::{Draft, shown},
    homology,
    kmers::{self, Found},
    loci,
    report::{Check, Item, Status},
};

/// The share of 21-mers that makes a near copy, and the share in one line that makes an overlapping window.
pub(crate) const NEAR: f64 = 0.5;
const LINE: f64 = 0.2;
/// From this share of unassessable items on, near copies warn.
const MOST_UNASSESSABLE: f64 = 0.5;

pub(crate) fn exact(corpus: &Corpus<'_>, details: &mut [Item]) -> Check {
    let copies = copies::find(corpus);
    for (item, copy) in details.iter_mut().zip(&copies.of_test) {
        item.copy = copy.map(|copy| corpus.ids[copy]);
    }
    let draft = Draft { id: "overlap.exact", title: "copies across splits, on either strand" };
    let affected = copies.of_test.iter().flatten().count();
    let mut check = draft.share(
        affected,
        details.len(),
        "test items have a copy in train or validation, on either strand",
    );
    if let Some(agreement) = copies.evidence.get("label_agreement") {
        let _ = write!(check.reason, "; {:.1} % of the first copies have the same label", 100.0 * agreement);
    }
    check.evidence = copies.evidence;
    check.examples = shown(details, |item| item.copy.map(|copy| (copy, 1.0)));
    check
}

/// Looks each test item up among train and validation; items that are mostly unknown find nothing.
pub(crate) fn near(corpus: &Corpus<'_>, details: &mut [Item]) -> Vec<Found> {
    let comparable = |item: &usize| corpus.comparable(*item);
    let (references, _) = corpus.distinct(corpus.seen().filter(comparable));
    let (queries, of) = corpus.distinct(corpus.test().filter(comparable));
    let bases =
        |items: &[usize]| -> Vec<&[u8]> { items.iter().map(|&item| corpus.sequences[item]).collect() };
    let scale = kmers::scale(corpus.sequences.iter().map(|bases| bases.len()).collect());
    let distinct = kmers::lookup(&bases(&queries), &bases(&references), scale, None, false);
    let mut found = vec![Found::default(); details.len()];
    for (item, number) in of {
        let place = item - corpus.test().start;
        found[place] = distinct[number as usize].clone();
        let here = &found[place];
        details[place].nearest = here.best.map(|(other, _)| corpus.ids[references[other as usize]]);
        details[place].containment = here.containment() as f32;
        details[place].collinear = here.collinear() as f32;
        // Until the windows are judged, this holds the partner on the longest line.
        details[place].overlapping = here.line.map(|(other, ..)| corpus.ids[references[other as usize]]);
    }
    found
}

pub(crate) fn near_check(details: &[Item], found: &[Found]) -> Check {
    let draft = Draft { id: "overlap.near", title: "near copies, by shared 21-mers" };
    let is_near = |found: &Found| found.assessable() && found.containment() >= NEAR;
    let affected = found.iter().filter(|found| is_near(found)).count();
    let unassessable = found.iter().filter(|found| !found.assessable()).count();
    let share = unassessable as f64 / found.len().max(1) as f64;
    let what = "test items share at least half of their 21-mers with one sequence of train or validation";
    let mut check = draft.share(affected, found.len(), what);
    if share >= MOST_UNASSESSABLE && check.status == Status::Pass {
        check.status = Status::Warn;
        let _ = write!(
            check.reason,
            "; {unassessable} cannot be judged: they are too short or their 21-mers stand everywhere"
        );
    }
    let of_others =
        details.iter().zip(found).filter(|(item, found)| is_near(found) && item.copy.is_none()).count();
    check.evidence.insert("not_assessable".into(), share);
    check.evidence.insert("near_without_copies".into(), of_others as f64 / found.len().max(1) as f64);
    for (name, least) in [("share_from_20_percent", 0.2), ("share_from_80_percent", 0.8)] {
        let count = found.iter().filter(|found| found.assessable() && found.containment() >= least).count();
        check.evidence.insert(name.into(), count as f64 / found.len().max(1) as f64);
    }
    check.examples = shown(details, |item| {
        item.nearest
            .filter(|_| f64::from(item.containment) >= NEAR)
            .map(|other| (other, f64::from(item.containment)))
    });
    check
}

pub(crate) fn windows(corpus: &Corpus<'_>, details: &mut [Item], found: &[Found]) -> Check {
    let draft = Draft { id: "overlap.windows", title: "overlapping windows" };
    let on_line: Vec<bool> =
        found.iter().map(|found| found.informative > 0 && found.collinear() >= LINE).collect();
    let share = on_line.iter().filter(|on_line| **on_line).count() as f64 / found.len().max(1) as f64;
    let shifted = found
        .iter()
        .zip(&on_line)
        .filter(|(found, on_line)| **on_line && found.line.is_some_and(|(_, _, in_place)| !in_place))
        .count();
    let mut check = if let Some(overlapping) = loci::overlapping(corpus) {
        for (item, other) in details.iter_mut().zip(&overlapping) {
            item.overlapping = other.map(|other| corpus.ids[other]);
        }
        let affected = overlapping.iter().flatten().count();
        draft.share(affected, found.len(), "test loci overlap one of train or validation")
    } else {
        for (item, on_line) in details.iter_mut().zip(&on_line) {
            item.overlapping = item.overlapping.filter(|_| *on_line);
        }
        let affected = on_line.iter().filter(|on_line| **on_line).count();
        let what = "test items share a stretch without gaps, of a fifth of their 21-mers or more, with one sequence of \
                    train or validation (no loci are known)";
        draft.share(affected, found.len(), what)
    };
    check.evidence.insert("in_one_line".into(), share);
    check.evidence.insert("shifted".into(), shifted as f64 / found.len().max(1) as f64);
    check.examples = shown(details, |item| item.overlapping.map(|other| (other, f64::from(item.collinear))));
    check
}

pub(crate) fn groups(corpus: &Corpus<'_>, details: &mut [Item]) -> Check {
    let seen: BTreeSet<u64> = corpus.seen().map(|item| corpus.groups[item]).collect();
    let mut affected = 0;
    for item in details.iter_mut() {
        item.shared_group = seen.contains(&item.group);
        affected += usize::from(item.shared_group);
    }
    let draft = Draft { id: "overlap.groups", title: "leakage groups in several splits" };
    draft.share(
        affected,
        details.len(),
        "test items lie in a leakage group that train or validation also has",
    )
}

pub(crate) fn homologs(
    corpus: &Corpus<'_>,
    details: &mut [Item],
    sample: usize,
    check: &(dyn Fn() -> Result<()> + Sync),
) -> Result<Check> {
    let draft = Draft { id: "overlap.homology", title: "homologs, by seeds and alignment" };
    if sample == 0 {
        return Ok(draft.skip("left out"));
    }
    let start = corpus.test().start;
    let mut places: Vec<usize> =
        (0..details.len()).filter(|place| corpus.comparable(start + place)).collect();
    if places.len() > sample {
        let drawn = Stream::new(0, "homology").sample(places.len(), sample);
        places = drawn.into_iter().map(|at| places[at]).collect();
        places.sort_unstable();
    }
    let queries: Vec<&[u8]> = places.iter().map(|place| corpus.sequences[start + place]).collect();
    let (references, _) = corpus.distinct(corpus.seen().filter(|item| corpus.comparable(*item)));
    let bases: Vec<&[u8]> = references.iter().map(|&item| corpus.sequences[item]).collect();
    let found = homology::find(&queries, &bases, check)?;
    for (place, homolog) in places.iter().zip(&found) {
        details[*place].sampled = true;
        details[*place].homolog = homolog.map(|other| corpus.ids[references[other as usize]]);
    }
    let affected = found.iter().flatten().count();
    let what = if places.len() < details.len() { "sampled test items" } else { "test items" };
    let what = format!(
        "{what} are at least 80 % identical to a sequence of train or validation over half of their length"
    );
    let mut check = draft.share(affected, places.len(), &what);
    check.examples = shown(details, |item| item.homolog.map(|other| (other, homology::LEAST_IDENTITY)));
    Ok(check)
}

pub(crate) fn pretraining(corpus: &Corpus<'_>, chromosomes: &[String]) -> Check {
    let draft = Draft { id: "overlap.pretraining", title: "test on chromosomes of pretraining" };
    if chromosomes.is_empty() {
        return draft.skip("no chromosomes of pretraining are named");
    }
    let Some(loci) = &corpus.loci else { return draft.skip("the task's examples have no loci") };
    let plain = |name: &str| name.strip_prefix("chr").unwrap_or(name).to_owned();
    let named: BTreeSet<String> = chromosomes.iter().map(|name| plain(name)).collect();
    let affected = corpus.test().filter(|&item| named.contains(&plain(&loci[item].chromosome))).count();
    draft.share(affected, corpus.test().len(), "test items lie on chromosomes of pretraining")
}
