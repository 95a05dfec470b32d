//! What made the results.

use std::{collections::BTreeMap, time::SystemTime};

use dlm_sdk::{Kind, Registry};

use super::{PROTOCOL_VERSION, Plan, machine};
use crate::results::{Document, Manifest};

/// Describes a finished run.
pub(super) fn manifest(plan: &Plan, document: &Document) -> Manifest {
    let methods = || plan.methods.iter();
    Manifest {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol_version: PROTOCOL_VERSION,
        command: std::env::args().collect(),
        finished: timestamp(SystemTime::now()),
        seeds: (0..plan.settings.seeds).collect(),
        data: document
            .tasks
            .iter()
            .map(|task| (format!("{} ({})", task.task, task.split), task.data.clone()))
            .collect(),
        tokenizers: methods().filter_map(|method| method.tokenizer.clone()).collect(),
        encoders: methods()
            .filter_map(|method| Some((method.spec.clone(), method.encoder.clone()?)))
            .collect(),
        files: methods().flat_map(|method| method.files.iter().cloned()).collect(),
        plugins: plugins(),
        machine: machine::describe(),
    }
}

/// Names every built-in component by kind and id, which carry the version of `dlm`, and every plugin that was found.
fn plugins() -> BTreeMap<String, String> {
    let mut plugins = BTreeMap::new();
    if let Ok(registry) = Registry::builtin() {
        for kind in [Kind::Tokenizer, Kind::Encoder, Kind::Task, Kind::Baseline] {
            for factory in registry.factories(kind) {
                let name = format!("{} {}", kind.name(), factory.id());
                plugins.insert(name, format!("built in, {}", env!("CARGO_PKG_VERSION")));
            }
        }
    }
    plugins.extend(crate::plugin::versions());
    plugins
}

/// Writes a time as ISO 8601 in UTC, to the second.
pub(super) fn timestamp(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, rest) = ((seconds / 86_400) as i64, seconds % 86_400);
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// Turns days since 1970-01-01 into a date of the Gregorian calendar: years are counted from March, in eras of 400.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        let at = |seconds| timestamp(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(at(1_795_462_076), "2026-11-23T19:27:56Z");
    }
}
