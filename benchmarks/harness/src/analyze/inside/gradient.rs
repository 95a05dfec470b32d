//! Gradients: saliency, and integrated gradients.
//!
//! * *Saliency* of a token is the length of the derivative of the answer by what the token looks up (Simonyan et al.,
//!   2014).
//! * *Integrated gradients* (Sundararajan et al., 2017) of a token are `(x - b) . mean over a of dF(b + a (x - b))/dx`,
//!   along the straight line from a baseline `b` to what is there, `x`. They are complete: their sum over tokens is
//!   `F(x) - F(b)`, up to the error of the sum over the line, which is told. The baseline hides every token.

use dlm_sdk::Result;
use ndarray::{Array2, Axis};

use super::network::{Asked, Network, ROWS};

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
}

impl Attribution {
    /// Returns how far the sum is off the difference of the answers.
    pub(super) fn gap(&self) -> f64 {
        (self.sum - (self.answer - self.baseline)).abs()
    }
}

/// Takes the gradients of a row, on so many points of the line from the baseline.
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
    let ends = network.gradients(asked, &[here.clone(), baseline.clone()])?;
    let mut mean = Array2::<f32>::zeros(here.raw_dim());
    // The midpoints of equal pieces.
    let places: Vec<f32> = (0..steps.max(1)).map(|step| (step as f32 + 0.5) / steps.max(1) as f32).collect();
    for part in places.chunks(ROWS) {
        check()?;
        let points: Vec<Array2<f32>> = part.iter().map(|&place| &baseline + &(&line * place)).collect();
        for (_, gradient) in network.gradients(asked, &points)? {
            mean.scaled_add(1.0 / places.len() as f32, &gradient);
        }
    }
    let before = network.before();
    let own = before..before + asked.ids.len();
    let total = |row: ndarray::ArrayView1<'_, f32>| row.iter().map(|&value| f64::from(value)).sum::<f64>();
    let all: Vec<f64> = (&line * &mean).axis_iter(Axis(0)).map(total).collect();
    let length = |row: ndarray::ArrayView1<'_, f32>| {
        row.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt()
    };
    Ok(Attribution {
        saliency: ends[0].1.axis_iter(Axis(0)).map(length).skip(before).take(asked.ids.len()).collect(),
        integrated: all[own].to_vec(),
        sum: all.iter().sum(),
        answer: ends[0].0,
        baseline: ends[1].0,
    })
}

#[cfg(test)]
#[expect(clippy::print_stdout, reason = "a test says what it skips")]
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
        let coarse = attribute(&mut network, &asked(), 8, &|| Ok(())).unwrap();
        let fine = attribute(&mut network, &asked(), 256, &|| Ok(())).unwrap();
        let difference = fine.answer - fine.baseline;
        assert!(difference.abs() > 0.05, "{fine:?}");
        assert!(fine.gap() < 0.005 * difference.abs() + 1e-4, "{} of {difference}", fine.gap());
        assert!(fine.gap() <= coarse.gap() + 1e-4);
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
