//! The baseline `cnn`.

use dlm_runtime::{Device, Runtime, SessionOptions};
use dlm_sdk::{dna, prelude::*};
use dlm_train::{
    finetune::{self, FinetuneOptions, Fitted, Frame, Labelled, Pool, Source, Targets, Tokens},
    trainer::Signal,
};

use crate::network::{Network, OTHER};

/// The highest learning rate, which then falls in a straight line to zero.
const RATE: f64 = 2e-3;
/// Validations that may pass without a lower loss before training ends.
const PATIENCE: u32 = 4;

/// A convolution of one-hot bases.
#[derive(Clone, Debug)]
pub struct Cnn {
    spec: BaselineSpec,
    channels: usize,
    epochs: u64,
    batch: usize,
    device: Device,
}

impl Cnn {
    /// Makes the baseline from its configuration.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) for a number that makes no network or no training.
    pub fn from_config(config: &Config, _registry: &Registry) -> Result<Self> {
        if let Some(positional) = config.positional() {
            return Err(Error::invalid(format!("cnn takes options only, not {positional:?}")));
        }
        let (channels, epochs, batch) =
            (config.need("channels")?, config.need("epochs")?, config.need("batch")?);
        if channels == 0 || epochs == 0 || batch == 0 {
            return Err(Error::invalid("cnn: channels, epochs and batch are at least one"));
        }
        Ok(Self {
            spec: BaselineSpec::new("cnn", Control::Local).seeded(),
            channels,
            epochs,
            batch,
            device: config.need("device")?,
        })
    }
}

impl Baseline for Cnn {
    fn spec(&self) -> &BaselineSpec {
        &self.spec
    }

    fn fit(
        &self,
        task: &TaskSpec,
        train: Examples<'_>,
        validation: Option<Examples<'_>>,
        seed: u64,
    ) -> Result<Box<dyn Predictor>> {
        let runtime = Runtime::get_for(self.device)?;
        let mut network = Network::new(self.channels, seed)?;
        let source = Source::from_trainable(&mut network)?;
        let labelled = |examples: Examples<'_>| -> Result<Labelled> {
            Ok(Labelled { tokens: codes(examples.items)?, targets: Targets::of(task, examples.targets)? })
        };
        let options = FinetuneOptions {
            seed,
            pool: Pool::Mean,
            rate: RATE,
            epochs: self.epochs,
            batch: self.batch,
            patience: validation.is_some().then_some(PATIENCE),
            session: SessionOptions::default().device(self.device),
            ..FinetuneOptions::default()
        };
        let fitted = finetune::fit(
            runtime,
            source,
            Frame { pad: OTHER as TokenId, ..Frame::default() },
            labelled(train)?,
            validation.map(labelled).transpose()?,
            &options,
            None,
            &mut |_| Signal::Continue,
        )?;
        Ok(Box::new(Convolution(fitted)))
    }
}

/// Turns bases into ids: A, C, G, T are 0 to 3, anything else is 4.
fn codes(items: Items<'_>) -> Result<Tokens> {
    let mut rows = Vec::with_capacity(items.len());
    for (sequence, id) in items.sequences.iter().zip(items.ids) {
        if sequence.bases().is_empty() {
            return Err(Error::invalid(format!("item {id}: it has no bases")));
        }
        rows.push(
            sequence
                .bases()
                .iter()
                .map(|&base| dna::code(base).map_or(OTHER as TokenId, u32::from))
                .collect(),
        );
    }
    Ok(Tokens { rows })
}

/// A trained network.
#[derive(Debug)]
struct Convolution(Fitted);

impl Predictor for Convolution {
    fn predict(&mut self, items: Items<'_>, mut scores: ArrayViewMut2<'_, f32>) -> Result<()> {
        let answers = self.0.predict(codes(items)?)?;
        if answers.dim() != scores.dim() {
            return Err(Error::internal(format!("the network answered {:?}", answers.dim())));
        }
        scores.assign(&answers);
        Ok(())
    }

    fn facts(&self) -> Vec<Fact> {
        self.0.facts().list()
    }

    fn parameters(&self) -> Option<u64> {
        let count = |shape: &[usize]| shape.iter().product::<usize>() as u64;
        Some(self.0.weights().parameters().iter().map(|parameter| count(&parameter.shape)).sum())
    }
}

const OPTIONS: &[OptionSpec] = &[
    OptionSpec { key: "channels", default: Some("64"), help: "channels of both convolutions" },
    OptionSpec { key: "epochs", default: Some("20"), help: "most passes over train" },
    OptionSpec { key: "batch", default: Some("64"), help: "sequences a step" },
    OptionSpec { key: "device", default: Some("cpu"), help: "where it runs: cpu or cuda" },
];

register! {
    baseline "cnn", "two convolutions over one-hot bases and the highest value of each channel",
    options: OPTIONS,
    create: Cnn::from_config
}
