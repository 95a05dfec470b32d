//! What this machine is, and how much memory the process used.

use std::{collections::BTreeMap, fs};

/// Forgets the process's peak memory, so that the next one is that of what follows. Only Linux can.
pub(crate) fn forget_peak_memory() -> bool {
    fs::write("/proc/self/clear_refs", "5").is_ok()
}

/// Returns the process's peak resident memory in bytes, if the system says.
pub(crate) fn peak_memory() -> Option<u64> {
    field(&fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? * 1024)
}

/// Describes the machine for the manifest.
pub(crate) fn describe() -> BTreeMap<String, String> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let processor = read("/proc/cpuinfo")
        .lines()
        .find_map(|line| Some(line.strip_prefix("model name")?.split_once(':')?.1.trim().to_owned()));
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut machine = BTreeMap::from([
        ("system".to_owned(), std::env::consts::OS.to_owned()),
        ("architecture".to_owned(), std::env::consts::ARCH.to_owned()),
        ("processors".to_owned(), processors.to_string()),
        ("threads".to_owned(), rayon::current_num_threads().to_string()),
    ]);
    if let Some(processor) = processor {
        machine.insert("processor".to_owned(), processor);
    }
    if let Some(memory) = field(&read("/proc/meminfo"), "MemTotal:") {
        machine.insert("memory".to_owned(), format!("{:.1} GiB", memory as f64 / (1_u64 << 30) as f64));
    }
    machine
}
