//! Models and baselines as rows of a plan.

use std::path::Path;

use dlm_sdk::{Config, Error, ErrorKind, Kind, Registry, Result, Spec};
use serde_json::{Map, Value, json};

use super::{DigestCache, plan::broke, settings::Settings};
use crate::results::{Control, Mode};

/// What the spec of a random-initialised twin ends with, options aside.
pub(super) const TWIN: &str = "+random";

/// A model or baseline of a plan.
#[derive(Clone, Debug)]
pub struct Method {
    /// Its spec as given.
    pub spec: String,
    /// How it is brought to a task.
    pub mode: Mode,
    /// What a baseline can see.
    pub control: Option<Control>,
    /// Whether another seed may give another result.
    pub seeded: bool,
    /// Why it cannot be made here at all.
    pub unavailable: Option<(ErrorKind, String)>,
    /// Why it is not on this machine, and what to do: its plugin or its weights are missing.
    pub missing: Option<String>,
    /// The spec with the seed left open, where the seed is an option of an encoder.
    pub(super) seed_option: bool,
    /// What decides its results, apart from task and seed.
    pub(super) identity: Value,
    /// The tokenizer it names, with its fingerprint.
    pub(super) tokenizer: Option<(String, String)>,
    /// The fingerprint of an encoder.
    pub(super) encoder: Option<String>,
    /// The files it names, with their digests.
    pub(super) files: Vec<(String, String)>,
}

impl Method {
    /// Makes a baseline once, to learn what it is.
    ///
    /// # Errors
    ///
    /// Its spec is wrong, or it names something that is not there.
    pub fn baseline(registry: &Registry, spec: &str, digests: &mut DigestCache) -> Result<Self> {
        let (_, config) = registry.resolve(Kind::Baseline, spec)?;
        let mut method = Self::named(spec, Mode::Baseline, &config, digests)?;
        let inner = config.positional().filter(|inner| registry.resolve(Kind::Tokenizer, inner).is_ok());
        let made = registry.baseline(spec).and_then(|baseline| {
            let tokenizer = inner.map(|inner| registry.tokenizer(inner)).transpose()?;
            Ok((baseline, tokenizer))
        });
        match made {
            Ok((baseline, tokenizer)) => {
                method.control = Some(baseline.spec().control.into());
                method.seeded = baseline.spec().seeded;
                if let (Some(inner), Some(tokenizer)) = (inner, tokenizer) {
                    let fingerprint = tokenizer.spec().fingerprint.clone();
                    method.identity["tokenizer"] = Value::from(fingerprint.clone());
                    method.tokenizer = Some((inner.to_owned(), fingerprint));
                }
            }
            Err(error) => method.refuse(error)?,
        }
        Ok(method)
    }

    /// Makes an encoder once, to learn what it is.
    ///
    /// # Errors
    ///
    /// Its spec is wrong, or it names something that is not there.
    pub fn model(
        registry: &Registry,
        spec: &str,
        mode: Mode,
        settings: &Settings,
        digests: &mut DigestCache,
    ) -> Result<Self> {
        let (factory, config) = registry.resolve(Kind::Encoder, spec)?;
        let mut method = Self::named(spec, mode, &config, digests)?;
        // A frozen encoder under a convex head has no randomness but that of its own weights; a forest draws.
        let parsed: Spec = spec.parse()?;
        let head = parsed.head();
        method.seed_option = head.ends_with(TWIN)
            && factory.options().iter().any(|option| option.key == "seed")
            && !parsed.options.contains_key("seed");
        if Path::new(head.strip_suffix(TWIN).unwrap_or(&head)).is_dir() {
            // A folder counts by what is in it, which the encoder's fingerprint says, wherever it lies.
            method.identity["id"] = Value::Null;
            method.identity["positional"] = json!({"twin": head.ends_with(TWIN)});
        }
        let head_seeded = mode == Mode::Probe && settings.head.seeded();
        method.seeded = mode == Mode::Finetune || method.seed_option || head_seeded;
        method.identity["protocol"] = json!(settings.protocol);
        method.identity["device"] = json!(settings.device);
        if mode == Mode::Probe {
            method.identity["pool"] = json!(settings.pool.name());
            method.identity["layer"] = json!(settings.layer);
            method.identity["head"] = json!(settings.head.name());
        } else {
            method.identity["finetune"] = json!(settings.finetune);
        }
        method.identity["long"] = json!(settings.long.name());
        let built = registry.encoder(spec).and_then(|encoder| {
            let tokenizer = registry.tokenizer(&encoder.spec().tokenizer)?;
            Ok((encoder, tokenizer))
        });
        match built {
            Ok((encoder, tokenizer)) => {
                let spec = encoder.spec();
                method.identity["encoder"] = json!(spec.fingerprint);
                method.encoder = Some(spec.fingerprint.clone());
                let fingerprint = tokenizer.spec().fingerprint.clone();
                method.identity["tokenizer"] = json!(fingerprint);
                method.tokenizer = Some((spec.tokenizer.clone(), fingerprint));
            }
            Err(error) => method.refuse(error)?,
        }
        Ok(method)
    }

    /// Stands for a model that is not on this machine.
    pub(super) fn absent(spec: &str, mode: Mode, settings: &Settings, reason: String) -> Self {
        let twin = spec.split(',').next().is_some_and(|head| head.ends_with(TWIN));
        let head_seeded = mode == Mode::Probe && settings.head.seeded();
        Self {
            spec: spec.to_owned(),
            mode,
            control: None,
            seeded: mode == Mode::Finetune || twin || head_seeded,
            unavailable: None,
            missing: Some(reason),
            seed_option: false,
            identity: json!({"missing": spec, "mode": mode.name()}),
            tokenizer: None,
            encoder: None,
            files: Vec::new(),
        }
    }

    fn named(spec: &str, mode: Mode, config: &Config, digests: &mut DigestCache) -> Result<Self> {
        let mut files = Vec::new();
        let mut value_of = |text: &str| -> Result<Value> {
            // A file counts by its content, wherever it lies.
            if !Path::new(text).is_file() {
                return Ok(Value::from(text));
            }
            let digest = digests.file(Path::new(text))?;
            files.push((text.to_owned(), digest.clone()));
            Ok(json!({"sha256": digest}))
        };
        let id = spec.parse::<Spec>()?.id;
        let positional = config.positional().map(&mut value_of).transpose()?;
        let mut options = Map::new();
        for (key, value) in config.options() {
            options.insert(key.to_owned(), value_of(value)?);
        }
        // The id of a claimed path is part of the path.
        let id =
            if positional.as_ref().is_some_and(Value::is_object) { Value::Null } else { Value::from(id) };
        let identity = json!({"mode": mode.name(), "id": id, "positional": positional, "options": options});
        Ok(Self {
            spec: spec.to_owned(),
            mode,
            control: None,
            seeded: false,
            unavailable: None,
            missing: None,
            seed_option: false,
            identity,
            tokenizer: None,
            encoder: None,
            files,
        })
    }

    /// Takes what is not possible here for a row that says so; what is wrong stays an error.
    fn refuse(&mut self, error: Error) -> Result<()> {
        // A plugin that breaks while it is made costs its own rows too.
        if error.kind() != ErrorKind::Unsupported && !broke(&error) {
            return Err(error);
        }
        self.unavailable = Some((error.kind(), super::execute::reason(&error)));
        Ok(())
    }

    /// Returns the spec for a seed.
    pub(super) fn seeded_spec(&self, seed: u64) -> String {
        if self.seed_option { format!("{},seed={seed}", self.spec) } else { self.spec.clone() }
    }
}

/// Returns the spec of a model's random-initialised twin.
///
/// # Examples
///
/// ```
/// assert_eq!(dlm::bench::twin_of("grover,revision=2").as_deref(), Some("grover+random,revision=2"));
/// assert_eq!(dlm::bench::twin_of("grover+random"), None);
/// ```
pub fn twin_of(model: &str) -> Option<String> {
    let (head, options) = model.split_at(model.find(',').unwrap_or(model.len()));
    (!head.ends_with(TWIN)).then(|| format!("{head}{TWIN}{options}"))
}
