//! Every window of the genome, as a vector, streamed to files; a sample stays.

use std::sync::Arc;

use dlm_analysis::{
    annotation::Overlap,
    territory::{Composition, composition},
};
use dlm_genome::{Interval, Lengths, acgt_runs, output::Output};
use dlm_sdk::{Encoder, Error, Result, Sequence, TokenBatch, TokenId, Tokenizer, random::Stream};
use ndarray::{Array2, Axis, s};
use serde::Serialize;

use super::{Annotations, Frame, Pieces, Subject, labels, vectors::Vectors};
use crate::{context::Progress, tokenizer::each_record};

/// The words whose frequencies are the control.
pub(super) const WORDS: Composition = Composition { k: 4 };

/// A window that is kept.
#[derive(Clone, Debug)]
pub(super) struct Sampled {
    pub(super) interval: Interval,
    pub(super) vector: Vec<f32>,
    /// GC and the frequencies of words.
    pub(super) composition: Vec<f32>,
    /// By track, in the order of [`labels::tracks`].
    pub(super) overlaps: Vec<Overlap>,
    pub(super) timing: Option<f64>,
}

/// What became of the genome.
#[derive(Debug, Default)]
pub(super) struct Embedded {
    /// Windows in all.
    pub(super) count: u64,
    /// The bases that they cover.
    pub(super) bases: u64,
    /// Known bases that fill no window.
    pub(super) left_over: u64,
    /// Windows drawn evenly, in the order of the genome.
    pub(super) sample: Vec<Sampled>,
    pub(super) lengths: Lengths,
}

/// A window that waits to be encoded.
struct Waiting {
    interval: Interval,
    ids: Vec<TokenId>,
    composition: Vec<f32>,
}

/// A row of the table of windows.
#[derive(Serialize)]
struct Row<'a> {
    chromosome: &'a str,
    start: u64,
    end: u64,
    gc: f32,
    repeats: &'a str,
    repeats_share: Option<f64>,
    repeats_strand: &'static str,
    whole_repeat: &'a str,
    chromatin: &'a str,
    gene_part: &'a str,
    gene_strand: &'static str,
    replication_timing: Option<f64>,
}

struct Sink<'a> {
    subject: &'a Subject<'a>,
    annotations: &'a Annotations,
    vectors: Vectors,
    table: csv::Writer<Output>,
    random: Stream,
    /// The place of each kept window in the genome, beside it.
    sample: Vec<(u64, Sampled)>,
    count: u64,
    bases: u64,
}

/// What turns windows into vectors.
pub(super) struct Reader<'e> {
    pub(super) encoder: &'e mut dyn Encoder,
    pub(super) tokenizer: &'e dyn Tokenizer,
    pub(super) frame: Frame,
    /// Whether a window's vector is the state of the token before it, not the mean of its tokens.
    pub(super) first: bool,
}

impl Reader<'_> {
    /// Returns a row a window.
    fn read(
        &mut self,
        subject: &Subject<'_>,
        rows: &[&[TokenId]],
        progress: &Progress,
    ) -> Result<Array2<f32>> {
        let layer = self.encoder.spec().layers;
        let mut vectors = Array2::zeros((rows.len(), self.encoder.spec().hidden));
        let mut next = 0;
        let first = self.first;
        self.frame.each(subject, self.encoder, rows, layer, |rows, states, before| {
            for (row, ids) in rows.iter().enumerate() {
                let mut vector = vectors.row_mut(next);
                if first {
                    vector.assign(&states.slice(s![row, 0, ..]));
                } else if let Some(mean) =
                    states.slice(s![row, before..before + ids.len(), ..]).mean_axis(Axis(0))
                {
                    vector.assign(&mean);
                }
                next += 1;
            }
            progress.add(rows.len() as u64);
        })?;
        Ok(vectors)
    }
}

/// Encodes every full window of the genome, piece by piece; a run that was stopped goes on from the pieces it had.
pub(super) fn embed(
    subject: &Subject<'_>,
    reader: &mut Reader<'_>,
    annotations: &Annotations,
) -> Result<Embedded> {
    let mut sink = Sink::create(subject, annotations)?;
    let mut embedded = Embedded::default();
    let mut lengths = Vec::new();
    let progress = subject.progress("encoding windows", None);
    let mut expected = 0;
    let (window, piece) = (reader.frame.window, reader.frame.piece());
    let tokenizer = reader.tokenizer;
    let pieces = Pieces::of(subject, &*reader.encoder);
    let mut waiting: Vec<Waiting> = Vec::with_capacity(piece);
    let mut encode = |waiting: &mut Vec<Waiting>, sink: &mut Sink<'_>| -> Result<()> {
        subject.context().check()?;
        let rows: Vec<&[TokenId]> = waiting.iter().map(|window| window.ids.as_slice()).collect();
        let shape = (rows.len(), reader.encoder.spec().hidden);
        let pool = if reader.first { "windows, first" } else { "windows, mean" };
        let settings = [reader.encoder.spec().layers, Frame::rows(window)];
        let vectors = pieces
            .get(pool, &settings, rows.iter().copied(), shape, || reader.read(subject, &rows, &progress))?;
        for (window, vector) in waiting.drain(..).zip(vectors.rows()) {
            sink.take(window, vector.to_vec())?;
        }
        progress.set(sink.count);
        Ok(())
    };
    // The bar counts windows; what is read of the file comes long before it is encoded.
    let quiet = subject.context();
    each_record(quiet, "reading the genome", &[subject.genome()?.to_owned()], |record| {
        lengths.push((record.name().to_owned(), record.bases().len() as u64));
        let chromosome: Arc<str> = record.name().into();
        for run in acgt_runs(record.bases()) {
            let bases = &record.bases()[run.clone()];
            let mut batch = TokenBatch::default();
            tokenizer.tokenize(&[Sequence::new(bases)], &mut batch)?;
            let Some(row) = batch.rows().next() else { continue };
            expected += (row.ids.len() / window) as u64;
            progress.set_length(expected);
            let (ids, spans) = (row.ids.chunks_exact(window), row.spans.chunks_exact(window));
            let mut covered = 0;
            for (ids, spans) in ids.zip(spans) {
                let (start, end) = (spans[0].start as usize, spans[spans.len() - 1].end as usize);
                covered += end - start;
                let interval = Interval::new(
                    Arc::clone(&chromosome),
                    (run.start + start) as u64,
                    (run.start + end) as u64,
                )?;
                let composition = composition(&bases[start..end], WORDS);
                waiting.push(Waiting { interval, ids: ids.to_vec(), composition });
                if waiting.len() == piece {
                    encode(&mut waiting, &mut sink)?;
                }
            }
            embedded.left_over += (bases.len() - covered) as u64;
        }
        Ok(())
    })?;
    if !waiting.is_empty() {
        encode(&mut waiting, &mut sink)?;
    }
    embedded.lengths = lengths.into_iter().collect();
    sink.finish(&mut embedded)?;
    Ok(embedded)
}

impl<'a> Sink<'a> {
    fn create(subject: &'a Subject<'a>, annotations: &'a Annotations) -> Result<Self> {
        let table = subject.file("windows.csv", "every window: where it lies and what it is annotated as");
        let vectors = subject.file("windows.parquet", "every window's vector");
        Ok(Self {
            subject,
            annotations,
            vectors: Vectors::create(vectors)?,
            table: csv::Writer::from_writer(Output::create(&table)?),
            random: Stream::new(subject.seed(), "map windows"),
            sample: Vec::new(),
            count: 0,
            bases: 0,
        })
    }

    fn take(&mut self, window: Waiting, vector: Vec<f32>) -> Result<()> {
        let interval = window.interval;
        let of = |track: &dlm_analysis::annotation::Track| {
            track.over(interval.chromosome(), interval.start(), interval.end())
        };
        let overlaps: Vec<Overlap> = labels::tracks(self.annotations).into_iter().map(of).collect();
        let timing = self.annotations.timing(&interval)?;
        self.row(&interval, window.composition[0], &overlaps, timing)?;
        self.vectors.write(&interval, &vector)?;
        self.bases += interval.len();
        let place = self.count;
        self.count += 1;
        // Every window has the same chance to be kept, whatever comes after it.
        let most = self.subject.options().map_windows;
        let slot =
            if self.sample.len() < most { self.sample.len() } else { self.random.below(self.count as usize) };
        if slot < most {
            let sampled = Sampled { interval, vector, composition: window.composition, overlaps, timing };
            match self.sample.get_mut(slot) {
                Some(kept) => *kept = (place, sampled),
                None => self.sample.push((place, sampled)),
            }
        }
        Ok(())
    }

    fn row(&mut self, interval: &Interval, gc: f32, overlaps: &[Overlap], timing: Option<f64>) -> Result<()> {
        let tracks = labels::tracks(self.annotations);
        let find = |name: &str| {
            let place = tracks.iter().position(|track| track.name() == name)?;
            let class = overlaps[place].majority()?;
            Some((tracks[place].classes()[class].as_str(), &overlaps[place], class))
        };
        let class = |name: &str| find(name).map_or("", |found| found.0);
        let strand =
            |name: &str| find(name).map_or("", |(_, overlap, class)| labels::sign(overlap.strand(class)));
        let row = Row {
            chromosome: interval.chromosome(),
            start: interval.start(),
            end: interval.end(),
            gc,
            repeats: class(labels::REPEATS),
            repeats_share: find(labels::REPEATS).map(|(_, overlap, class)| overlap.share(class)),
            repeats_strand: strand(labels::REPEATS),
            whole_repeat: class(labels::WHOLE),
            chromatin: class(labels::CHROMATIN),
            gene_part: class(labels::ELEMENTS),
            gene_strand: strand(labels::GENES),
            replication_timing: timing,
        };
        self.table
            .serialize(row)
            .map_err(|error| Error::io("windows.csv: cannot be written", std::io::Error::other(error)))
    }

    fn finish(self, embedded: &mut Embedded) -> Result<()> {
        let broken =
            |error: String| Error::io("windows.csv: cannot be written", std::io::Error::other(error));
        self.table.into_inner().map_err(|error| broken(error.to_string()))?.commit()?;
        self.vectors.finish()?;
        let mut sample = self.sample;
        sample.sort_by_key(|(place, _)| *place);
        embedded.sample = sample.into_iter().map(|(_, sampled)| sampled).collect();
        (embedded.count, embedded.bases) = (self.count, self.bases);
        Ok(())
    }
}
