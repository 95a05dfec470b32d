//! What a library exports, and what this process does while it runs.

use std::{fs, fs::File, io, os::fd::AsFd as _, path::Path, process::Command};

use dlm_sdk::{border::abi, conformance::Outcome};

/// Checks the names that a library exports, as `nm` lists them.
pub(super) fn exports(path: &Path) -> Result<Outcome, String> {
    let listed = Command::new("nm").args(["-D", "--defined-only"]).arg(path).output();
    let listed = listed.map_err(|_| "there is no nm to list the names".to_owned())?;
    if !listed.status.success() {
        return Ok(Outcome::Failed(String::from_utf8_lossy(&listed.stderr).trim().to_owned()));
    }
    // A line is: address, kind, name and perhaps its version.
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let name = |line: &str| {
        let name = line.split_whitespace().nth(2)?;
        Some(name.split('@').next().unwrap_or(name).trim_start_matches('_').to_owned())
    };
    let names: Vec<String> = text.lines().filter_map(name).collect();
    let ours: Vec<&String> = names.iter().filter(|name| name.starts_with("dlm_")).collect();
    if ours.iter().any(|name| *name != abi::ENTRY_SYMBOL) || ours.is_empty() {
        let told: Vec<&str> = ours.iter().map(|name| name.as_str()).collect();
        return Ok(Outcome::Failed(format!(
            "it exports {}",
            if told.is_empty() { "none".into() } else { told.join(", ") }
        )));
    }
    let taken: Vec<&str> = ["malloc", "free", "OrtGetApiBase"]
        .into_iter()
        .filter(|name| names.iter().any(|it| it == name))
        .collect();
    if !taken.is_empty() {
        return Ok(Outcome::Warning(format!(
            "it exports {}, which other libraries have too",
            taken.join(", ")
        )));
    }
    Ok(Outcome::Passed)
}

/// Returns how much this process has printed so far, where its output is a file.
pub(super) fn printed() -> u64 {
    let length = |fd: io::Result<std::os::fd::OwnedFd>| {
        fd.and_then(|fd| File::from(fd).metadata())
            .ok()
            .filter(fs::Metadata::is_file)
            .map_or(0, |it| it.len())
    };
    length(io::stdout().as_fd().try_clone_to_owned())
}

/// Returns the memory of this process in bytes, where the system says.
pub(super) fn resident() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}

/// Returns the number of threads of this process, where the system says.
pub(super) fn threads() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    text.lines().find_map(|line| line.strip_prefix("Threads:"))?.trim().parse().ok()
}
