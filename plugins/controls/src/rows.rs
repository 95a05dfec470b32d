//! Fills score rows on all threads, each from its own sequence alone.

use dlm_sdk::prelude::*;
use rayon::prelude::*;

/// Checks that there is a row for each item and a column for each output.
pub(crate) fn check<'s>(
    items: Items<'_>,
    scores: ArrayViewMut2<'s, f32>,
    outputs: usize,
) -> Result<ArrayViewMut2<'s, f32>> {
    if scores.dim() != (items.len(), outputs) {
        let (rows, columns) = scores.dim();
        return Err(Error::invalid(format!(
            "scores are {rows} x {columns}, {} items need {outputs} columns",
            items.len()
        )));
    }
    Ok(scores)
}

/// Writes a row for each item; `answer` gets the bases and a buffer of zeros as long as a row.
pub(crate) fn fill(
    items: Items<'_>,
    scores: ArrayViewMut2<'_, f32>,
    outputs: usize,
    answer: impl Fn(&[u8], &mut [f64]) + Sync,
) -> Result<()> {
    let mut scores = check(items, scores, outputs)?;
    let rows: Vec<_> = scores.outer_iter_mut().collect();
    rows.into_par_iter().zip(items.sequences).with_min_len(16).for_each_init(
        || vec![0.0; outputs],
        |buffer, (mut row, sequence)| {
            buffer.fill(0.0);
            answer(sequence.bases(), buffer);
            row.iter_mut().zip(buffer.iter()).for_each(|(score, value)| *score = *value as f32);
        },
    );
    Ok(())
}
