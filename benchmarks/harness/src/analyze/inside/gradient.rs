//! Gradients: saliency, and integrated gradients.
//!
//! * *Saliency* of a token is the length of the derivative of the answer by what the token looks up (Simonyan et al.,
//!   2014).
//! * *Integrated gradients* (Sundararajan et al., 2017) of a token are `(x - b) . mean over a of dF(b + a (x - b))/dx`,
//!   along the straight line from a baseline `b` to what is there, `x`. They are complete: their sum over tokens is
//!   `F(x) - F(b)`, up to the error of the sum over the line, which is told. The baseline hides every token. An answer may
//!   jump somewhere on the line, so that pieces whose gradients miss what the answer does between their ends are halved.

use dlm_sdk::Result;
use ndarray::{Array2, Axis};

use super::network::{Asked, Network, ROWS};

/// Pieces of the line are halved until their sums miss the difference of the answers by no more than this share of it.
const CLOSE: f64 = 0.002;
/// A difference that is smaller counts as this large.
const LEAST: f64 = 1e-2;
/// Points on the line, at most: so many times those that it begins with.
const FINER: usize = 64;

/// What gradients say of a row.
#[derive(Clone, Debug)]
pub(super) struct Attribution {
    /// The length of the gradient, a number a token.
    pub(super) saliency: Vec<f64>,
    /// Integrated gradients, a number a token.
    pub(super) integrated: Vec<f64>,
    /// The integrated gradients of all tokens and special tokens, summed.
    pub(super) sum: f64,
    /// The answer to the row.
    pub(super) answer: f64,
    /// The answer to the baseline.
    pub(super) baseline: f64,
    /// How many pieces the line was cut into.
    pub(super) points: usize,
}

impl Attribution {
    /// Returns how far the sum is off the difference of the answers.
    pub(super) fn gap(&self) -> f64 {
        (self.sum - (self.answer - self.baseline)).abs()
    }
}

/// A piece of the line, and what its middle says of it.
#[derive(Clone, Debug)]
struct Piece {
    from: f64,
    to: f64,
    /// The answers at its ends, and in its middle.
    ends: (f64, f64),
    middle: f64,
    /// Its share of the integrated gradients, a number a token with the special ones.
    shares: Vec<f64>,
}

impl Piece {
    fn center(&self) -> f64 {
        f64::midpoint(self.from, self.to)
    }

    /// Returns how far its shares are off the difference of the answers at its ends.
    fn error(&self) -> f64 {
        (self.shares.iter().sum::<f64>() - (self.ends.1 - self.ends.0)).abs()
    }

    /// Returns its halves, whose middles nothing is known about yet.
    fn halves(&self) -> [Self; 2] {
        let center = self.center();
        let half = |from, to, ends| Self { from, to, ends, middle: 0.0, shares: Vec::new() };
        [
            half(self.from, center, (self.ends.0, self.middle)),
            half(center, self.to, (self.middle, self.ends.1)),
        ]
    }
}

/// Takes the gradients of a row, on so many points of the line from the baseline, and on more where the answer changes
/// suddenly.
///
/// # Errors
///
/// The model's graph cannot be differentiated or run.
pub(super) fn attribute(
    network: &mut Network,
    asked: &Asked,
    steps: usize,
    check: &dyn Fn() -> Result<()>,
) -> Result<Attribution> {
    let here = network.embedded(&network.framed(&asked.ids));
    let hidden = match network.special.mask {
        Some(mask) => network.framed(&vec![mask; asked.ids.len()]),
        None => network.framed(&vec![network.frame.pad; asked.ids.len()]),
    };
    let baseline = network.embedded(&hidden);
    let line = &here - &baseline;
    let at = |place: f64| &baseline + &(&line * place as f32);
    let steps = steps.max(1);
    let borders: Vec<f64> = (0..=steps).map(|step| step as f64 / steps as f64).collect();
    let mut answers = Vec::with_capacity(borders.len());
    for part in borders.chunks(ROWS) {
        check()?;
        let points: Vec<Array2<f32>> = part.iter().map(|&place| at(place)).collect();
        answers.extend(network.gradients(asked, &points)?.into_iter().map(|(answer, _)| answer));
    }
    let whole = network.gradients(asked, std::slice::from_ref(&here))?;
    let mut waiting: Vec<Piece> = (0..steps)
        .map(|step| Piece {
            from: borders[step],
            to: borders[step + 1],
            ends: (answers[step], answers[step + 1]),
            middle: 0.0,
            shares: Vec::new(),
        })
        .collect();
    let difference = (answers[steps] - answers[0]).abs().max(LEAST);
    let mut pieces: Vec<Piece> = Vec::new();
    loop {
        for part in waiting.chunks_mut(ROWS) {
            check()?;
            let points: Vec<Array2<f32>> = part.iter().map(|piece| at(piece.center())).collect();
            for (piece, (answer, gradient)) in part.iter_mut().zip(network.gradients(asked, &points)?) {
                let width = piece.to - piece.from;
                piece.middle = answer;
                piece.shares = (&line * &gradient).axis_iter(Axis(0)).map(|row| width * total(row)).collect();
            }
        }
        pieces.append(&mut waiting);
        let missed: f64 = pieces.iter().map(Piece::error).sum();
        if missed <= CLOSE * difference || pieces.len() >= FINER * steps {
            break;
        }
        pieces.sort_by(|a, b| b.error().total_cmp(&a.error()).then(a.from.total_cmp(&b.from)));
        waiting = pieces.drain(..pieces.len().min(ROWS / 2)).flat_map(|piece| piece.halves()).collect();
    }
    pieces.sort_by(|a, b| a.from.total_cmp(&b.from));
    let mut all = vec![0.0; here.nrows()];
    for piece in &pieces {
        all.iter_mut().zip(&piece.shares).for_each(|(sum, share)| *sum += share);
    }
    let own = network.before()..network.before() + asked.ids.len();
    let length = |row: ndarray::ArrayView1<'_, f32>| {
        row.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt()
    };
    Ok(Attribution {
        saliency: whole[0].1.axis_iter(Axis(0)).map(length).collect::<Vec<f64>>()[own.clone()].to_vec(),
        integrated: all[own].to_vec(),
        sum: all.iter().sum(),
        answer: answers[steps],
        baseline: answers[0],
        points: pieces.len(),
    })
}

fn total(row: ndarray::ArrayView1<'_, f32>) -> f64 {
    row.iter().map(|&value| f64::from(value)).sum()
}

#[cfg(test)]
mod tests {
    use dlm_nn::bert::{Config, Heads, Model};
    use dlm_plugin_grover::BertEncoder;
    use dlm_runtime::{Device, Runtime};
    use dlm_sdk::Registry;

    use super::{
        super::network::{Chosen, Kind},
        *,
    };

    fn network() -> Option<Network> {
        if let Err(error) = Runtime::get() {
            println!("skipped: {error}");
            return None;
        }
        let config = Config::from_json(
            r#"{"model_type": "bert", "vocab_size": 25, "hidden_size": 16, "num_hidden_layers": 2,
                "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 48,
                "initializer_range": 0.3}"#,
        )
        .unwrap();
        let model = Model::random(config, Heads { language_model: true, pooler: false }, 3);
        let tokenizer = Registry::builtin().unwrap().tokenizer("kmer:2").unwrap();
        let mut encoder =
            BertEncoder::new("tiny", model, "kmer:2".into(), &*tokenizer, "seed 3", Device::Cpu).unwrap();
        let special = tokenizer.spec().special;
        Some(Network::pretrained(&mut encoder, special, Device::Cpu).unwrap())
    }

    /// A row with its third token hidden, which is asked for.
    fn asked() -> Asked {
        let mut ids: Vec<u32> = (0..11).map(|n| 9 + (n * 7) % 16).collect();
        let token = std::mem::replace(&mut ids[3], 4);
        Asked { ids, chosen: Chosen::Tokens(vec![(3, token)]) }
    }

    #[test]
    fn integrated_gradients_are_complete() {
        let Some(mut network) = network() else { return };
        for steps in [2, 32] {
            let found = attribute(&mut network, &asked(), steps, &|| Ok(())).unwrap();
            let difference = found.answer - found.baseline;
            assert!(difference.abs() > 0.05, "{found:?}");
            assert!(found.gap() <= CLOSE * difference.abs() + 1e-4, "{} of {difference}", found.gap());
            assert!(found.points >= steps);
        }
        let fine = attribute(&mut network, &asked(), 256, &|| Ok(())).unwrap();
        // What is hidden at both ends of the line has no share, and neither have special tokens.
        assert_eq!(fine.integrated[3], 0.0);
        assert!((fine.integrated.iter().sum::<f64>() - fine.sum).abs() < 1e-9);
    }

    #[test]
    fn gradients_are_those_of_finite_differences_and_answers_those_of_the_model() {
        let Some(mut network) = network() else { return };
        let asked = asked();
        let here = network.embedded(&network.framed(&asked.ids));
        let answer = network.answers(std::slice::from_ref(&asked)).unwrap()[0];
        let (at, gradient) = network.gradients(&asked, std::slice::from_ref(&here)).unwrap().remove(0);
        assert!((at - answer).abs() < 1e-5, "{at} {answer}");
        assert!(answer < 0.0 && network.kind == Kind::Tokens);
        for place in [(1, 0), (4, 3), (6, 9), (12, 15)] {
            let step = 0.02;
            let mut moved = vec![here.clone(), here.clone()];
            moved[0][place] += step;
            moved[1][place] -= step;
            let found = network.gradients(&asked, &moved).unwrap();
            let slope = (found[0].0 - found[1].0) / f64::from(2.0 * step);
            let own = f64::from(gradient[place]);
            assert!((slope - own).abs() < 2e-3 + 0.02 * own.abs(), "{place:?}: {slope} {own}");
        }
    }

    #[test]
    fn attention_is_shared_out() {
        let Some(mut network) = network() else { return };
        let layers = network.attention(&asked()).unwrap();
        assert_eq!(layers.len(), 2);
        for layer in layers {
            assert_eq!(layer.dim(), (2, 13, 13));
            for sum in layer.sum_axis(Axis(2)) {
                assert!((sum - 1.0).abs() < 1e-5);
            }
        }
    }
}
