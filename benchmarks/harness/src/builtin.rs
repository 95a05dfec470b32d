//! Names every built-in plugin once: a crate that nothing names is not linked, and its components are then silently
//! absent.

use dlm_plugin_bpe as _;
use dlm_plugin_cnn as _;
use dlm_plugin_controls as _;
use dlm_plugin_ctcf as _;
use dlm_plugin_grover as _;
use dlm_plugin_gue as _;
use dlm_plugin_kmer as _;
use dlm_plugin_next_kmer as _;
use dlm_plugin_nt_tasks as _;
use dlm_plugin_own_data as _;
use dlm_plugin_prom300 as _;
use dlm_plugin_promoter_tss as _;
use dlm_plugin_promscan as _;
use dlm_plugin_tfidf as _;
use dlm_plugin_word2vec as _;

#[cfg(test)]
mod tests {
    #[test]
    fn every_plugin_folder_is_named() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
        let mut folders: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| {
                // Dynamic plugins are loaded, not linked.
                let manifest = std::fs::read_to_string(entry.path().join("Cargo.toml"));
                manifest.is_ok_and(|manifest| !manifest.contains("crate-type = [\"cdylib\"]"))
            })
            .map(|entry| entry.file_name().into_string().unwrap().replace('-', "_"))
            .collect();
        folders.sort();
        let mut named: Vec<&str> = include_str!("builtin.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("use dlm_plugin_")?.strip_suffix(" as _;"))
            .collect();
        named.sort_unstable();
        assert_eq!(named, folders);
    }
}
