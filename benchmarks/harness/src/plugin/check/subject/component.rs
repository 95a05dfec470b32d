//! Rules of components.

use std::{collections::BTreeMap, fs};

use dlm_sdk::{
    Component, Config, Error, Kind, Sequence, Spec, Task, TokenBatch, Tokenizer, border,
    border::abi,
    conformance::{self, Outcome, Report},
    random::Stream,
};

use super::{
    super::super::{
        loader::probe,
        manifest::{Manifest, PluginKind},
        services::host,
    },
    Checked, Subject, bundle, code, encoder, ensure, golden, outcome, told, warning,
};

/// How often a component is made and destroyed, and by how much memory may grow.
const TIMES: usize = 100;
const GROWTH: u64 = 8 << 20;
/// A key that no component has.
const NO_KEY: &str = "no_such_option";
/// A kind that no component is of: what asks for a panic must not be mistaken for a component.
const PANIC_KIND: u32 = u32::MAX;
/// The bases of a long sequence.
const LONG: usize = 2_000_000;

impl Subject {
    /// Runs one check of a component.
    pub(super) fn component(
        &mut self,
        id: &str,
        manifest: &Manifest,
        place: usize,
    ) -> Result<Outcome, String> {
        let kind = manifest.components[place].kind();
        if kind == Kind::Encoder && manifest.plugin.kind == PluginKind::Bundle && bundle::no_runtime() {
            return Err("ONNX Runtime is not installed; hint: dlm runtime install".into());
        }
        if id.starts_with('C') {
            return self.native(id, manifest, place);
        }
        if id == "E12" {
            return self.wrong_tensors(manifest, place);
        }
        let mut made = self.make(manifest, place).map_err(|error| format!("it cannot be made: {error}"))?;
        if let "E10" = id {
            return self.fits(manifest, &made);
        }
        let mut wanted = |check: &'static str| check == id;
        let report = match &mut made {
            Component::Tokenizer(it) if id == "T9" => return Ok(outcome(long(&**it))),
            Component::Tokenizer(it) if id == "T10" => return self.golden(manifest, place, &**it),
            Component::Encoder(it) if id == "E11" => return golden::hidden(&self.folder, it),
            Component::Encoder(it) if ["E9", "G1", "G2", "G3", "G4", "G5"].contains(&id) => {
                return encoder::check(id, &mut **it);
            }
            Component::Tokenizer(it) => conformance::tokenizer_where(&**it, &mut wanted),
            Component::Encoder(it) => {
                return encoder::whole(it)
                    .map(|mut it| first(&conformance::encoder_where(&mut *it, &mut wanted)));
            }
            Component::Task(it) => conformance::task_where(&**it, &mut wanted),
            Component::Baseline(it) => conformance::baseline_where(&**it, &mut wanted),
        };
        if let (Component::Task(it), true) = (&made, report.checks().is_empty()) {
            return Err(loads(&**it).err().unwrap_or_else(|| "there is nothing to check".to_owned()));
        }
        Ok(first(&report))
    }

    fn native(&mut self, rule: &str, manifest: &Manifest, place: usize) -> Result<Outcome, String> {
        let component = &manifest.components[place];
        let (kind, id) = (component.kind(), component.id.clone());
        let config = border::config_to_json(&self.configured[&id]);
        let host = host(self.context.cancellation());
        let others: Vec<u32> = (1..=4).filter(|it| *it != kind as u32 + 1).collect();
        let shares =
            |number: u32| manifest.components.iter().any(|it| it.id == id && it.kind() as u32 + 1 == number);
        let foreign = &self.loaded(manifest)?.foreign;
        let number = kind as u32 + 1;
        let create = |kind, id: &str, config: &str, err| probe::create(foreign, host, kind, id, config, err);
        let invalid = |what: &str, created: &probe::Created| {
            ensure(created.status == abi::INVALID, || {
                format!("{what} is answered with status {}", created.status)
            })?;
            ensure(created.untouched, || format!("{what} is refused, and an object is written"))
        };
        Ok(match rule {
            "C1" => outcome(
                invalid("an unknown id", &create(number, "no-such-component", "{}", true))
                    .and_then(|()| {
                        invalid("the id with more behind it", &create(number, &format!("{id}x"), "{}", true))
                    })
                    .and_then(|()| invalid("an empty id", &create(number, "", "{}", true))),
            ),
            "C2" => {
                outcome(
                    others.iter().copied().chain([0, 99]).filter(|kind| !shares(*kind)).try_for_each(
                        |kind| invalid(&format!("kind {kind}"), &create(kind, &id, "{}", true)),
                    ),
                )
            }
            "C3" => {
                let unknown = create(number, &id, &format!("{{\"{NO_KEY}\": \"1\"}}"), true);
                let broken = create(number, &id, "{\"broken", true);
                let text = String::from_utf8_lossy(&unknown.text).into_owned();
                outcome(
                    ensure(unknown.status != abi::OK, || "an unknown option is accepted".into())
                        .and_then(|()| {
                            ensure(text.contains(NO_KEY), || {
                                format!("the error does not name the option: {text:?}")
                            })
                        })
                        .and_then(|()| ensure(broken.status != abi::OK, || "broken JSON is accepted".into())),
                )
            }
            "C4" => outcome(error_text(&create(number, "no-such-component", "{}", true))),
            "C5" => {
                let created = create(number, "no-such-component", "{}", false);
                outcome(ensure(created.status == abi::INVALID, || {
                    format!("the status is {}", created.status)
                }))
            }
            "C11" => {
                let created = create(PANIC_KIND, border::PANIC_PROBE, "{}", true);
                match created.status {
                    abi::INVALID | abi::UNSUPPORTED => {
                        return Err("its code has no probe; plugins on dlm-sdk have one".into());
                    }
                    abi::PANIC => outcome(error_text(&created)),
                    status => outcome(Err(format!("a panic is answered with status {status}"))),
                }
            }
            "C7" => outcome(self.make(manifest, place).map(|_| ())),
            "C9" => outcome(flat_memory(|| {
                probe::object(foreign, host, kind, &id, &config).map(drop).map_err(|e| told(&e))
            })),
            _ => {
                let object = probe::object(foreign, host, kind, &id, &config)
                    .map_err(|error| format!("it cannot be made: {}", told(&error)))?;
                match rule {
                    "C6" => outcome(struct_sizes(&object)),
                    "C8" => outcome(
                        probe::refuses_unknown_extension(&object)
                            .map_err(|error| told(&error))
                            .and_then(|known| ensure(known, || "an unknown extension is answered".into())),
                    ),
                    "C10" => {
                        let other =
                            probe::object(foreign, host, kind, &id, &config).map_err(|error| told(&error))?;
                        let before = probe::spec(&object, 512).map_err(|error| told(&error))?;
                        drop(other);
                        let after = probe::spec(&object, 512).map_err(|error| told(&error))?;
                        outcome(ensure(before == after && after.0 == abi::OK, || "its spec changed".into()))
                    }
                    _ => {
                        drop(object);
                        self.few_threads(manifest, place)?
                    }
                }
            }
        })
    }

    /// Hands an encoder tensors that no host hands over.
    fn wrong_tensors(&mut self, manifest: &Manifest, place: usize) -> Result<Outcome, String> {
        if manifest.plugin.kind == PluginKind::Bundle {
            return Err("a bundle is run by the host".into());
        }
        let component = &manifest.components[place];
        let (kind, id) = (component.kind(), component.id.clone());
        let config = border::config_to_json(&self.configured[&id]);
        let host = host(self.context.cancellation());
        let foreign = &self.loaded(manifest)?.foreign;
        let object = probe::object(foreign, host, kind, &id, &config)
            .map_err(|error| format!("it cannot be made: {}", told(&error)))?;
        let Some(answers) = probe::wrong_tensors(&object).map_err(|error| told(&error))? else {
            return Err("it does not encode itself: the host runs the graph".into());
        };
        Ok(outcome(answers.into_iter().try_for_each(|(what, status)| {
            ensure(status == abi::INVALID, || format!("{what} are answered with status {status}"))
        })))
    }

    /// Lets the component work, and counts threads.
    fn few_threads(&mut self, manifest: &Manifest, place: usize) -> Result<Outcome, String> {
        let Some(before) = code::threads() else { return Err("the system does not count threads".into()) };
        let mut made = self.make(manifest, place)?;
        match &mut made {
            Component::Tokenizer(it) => drop(rows(&**it, &[b"ACGTACGTNACGT".as_slice(); 600])),
            Component::Encoder(it) => drop(conformance::encoder_where(&mut **it, &mut |id| id == "E2")),
            Component::Task(it) => drop(loads(&**it)),
            Component::Baseline(it) => drop(conformance::baseline_where(&**it, &mut |id| id == "B3")),
        }
        let after = code::threads().unwrap_or(before);
        // One thread is allowed, and one may wait for work.
        Ok(warning(ensure(after <= before + 2, || {
            format!("{before} threads became {after}, where the host allows 1")
        })))
    }

    /// Compares with the ids beside the manifest.
    fn golden(
        &self,
        manifest: &Manifest,
        place: usize,
        tokenizer: &dyn Tokenizer,
    ) -> Result<Outcome, String> {
        let path = self.folder.join("check/tokens.json");
        let Ok(text) = fs::read_to_string(&path) else { return Err("there is no check/tokens.json".into()) };
        let id = &manifest.components[place].id;
        let by_id: Option<BTreeMap<String, BTreeMap<String, Vec<u32>>>> = serde_json::from_str(&text).ok();
        let wanted: BTreeMap<String, Vec<u32>> = match by_id.filter(|all| !all.is_empty()) {
            Some(mut all) => {
                all.remove(id).ok_or_else(|| format!("check/tokens.json has nothing for {id}"))?
            }
            None => serde_json::from_str(&text)
                .map_err(|error| format!("check/tokens.json is no map of sequences to ids: {error}"))?,
        };
        for (sequence, ids) in &wanted {
            let batch = match rows(tokenizer, &[sequence.as_bytes()]) {
                Ok(batch) => batch,
                Err(reason) => return Ok(Outcome::Failed(format!("{sequence}: {reason}"))),
            };
            if batch.row(0).ids != ids {
                return Ok(Outcome::Failed(format!(
                    "{sequence:?} has the ids {:?}, not {ids:?}",
                    batch.row(0).ids
                )));
            }
        }
        Ok(Outcome::Passed)
    }

    /// Compares an encoder's vocabulary with its tokenizer's.
    fn fits(&mut self, manifest: &Manifest, made: &Component) -> Result<Outcome, String> {
        let Component::Encoder(encoder) = made else { return Err("it is no encoder".into()) };
        let spec = encoder.spec().clone();
        // The tokenizer may be of the plugin itself, with an argument of its own.
        let wanted: Spec = spec.tokenizer.parse().map_err(|error: Error| told(&error))?;
        let own = manifest
            .components
            .iter()
            .position(|it| it.kind() == Kind::Tokenizer && (it.id == spec.tokenizer || it.id == wanted.id));
        let size = match own {
            Some(place) => {
                let component = &manifest.components[place];
                if component.id != spec.tokenizer {
                    let config = Config::new(&wanted, component.known()).map_err(|error| told(&error))?;
                    self.configured.insert(component.id.clone(), config);
                }
                match self.make(manifest, place) {
                    Ok(Component::Tokenizer(tokenizer)) => tokenizer.spec().vocab_size,
                    Ok(_) => return Err("its tokenizer is no tokenizer".into()),
                    Err(reason) => {
                        return Ok(Outcome::Failed(format!("its tokenizer cannot be made: {reason}")));
                    }
                }
            }
            None => match self.registry.tokenizer(&spec.tokenizer) {
                Ok(tokenizer) => tokenizer.spec().vocab_size,
                Err(error) => return Ok(Outcome::Failed(told(&error))),
            },
        };
        Ok(outcome(ensure(size <= spec.vocab_size, || {
            format!("tokenizer {} has {size} ids, the encoder takes {}", spec.tokenizer, spec.vocab_size)
        })))
    }
}

fn first(report: &Report) -> Outcome {
    let none = || Outcome::Skipped("it does not apply".to_owned());
    report.checks().first().map_or_else(none, |check| check.outcome.clone())
}

fn loads(task: &dyn Task) -> Checked {
    for split in dlm_sdk::Split::ALL {
        task.collect(split).map_err(|error| format!("it does not load: {}", told(&error)))?;
    }
    Ok(())
}

fn rows(tokenizer: &dyn Tokenizer, sequences: &[&[u8]]) -> Result<TokenBatch, String> {
    let sequences: Vec<Sequence<'_>> = sequences.iter().map(|bases| Sequence::new(bases)).collect();
    let mut batch = TokenBatch::default();
    tokenizer.tokenize(&sequences, &mut batch).map_err(|error| told(&error))?;
    Ok(batch)
}

fn long(tokenizer: &dyn Tokenizer) -> Checked {
    let mut stream = Stream::new(9, "conformance");
    let bases: Vec<u8> = (0..LONG).map(|_| dlm_sdk::dna::BASES[stream.below(4)]).collect();
    let batch = rows(tokenizer, &[&bases])?;
    ensure(batch.n_tokens() > 0, || "it gave no token".into())
}

fn error_text(created: &probe::Created) -> Checked {
    ensure(created.status != abi::OK, || "an unknown component is made".into())?;
    ensure(created.length <= abi::ERROR_CAP, || {
        format!("its length is {}, the room {}", created.length, abi::ERROR_CAP)
    })?;
    let text = std::str::from_utf8(&created.text).map_err(|_| "it is not UTF-8".to_owned())?;
    ensure(!text.trim().is_empty(), || "it is empty".into())?;
    ensure(!text.ends_with(['\n', '\r', '\0']), || format!("it ends in {:?}", text.chars().next_back()))
}

fn struct_sizes(object: &border::host::ForeignObject) -> Checked {
    for size in [8, 16, 1000] {
        let (status, says, past) = probe::spec(object, size).map_err(|error| told(&error))?;
        ensure(status == abi::OK, || format!("a struct of {size} bytes is answered with status {status}"))?;
        ensure(!past, || format!("a struct of {size} bytes was written past its end"))?;
        ensure(says <= size, || format!("a struct of {size} bytes is said to have {says}"))?;
    }
    Ok(())
}

fn flat_memory(mut cycle: impl FnMut() -> Checked) -> Checked {
    for _ in 0..TIMES {
        cycle()?;
    }
    let Some(before) = code::resident() else { return Ok(()) };
    for _ in 0..TIMES {
        cycle()?;
    }
    let after = code::resident().unwrap_or(before);
    ensure(after <= before + GROWTH, || {
        format!("memory grew by {} KiB over {TIMES} times", (after - before) >> 10)
    })
}
