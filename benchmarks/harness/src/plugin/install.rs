//! `dlm plugin install` and `dlm plugin trust`.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use clap::Args;
use dlm_sdk::{Error, Result};
use serde::Serialize;

use super::{
    confine::{inside, verify},
    discover::{discover, search_path, user_data},
    loader::open_library,
    manifest::{FILE, Manifest, PluginKind, folder_of},
    trust::Trust,
};
use crate::{
    context::{Context, Outcome},
    files::write_error,
};

/// Arguments of `plugin install`.
#[derive(Args, Debug)]
pub struct InstallArgs {
    /// Folder of the plugin
    #[arg(value_name = "PATH")]
    path: PathBuf,
}

/// Arguments of `plugin trust`.
#[derive(Args, Debug)]
pub struct TrustArgs {
    /// Id of an installed native plugin
    #[arg(value_name = "ID")]
    id: String,
}

#[derive(Serialize)]
struct Installed {
    id: String,
    version: String,
    folder: String,
    needs_trust: bool,
}

#[derive(Serialize)]
struct Trusted {
    id: String,
    folder: String,
    sha256: String,
}

impl InstallArgs {
    /// Copies the files that the manifest names into the user's folder of plugins, in place of an earlier version.
    ///
    /// # Errors
    ///
    /// The manifest or a file is wrong, or the folder cannot be written.
    pub fn run(self, context: &Context) -> Result<Outcome> {
        let from = folder_of(&self.path);
        let manifest = Manifest::read(&from)?;
        for (file, listed) in &manifest.files {
            verify(&from, file, &listed.sha256)?;
        }
        if manifest.plugin.kind == PluginKind::Native {
            open_library(&from, &manifest)?;
        }
        let data = user_data()
            .ok_or_else(|| Error::invalid("no folder for plugins: neither XDG_DATA_HOME nor HOME is set"))?;
        let plugins = data.join("plugins");
        fs::create_dir_all(&plugins).map_err(|error| write_error(&plugins, error))?;
        let beside = tempfile::Builder::new()
            .prefix(".installing-")
            .tempdir_in(&plugins)
            .map_err(|error| write_error(&plugins, error))?;
        for file in files(&from, &manifest) {
            copy(&inside(&from, &file)?, &beside.path().join(&file))?;
        }
        let to = plugins.join(&manifest.plugin.id);
        if to.exists() {
            fs::remove_dir_all(&to).map_err(|error| write_error(&to, error))?;
        }
        fs::set_permissions(beside.path(), fs::Permissions::from_mode(0o755))
            .map_err(|error| write_error(&to, error))?;
        fs::rename(beside.keep(), &to).map_err(|error| write_error(&to, error))?;
        let answer = Installed {
            id: manifest.plugin.id,
            version: manifest.plugin.version,
            folder: to.display().to_string(),
            needs_trust: manifest.plugin.kind == PluginKind::Native,
        };
        context.print(&answer, || {
            let next = if answer.needs_trust {
                format!("its code runs with your rights, and only after: dlm plugin trust {}\n", answer.id)
            } else {
                String::new()
            };
            format!("installed {} {} in {}\n{next}", answer.id, answer.version, answer.folder)
        })?;
        Ok(Outcome::Done)
    }
}

/// The files that belong to a plugin: manifest, listed files, libraries that are there, and what it is checked with.
fn files(folder: &Path, manifest: &Manifest) -> BTreeSet<String> {
    let mut files: BTreeSet<String> = manifest.files.keys().cloned().collect();
    files.insert(FILE.to_owned());
    let libraries = manifest.native.iter().flat_map(|native| native.library.values());
    files.extend(libraries.filter(|file| folder.join(file).is_file()).cloned());
    for extra in ["README.md", "LICENSE", "check/tokens.json", "check/hidden.safetensors"] {
        if folder.join(extra).is_file() {
            files.insert(extra.to_owned());
        }
    }
    files
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(|error| write_error(folder, error))?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
            .map_err(|error| write_error(folder, error))?;
    }
    fs::copy(from, to).map_err(|error| write_error(to, error))?;
    fs::set_permissions(to, fs::Permissions::from_mode(0o644)).map_err(|error| write_error(to, error))
}

impl TrustArgs {
    /// Pins the digest of a plugin's library.
    ///
    /// # Errors
    ///
    /// There is no such native plugin, or its library may not be loaded.
    pub fn run(self, context: &Context) -> Result<Outcome> {
        let found = discover(&search_path())
            .into_iter()
            .find(|it| {
                it.hidden_by.is_none()
                    && it.manifest.as_ref().is_ok_and(|manifest| manifest.plugin.id == self.id)
            })
            .ok_or_else(|| {
                Error::invalid(format!("no plugin {} is found", self.id))
                    .with_hint("dlm plugin list -v shows what is")
            })?;
        let manifest = found.manifest?;
        if manifest.plugin.kind == PluginKind::Bundle {
            return Err(Error::invalid(format!(
                "plugin {} is a bundle: it has no code, and needs no trust",
                self.id
            )));
        }
        let opened = open_library(&found.folder, &manifest)?;
        let mut trust = Trust::of_user()?;
        trust.pin(&self.id, opened.sha256())?;
        let answer = Trusted {
            id: self.id,
            folder: found.folder.display().to_string(),
            sha256: opened.sha256().to_owned(),
        };
        context.print(&answer, || {
            format!("trusted {} with sha256 {}: its code runs with your rights\n", answer.id, answer.sha256)
        })?;
        Ok(Outcome::Done)
    }
}
