//! Components of plugins among the built-in ones.

use std::{path::PathBuf, sync::Arc};

use dlm_sdk::{Component, Config, Error, Factory, Kind, OptionSpec, Registry, Result};
use sha2::{Digest as _, Sha256};

use super::{
    bundle,
    discover::{Found, discover, search_path},
    loader::open_library,
    manifest::{Manifest, PluginKind},
    trust::Trust,
    worker,
};

/// Makes the components of one entry of a manifest.
struct PluginFactory {
    folder: PathBuf,
    manifest: Arc<Manifest>,
    place: usize,
    options: &'static [OptionSpec],
}

impl Factory for PluginFactory {
    fn kind(&self) -> Kind {
        self.manifest.components[self.place].kind()
    }

    fn id(&self) -> &str {
        &self.manifest.components[self.place].id
    }

    fn summary(&self) -> &str {
        let own = &self.manifest.components[self.place].summary;
        if own.is_empty() { &self.manifest.plugin.summary } else { own }
    }

    fn options(&self) -> &[OptionSpec] {
        self.options
    }

    fn create(&self, config: &Config, registry: &Registry) -> Result<Component> {
        match self.manifest.plugin.kind {
            PluginKind::Bundle => bundle::create(&self.folder, &self.manifest, self.place, registry),
            PluginKind::Native => self.native(config),
        }
    }
}

impl PluginFactory {
    fn native(&self, config: &Config) -> Result<Component> {
        let id = &self.manifest.plugin.id;
        let opened = open_library(&self.folder, &self.manifest)?;
        let trust = Trust::of_user()?;
        if !trust.holds(id, opened.sha256()) {
            let why = if trust.knows(id) { "has changed since it was trusted" } else { "is not trusted" };
            return Err(Error::invalid(format!("plugin {id} {why}, and its code is not loaded")).with_hint(
                format!(
                    "native plugins run with your rights: if you trust this one, run dlm plugin trust {id}"
                ),
            ));
        }
        let digest = digest(opened.sha256(), self.kind(), self.id(), config);
        worker::create(&self.folder, self.kind(), self.id(), config, &digest)
    }
}

/// Returns the fingerprint of a component that has none of its own: of library, id and configuration.
pub(super) fn digest(library: &str, kind: Kind, id: &str, config: &Config) -> String {
    let config = dlm_sdk::border::config_to_json(config);
    let mut hasher = Sha256::new();
    for part in [library, kind.name(), id, &config] {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    dlm_sdk::hexadecimal(&hasher.finalize())
}

/// Adds the components of all plugins on the search path. A component of an id that is there already is left out: the
/// listing says so.
pub fn register(registry: &mut Registry) {
    for Found { folder, manifest, hidden_by } in discover(&search_path()) {
        if let (Ok(manifest), None) = (manifest, hidden_by) {
            add(registry, folder, manifest);
        }
    }
}

/// Returns the version of each plugin that is found, with the digest of its library where it has one.
pub fn versions() -> Vec<(String, String)> {
    discover(&search_path())
        .into_iter()
        .filter(|found| found.hidden_by.is_none())
        .filter_map(|found| {
            let manifest = found.manifest.ok()?;
            let about = &manifest.plugin;
            let digest =
                open_library(&found.folder, &manifest).map(|opened| format!(", sha256 {}", opened.sha256()));
            let told = format!("{}, {}{}", about.kind.name(), about.version, digest.unwrap_or_default());
            Some((format!("plugin {}", about.id), told))
        })
        .collect()
}

/// Adds the components of one plugin.
pub(super) fn add(registry: &mut Registry, folder: PathBuf, manifest: Manifest) {
    let manifest = Arc::new(manifest);
    for (place, component) in manifest.components.iter().enumerate() {
        let options = component.known();
        let factory =
            PluginFactory { folder: folder.clone(), manifest: Arc::clone(&manifest), place, options };
        // Somebody else has the id: whoever came first keeps it.
        let _ = registry.add(Arc::new(factory));
    }
}
