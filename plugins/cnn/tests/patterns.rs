//! What the network finds, and that it is a baseline like others. Without ONNX Runtime it is unsupported.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking and says what it skips"
)]

use dlm_plugin_cnn as _;
use dlm_sdk::{dna, metrics::Outcome, prelude::*, random::Stream};
use ndarray::Array2;

fn runs() -> bool {
    let found = dlm_runtime::Runtime::get();
    if let Err(error) = &found {
        println!("skipped: {error}");
    }
    found.is_ok()
}

/// Class 1 holds a word with a gap of three free bases, anywhere.
fn sets() -> [ExampleSet; 3] {
    let mut id = 0;
    [600, 150, 300].map(|size| {
        let mut set = ExampleSet::new(1);
        for _ in 0..size {
            let mut stream = Stream::nth(1, "patterns", id);
            let mut bases: Vec<u8> =
                (0..60 + stream.below(20)).map(|_| dna::BASES[stream.below(4)]).collect();
            let class = stream.below(2);
            if class == 1 {
                let at = stream.below(45);
                bases[at..at + 5].copy_from_slice(b"GATTA");
                bases[at + 8..at + 13].copy_from_slice(b"CAGGT");
            }
            set.add(id, &bases, &[class as f32], id).unwrap();
            id += 1;
        }
        set
    })
}

#[test]
fn a_pattern_with_a_gap_is_found() {
    let registry = Registry::builtin().unwrap();
    assert!(registry.baseline("cnn,channels=0").is_err() && registry.baseline("cnn:6").is_err());
    let cnn = registry.baseline("cnn,epochs=12,channels=32").unwrap();
    assert!(cnn.spec().seeded && cnn.spec().control == Control::Local);
    let task = TaskSpec::new("patterns", Target::Binary, SplitKind::Given);
    let sets = sets();
    let (train, validation, test) = (sets[0].view(), sets[1].view(), sets[2].view());
    let fit = |seed| cnn.fit(&task, train.examples(), Some(validation.examples()), seed);
    if !runs() {
        assert_eq!(fit(0).err().unwrap().kind(), ErrorKind::Unsupported);
        return;
    }
    let examples = test.examples();
    let scores = |seed| {
        let mut scores = Array2::zeros((examples.len(), 2));
        let mut predictor = fit(seed).unwrap();
        predictor.predict(examples.items, scores.view_mut()).unwrap();
        assert!(predictor.parameters().unwrap() > 10_000 && !predictor.facts().is_empty());
        scores
    };
    let first = scores(0);
    let right = examples
        .classes()
        .zip(first.rows())
        .map(|(class, row)| Outcome::new(class, row))
        .filter(|outcome| outcome.target == outcome.predicted)
        .count();
    assert!(right > 270, "{right} of 300");
    assert!(scores(0) == first, "the same seed gives the same network");
    assert!(scores(1) != first, "another seed gives another");
}
