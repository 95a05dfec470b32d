//! Features that know no biology.

use std::collections::{BTreeMap, BTreeSet};

use dlm_sdk::{Result, dna};
use rayon::prelude::*;

use crate::{
    corpus::Corpus,
    draft::Draft,
    position,
    report::Check,
    rule::{Scored, Sides},
    threshold::threshold,
};

/// At most so many train items are fitted to; a rule of four numbers needs no more.
pub(crate) const MOST_FITTED: usize = 50_000;

/// What is easily counted of a sequence.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Simple {
    length: f64,
    unknown: f64,
    leading: f64,
    trailing: f64,
    gc: f64,
    cpg: f64,
}

impl Simple {
    fn of(bases: &[u8]) -> Self {
        let known = |base: &u8| dna::code(*base).is_some();
        let length = bases.len() as f64;
        let counted = bases.iter().filter(|base| known(base)).count() as f64;
        let count =
            |letter: u8| bases.iter().filter(|base| base.eq_ignore_ascii_case(&letter)).count() as f64;
        let (c, g) = (count(b'C'), count(b'G'));
        let cpg = bases.windows(2).filter(|pair| pair.eq_ignore_ascii_case(b"CG")).count() as f64;
        Self {
            length,
            unknown: (length - counted) / length.max(1.0),
            leading: bases.iter().take_while(|base| !known(base)).count() as f64,
            trailing: bases.iter().rev().take_while(|base| !known(base)).count() as f64,
            gc: (c + g) / counted.max(1.0),
            cpg: cpg * counted / (c * g).max(1.0),
        }
    }
}

/// The scores of the rules, by the check's id; `None` where no feature varies in train.
type Rules = BTreeMap<&'static str, Option<Scored>>;

/// The rules that are tried, by the check's id, with their features.
type Features = (&'static str, fn(&Simple) -> Vec<f64>);

const RULES: [Features; 3] = [
    ("shortcut.length", |simple| vec![simple.length]),
    ("shortcut.ambiguous", |simple| vec![simple.unknown, simple.leading, simple.trailing]),
    ("shortcut.composition", |simple| vec![simple.gc, simple.cpg, simple.length, simple.unknown]),
];

/// Fits and scores the rules.
///
/// # Errors
///
/// A regression does not converge.
fn rules(corpus: &Corpus<'_>, classes: &[u32]) -> Result<Rules> {
    let simple: Vec<Simple> = corpus.sequences.par_iter().map(|bases| Simple::of(bases)).collect();
    let fitted = corpus.sizes[0].min(MOST_FITTED);
    // Evenly through train, which may be sorted.
    let every = corpus.sizes[0] as f64 / fitted.max(1) as f64;
    let chosen: Vec<usize> = (0..fitted).map(|place| (place as f64 * every) as usize).collect();
    let train: Vec<u32> = chosen.iter().map(|&item| classes[item]).collect();
    let sides = Sides { train: &train, test: &classes[corpus.test()], classes: corpus.n_classes };
    RULES
        .iter()
        .map(|(id, features)| {
            let rows = chosen.iter().copied().chain(corpus.test());
            let table: Vec<Vec<f64>> = rows.map(|item| features(&simple[item])).collect();
            Ok((*id, sides.logistic(&table, fitted)?))
        })
        .collect()
}

const TITLES: [(&str, &str); 3] = [
    ("shortcut.length", "length alone"),
    ("shortcut.ambiguous", "unknown bases alone"),
    ("shortcut.composition", "GC, CpG, length and unknown bases"),
];

/// Fits the rules and judges them.
///
/// # Errors
///
/// `check` fails, or a regression does not converge.
pub(crate) fn checks(corpus: &Corpus<'_>, check: &(dyn Fn() -> Result<()> + Sync)) -> Result<Vec<Check>> {
    let place = Draft { id: "shortcut.position", title: "words at fixed positions" };
    let unknown = corpus.test().filter(|&item| !corpus.comparable(item)).count();
    let low = Draft { id: "shortcut.lowinfo", title: "items of unknown bases" };
    let low = low.share(unknown, corpus.test().len(), "test items are more than half unknown bases");
    let usable = |classes: &&Vec<u32>| {
        let distinct = |items: std::ops::Range<usize>| classes[items].iter().collect::<BTreeSet<_>>().len();
        distinct(corpus.train()) > 1
    };
    let Some(classes) = corpus.classes.as_ref().filter(usable) else {
        let reason = "the task has no classes, too many of them, or only one in train";
        let mut checks: Vec<Check> =
            TITLES.into_iter().map(|(id, title)| Draft { id, title }.skip(reason)).collect();
        checks.insert(2, low);
        checks.push(place.skip(reason));
        return Ok(checks);
    };
    let found: Rules = rules(corpus, classes)?;
    let of = corpus.test().len();
    let mut checks: Vec<Check> = TITLES
        .into_iter()
        .map(|(id, title)| {
            let draft = Draft { id, title };
            match found.get(id).and_then(Option::as_ref) {
                Some(scored) => of_rule(draft, scored, of, ""),
                None => draft.judged(0.0, of, "it does not vary in train"),
            }
        })
        .collect();
    checks.insert(2, low);
    check()?;
    checks.push(match position::table(corpus, classes) {
        Some((scored, sites)) => {
            let sites: Vec<String> = sites.iter().map(|site| site.text()).collect();
            of_rule(place, &scored, of, &format!(" by {}", sites.join(", ")))
        }
        None => place.skip("the items differ in length, or are too long to be windows around a site"),
    });
    Ok(checks)
}

fn of_rule(draft: Draft, scored: &Scored, of: usize, by: &str) -> Check {
    let id = draft.id;
    let reason = format!("test MCC {:.3}, train {:.3}{by}", scored.test, scored.train);
    let mut check = draft.judged(scored.test, of, reason);
    check.status = scored.judge(threshold(id));
    check.evidence.insert("train_mcc".into(), scored.train);
    if let Some((train, test)) = scored.areas {
        check.evidence.insert("train_auroc".into(), train);
        check.evidence.insert("test_auroc".into(), test);
    }
    check
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_counted_by_hand() {
        let simple = Simple::of(b"NNACGCGTN");
        assert_eq!((simple.length, simple.leading, simple.trailing), (9.0, 2.0, 1.0));
        assert_eq!((simple.unknown, simple.gc), (3.0 / 9.0, 4.0 / 6.0));
        // Two CpG of two C and two G in six bases.
        assert_eq!(simple.cpg, 2.0 * 6.0 / 4.0);
        assert!(Simple::of(b"").gc == 0.0 && Simple::of(b"NN").cpg == 0.0);
    }
}
