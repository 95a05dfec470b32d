//! Fits TF-IDF and a forest to tokens in text files and prints how long each step took, for comparison with peers.
//!
//! `measure_forest TRAIN TEST TREES SEED [PREDICTIONS]`; a line of a file is a class number, a tab, and tokens with spaces.
//! Threads are set by `RAYON_NUM_THREADS`. Times are in seconds and leave out reading.

use std::{collections::BTreeMap, env, error::Error, fs, time::Instant};

use dlm_plugin_tfidf::{ForestParams, TfIdf, WordRule, Words};
use dlm_sdk::{Span, TokenBatch, TokenSink as _};

fn read<'t>(
    text: &'t str,
    ids: &mut BTreeMap<&'t str, u32>,
) -> Result<(TokenBatch, Vec<u32>), Box<dyn Error>> {
    let (mut batch, mut classes) = (TokenBatch::default(), Vec::new());
    for line in text.lines() {
        let (class, tokens) = line.split_once('\t').ok_or("a line has no tab")?;
        classes.push(class.parse()?);
        let row: Vec<u32> = tokens
            .split_whitespace()
            .map(|token| {
                let next = ids.len() as u32;
                *ids.entry(token).or_insert(next)
            })
            .collect();
        let _ = batch.emit(&row, &vec![Span { start: 0, end: 0 }; row.len()]);
    }
    Ok((batch, classes))
}

#[expect(clippy::print_stdout, reason = "the numbers are the program's output")]
fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [train, test, trees, seed, rest @ ..] = arguments.as_slice() else {
        return Err("measure_forest TRAIN TEST TREES SEED [PREDICTIONS]".into());
    };
    let (train, test) = (fs::read_to_string(train)?, fs::read_to_string(test)?);
    let mut ids = BTreeMap::new();
    let (train, classes) = read(&train, &mut ids)?;
    let (test, _) = read(&test, &mut ids)?;
    let mut texts = vec![None; ids.len()];
    for (text, id) in ids {
        texts[id as usize] = Some(text);
    }
    let words = Words::of_texts(texts, WordRule::Sklearn);
    let n_classes = classes.iter().max().map_or(0, |&class| class as usize + 1);

    let started = Instant::now();
    let tfidf = TfIdf::fit(words, &train)?;
    let records = tfidf.transform(&train)?;
    let vectorize = started.elapsed().as_secs_f64();
    let questions = tfidf.transform(&test)?;

    let params = ForestParams::new().trees(trees.parse()?).seed(seed.parse()?).check()?;
    let started = Instant::now();
    let forest = params.fit_classes(&records, &classes, n_classes)?;
    let fit = started.elapsed().as_secs_f64();

    let started = Instant::now();
    let predicted: Vec<usize> = forest
        .staged(&questions, &[forest.n_trees()], |_, scores| {
            scores
                .chunks(n_classes)
                .map(|row| {
                    (1..n_classes).fold(0, |best, class| if row[class] > row[best] { class } else { best })
                })
                .collect::<Vec<_>>()
        })?
        .concat()
        .concat();
    let predict = started.elapsed().as_secs_f64();

    if let [path] = rest {
        let lines: Vec<String> = predicted.iter().map(usize::to_string).collect();
        fs::write(path, lines.join("\n"))?;
    }
    // Compares features with a peer's without writing them down.
    let checksum: f64 = records
        .rows()
        .flat_map(|row| row.features.iter().zip(row.values))
        .map(|(feature, &value)| f64::from(1 + feature % 97) * f64::from(value))
        .sum();
    let peak = fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| status.lines().find_map(|line| line.strip_prefix("VmHWM:").map(str::to_owned)))
        .unwrap_or_default();
    println!(
        "{{\"vectorize\": {vectorize}, \"fit\": {fit}, \"predict\": {predict}, \"checksum\": {checksum}, \"nodes\": {}, \
         \"features\": {}, \
         \"stored\": {}, \"peak\": \"{}\"}}",
        forest.n_nodes(),
        records.n_features(),
        records.n_stored(),
        peak.trim()
    );
    Ok(())
}
