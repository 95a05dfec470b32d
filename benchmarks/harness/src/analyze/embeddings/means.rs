//! The mean state of each token over held-out windows.

use dlm_sdk::{Result, TokenId};
use ndarray::{Array2, ArrayView2};

use super::{Occurrences, Subject};
use crate::analyze::pieces::Pieces;

/// Sums of states, a row a token; the last column counts them.
struct Sums {
    /// Which row an id has.
    row: Vec<Option<usize>>,
    table: Array2<f64>,
}

impl Sums {
    fn new(ids: &[TokenId], vocabulary: usize, hidden: usize) -> Self {
        let mut row = vec![None; vocabulary];
        ids.iter().enumerate().for_each(|(place, &id)| row[id as usize] = Some(place));
        Self { row, table: Array2::zeros((ids.len(), hidden + 1)) }
    }

    fn add(&mut self, ids: &[TokenId], states: ArrayView2<'_, f32>) {
        for (&id, state) in ids.iter().zip(states.rows()) {
            if let Some(row) = self.row.get(id as usize).copied().flatten() {
                let mut sums = self.table.row_mut(row);
                sums.iter_mut().zip(state).for_each(|(sum, &value)| *sum += f64::from(value));
                sums[state.len()] += 1.0;
            }
        }
    }
}

/// Returns the mean state in the last layer of every token that occurs in the windows, a row each, and which tokens those
/// are. The windows are summed up piece by piece, and a run that was stopped goes on from the pieces it had.
///
/// # Errors
///
/// The model fails, a piece cannot be written, or somebody asked to stop.
pub(super) fn contextual(
    subject: &Subject<'_>,
    occurrences: &mut Occurrences,
) -> Result<(Array2<f64>, Vec<usize>)> {
    let vocabulary = occurrences.vocabulary();
    let Occurrences { encoder, frame, tokens, windows, .. } = occurrences;
    let (hidden, layer) = (encoder.spec().hidden, encoder.spec().layers);
    let pieces = Pieces::of(subject, &**encoder);
    let what = format!("encoding windows, layer {layer}");
    let progress = subject.progress(&what, Some(windows.len() as u64));
    let mut done = 0;
    let shape = (tokens.ids.len(), hidden + 1);
    let mut all: Array2<f64> = Array2::zeros(shape);
    for windows in windows.chunks(frame.piece()) {
        let rows: Vec<&[TokenId]> = windows.iter().map(Vec::as_slice).collect();
        let from = std::iter::once(tokens.ids.as_slice()).chain(rows.iter().copied());
        all += &pieces.get("contextual sums", &[layer], from, shape, || {
            let mut sums = Sums::new(&tokens.ids, vocabulary, hidden);
            frame.each_window(subject, &mut **encoder, &rows, layer, |ids, states| {
                sums.add(ids, states);
                progress.add(1);
            })?;
            Ok(sums.table)
        })?;
        done += windows.len() as u64;
        progress.set(done);
    }
    let present: Vec<usize> = (0..all.nrows()).filter(|&row| all[[row, hidden]] > 0.0).collect();
    let of = |(row, column): (usize, usize)| all[[present[row], column]] / all[[present[row], hidden]];
    Ok((Array2::from_shape_fn((present.len(), hidden), of), present))
}
