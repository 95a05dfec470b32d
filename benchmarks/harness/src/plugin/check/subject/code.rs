//! What a library exports, and what this process does while it runs.

use std::{fs, fs::File, io, os::fd::AsFd as _, path::Path};

use dlm_sdk::{border::abi, conformance::Outcome};
use object::{Object as _, ObjectSymbol as _};

/// Checks the names that a library exports.
pub(super) fn exports(path: &Path) -> Result<Outcome, String> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let file = match object::File::parse(&*bytes) {
        Ok(file) => file,
        Err(error) => return Ok(Outcome::Failed(format!("{}: no library: {error}", path.display()))),
    };
    let names: Vec<String> = file
        .dynamic_symbols()
        .filter(|symbol| symbol.is_definition() && symbol.is_global())
        .filter_map(|symbol| symbol.name().ok().map(|name| name.trim_start_matches('_').to_owned()))
        .collect();
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
