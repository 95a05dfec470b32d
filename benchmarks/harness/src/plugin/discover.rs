//! Finding plugins without loading any of their code.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use dlm_sdk::Error;

use super::manifest::{FILE, Manifest};

/// A folder with a manifest.
#[derive(Debug)]
pub struct Found {
    /// Where it is.
    pub folder: PathBuf,
    /// What it says, or why it cannot be read.
    pub manifest: Result<Manifest, Error>,
    /// The folder of an earlier plugin of the same id, which is used instead.
    pub hidden_by: Option<PathBuf>,
}

/// Returns the folders that hold plugins, in the order in which they are searched: those of `DLM_PLUGIN_PATH`, the
/// user's, and that of the installation.
pub fn search_path() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        env::var_os("DLM_PLUGIN_PATH").iter().flat_map(env::split_paths).collect();
    folders.extend(user_data().map(|data| data.join("plugins")));
    let binary = env::current_exe().ok().and_then(|path| path.canonicalize().ok());
    let prefix = binary.as_deref().and_then(Path::parent).and_then(Path::parent);
    folders.extend(prefix.map(|prefix| prefix.join("lib/dlm/plugins")));
    folders.retain(|folder| folder.is_absolute());
    folders
}

/// Returns the user's data folder of this program: `$XDG_DATA_HOME/dlm`, else `~/.local/share/dlm`.
pub(super) fn user_data() -> Option<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
    data.map(|data| data.join("dlm"))
}

/// Reads the manifests of all plugins on a search path. A folder on it may hold plugins, or be one.
pub fn discover(search: &[PathBuf]) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut seen: BTreeMap<String, PathBuf> = BTreeMap::new();
    for folder in search.iter().flat_map(|folder| candidates(folder)) {
        let manifest = Manifest::read(&folder);
        let mut hidden_by = None;
        if let Ok(manifest) = &manifest {
            let id = manifest.plugin.id.clone();
            match seen.get(&id) {
                Some(earlier) if *earlier == folder => continue,
                Some(earlier) => hidden_by = Some(earlier.clone()),
                None => _ = seen.insert(id, folder.clone()),
            }
        }
        found.push(Found { folder, manifest, hidden_by });
    }
    found
}

fn candidates(folder: &Path) -> Vec<PathBuf> {
    if folder.join(FILE).is_file() {
        return vec![folder.to_owned()];
    }
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut folders: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.join(FILE).is_file()).collect();
    folders.sort();
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, id: &str) {
        fs::create_dir_all(folder).unwrap();
        let text = format!(
            "manifest = 1\n[plugin]\nid = '{id}'\nversion = '1.0.0'\nkind = 'native'\n[[component]]\nkind = 'task'\n\
             id = 't'\n[native]\nabi = '1.0'\nlibrary = {{ '{}' = 'absent.so' }}\n",
            super::super::manifest::platform()
        );
        fs::write(folder.join(FILE), text).unwrap();
    }

    #[test]
    fn the_first_of_an_id_wins_and_a_broken_one_is_told() {
        let place = tempfile::tempdir().unwrap();
        let (first, second) = (place.path().join("first"), place.path().join("second"));
        write(&first.join("b"), "org.example.b");
        write(&first.join("a"), "org.example.a");
        write(&second.join("other"), "org.example.a");
        fs::create_dir_all(second.join("broken")).unwrap();
        fs::write(second.join("broken").join(FILE), "manifest = ").unwrap();
        let found = discover(&[first.clone(), second.clone(), place.path().join("absent"), first.join("a")]);
        let told: Vec<_> =
            found.iter().map(|it| (it.folder.clone(), it.manifest.is_ok(), it.hidden_by.clone())).collect();
        assert_eq!(
            told,
            [
                (first.join("a"), true, None),
                (first.join("b"), true, None),
                (second.join("broken"), false, None),
                (second.join("other"), true, Some(first.join("a"))),
            ]
        );
    }
}
