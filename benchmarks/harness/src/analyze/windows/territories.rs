//! How well each annotation is told from the vectors, beside composition.

use dlm_analysis::territory::{Territory, territory};
use dlm_genome::Blocks;
use dlm_sdk::{Result, random::Stream};
use ndarray::Array2;
use rayon::prelude::*;
use serde::Serialize;

use super::{
    Annotations, Subject,
    embed::{Embedded, Sampled, WORDS},
    labels::{self, Label},
};

const FOLDS: usize = 5;
/// The size of a block in bases; of small genomes, a twentieth.
const BLOCK: u64 = 1_000_000;
/// Windows that are learned from and scored, at most.
const MOST: usize = 6_000;
/// Windows with and without, at least.
const FEW: usize = 30;
/// What squared weights count, a window.
const PENALTY: f64 = 0.01;

/// How well an annotation is told.
#[derive(Clone, Debug)]
pub(super) struct Score {
    pub(super) name: String,
    pub(super) positives: usize,
    pub(super) negatives: usize,
    pub(super) embeddings: Option<Territory>,
    pub(super) composition: Option<Territory>,
}

/// Asks every question of held-out blocks.
pub(super) fn scores(
    subject: &Subject<'_>,
    annotations: &Annotations,
    embedded: &Embedded,
) -> Result<Vec<Score>> {
    let step = embedded.sample.len().div_ceil(MOST).max(1);
    let sample: Vec<Sampled> = embedded.sample.iter().step_by(step).cloned().collect();
    let folds = folds(embedded, &sample, subject.seed())?;
    let vectors = table(&sample, |window| &window.vector);
    let words = table(&sample, |window| &window.composition);
    let labels = labels::labels(annotations, &sample);
    let progress = subject.progress("scoring territories", Some(labels.len() as u64));
    let scores = labels
        .into_par_iter()
        .map(|label| score(&label, &folds, &vectors, &words).inspect(|_| progress.add(1)))
        .collect::<Result<Vec<_>>>()?;
    subject.context().check()?;
    write(subject, &scores)?;
    Ok(scores)
}

fn score(label: &Label, folds: &[usize], vectors: &Array2<f32>, words: &Array2<f32>) -> Result<Score> {
    let concerned: Vec<usize> = (0..label.of.len()).filter(|&window| label.of[window].is_some()).collect();
    let answers: Vec<bool> = concerned.iter().filter_map(|&window| label.of[window]).collect();
    let of_windows: Vec<usize> = concerned.iter().map(|&window| folds[window]).collect();
    let positives = answers.iter().filter(|&&answer| answer).count();
    let negatives = answers.len() - positives;
    let ask = |table: &Array2<f32>| {
        if positives < FEW || negatives < FEW {
            return Ok(None);
        }
        let features = table.select(ndarray::Axis(0), &concerned);
        territory(features.view(), &answers, &of_windows, PENALTY * answers.len() as f64)
    };
    Ok(Score {
        name: label.name.clone(),
        positives,
        negatives,
        embeddings: ask(vectors)?,
        composition: ask(words)?,
    })
}

/// Returns the fold of each window: whole blocks, in random order.
fn folds(embedded: &Embedded, sample: &[Sampled], seed: u64) -> Result<Vec<usize>> {
    let bases: u64 = embedded.lengths.iter().map(|(_, length)| length).sum();
    let blocks = Blocks::new(&embedded.lengths, BLOCK.min(bases / 20).max(1))?;
    let of = |window: &Sampled| {
        let middle = u64::midpoint(window.interval.start(), window.interval.end());
        Ok(blocks.of(window.interval.chromosome(), middle)?)
    };
    let of_windows = sample.iter().map(of).collect::<Result<Vec<usize>>>()?;
    // Blocks without windows take no part.
    let mut used = of_windows.clone();
    used.dedup();
    Stream::new(seed, "territory folds").shuffle(&mut used);
    let mut fold = vec![0; blocks.len()];
    used.iter().enumerate().for_each(|(place, &block)| fold[block] = place % FOLDS);
    Ok(of_windows.into_iter().map(|block| fold[block]).collect())
}

fn table(sample: &[Sampled], of: impl Fn(&Sampled) -> &Vec<f32>) -> Array2<f32> {
    let width = sample.first().map_or(0, |window| of(window).len());
    Array2::from_shape_fn((sample.len(), width), |(row, column)| of(&sample[row])[column])
}

fn write(subject: &Subject<'_>, scores: &[Score]) -> Result<()> {
    #[derive(Serialize)]
    struct Row<'a> {
        annotation: &'a str,
        features: &'static str,
        windows_with: usize,
        windows_without: usize,
        auroc: Option<f64>,
        lowest_fold: Option<f64>,
        highest_fold: Option<f64>,
        folds: usize,
    }
    let mut rows = Vec::new();
    for score in scores {
        for (features, found) in [("embeddings", &score.embeddings), ("GC and 4-mers", &score.composition)] {
            let folds = found.as_ref().map_or(&[][..], |found| found.folds.as_slice());
            rows.push(Row {
                annotation: &score.name,
                features,
                windows_with: score.positives,
                windows_without: score.negatives,
                auroc: found.as_ref().map(|found| found.auroc),
                lowest_fold: folds.iter().copied().reduce(f64::min),
                highest_fold: folds.iter().copied().reduce(f64::max),
                folds: folds.len(),
            });
        }
    }
    subject.write_csv(
        "territories.csv",
        "how well each annotation is told in held-out blocks, from vectors and from composition",
        &rows,
    )
}

/// Says how territories were scored.
pub(super) fn method() -> String {
    format!(
        "Territories were scored on at most {MOST} of these windows: a logistic regression (features scaled, penalty {PENALTY} a window on squared weights) learned on four fifths \
         of blocks of {:.0} Mb (of small genomes, a twentieth of the genome), drawn at random, ranked the windows of the last fifth, each once; the AUROC \
         is the mean over the folds in which windows of both kinds occur. A window is of a class that covers half of it, and holds a whole repeat of which it covers {} bases; \
         a strand is asked of windows in which the class lies on one strand alone; early and late are the quarters of the windows with the highest and the lowest timing. \
         The control's features are GC and the frequencies of the {} words of {} bases on the forward strand.",
        BLOCK as f64 / 1e6,
        labels::BASES,
        1 << (2 * WORDS.k),
        WORDS.k
    )
}
