//! Planted tasks and the binary, for end-to-end tests.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use dlm_sdk::random::Stream;
use serde_json::Value;
use tempfile::TempDir;

/// A folder with a planted task: class 1 holds `TATAAA`, which a bag of 6-mers sees and the shares of bases hardly.
pub(crate) struct Bench {
    pub(crate) folder: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_task(&folder.path().join("planted"), 600);
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The binary, working in the folder.
    pub(crate) fn dlm(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dlm"));
        command.current_dir(self.folder.path()).args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.dlm(arguments).output().unwrap()
    }
}

pub(crate) fn write_task(folder: &Path, items: u64) {
    fs::create_dir_all(folder).unwrap();
    fs::write(
        folder.join("task.toml"),
        "version = 1\nname = \"planted\"\ntarget = \"binary\"\nclasses = [\"no\", \"yes\"]\nsplit = \"grouped\"\n",
    )
    .unwrap();
    let mut stream = Stream::new(1, "planted");
    let mut table = "id,sequence,label,split,group\n".to_owned();
    for id in 0..items {
        let mut bases: Vec<u8> = (0..60).map(|_| b"ACGT"[stream.below(4)]).collect();
        let class = stream.below(2);
        if class == 1 {
            let at = stream.below(54);
            bases[at..at + 6].copy_from_slice(b"TATAAA");
        }
        let split = ["train", "train", "train", "validation", "test"][(id / 4 % 5) as usize];
        let bases = String::from_utf8(bases).unwrap();
        let label = ["no", "yes"][class];
        let _ = writeln!(table, "{id},{bases},{label},{split},g{}", id / 4);
    }
    fs::write(folder.join("examples.csv"), table).unwrap();
}

/// What decides nothing: times and memory.
pub(crate) fn without_costs(mut document: Value) -> Value {
    for list in ["cells", "summary"] {
        for row in document[list].as_array_mut().unwrap() {
            for key in ["cost", "fit_seconds", "seconds_per_1000", "peak_memory"] {
                row.as_object_mut().unwrap().remove(key);
            }
        }
    }
    document.as_object_mut().unwrap().remove("manifest");
    document
}

pub(crate) fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("no JSON: {error}: {}{}", text(&output.stdout), text(&output.stderr)))
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
