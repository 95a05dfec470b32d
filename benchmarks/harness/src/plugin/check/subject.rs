//! A plugin under check.

mod bundle;
mod code;
mod component;
mod encoder;
mod golden;
mod gradient;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, Instant},
};

use dlm_sdk::{
    Component, Config, Error, Registry, Result, Spec, border::host::Foreign, conformance::Outcome,
};

use super::{
    super::{
        confine::verify,
        loader::{agrees, open_library},
        manifest::{Manifest, PluginKind},
        registry,
        services::host,
    },
    Found, Status,
    steps::Step,
};
use crate::context::Context;

/// What a check comes to: nothing where it holds, else why not.
type Checked = Result<(), String>;

/// A plugin under check.
pub(super) struct Subject {
    folder: PathBuf,
    manifest: Result<Manifest>,
    configured: BTreeMap<String, Config>,
    registry: Registry,
    loaded: Option<Result<Loaded, String>>,
    context: Context,
}

/// A library that was loaded.
struct Loaded {
    foreign: Foreign,
    same_entry: bool,
    took: Duration,
    printed: u64,
    digest: String,
}

impl Subject {
    pub(super) fn new(
        folder: PathBuf,
        manifest: Result<Manifest>,
        configure: &[String],
        context: &Context,
    ) -> Result<Self> {
        let mut registry = Registry::builtin()?;
        let mut configured = BTreeMap::new();
        if let Ok(manifest) = &manifest {
            for component in &manifest.components {
                let mut spec: Spec = component.id.parse()?;
                for text in configure {
                    let given: Spec = text.parse()?;
                    if given.id == component.id {
                        spec = given;
                    }
                }
                configured.insert(component.id.clone(), Config::new(&spec, component.known())?);
            }
            for text in configure {
                let id = text.parse::<Spec>()?.id;
                if !configured.contains_key(&id) {
                    return Err(Error::invalid(format!(
                        "--configure {text}: the plugin has no component {id}"
                    )));
                }
            }
            if manifest.plugin.kind == PluginKind::Bundle {
                registry::add(&mut registry, folder.clone(), manifest.clone());
            }
        }
        // An encoder may have been trained with the tokenizer of another plugin, which has to be installed.
        registry::register(&mut registry);
        Ok(Self { folder, manifest, configured, registry, loaded: None, context: context.clone() })
    }

    /// Runs one check.
    pub(super) fn check(&mut self, step: &Step) -> Found {
        let outcome = match self.outcome(step) {
            Ok(outcome) => outcome,
            Err(reason) => Outcome::Skipped(reason),
        };
        match outcome {
            Outcome::Passed => (Status::Passed, None),
            Outcome::Failed(reason) => (Status::Failed, Some(reason)),
            Outcome::Warning(reason) => (Status::Warning, Some(reason)),
            Outcome::Skipped(reason) => (Status::Skipped, Some(reason)),
        }
    }

    fn outcome(&mut self, step: &Step) -> Result<Outcome, String> {
        let id = step.rule.id;
        if id == "M1" {
            return Ok(match &self.manifest {
                Ok(_) => Outcome::Passed,
                Err(error) => Outcome::Failed(told(error)),
            });
        }
        let manifest = self.manifest.as_ref().map_err(|_| "the manifest cannot be read".to_owned())?.clone();
        if let Some((place, _)) = step.component {
            return self.component(id, &manifest, place);
        }
        match id {
            "M2" => Ok(outcome(self.files(&manifest))),
            "M3" => self.agreement(&manifest),
            "M4" => Ok(warning(metadata(&manifest))),
            "L6" => {
                Ok(outcome(open_library(&self.folder, &manifest).map(|_| ()).map_err(|error| told(&error))))
            }
            "O1" | "O2" | "O3" => Ok(bundle::check(id, &self.folder, &manifest, &self.registry)),
            _ => self.library(id, &manifest),
        }
    }

    fn files(&self, manifest: &Manifest) -> Checked {
        for (file, listed) in &manifest.files {
            verify(&self.folder, file, &listed.sha256).map_err(|error| told(&error))?;
        }
        if manifest.plugin.kind == PluginKind::Native {
            let library = manifest.library().map_err(|error| told(&error))?;
            super::super::confine::open(&self.folder, library)
                .map_err(|error| format!("{}; build the plugin first", told(&error)))?;
        }
        Ok(())
    }

    fn agreement(&mut self, manifest: &Manifest) -> Result<Outcome, String> {
        if manifest.plugin.kind == PluginKind::Bundle {
            // What is listed and what makes it were compared when the manifest was read.
            return Ok(Outcome::Passed);
        }
        let loaded = self.loaded(manifest)?;
        Ok(outcome(agrees(manifest, &loaded.foreign).map_err(|error| told(&error))))
    }

    /// Loads the library, once.
    fn loaded(&mut self, manifest: &Manifest) -> Result<&Loaded, String> {
        if self.loaded.is_none() {
            self.loaded = Some(load(&self.folder, manifest));
        }
        match self.loaded.as_ref() {
            Some(Ok(loaded)) => Ok(loaded),
            _ => Err("the library does not load".to_owned()),
        }
    }

    fn library(&mut self, id: &str, manifest: &Manifest) -> Result<Outcome, String> {
        if id == "L3" {
            let path = self.folder.join(manifest.library().map_err(|error| told(&error))?);
            return code::exports(&path);
        }
        let failed = self.loaded(manifest).err();
        let loaded = match (&self.loaded, failed) {
            (Some(Ok(loaded)), _) => loaded,
            (Some(Err(reason)), _) if id == "L1" => {
                // What cannot even be opened is another rule's to tell.
                return match open_library(&self.folder, manifest) {
                    Ok(_) => Ok(Outcome::Failed(reason.clone())),
                    Err(_) => Err(reason.clone()),
                };
            }
            (_, reason) => return Err(reason.unwrap_or_default()),
        };
        Ok(match id {
            "L2" => outcome(if loaded.same_entry {
                Ok(())
            } else {
                Err("two calls of the entry function gave two pointers".into())
            }),
            "L4" => warning(if loaded.took < Duration::from_millis(100) {
                Ok(())
            } else {
                Err(format!("it took {} ms", loaded.took.as_millis()))
            }),
            "L5" => warning(match loaded.printed {
                0 => Ok(()),
                n => Err(format!("it printed {n} bytes")),
            }),
            _ => Outcome::Passed,
        })
    }

    /// Makes a component.
    fn make(&mut self, manifest: &Manifest, place: usize) -> Result<Component, String> {
        let component = &manifest.components[place];
        let (kind, id) = (component.kind(), component.id.clone());
        let config = self.configured[&id].clone();
        let made = if manifest.plugin.kind == PluginKind::Bundle {
            super::super::bundle::create(&self.folder, manifest, place, &self.registry)
        } else {
            let host = host(self.context.cancellation());
            let loaded = self.loaded(manifest)?;
            let digest = registry::digest(&loaded.digest, kind, &id, &config);
            loaded.foreign.create(host, kind, &id, &config, &digest)
        };
        made.map_err(|error| told(&error))
    }
}

fn load(folder: &std::path::Path, manifest: &Manifest) -> Result<Loaded, String> {
    let opened = open_library(folder, manifest).map_err(|error| told(&error))?;
    let digest = opened.sha256().to_owned();
    let before = code::printed();
    let start = Instant::now();
    let (foreign, same_entry) = opened.load_twice().map_err(|error| told(&error))?;
    let took = start.elapsed();
    Ok(Loaded { foreign, same_entry, took, printed: code::printed() - before, digest })
}

fn metadata(manifest: &Manifest) -> Checked {
    let about = &manifest.plugin;
    let missing: Vec<&str> = [("license", &about.license), ("citation", &about.citation)]
        .into_iter()
        .filter(|(_, text)| text.is_empty())
        .map(|(name, _)| name)
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("not given: {}", missing.join(", "))) }
}

/// Tells an error in one line, hint included.
fn told(error: &Error) -> String {
    match error.hint() {
        Some(hint) => format!("{}; hint: {hint}", error.chain()),
        None => error.chain(),
    }
}

fn outcome(checked: Checked) -> Outcome {
    checked.map_or_else(Outcome::Failed, |()| Outcome::Passed)
}

fn warning(checked: Checked) -> Outcome {
    checked.map_or_else(Outcome::Warning, |()| Outcome::Passed)
}

/// Turns a condition into a check's result.
fn ensure(holds: bool, reason: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(reason()) }
}
