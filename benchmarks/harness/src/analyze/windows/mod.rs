//! `windows`: what a model tells of stretches of the genome.
//!
//! Sanabria et al. (2024), Figure 5b-d: the vector of every window of 510 tokens, its `[CLS]` or the mean of its tokens, a map of
//! the windows coloured by what they are annotated as, and how well each annotation is told from the vectors in held-out
//! blocks of the genome, beside GC and short words, which need no model.
//!
//! The genome streams through: vectors and annotations go to files as they come, and a sample of the windows, drawn evenly over the
//! genome, is what the map and the scores are made of.

mod embed;
mod labels;
mod show;
mod territories;
mod vectors;

use dlm_analysis::{
    Neighbours, Preservation, preservation,
    umap::{Options as MapOptions, umap_of},
};
use dlm_sdk::{Error, Result};
use ndarray::Array2;

use self::embed::{Reader, Sampled, embed};
use super::{
    Findings, Options, Reads, Section, Subject, annotations::Annotations, pieces::Pieces, states::Frame,
};
use crate::statistics::quantile;

pub(super) const SECTION: Section = Section {
    name: "windows",
    title: "Windows of the genome",
    about: "What do the vectors of 510-token windows tell of repeats, chromatin, genes and replication, beyond composition?",
    revision: 1,
    in_all: true,
    reads: &[Reads::Model, Reads::Genome, Reads::Annotations],
    settings,
    run,
};

/// Neighbours by which the map is made and outliers are told.
const NEIGHBOURS: usize = 14;
/// How many median deviations above the median the distance to its neighbours makes a window an outlier.
const OUTLIER: f64 = 10.0;
/// Windows by which the map is judged.
const JUDGED: usize = 1_000;

fn settings(options: &Options) -> Vec<(&'static str, String)> {
    vec![("map windows", options.map_windows.to_string()), ("window pool", options.window_pool.clone())]
}

/// A map of the sampled windows.
#[derive(Debug)]
struct Map {
    places: Array2<f32>,
    kept: Option<Preservation>,
    /// Windows that are far from all others, farthest first, and how far their neighbours are.
    outliers: Vec<(usize, f64)>,
    /// From what distance on.
    far: f64,
}

fn run(subject: &Subject<'_>) -> Result<Findings> {
    let mut encoder = subject.encoder()?;
    let tokenizer = subject.tokenizer()?;
    let annotations = Annotations::open(subject)?;
    crate::runtime::ensure(subject.context())?;
    let frame = Frame::new(&*encoder, &*tokenizer)?;
    let first = match subject.options().window_pool.as_str() {
        "mean" => false,
        "cls" if frame.has_first(&*encoder) => true,
        "cls" => {
            return Err(Error::unsupported(format!(
                "{} puts no token before a window that sees all of it",
                encoder.spec().name
            ))
            .with_hint("use --window-pool mean"));
        }
        other => {
            return Err(Error::invalid(format!("there is no window pool {other:?}"))
                .with_hint("known are cls and mean"));
        }
    };
    let mut findings = Findings::default();
    annotations.tell(&mut findings);
    let mut reader = Reader { encoder: &mut *encoder, tokenizer: &*tokenizer, frame, first };
    let embedded = embed(subject, &mut reader, &annotations)?;
    if embedded.sample.len() < 3 {
        return Err(Error::unsupported(format!(
            "the genome has {} full windows of {} tokens",
            embedded.count, frame.window
        ))
        .with_hint("name a longer genome"));
    }
    let map = map(subject, &embedded.sample)?;
    let scores = territories::scores(subject, &annotations, &embedded)?;
    show::findings(subject, &mut findings, &annotations, &embedded, &map, &scores)?;
    findings.method(format!(
        "The known stretches of the genome were tokenized whole and cut into {} windows of {} tokens, none overlapping, mean {:.2} kb; {} bases at the \
         ends of stretches fill no window. A window's vector is {} in the last layer. {} windows, all or drawn at random over the genome, were \
         mapped by UMAP (15 neighbours with the window itself, minimal distance 0.1, start at the first two components). An outlier is \
         a window whose mean distance to its {NEIGHBOURS} nearest neighbours lies more than {OUTLIER} median absolute deviations above the median.",
        embedded.count,
        frame.window,
        embedded.bases as f64 / embedded.count.max(1) as f64 / 1e3,
        embedded.left_over,
        if first { "the state of the token before it ([CLS])" } else { "the mean of its tokens' states" },
        embedded.sample.len(),
    ));
    findings.method(territories::method());
    Ok(findings)
}

fn map(subject: &Subject<'_>, sample: &[Sampled]) -> Result<Map> {
    let width = sample[0].vector.len();
    let table = Array2::from_shape_fn((sample.len(), width), |(row, column)| sample[row].vector[column]);
    let looking = subject.progress("finding neighbours", None);
    let neighbours = Neighbours::find(table.view(), NEIGHBOURS)?;
    drop(looking);
    subject.context().check()?;
    let progress = subject.progress("mapping windows", None);
    let options = MapOptions { seed: subject.seed(), ..MapOptions::default() };
    let places = umap_of(table.view(), &neighbours, &options, |epoch, epochs| {
        progress.set_length(epochs as u64);
        progress.set(epoch as u64);
        subject.context().check()
    })?;
    let kept = preservation(table.view(), places.view(), NEIGHBOURS, JUDGED)?;
    let far_of = |row: usize| {
        neighbours.distances.row(row).iter().map(|&far| f64::from(far)).sum::<f64>()
            / neighbours.distances.ncols().max(1) as f64
    };
    let distances: Vec<f64> = (0..sample.len()).map(far_of).collect();
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        quantile(&values, 0.5)
    };
    let median = middle(distances.clone());
    let deviation = middle(distances.iter().map(|distance| (distance - median).abs()).collect());
    let far = median + OUTLIER * deviation;
    let mut outliers: Vec<(usize, f64)> =
        distances.into_iter().enumerate().filter(|(_, distance)| *distance > far).collect();
    outliers.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok(Map { places, kept, outliers, far })
}

#[cfg(test)]
mod tests;
