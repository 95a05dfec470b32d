//! What every encoder must hold.

use ndarray::{Array2, Array3, Axis, s};

use super::{Report, Runner, ensure};
use crate::{Encoder, TokenTensor, random::Stream};

type Checked = Result<(), String>;

/// Checks an encoder.
pub fn encoder(encoder: &mut dyn Encoder) -> Report {
    encoder_where(encoder, &mut |_| true)
}

/// Runs those of the checks whose ids are wanted.
pub fn encoder_where(encoder: &mut dyn Encoder, wanted: &mut dyn FnMut(&'static str) -> bool) -> Report {
    let mut report = Runner::new(wanted);
    report.add("E1", "the spec has a vocabulary, a width, and special ids within it", || spec(encoder));
    report.add("E2", "every hidden state of a real token is written and finite", || writes(encoder));
    report.add("E3", "ids past the vocabulary and rows that are too long are errors", || refuses(encoder));
    report.add("E4", "padding changes no real position by more than 1e-4", || padding(encoder));
    report.add("E5", "exchanging rows exchanges their hidden states", || order(encoder));
    report.warn("E6", "two runs agree bit for bit", || same(encoder));
    report.add("E7", "the last layer is what encoding gives", || last_layer(encoder));
    if encoder.spec().causal {
        report.add("E8", "a causal encoder sees nothing to the right", || causal(encoder));
    } else {
        report.skip("E8", "a causal encoder sees nothing to the right", "the encoder is not causal");
    }
    report.report
}

struct Batch {
    ids: Array2<i64>,
    mask: Array2<i64>,
}

impl Batch {
    fn random(encoder: &dyn Encoder, rows: usize, tokens: usize) -> Self {
        let mut stream = Stream::new(rows as u64, "conformance");
        let vocabulary = encoder.spec().vocab_size.max(1) as usize;
        let tokens = tokens.min(encoder.spec().max_tokens.unwrap_or(tokens));
        let ids = Array2::from_shape_fn((rows, tokens), |_| stream.below(vocabulary) as i64);
        Self { mask: Array2::ones(ids.raw_dim()), ids }
    }

    fn encode(&self, encoder: &mut dyn Encoder) -> Result<Array3<f32>, String> {
        let (rows, tokens) = self.ids.dim();
        let mut hidden = Array3::from_elem((rows, tokens, encoder.spec().hidden), f32::NAN);
        let tensor = TokenTensor { ids: self.ids.view(), mask: self.mask.view() };
        encoder.encode(tensor, hidden.view_mut()).map_err(|error| error.chain())?;
        Ok(hidden)
    }
}

fn spec(encoder: &mut dyn Encoder) -> Checked {
    let spec = encoder.spec();
    ensure(spec.vocab_size > 0 && spec.hidden > 0, || "vocabulary or width is zero".into())?;
    let within = |id: Option<u32>| id.is_none_or(|id| id < spec.vocab_size);
    ensure(within(spec.prefix) && within(spec.suffix), || "prefix or suffix lies past the vocabulary".into())
}

fn writes(encoder: &mut dyn Encoder) -> Checked {
    for (rows, tokens) in [(1, 1), (1, 12), (7, 12)] {
        let hidden = Batch::random(encoder, rows, tokens).encode(encoder)?;
        ensure(hidden.iter().all(|value| value.is_finite()), || {
            format!("a batch of {rows} rows of {tokens} tokens left values that are not finite")
        })?;
    }
    Ok(())
}

fn refuses(encoder: &mut dyn Encoder) -> Checked {
    let mut batch = Batch::random(encoder, 1, 4);
    batch.ids[[0, 0]] = i64::from(encoder.spec().vocab_size);
    ensure(batch.encode(encoder).is_err(), || "an id past the vocabulary was taken".into())?;
    batch.ids[[0, 0]] = -1;
    ensure(batch.encode(encoder).is_err(), || "a negative id was taken".into())?;
    if let Some(most) = encoder.spec().max_tokens {
        let ids = Array2::zeros((1, most + 1));
        let long = Batch { mask: Array2::ones(ids.raw_dim()), ids };
        ensure(long.encode(encoder).is_err(), || format!("a row of {} tokens was taken", most + 1))?;
    }
    Ok(())
}

fn padding(encoder: &mut dyn Encoder) -> Checked {
    let batch = Batch::random(encoder, 2, 8);
    let alone = batch.encode(encoder)?;
    let real = batch.ids.ncols();
    let wider = encoder.spec().max_tokens.map_or(real + 5, |most| most.min(real + 5));
    let mut padded = Batch { ids: Array2::zeros((3, wider)), mask: Array2::zeros((3, wider)) };
    padded.ids.slice_mut(s![..2, ..real]).assign(&batch.ids);
    padded.mask.slice_mut(s![..2, ..real]).fill(1);
    padded.mask[[2, 0]] = 1;
    let hidden = padded.encode(encoder)?;
    let worst = difference(alone.view(), hidden.slice(s![..2, ..real, ..]));
    ensure(worst <= 1e-4, || format!("a position moved by {worst}"))
}

fn order(encoder: &mut dyn Encoder) -> Checked {
    let batch = Batch::random(encoder, 3, 9);
    let hidden = batch.encode(encoder)?;
    let order = [2, 0, 1];
    let exchanged = Batch { ids: batch.ids.select(Axis(0), &order), mask: batch.mask.clone() };
    let worst = difference(hidden.select(Axis(0), &order).view(), exchanged.encode(encoder)?.view());
    ensure(worst <= 1e-4, || format!("a row moved by {worst}"))
}

fn same(encoder: &mut dyn Encoder) -> Checked {
    let batch = Batch::random(encoder, 3, 9);
    let (first, second) = (batch.encode(encoder)?, batch.encode(encoder)?);
    ensure(first.iter().zip(&second).all(|(a, b)| a.to_bits() == b.to_bits()), || {
        format!("they differ by up to {}", difference(first.view(), second.view()))
    })
}

fn last_layer(encoder: &mut dyn Encoder) -> Checked {
    let batch = Batch::random(encoder, 2, 6);
    let last = batch.encode(encoder)?;
    let mut layer = Array3::zeros(last.raw_dim());
    let (tensor, index) =
        (TokenTensor { ids: batch.ids.view(), mask: batch.mask.view() }, encoder.spec().layers);
    encoder.encode_layer(tensor, index, layer.view_mut()).map_err(|error| error.chain())?;
    let worst = difference(last.view(), layer.view());
    ensure(worst <= 1e-5, || format!("they differ by {worst}"))?;
    let past = encoder.encode_layer(tensor, index + 1, layer.view_mut());
    ensure(past.is_err(), || "a layer past the last was given".into())
}

fn causal(encoder: &mut dyn Encoder) -> Checked {
    let mut batch = Batch::random(encoder, 1, 9);
    let before = batch.encode(encoder)?;
    let last = batch.ids.ncols() - 1;
    batch.ids[[0, last]] = (batch.ids[[0, last]] + 1) % i64::from(encoder.spec().vocab_size);
    let after = batch.encode(encoder)?;
    let worst = difference(before.slice(s![.., ..last, ..]), after.slice(s![.., ..last, ..]));
    ensure(worst <= 1e-5, || format!("an earlier position moved by {worst}"))
}

fn difference(a: ndarray::ArrayView3<'_, f32>, b: ndarray::ArrayView3<'_, f32>) -> f32 {
    a.iter().zip(b.iter()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}
