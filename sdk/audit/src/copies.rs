//! Copies of test items in train and validation, on either strand.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::corpus::Corpus;

/// The first copy of each test item among the items seen before, by place in the corpus, and how often labels agree.
pub(crate) struct Copies {
    pub(crate) of_test: Vec<Option<usize>>,
    pub(crate) evidence: BTreeMap<String, f64>,
}

pub(crate) fn find(corpus: &Corpus<'_>) -> Copies {
    let firsts = |items: std::ops::Range<usize>| {
        let mut firsts = FxHashMap::<u64, usize>::default();
        for item in items.filter(|item| corpus.comparable(*item)) {
            firsts.entry(corpus.molecules[item]).or_insert(item);
        }
        firsts
    };
    let share = |items: std::ops::Range<usize>, known: &FxHashMap<u64, usize>| {
        let (all, mut found) = (items.len(), 0);
        for item in items.filter(|item| corpus.comparable(*item)) {
            found += usize::from(known.contains_key(&corpus.molecules[item]));
        }
        found as f64 / all.max(1) as f64
    };
    let (train, seen) = (firsts(corpus.train()), firsts(corpus.seen()));
    let validation = corpus.train().end..corpus.seen().end;
    let mut evidence = BTreeMap::new();
    evidence.insert("test_in_train".to_owned(), share(corpus.test(), &train));
    evidence.insert("validation_in_train".to_owned(), share(validation.clone(), &train));
    evidence.insert("test_in_validation".to_owned(), share(corpus.test(), &firsts(validation)));
    let of_test: Vec<Option<usize>> = corpus
        .test()
        .map(|item| corpus.comparable(item).then(|| seen.get(&corpus.molecules[item]).copied()).flatten())
        .collect();
    let of_class = |item: usize| corpus.classes.as_ref().map(|classes| classes[item]);
    let pairs = corpus.test().zip(&of_test).filter_map(|(item, copy)| Some((item, (*copy)?)));
    let agree: Vec<bool> = pairs.map(|(item, copy)| of_class(item) == of_class(copy)).collect();
    if corpus.classes.is_some() && !agree.is_empty() {
        let right = agree.iter().filter(|agree| **agree).count();
        evidence.insert("label_agreement".to_owned(), right as f64 / agree.len() as f64);
    }
    Copies { of_test, evidence }
}
