//! Numbers as JSON lines.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use dlm_sdk::{Error, Result};
use serde_json::{Map, Number, Value};

/// The name of the file.
const FILE: &str = "metrics.jsonl";

/// `metrics.jsonl`: one object a line, with `step` and the numbers.
#[derive(Debug)]
pub(super) struct Lines {
    path: PathBuf,
    file: File,
}

impl Lines {
    /// Opens the file, keeping lines of steps up to this one.
    pub(super) fn open(folder: &Path, step: u64) -> Result<Self> {
        let path = folder.join(FILE);
        let fail = |error: io::Error| Error::io(format!("{}: cannot be written", path.display()), error);
        let kept = match fs::read_to_string(&path) {
            Ok(text) => kept(&text, step),
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(fail(error)),
        };
        dlm_genome::output::write(&path, &kept)
            .map_err(|error| Error::io(format!("{}: cannot be written", path.display()), error))?;
        let file = File::options().append(true).open(&path).map_err(fail)?;
        Ok(Self { path, file })
    }

    pub(super) fn write(&mut self, step: u64, numbers: &[(&str, f64)]) -> Result<()> {
        let mut object = Map::new();
        object.insert("step".into(), step.into());
        for (name, number) in numbers {
            // JSON has no infinity.
            let value = Number::from_f64(*number).map_or(Value::Null, Value::Number);
            object.insert((*name).to_owned(), value);
        }
        let mut line = Value::Object(object).to_string();
        line.push('\n');
        self.file
            .write_all(line.as_bytes())
            .map_err(|error| Error::io(format!("{}: cannot be written", self.path.display()), error))
    }
}

/// Keeps whole lines of steps up to this one. A process that was killed may have left half a line.
fn kept(text: &str, step: u64) -> String {
    let of_step = |line: &&str| {
        serde_json::from_str::<Value>(line)
            .ok()
            .and_then(|value| value.get("step")?.as_u64())
            .is_some_and(|found| found <= step)
    };
    text.lines().filter(of_step).flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resumed_training_goes_on_from_its_step() {
        let folder = tempfile::tempdir().unwrap();
        let mut lines = Lines::open(folder.path(), 0).unwrap();
        lines.write(1, &[("loss", 2.5), ("norm", f64::INFINITY)]).unwrap();
        lines.write(2, &[("loss", 2.0)]).unwrap();
        lines.file.write_all(b"{\"step\":3,\"lo").unwrap();
        let mut lines = Lines::open(folder.path(), 1).unwrap();
        lines.write(2, &[("loss", 1.5)]).unwrap();
        let text = fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert_eq!(text, "{\"step\":1,\"loss\":2.5,\"norm\":null}\n{\"step\":2,\"loss\":1.5}\n");
    }
}
