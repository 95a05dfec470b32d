//! A folder of results.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use dlm_sdk::{Error, Result};
use flate2::{Compression, bufread::GzDecoder, write::GzEncoder};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{CellResult, Document, Mode, Prediction, Protocol, Strata};
use crate::files::{file_error, write_error};

/// How the folders of cells in the making begin.
const MAKING: &str = ".making-";

/// A cell of a plan.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PlannedCell {
    /// The spec of the model or baseline.
    pub model: String,
    /// The task's name.
    pub task: String,
    /// How its splits were made.
    pub split: String,
    /// How the method is brought to the task.
    pub mode: Mode,
    /// Where its settings come from.
    pub protocol: Protocol,
    /// The seed.
    pub seed: u64,
    /// The digest of everything that decides the result.
    pub key: String,
}

/// A folder of results.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// Opens a folder that a run has written to.
    ///
    /// # Errors
    ///
    /// It is not there, or holds no results.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self> {
        let store = Self { folder: folder.into() };
        if !store.folder.is_dir() {
            return Err(Error::invalid(format!("{}: no such folder", store.folder.display()))
                .with_hint("give the folder that bench run wrote to by --output-path"));
        }
        if !store.folder.join("plan.json").is_file() && !store.folder.join("results.json").is_file() {
            return Err(Error::invalid(format!("{}: holds no results", store.folder.display()))
                .with_hint("give the folder that bench run wrote to by --output-path"));
        }
        Ok(store)
    }

    /// Takes a folder for one of results, whether it is or not.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Makes a folder ready for results.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub fn create(folder: impl Into<PathBuf>) -> Result<Self> {
        let store = Self { folder: folder.into() };
        let cells = store.folder.join("cells");
        fs::create_dir_all(&cells)
            .map_err(|error| Error::io(format!("{}: cannot be made", cells.display()), error))?;
        remove_stale(&cells);
        Ok(store)
    }

    /// Removes the folder if nothing was put into it.
    pub(crate) fn remove_if_empty(&self) {
        // Best effort: it is called on the way out of an error.
        let _ = fs::remove_dir(self.folder.join("cells"));
        let _ = fs::remove_dir(&self.folder);
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the folder of a cell.
    pub fn cell_folder(&self, key: &str) -> PathBuf {
        self.folder.join("cells").join(key)
    }

    /// Reads everything the latest run had to say.
    ///
    /// # Errors
    ///
    /// `results.json` is missing or broken.
    pub fn document(&self) -> Result<Document> {
        self.document_if_any()?.ok_or_else(|| {
            Error::invalid(format!("{}: holds no results.json yet", self.folder.display()))
                .with_hint("finish the run: the same bench run command goes on where it stopped")
        })
    }

    /// Reads everything the latest run had to say, if one has finished.
    ///
    /// # Errors
    ///
    /// `results.json` is broken.
    pub fn document_if_any(&self) -> Result<Option<Document>> {
        read_json(&self.folder.join("results.json"))
    }

    /// Reads the scores by stratum, if there are any.
    ///
    /// # Errors
    ///
    /// `strata.json` is broken.
    pub fn strata(&self) -> Result<Option<Strata>> {
        read_json(&self.folder.join("strata.json"))
    }

    /// Reads all finished cells, of this plan or earlier ones, by key.
    ///
    /// # Errors
    ///
    /// A file is broken.
    pub fn finished_cells(&self) -> Result<Vec<CellResult>> {
        let Ok(entries) = fs::read_dir(self.folder.join("cells")) else { return Ok(Vec::new()) };
        let mut keys: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| !name.starts_with('.'))
            .collect();
        keys.sort();
        let cells: Result<Vec<Option<CellResult>>> = keys.iter().map(|key| self.cell(key)).collect();
        Ok(cells?.into_iter().flatten().collect())
    }

    /// Reads the latest plan, if there is one.
    ///
    /// # Errors
    ///
    /// `plan.json` is broken.
    pub fn plan(&self) -> Result<Option<Vec<PlannedCell>>> {
        read_json(&self.folder.join("plan.json"))
    }

    /// Reads a finished cell; `None` if it is not there.
    ///
    /// # Errors
    ///
    /// Its file is broken.
    pub fn cell(&self, key: &str) -> Result<Option<CellResult>> {
        read_json(&self.cell_folder(key).join("cell.json"))
    }

    /// Reads the test predictions of a finished cell, in test order.
    ///
    /// # Errors
    ///
    /// Its file is missing or broken.
    pub fn predictions(&self, key: &str) -> Result<Vec<Prediction>> {
        let path = self.cell_folder(key).join("predictions.jsonl.gz");
        let fail = |error: io::Error| Error::io(format!("{}: cannot be read", path.display()), error);
        let file = BufReader::new(File::open(&path).map_err(fail)?);
        let mut predictions = Vec::new();
        for (number, line) in BufReader::new(GzDecoder::new(file)).lines().enumerate() {
            let line = line.map_err(fail)?;
            predictions.push(serde_json::from_str(&line).map_err(|error| {
                Error::invalid(format!("{}: line {}: no prediction", path.display(), number + 1))
                    .with_source(error)
            })?);
        }
        Ok(predictions)
    }

    /// Reads the primary metric of a finished cell in each bootstrap resample of the test items; cells of one task,
    /// data and limit share the resamples. NaN where the metric is not defined in a resample; empty without resamples.
    ///
    /// # Errors
    ///
    /// Its file is broken.
    pub fn resamples(&self, key: &str) -> Result<Vec<f64>> {
        let values: Vec<Option<f64>> =
            read_json(&self.cell_folder(key).join("resamples.json"))?.unwrap_or_default();
        Ok(values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect())
    }

    /// Puts a finished cell in its place, whole.
    ///
    /// # Errors
    ///
    /// It cannot be written; then nothing is left of it.
    pub fn put(&self, cell: &CellResult, predictions: &[Prediction], resamples: &[f64]) -> Result<()> {
        let cells = self.folder.join("cells");
        let fail = |error: io::Error| write_error(&cells, error);
        let folder = tempfile::Builder::new().prefix(MAKING).tempdir_in(&cells).map_err(fail)?;
        write_lines(&folder.path().join("predictions.jsonl.gz"), predictions).map_err(fail)?;
        for (name, text) in [
            ("resamples.json", serde_json::to_vec(resamples)),
            ("cell.json", serde_json::to_vec_pretty(cell)),
        ] {
            let mut file = File::create(folder.path().join(name)).map_err(fail)?;
            file.write_all(&text.map_err(io::Error::from).map_err(fail)?).map_err(fail)?;
            file.sync_all().map_err(fail)?;
        }
        let target = self.cell_folder(&cell.key);
        if target.exists() {
            // A failed attempt at the same cell lies there.
            fs::remove_dir_all(&target).map_err(fail)?;
        }
        fs::rename(folder.path(), &target).map_err(fail)?;
        // The folder has moved away; there is nothing left to remove.
        let _ = folder.keep();
        Ok(())
    }

    /// Writes a JSON file of the folder, whole.
    ///
    /// # Errors
    ///
    /// It cannot be written; then the old one still stands.
    pub fn write(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let path = self.folder.join(name);
        let mut text = serde_json::to_vec_pretty(value)
            .map_err(|error| Error::internal(format!("{name}: no JSON")).with_source(error))?;
        text.push(b'\n');
        dlm_genome::output::write(&path, text).map_err(file_error)
    }
}

/// Removes what killed runs left half made. What is younger may be in the making by another run.
fn remove_stale(cells: &Path) {
    const STALE: std::time::Duration = std::time::Duration::from_mins(10);
    for entry in fs::read_dir(cells).into_iter().flatten().flatten() {
        let half_made = entry.file_name().to_string_lossy().starts_with(MAKING);
        let age = entry.metadata().and_then(|metadata| metadata.modified()).map(|time| time.elapsed());
        if half_made && matches!(age, Ok(Ok(age)) if age > STALE) {
            // It only takes space.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn write_lines(path: &Path, predictions: &[Prediction]) -> io::Result<()> {
    let mut writer = GzEncoder::new(BufWriter::new(File::create(path)?), Compression::fast());
    for prediction in predictions {
        serde_json::to_writer(&mut writer, prediction)?;
        writer.write_all(b"\n")?;
    }
    writer.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io(format!("{}: cannot be read", path.display()), error)),
    };
    let value = serde_json::from_slice(&text).map_err(|error| {
        Error::invalid(format!("{}: not what a run writes", path.display()))
            .with_hint("was it written by another version?")
            .with_source(error)
    })?;
    Ok(Some(value))
}
