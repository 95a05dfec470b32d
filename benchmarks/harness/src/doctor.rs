//! `dlm doctor`: what this machine has, and what to do about what it has not.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use dlm_sdk::{Kind, Result};
use serde::Serialize;

use crate::{
    context::{Context, Outcome},
    data::{Cache, Presence, Python, packs, presence},
    runtime::{Examination, examine},
};

/// The quickstart's largest need, in bytes of memory.
const MEMORY: u64 = 4 << 30;

/// The arguments of `dlm doctor`; there are none.
#[derive(Args, Clone, Copy, Debug)]
pub struct DoctorArgs {}

/// What was found about one thing.
#[derive(Clone, Debug, Serialize)]
struct Finding {
    what: &'static str,
    state: State,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Good,
    Missing,
}

#[derive(Debug, Serialize)]
struct Answer {
    version: &'static str,
    findings: Vec<Finding>,
    components: BTreeMap<&'static str, Vec<String>>,
    packs: BTreeMap<String, Presence>,
    onnx_runtime: Examination,
}

impl DoctorArgs {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Standard output cannot be written to.
    pub fn run(self, context: &Context) -> Result<Outcome> {
        let cache = Cache::of_user();
        let mut findings = vec![
            good("system", format!("{}, {}", std::env::consts::OS, std::env::consts::ARCH)),
            good("threads", format!("{} in use", rayon::current_num_threads())),
            memory(),
            python(),
        ];
        findings.push(match &cache {
            Ok(cache) => cache_folder(cache.folder()),
            Err(error) => missing("cache", error.to_string(), error.hint().unwrap_or_default()),
        });
        let runtime = examine();
        findings.push(onnx_runtime(&runtime));
        let packs = match &cache {
            Ok(cache) => packs().into_iter().map(|pack| (pack.id.clone(), presence(cache, &pack))).collect(),
            Err(_) => BTreeMap::new(),
        };
        let components = [Kind::Tokenizer, Kind::Task, Kind::Baseline, Kind::Encoder]
            .into_iter()
            .map(|kind| {
                (
                    kind.name(),
                    context.registry().factories(kind).map(|factory| factory.id().to_owned()).collect(),
                )
            })
            .collect();
        let answer =
            Answer { version: env!("CARGO_PKG_VERSION"), findings, components, packs, onnx_runtime: runtime };
        context.print(&answer, || text(&answer))?;
        Ok(Outcome::Done)
    }
}

fn good(what: &'static str, found: String) -> Finding {
    Finding { what, state: State::Good, found, advice: None }
}

fn missing(what: &'static str, found: String, advice: &str) -> Finding {
    Finding { what, state: State::Missing, found, advice: (!advice.is_empty()).then(|| advice.to_owned()) }
}

fn memory() -> Finding {
    // Where the system does not say, nothing is claimed.
    let Some(bytes) = fs::read_to_string("/proc/meminfo").ok().as_deref().and_then(available) else {
        return good("memory", "the system does not say how much is free".into());
    };
    let found = format!("{:.1} GiB free", bytes as f64 / f64::from(1 << 30));
    if bytes < MEMORY {
        return missing(
            "memory",
            found,
            "the quickstart may need 4 GiB: close something, or lower --samples",
        );
    }
    good("memory", found)
}

/// Reads the available memory in bytes.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}

fn python() -> Finding {
    match Python::find() {
        Ok(python) => good("python and pip", format!("{}: {}", python.program.display(), python.pip)),
        Err(error) => missing("python and pip", error.chain(), error.hint().unwrap_or_default()),
    }
}

fn cache_folder(folder: &Path) -> Finding {
    let existing =
        folder.ancestors().find(|folder| folder.is_dir()).map_or_else(|| PathBuf::from("/"), Path::to_owned);
    if tempfile::tempfile_in(&existing).is_err() {
        let found = format!("{} cannot be written to", existing.display());
        return missing("cache", found, "set DLM_CACHE to a folder that can be written to");
    }
    let state = if folder.is_dir() { "" } else { ", made at the first fetch" };
    good("cache", format!("{}{state}", folder.display()))
}

fn onnx_runtime(examination: &Examination) -> Finding {
    let advice = examination.advice.as_deref().unwrap_or_default();
    match &examination.library {
        Some(library) if !examination.devices.is_empty() => good(
            "ONNX Runtime",
            format!("{} on {}: {library}", examination.wanted, examination.devices.join(", ")),
        ),
        Some(library) => missing("ONNX Runtime", format!("cannot be started: {library}"), advice),
        None => missing("ONNX Runtime", format!("{} was not found", examination.wanted), advice),
    }
}

fn text(answer: &Answer) -> String {
    let mut text = format!("dlm {}\n\n", answer.version);
    for finding in &answer.findings {
        let state = match finding.state {
            State::Good => "ok",
            State::Missing => "missing",
        };
        // Writing to a string never fails.
        let _ = writeln!(text, "{state:<8}{:<16}{}", finding.what, finding.found);
        if let Some(advice) = &finding.advice {
            let _ = writeln!(text, "{:<24}hint: {advice}", "");
        }
    }
    for note in answer
        .onnx_runtime
        .skipped
        .iter()
        .map(|skipped| ("skipped", skipped))
        .chain(answer.onnx_runtime.unusable.iter().map(|device| ("unusable", device)))
    {
        let _ = writeln!(text, "{:<24}{}: {}", "", note.0, note.1);
    }
    text.push_str("\nbuilt-in components\n");
    for (kind, ids) in &answer.components {
        let ids = if ids.is_empty() { "none in this version".to_owned() } else { ids.join(", ") };
        let _ = writeln!(text, "{:<8}{kind:<16}{ids}", "");
    }
    text.push_str("\ndata packs\n");
    for (id, presence) in &answer.packs {
        let state = match presence {
            Presence::Whole => "here",
            Presence::Partial => "in part",
            Presence::Absent => "-",
        };
        let _ = writeln!(text, "{state:<8}{id}");
    }
    if answer.packs.values().any(|presence| *presence != Presence::Whole) {
        text.push_str(
            "        hint: dlm data fetch PACK; the quickstart fetches human-chr21 and human-genes itself\n",
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes() {
        assert_eq!(available("MemTotal: 9 kB\nMemAvailable:   2048 kB\n"), Some(2 << 20));
        assert_eq!(available("MemAvailable: none"), None);
    }

    #[test]
    fn a_cache_that_cannot_be_written_to_is_told() {
        assert_eq!(cache_folder(Path::new("/proc/cache")).state, State::Missing);
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(cache_folder(&folder.path().join("later")).state, State::Good);
    }
}
