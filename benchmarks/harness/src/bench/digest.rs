//! Digests of what decides a result: a task's examples, files that specs name.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs::{self, File},
    io::{BufReader, Read},
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use dlm_sdk::{Config, Error, ExampleSink, Examples, Result, Split, Task, TaskSpec};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::context::Cancellation;

/// What a task's examples are, in a few bytes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DataDigest {
    /// The digest of the task's target and all examples of all splits.
    pub all: String,
    /// How many items train, validation and test hold.
    pub items: [usize; 3],
}

/// Digests a task's examples, streaming them, and checks that its splits are splits.
///
/// # Errors
///
/// The task cannot be loaded, train or test is empty, or validation and test share items.
pub fn digest_task(task: &dyn Task, cancellation: &Cancellation) -> Result<DataDigest> {
    let spec = task.spec();
    let mut all = Sha256::new();
    all.update(format!("{:?} {:?} {:?}\n", spec.target, spec.continuation, spec.class_names));
    let mut items = [0; 3];
    let mut ids: [BTreeSet<u64>; 3] = Default::default();
    let mut contents = Vec::new();
    for (place, split) in Split::ALL.into_iter().enumerate() {
        let mut sink = DigestSink {
            all: &mut all,
            content: Sha256::new(),
            ids: &mut ids[place],
            items: 0,
            cancellation,
        };
        task.load(split, &mut sink)?;
        cancellation.check()?;
        items[place] = sink.items;
        contents.push(hex(sink.content));
        all.update(split.name());
    }
    check_splits(spec, items, &ids, &contents)?;
    Ok(DataDigest { all: hex(all), items })
}

fn check_splits(
    spec: &TaskSpec,
    items: [usize; 3],
    ids: &[BTreeSet<u64>; 3],
    contents: &[String],
) -> Result<()> {
    let [train, validation, test] = items;
    if train == 0 || test == 0 {
        let name = if train == 0 { "train" } else { "test" };
        return Err(Error::invalid(format!("task {}: its {name} split is empty", spec.name)));
    }
    if validation > 0 && contents[1] == contents[2] {
        return Err(Error::invalid(format!("task {}: validation and test are the same examples", spec.name))
            .with_hint("the test split must not choose anything; split the data again"));
    }
    for (a, b) in [(1, 2), (0, 2), (0, 1)] {
        if let Some(id) = ids[a].intersection(&ids[b]).next() {
            return Err(Error::invalid(format!(
                "task {}: item {id} lies in both {} and {}",
                spec.name,
                Split::ALL[a].name(),
                Split::ALL[b].name()
            ))
            .with_hint("the test split must not choose anything; split the data again"));
        }
    }
    Ok(())
}

struct DigestSink<'a> {
    all: &'a mut Sha256,
    content: Sha256,
    ids: &'a mut BTreeSet<u64>,
    items: usize,
    cancellation: &'a Cancellation,
}

impl ExampleSink for DigestSink<'_> {
    fn push(&mut self, examples: Examples<'_>) -> ControlFlow<()> {
        let items = examples.items;
        for index in 0..examples.len() {
            let bases = items.sequences[index].bases();
            self.all.update(items.ids[index].to_le_bytes());
            self.all.update(items.groups[index].to_le_bytes());
            for sink in [&mut *self.all, &mut self.content] {
                sink.update((bases.len() as u64).to_le_bytes());
                sink.update(bases);
                for target in examples.targets.row(index) {
                    sink.update(target.to_le_bytes());
                }
            }
            for cut in items.cuts.map_or(&[][..], |cuts| cuts[index]) {
                self.all.update(cut.to_le_bytes());
            }
            self.ids.insert(items.ids[index]);
        }
        self.items += examples.len();
        if self.cancellation.signal().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Remembers digests of tasks and files by the files' sizes and times, so that a plan of finished cells reads nothing.
#[derive(Debug, Default)]
pub struct DigestCache {
    path: Option<PathBuf>,
    entries: BTreeMap<String, DataDigest>,
    files: BTreeMap<String, String>,
    changed: bool,
}

#[derive(Default, Deserialize, Serialize)]
struct Saved {
    entries: BTreeMap<String, DataDigest>,
    files: BTreeMap<String, String>,
}

impl DigestCache {
    /// Opens the cache of a folder of results. One that cannot be read is taken for empty: it only saves time.
    pub fn open(folder: Option<&Path>) -> Self {
        let path = folder.map(|folder| folder.join("digests.json"));
        let saved: Saved = path
            .as_ref()
            .and_then(|path| fs::read(path).ok())
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default();
        Self { path, entries: saved.entries, files: saved.files, changed: false }
    }

    /// Returns a task's digest, computing it if its files changed.
    ///
    /// # Errors
    ///
    /// As [`digest_task`].
    pub fn task(
        &mut self,
        task: &dyn Task,
        name: &str,
        config: &Config,
        cancellation: &Cancellation,
    ) -> Result<DataDigest> {
        let Some(key) = task_stamp(name, config) else { return digest_task(task, cancellation) };
        if let Some(known) = self.entries.get(&key) {
            return Ok(known.clone());
        }
        let digest = digest_task(task, cancellation)?;
        self.entries.insert(key, digest.clone());
        self.changed = true;
        Ok(digest)
    }

    /// Returns the SHA-256 of a file.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn file(&mut self, path: &Path) -> Result<String> {
        let stamp = file_stamp(path);
        if let Some(known) = stamp.as_ref().and_then(|stamp| self.files.get(stamp)) {
            return Ok(known.clone());
        }
        let digest = digest_file(path)?;
        if let Some(stamp) = stamp {
            self.files.insert(stamp, digest.clone());
            self.changed = true;
        }
        Ok(digest)
    }

    /// Saves what was learnt, beside the results.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn save(&self) -> Result<()> {
        let (Some(path), true) = (&self.path, self.changed) else { return Ok(()) };
        let saved = Saved { entries: self.entries.clone(), files: self.files.clone() };
        let text = serde_json::to_vec(&saved)
            .map_err(|error| Error::internal("digests are no JSON").with_source(error))?;
        dlm_genome::output::write(path, text).map_err(crate::files::file_error)
    }
}

/// Returns what identifies a task as long as no file that it names changes; `None` if it names a folder, whose files
/// could change unnoticed.
fn task_stamp(name: &str, config: &Config) -> Option<String> {
    let mut stamp = format!("{name} {} {}", env!("CARGO_PKG_VERSION"), program_stamp());
    for value in config.positional().into_iter().chain(config.options().map(|(_, value)| value)) {
        stamp.push('|');
        stamp.push_str(value);
        let path = Path::new(value);
        if path.is_dir() {
            return None;
        }
        if path.is_file() {
            stamp.push_str(&file_stamp(path)?);
        }
    }
    for (key, value) in config.options() {
        let _ = write!(stamp, "|{key}={value}");
    }
    Some(stamp)
}

fn file_stamp(path: &Path) -> Option<String> {
    let path = path.canonicalize().ok()?;
    let metadata = path.metadata().ok()?;
    let changed = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{} {} {}", path.display(), metadata.len(), changed.as_nanos()))
}

/// Another build may make other examples from the same files.
fn program_stamp() -> String {
    std::env::current_exe().ok().and_then(|path| file_stamp(&path)).unwrap_or_default()
}

/// Digests a file.
///
/// # Errors
///
/// It cannot be read.
pub(super) fn digest_file(path: &Path) -> Result<String> {
    let fail = |error: std::io::Error| Error::io(format!("{}: cannot be read", path.display()), error);
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path).map_err(fail)?);
    let mut hasher = Sha256::new();
    let mut buffer = [0; 1 << 14];
    loop {
        match reader.read(&mut buffer).map_err(fail)? {
            0 => return Ok(hex(hasher)),
            n => hasher.update(&buffer[..n]),
        }
    }
}

/// Digests a text.
pub(super) fn digest_text(text: &str) -> String {
    hex(Sha256::new_with_prefix(text))
}

fn hex(hasher: Sha256) -> String {
    dlm_sdk::hexadecimal(&hasher.finalize())
}

#[cfg(test)]
mod tests {
    use dlm_sdk::{ExampleSet, SplitKind, Target};

    use super::*;

    struct Fixed(TaskSpec, [ExampleSet; 3]);

    impl Task for Fixed {
        fn spec(&self) -> &TaskSpec {
            &self.0
        }

        fn load(&self, split: Split, sink: &mut dyn ExampleSink) -> Result<()> {
            let _ = sink.push(self.1[split as usize].view().examples());
            Ok(())
        }
    }

    fn task(rows: [&[(u64, &[u8], f32)]; 3]) -> Fixed {
        let sets = rows.map(|rows| {
            let mut set = ExampleSet::new(1);
            for (id, bases, target) in rows {
                set.add(*id, bases, &[*target], *id).unwrap();
            }
            set
        });
        Fixed(TaskSpec::new("fixed", Target::Binary, SplitKind::Given), sets)
    }

    fn digest(task: &Fixed) -> Result<DataDigest> {
        digest_task(task, &Cancellation::default())
    }

    #[test]
    fn every_part_of_an_example_counts() {
        let first = task([&[(1, b"AC", 0.0)], &[(2, b"GT", 1.0)], &[(3, b"GG", 1.0)]]);
        let known = digest(&first).unwrap();
        assert_eq!(known.items, [1, 1, 1]);
        assert_eq!(digest(&first).unwrap(), known);
        for other in [
            task([&[(1, b"AG", 0.0)], &[(2, b"GT", 1.0)], &[(3, b"GG", 1.0)]]),
            task([&[(1, b"AC", 1.0)], &[(2, b"GT", 1.0)], &[(3, b"GG", 1.0)]]),
            task([&[(4, b"AC", 0.0)], &[(2, b"GT", 1.0)], &[(3, b"GG", 1.0)]]),
            task([&[(1, b"AC", 0.0), (2, b"GT", 1.0)], &[], &[(3, b"GG", 1.0)]]),
        ] {
            assert_ne!(digest(&other).unwrap().all, known.all);
        }
    }

    #[test]
    fn validation_that_is_test_is_refused() {
        let same = task([&[(1, b"AC", 0.0)], &[(2, b"GT", 1.0)], &[(3, b"GT", 1.0)]]);
        assert!(digest(&same).unwrap_err().to_string().contains("validation and test are the same"));
        let shared = task([&[(1, b"AC", 0.0)], &[(2, b"GT", 1.0), (3, b"A", 0.0)], &[(3, b"GG", 1.0)]]);
        assert!(digest(&shared).unwrap_err().to_string().contains("item 3 lies in both validation and test"));
        let empty = task([&[(1, b"AC", 0.0)], &[(2, b"GT", 1.0)], &[]]);
        assert!(digest(&empty).unwrap_err().to_string().contains("test split is empty"));
    }
}
