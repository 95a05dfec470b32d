//! What every baseline must hold.

use ndarray::Array2;

use super::{Outcome, Report, Runner, bases, ensure};
use crate::{
    Baseline, Control, ErrorKind, ExampleSet, Predictor, SplitKind, Target, TaskSpec, random::Stream,
};

type Checked = Result<(), String>;

/// Checks a baseline on small planted tasks.
pub fn baseline(baseline: &dyn Baseline) -> Report {
    baseline_where(baseline, &mut |_| true)
}

/// Runs those of the checks whose ids are wanted.
pub fn baseline_where(baseline: &dyn Baseline, wanted: &mut dyn FnMut(&'static str) -> bool) -> Report {
    let mut report = Runner::new(wanted);
    let learns = "it beats the majority class where composition tells the classes apart";
    report.run("B1", learns, || match learns_composition(baseline) {
        Ok(None) => Outcome::Passed,
        Ok(Some(reason)) => Outcome::Skipped(reason),
        Err(reason) => Outcome::Failed(reason),
    });
    report.add("B2", "the same seed gives the same scores", || seeds(baseline));
    report.add("B3", "scores are probabilities of the right width", || scores(baseline));
    report.add("B4", "one example, one class and unheard-of bases are answered or refused", || {
        corners(baseline)
    });
    report.add("B5", "scores of items do not depend on their neighbours", || independent(baseline));
    report.report
}

fn planted(stream: &mut Stream, n: usize) -> ExampleSet {
    let mut set = ExampleSet::new(1);
    for id in 0..n as u64 {
        let class = stream.below(2);
        let mut sequence = bases(stream, 120);
        for base in &mut sequence {
            if class == 1 && stream.below(4) == 0 {
                *base = b'G';
            }
        }
        set.add(id, &sequence, &[class as f32], id).expect("the set takes plain examples");
    }
    set
}

fn spec() -> TaskSpec {
    TaskSpec::new("planted-composition", Target::Binary, SplitKind::Grouped)
}

/// Fits on the planted set; `Ok(Err(reason))` where the baseline refuses the task.
fn fit(
    baseline: &dyn Baseline,
    train: &ExampleSet,
    validation: &ExampleSet,
    seed: u64,
) -> Result<Result<Box<dyn Predictor>, String>, String> {
    let (train, validation) = (train.view(), validation.view());
    match baseline.fit(&spec(), train.examples(), Some(validation.examples()), seed) {
        Ok(predictor) => Ok(Ok(predictor)),
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(Err(error.chain())),
        Err(error) => Err(error.chain()),
    }
}

fn predict(predictor: &mut dyn Predictor, set: &ExampleSet) -> Result<Array2<f32>, String> {
    let view = set.view();
    let mut scores = Array2::from_elem((set.len(), 2), f32::NAN);
    predictor.predict(view.examples().items, scores.view_mut()).map_err(|error| error.chain())?;
    Ok(scores)
}

fn sets() -> [ExampleSet; 3] {
    let mut stream = Stream::new(3, "conformance");
    [planted(&mut stream, 300), planted(&mut stream, 60), planted(&mut stream, 200)]
}

fn learns_composition(baseline: &dyn Baseline) -> Result<Option<String>, String> {
    let [train, validation, test] = sets();
    let mut predictor = match fit(baseline, &train, &validation, 1)? {
        Ok(predictor) => predictor,
        Err(reason) => return Ok(Some(reason)),
    };
    let scores = predict(&mut *predictor, &test)?;
    let view = test.view();
    let right = view
        .examples()
        .classes()
        .zip(scores.rows())
        .filter(|(class, row)| (row[1] > row[0]) == (*class == 1))
        .count();
    let positives = view.examples().classes().sum::<usize>();
    let majority = positives.max(test.len() - positives);
    if right > majority + 20 {
        return Ok(None);
    }
    if right == majority || baseline.spec().control == Control::Artefact {
        return Ok(Some(format!("it got {right} of {}, which its kind of control may", test.len())));
    }
    Err(format!("it got {right} of {}, the majority class {majority}", test.len()))
}

fn seeds(baseline: &dyn Baseline) -> Checked {
    let [train, validation, test] = sets();
    let mut runs = Vec::new();
    for _ in 0..2 {
        let Ok(mut predictor) = fit(baseline, &train, &validation, 7)? else { return Ok(()) };
        runs.push(predict(&mut *predictor, &test)?);
    }
    ensure(runs[0] == runs[1], || "two fits with one seed differ".into())?;
    if !baseline.spec().seeded {
        let Ok(mut predictor) = fit(baseline, &train, &validation, 8)? else { return Ok(()) };
        ensure(predict(&mut *predictor, &test)? == runs[0], || {
            "another seed gives other scores, but the spec says there is no randomness".into()
        })?;
    }
    Ok(())
}

fn scores(baseline: &dyn Baseline) -> Checked {
    let [train, validation, test] = sets();
    let Ok(mut predictor) = fit(baseline, &train, &validation, 1)? else { return Ok(()) };
    for row in predict(&mut *predictor, &test)?.rows() {
        let sum: f32 = row.sum();
        ensure(row.iter().all(|score| (0.0..=1.0).contains(score)) && (sum - 1.0).abs() < 1e-3, || {
            format!("a row is {row}")
        })?;
    }
    Ok(())
}

fn corners(baseline: &dyn Baseline) -> Checked {
    let [_, _, test] = sets();
    let mut one = ExampleSet::new(1);
    one.add(1, b"ACGTTGCAACGT", &[1.0], 1).expect("the set takes plain examples");
    let mut odd = ExampleSet::new(1);
    for (id, sequence) in [&b"NNNNNNNN"[..], b"A", b"RYKM-acgt"].into_iter().enumerate() {
        odd.add(id as u64, sequence, &[0.0], 0).expect("the set takes plain examples");
    }
    for train in [&one, &one.subset(&[0, 0, 0]), &test] {
        // A refusal is an answer; a panic or a number that is none is not.
        let Ok(Ok(mut predictor)) = fit(baseline, train, &one, 1) else { continue };
        if let Ok(scores) = predict(&mut *predictor, &odd) {
            ensure(scores.iter().all(|score| score.is_finite()), || format!("scores are {scores}"))?;
        }
    }
    Ok(())
}

fn independent(baseline: &dyn Baseline) -> Checked {
    let [train, validation, test] = sets();
    let Ok(mut predictor) = fit(baseline, &train, &validation, 1)? else { return Ok(()) };
    let together = predict(&mut *predictor, &test)?;
    for index in [0, 7, test.len() - 1] {
        let alone = predict(&mut *predictor, &test.subset(&[index]))?;
        let worst =
            alone.row(0).iter().zip(together.row(index)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        ensure(worst <= 1e-6, || format!("item {index} alone scores {worst} apart"))?;
    }
    Ok(())
}
