//! Trust: which native libraries the user lets into a process, each pinned by its digest.
//!
//! The pins lie in `trusted-plugins.toml` in the user's data folder. A library whose content changes is not trusted any
//! more.

use std::{collections::BTreeMap, fs, os::unix::fs::MetadataExt as _, path::PathBuf};

use dlm_sdk::{Error, Result};
use serde::{Deserialize, Serialize};

use super::discover::user_data;

/// The user's pins.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// The digests of the trusted libraries, by the plugin's id.
    #[serde(default)]
    pins: BTreeMap<String, Vec<String>>,
    #[serde(skip)]
    path: PathBuf,
}

impl Trust {
    /// Reads the user's pins; there are none where there is no file.
    ///
    /// # Errors
    ///
    /// There is no data folder, or the file is broken or somebody else's to write.
    pub fn of_user() -> Result<Self> {
        let folder = user_data().ok_or_else(|| {
            Error::invalid("no folder for the list of trusted plugins: neither XDG_DATA_HOME nor HOME is set")
        })?;
        Self::at(folder.join("trusted-plugins.toml"))
    }

    /// Reads pins from a file.
    ///
    /// # Errors
    ///
    /// As [`of_user`](Self::of_user).
    pub fn at(path: PathBuf) -> Result<Self> {
        let fail = |error: std::io::Error| Error::io(format!("{}: cannot be read", path.display()), error);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self { path, ..Self::default() });
            }
            Err(error) => return Err(fail(error)),
        };
        if fs::metadata(&path).map_err(fail)?.mode() & 0o022 != 0 {
            return Err(Error::invalid(format!("{}: its group or others may write to it", path.display()))
                .with_hint(format!("chmod go-w {}, after a look at what it holds", path.display())));
        }
        let trust: Self = toml::from_str(&text).map_err(|error| {
            Error::invalid(format!("{}: {}", path.display(), error.message()))
                .with_hint("remove the file and trust your plugins again")
        })?;
        Ok(Self { path, ..trust })
    }

    /// Returns whether a library is trusted.
    pub fn holds(&self, id: &str, sha256: &str) -> bool {
        self.pins.get(id).is_some_and(|pins| pins.iter().any(|pin| pin == sha256))
    }

    /// Returns whether some other content was trusted under this id.
    pub fn knows(&self, id: &str) -> bool {
        self.pins.contains_key(id)
    }

    /// Trusts a library, instead of what was trusted under this id before.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn pin(&mut self, id: &str, sha256: &str) -> Result<()> {
        self.pins.insert(id.to_owned(), vec![sha256.to_owned()]);
        let text = toml::to_string(&self)
            .map_err(|error| Error::internal("the pins cannot be written as TOML").with_source(error))?;
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(|error| crate::files::write_error(folder, error))?;
        }
        dlm_genome::output::write(&self.path, text).map_err(crate::files::file_error)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_pin_is_kept_and_another_content_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/trusted.toml");
        let mut trust = Trust::at(path.clone()).unwrap();
        assert!(!trust.holds("org.example.a", "12"));
        trust.pin("org.example.a", "12").unwrap();
        let again = Trust::at(path.clone()).unwrap();
        assert!(again.holds("org.example.a", "12") && !again.holds("org.example.a", "13"));
        assert!(again.knows("org.example.a") && !again.knows("org.example.b"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(Trust::at(path).unwrap_err().hint().unwrap().contains("chmod"));
    }
}
