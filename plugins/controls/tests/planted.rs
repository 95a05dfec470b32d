//! Tasks whose truth is planted: each control finds what it can see and nothing else.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use dlm_plugin_controls::{Composition, Counts, Lookup, Majority, Markov, Ngram};
use dlm_sdk::{dna, metrics::Outcome, prelude::*, random::Stream};
use ndarray::Array2;

fn all() -> Vec<Box<dyn Baseline>> {
    vec![
        Box::new(Majority::new()),
        Box::new(Composition::new()),
        Box::new(Markov::new(3).unwrap()),
        Box::new(Ngram::new(8).unwrap()),
        Box::new(Ngram::new(8).unwrap().counts(Counts::Everywhere)),
        Box::new(Lookup::new()),
    ]
}

fn task(target: Target) -> TaskSpec {
    TaskSpec::new("planted", target, SplitKind::Given)
}

fn next(k: u32) -> TaskSpec {
    let mut spec = task(Target::Multiclass(1 << (2 * k)));
    spec.continuation = Some(k);
    spec.strand_specific = true;
    spec
}

fn random(stream: &mut Stream, length: usize) -> Vec<u8> {
    (0..length).map(|_| dna::BASES[stream.below(4)]).collect()
}

fn predict(
    baseline: &dyn Baseline,
    task: &TaskSpec,
    train: &ExampleSet,
    validation: Option<&ExampleSet>,
    test: &ExampleSet,
) -> Result<Array2<f32>> {
    let (train, test, validation) = (train.view(), test.view(), validation.map(ExampleSet::view));
    let validation = validation.as_ref().map(|view| view.examples());
    let mut predictor = baseline.fit(task, train.examples(), validation, 0)?;
    let items = test.examples().items;
    let mut scores = Array2::from_elem((items.len(), task.target.outputs()), f32::NAN);
    predictor.predict(items, scores.view_mut())?;
    assert!(!predictor.facts().is_empty(), "{} says nothing about itself", baseline.spec().name);
    Ok(scores)
}

fn accuracy(baseline: &dyn Baseline, task: &TaskSpec, sets: &[ExampleSet; 3]) -> f64 {
    let scores = predict(baseline, task, &sets[0], Some(&sets[1]), &sets[2]).unwrap();
    let view = sets[2].view();
    let examples = view.examples();
    let outcomes = examples.classes().zip(scores.rows()).map(|(class, row)| Outcome::new(class, row));
    outcomes.filter(|outcome| outcome.target == outcome.predicted).count() as f64 / sets[2].len() as f64
}

/// Makes three splits of examples.
fn sets(
    seed: u64,
    sizes: [usize; 3],
    mut example: impl FnMut(&mut Stream) -> (Vec<u8>, f32),
) -> [ExampleSet; 3] {
    let mut stream = Stream::new(seed, "planted");
    let mut id = 0;
    sizes.map(|size| {
        let mut set = ExampleSet::new(1);
        for _ in 0..size {
            let (bases, target) = example(&mut stream);
            set.add(id, &bases, &[target], id).unwrap();
            id += 1;
        }
        set
    })
}

#[test]
fn every_control_conforms() {
    for baseline in all() {
        dlm_sdk::conformance::baseline(&*baseline).assert();
    }
}

#[test]
fn the_registry_makes_all_of_them_under_their_own_names() {
    let registry = Registry::builtin().unwrap();
    for spec in ["majority", "composition", "markov:5", "ngram:12", "ngram:9,counts=everywhere", "lookup"] {
        assert_eq!(registry.baseline(spec).unwrap().spec().name, spec);
    }
    assert_eq!(registry.baseline("markov").unwrap().spec().name, "markov:3");
    for wrong in ["markov:0", "markov:9", "markov:x", "ngram:0", "ngram:21", "ngram:3,counts=most"] {
        assert_eq!(registry.baseline(wrong).err().unwrap().kind(), ErrorKind::Invalid, "{wrong}");
    }
}

#[test]
fn composition_solves_what_shares_of_bases_decide() {
    let sets = sets(1, [600, 100, 300], |stream| {
        let rich = stream.below(2);
        let pool: &[u8] = if rich == 1 { b"ACGTGC" } else { b"ACGTAT" };
        ((0..150).map(|_| pool[stream.below(6)]).collect(), rich as f32)
    });
    let task = task(Target::Binary);
    assert!(accuracy(&Composition::new(), &task, &sets) > 0.97);
    assert!(accuracy(&Majority::new(), &task, &sets) < 0.6);
}

#[test]
fn three_classes_and_a_hundred_classes_have_a_linear_model_too() {
    let classes = |n: usize| {
        sets(2, [900, 200, 300], move |stream| {
            let class = stream.below(n);
            let gc = class as f64 / (n - 1) as f64;
            let base = |stream: &mut Stream| {
                let pool = if stream.unit() < gc { b"GC" } else { b"AT" };
                pool[stream.below(2)]
            };
            ((0..300).map(|_| base(stream)).collect(), class as f32)
        })
    };
    assert!(accuracy(&Composition::new(), &task(Target::Multiclass(3)), &classes(3)) > 0.97);
    // Neighbouring classes lie a third of a standard deviation apart, with nine examples each; chance is 0.01.
    let hundred = accuracy(&Composition::new(), &task(Target::Multiclass(100)), &classes(100));
    assert!(hundred > 0.05, "{hundred}");
}

/// Sequences of equal composition, down to dinucleotides, whose class is the order of the words.
fn ordered(seed: u64) -> [ExampleSet; 3] {
    sets(seed, [800, 200, 300], |stream| {
        let class = stream.below(2);
        let mut bases = Vec::new();
        for _ in 0..30 {
            // Both pairs of words have the same bases and neighbours, in another order.
            let words: [&[u8]; 2] = if class == 0 { [b"AACAT", b"TTGTA"] } else { [b"ACAAT", b"TGTTA"] };
            bases.extend(words[stream.below(2)]);
        }
        (bases, class as f32)
    })
}

#[test]
fn chains_and_n_grams_solve_what_the_order_of_bases_decides() {
    let sets = ordered(3);
    let task = task(Target::Binary);
    assert!(accuracy(&Markov::new(3).unwrap(), &task, &sets) > 0.99);
    assert!(accuracy(&Ngram::new(8).unwrap(), &task, &sets) > 0.99);
    assert!(accuracy(&Majority::new(), &task, &sets) < 0.6);
}

#[test]
fn only_the_n_gram_knows_a_long_rule_of_what_comes_next() {
    // The next two bases follow from the last six by a table, and from nothing shorter.
    let mut table = Stream::new(4, "table");
    let rule: Vec<u8> = (0..4096).map(|_| table.below(16) as u8).collect();
    let sets = sets(4, [40_000, 4_000, 2_000], |stream| {
        let bases = random(stream, 30);
        let suffix = dna::kmer_index(&bases[24..]).unwrap() as usize;
        let class = rule[suffix];
        (bases, f32::from(class))
    });
    let task = next(2);
    assert!(accuracy(&Ngram::new(12).unwrap(), &task, &sets) > 0.95);
    assert!(accuracy(&Markov::new(3).unwrap(), &task, &sets) < 0.2);
    assert!(accuracy(&Majority::new(), &task, &sets) < 0.2);
}

#[test]
fn a_chain_knows_a_short_rule_of_what_comes_next() {
    // A walk: A and C alternate with G and T, so that each base leaves two.
    let sets = sets(5, [2_000, 200, 500], |stream| {
        let mut bases = vec![dna::BASES[stream.below(4)]];
        for _ in 0..25 {
            let next: &[u8; 2] = match bases[bases.len() - 1] {
                b'A' => b"GG",
                b'C' => b"TT",
                b'G' => b"CC",
                _ => b"AC",
            };
            bases.push(next[stream.below(2)]);
        }
        let class = dna::kmer_index(&bases.split_off(23)).unwrap();
        (bases, class as f32)
    });
    let task = next(3);
    let markov = accuracy(&Markov::new(1).unwrap(), &task, &sets);
    assert!(markov > 0.45, "{markov}");
    assert!(accuracy(&Majority::new(), &task, &sets) < 0.35);
}

#[test]
fn lookup_solves_near_copies_on_either_strand() {
    let mut stream = Stream::new(6, "copies");
    let families: Vec<(Vec<u8>, usize)> =
        (0..200).map(|_| (random(&mut stream, 200), stream.below(2))).collect();
    let mut number = 0;
    let sets = sets(6, [200, 50, 200], |stream| {
        let (original, class) = &families[number % 200];
        number += 1;
        let mut bases = original.clone();
        for _ in 0..10 {
            let place = stream.below(200);
            bases[place] = dna::BASES[stream.below(4)];
        }
        if stream.below(2) == 1 {
            bases = dna::reverse_complement(&bases);
        }
        (bases, *class as f32)
    });
    let task = task(Target::Binary);
    assert!(accuracy(&Lookup::new(), &task, &sets) > 0.99);
    assert!(accuracy(&Composition::new(), &task, &sets) < 0.75);
    let mut one_strand = task.clone();
    one_strand.strand_specific = true;
    let one_strand = accuracy(&Lookup::new(), &one_strand, &sets);
    assert!((0.6..0.9).contains(&one_strand), "{one_strand}");
}

#[test]
fn nothing_solves_shuffled_labels() {
    let mut stream = Stream::new(7, "shuffle");
    let shuffled = ordered(7).map(|set| {
        let view = set.view();
        let examples = view.examples();
        let mut classes: Vec<usize> = examples.classes().collect();
        stream.shuffle(&mut classes);
        let mut set = ExampleSet::new(1);
        for ((id, sequence), class) in examples.items.ids.iter().zip(examples.items.sequences).zip(classes) {
            set.add(*id, sequence.bases(), &[class as f32], *id).unwrap();
        }
        set
    });
    for baseline in all() {
        let accuracy = accuracy(&*baseline, &task(Target::Binary), &shuffled);
        assert!((0.38..0.62).contains(&accuracy), "{}: {accuracy}", baseline.spec().name);
    }
}

#[test]
fn labels_are_answered_one_by_one() {
    let mut stream = Stream::new(8, "labels");
    let mut make = |n: u64| {
        let mut set = ExampleSet::new(3);
        for id in 0..n {
            let (rich, walk) = (stream.below(2), stream.below(2));
            let pool: &[u8] = if rich == 1 { b"GCGCAT" } else { b"ATATGC" };
            let mut bases: Vec<u8> = (0..120).map(|_| pool[stream.below(6)]).collect();
            if walk == 1 {
                (0..100).step_by(10).for_each(|at| bases[at..at + 8].copy_from_slice(b"AACCGGTT"));
            }
            set.add(id, &bases, &[rich as f32, walk as f32, 0.0], id).unwrap();
        }
        set
    };
    let (train, validation, test) = (make(400), make(100), make(200));
    let task = task(Target::Multilabel(3));
    let view = test.view();
    for baseline in all() {
        let scores = predict(&*baseline, &task, &train, Some(&validation), &test).unwrap();
        assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)), "{}", baseline.spec().name);
        let right = |label: usize| {
            let pairs = view.examples().targets.column(label).to_vec().into_iter().zip(scores.column(label));
            pairs.filter(|(target, score)| (*target == 1.0) == (**score > 0.5)).count()
        };
        assert_eq!(right(2), 200, "{}: no example has the third label", baseline.spec().name);
        if baseline.spec().control == Control::Local || baseline.spec().name == "composition" {
            assert!(right(0) > 180 && right(1) > 180, "{}", baseline.spec().name);
        }
    }
}

#[test]
fn values_are_answered_or_refused() {
    let sets = sets(9, [400, 50, 100], |stream| {
        let gc = stream.unit();
        let bases: Vec<u8> = (0..400)
            .map(|_| if stream.unit() < gc { b"GC"[stream.below(2)] } else { b"AT"[stream.below(2)] })
            .collect();
        (bases, (3.0 * gc - 1.0) as f32)
    });
    let task = task(Target::Regression(1));
    let error = |baseline: &dyn Baseline| {
        let scores = predict(baseline, &task, &sets[0], None, &sets[2])?;
        let view = sets[2].view();
        let squares = view.examples().targets.iter().zip(&scores).map(|(a, b)| (a - b).powi(2)).sum::<f32>();
        Ok((squares / 100.0).sqrt())
    };
    assert!(error(&Composition::new()).unwrap() < 0.1);
    assert!((0.7..1.1).contains(&error(&Majority::new()).unwrap()));
    error(&Lookup::new()).unwrap();
    for refused in [error(&Markov::new(2).unwrap()), error(&Ngram::new(4).unwrap())] {
        let refused: Error = refused.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Unsupported);
        assert!(refused.to_string().contains("no classes"), "{refused}");
    }
}

#[test]
fn an_empty_train_one_class_and_unheard_of_classes_have_answers() {
    let mut odd = ExampleSet::new(1);
    let sequences: [&[u8]; 4] =
        [b"", b"NNNNNNNNNNNNNNNNNN", b"ACGTNACGTACGTACGTACGTTTGCA", b"acgtacgtgtgtRYacgtagt"];
    for (id, sequence) in sequences.into_iter().enumerate() {
        odd.add(id as u64, sequence, &[3.0], 0).unwrap();
    }
    let empty = ExampleSet::new(1);
    for task in [task(Target::Multiclass(16)), next(2), task(Target::Multiclass(100))] {
        for baseline in all() {
            let name = &baseline.spec().name;
            let scores = predict(&*baseline, &task, &empty, Some(&empty), &odd).unwrap();
            let even = 1.0 / task.target.outputs() as f32;
            assert!(scores.iter().all(|score| (score - even).abs() < 1e-6), "{name}: {scores}");
            // Train knows class 3 alone; nothing is certain, and the class is what is answered.
            let scores = predict(&*baseline, &task, &odd, Some(&odd), &odd).unwrap();
            // What follows within the inputs is not the label.
            let inner = name.starts_with("markov") || name.ends_with("everywhere");
            let only_labels = task.continuation.is_none() || !inner;
            for row in scores.rows() {
                assert!(!only_labels || Outcome::new(3, row).predicted == 3, "{name}: {row}");
                assert!((row.sum() - 1.0).abs() < 1e-4, "{name}: {row}");
                assert!(row.iter().all(|score| *score > 0.0), "{name}: {row}");
            }
        }
    }
}

#[test]
fn a_task_whose_classes_are_not_its_k_mers_is_refused() {
    let mut wrong = next(2);
    wrong.target = Target::Multiclass(15);
    let set = ExampleSet::new(1);
    for baseline in [Box::new(Markov::new(2).unwrap()) as Box<dyn Baseline>, Box::new(Ngram::new(4).unwrap())]
    {
        assert_eq!(predict(&*baseline, &wrong, &set, None, &set).unwrap_err().kind(), ErrorKind::Invalid);
    }
}
