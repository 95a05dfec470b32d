//! The tables as LaTeX (booktabs) and CSV.

use std::fmt::Write as _;

use dlm_sdk::{Error, Result};

use super::{
    charts::metric_name,
    numbers,
    section::{Rows, kind_name},
};
use crate::results::{Document, Gain, Interval, TaskRecord};

/// Writes a LaTeX table for each task. It needs the package booktabs.
pub(super) fn latex(tables: &[(String, &TaskRecord, Rows<'_>)]) -> String {
    let mut text = String::from("% needs \\usepackage{booktabs}\n");
    for (anchor, task, table) in tables {
        let (decimals, controls) = (table.decimals(), table.controls());
        // Writing to a string never fails.
        let _ = writeln!(
            text,
            "\n\\begin{{table}}\n\\centering\n\\caption{{{}, split {}: {} on {} test items. Square brackets: 95\\,\\% \
             intervals over test items; gains are paired.}}\n\\label{{tab:{anchor}}}\n\\begin{{tabular}}{{llrlrr}}\n\
             \\toprule\nMethod & Sees & {} & Over items & Context gain & Beyond-local gain \\\\\n\\midrule",
            escape(&task.task),
            escape(&task.split),
            escape(metric_name(table.primary)),
            task.items[2],
            escape(metric_name(table.primary)),
        );
        for row in &table.list {
            let Some(score) = row.score else {
                let _ = writeln!(
                    text,
                    "{} & {} & \\multicolumn{{4}}{{l}}{{{}}} \\\\",
                    escape(&numbers::label(&row.model)),
                    escape(kind_name(row)),
                    escape(row.status.name()),
                );
                continue;
            };
            let gain = |gain: Option<&Gain>, control: Option<&str>| match gain {
                _ if control == Some(&row.model) => "control".to_owned(),
                Some(gain) => escape(&numbers::gain(gain, decimals)),
                None => "--".to_owned(),
            };
            let _ = writeln!(
                text,
                "{} & {} & {} & {} & {} & {} \\\\",
                escape(&numbers::label(&row.model)),
                escape(kind_name(row)),
                escape(&numbers::fixed(score, decimals)),
                row.over_items
                    .as_ref()
                    .map_or_else(|| "--".to_owned(), |around| escape(&numbers::interval(around, decimals))),
                gain(row.gains.context.as_ref(), controls.0),
                gain(row.gains.local.as_ref(), controls.1),
            );
        }
        text.push_str("\\bottomrule\n\\end{tabular}\n\\end{table}\n");
    }
    text
}

/// Escapes what LaTeX would read as a command.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '\\' => escaped.push_str("\\textbackslash{}"),
            '\u{2212}' => escaped.push_str("$-$"),
            '\u{3c1}' => escaped.push_str("$\\rho$"),
            '\u{b2}' => escaped.push_str("$^2$"),
            '\u{202f}' => escaped.push_str("\\,"),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Writes one CSV record a summary row, numbers in full.
pub(super) fn csv(document: &Document) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let fail = |error: csv::Error| Error::internal("the table is no CSV").with_source(error);
    writer
        .write_record([
            "task",
            "split",
            "protocol",
            "model",
            "mode",
            "sees",
            "status",
            "reason",
            "rank",
            "tied",
            "metric",
            "score",
            "detectable_difference",
            "items_low",
            "items_high",
            "seeds_low",
            "seeds_high",
            "validation",
            "context_gain",
            "context_low",
            "context_high",
            "context_control",
            "local_gain",
            "local_low",
            "local_high",
            "local_control",
            "seeds",
            "fit_seconds",
            "seconds_per_1000",
            "parameters",
            "peak_memory_bytes",
        ])
        .map_err(fail)?;
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let ends = |interval: Option<&Interval>| {
        [number(interval.map(|around| around.low)), number(interval.map(|around| around.high))]
    };
    let gain = |gain: Option<&Gain>| {
        let [low, high] = ends(gain.and_then(|gain| gain.interval.as_ref()));
        [
            number(gain.map(|gain| gain.value)),
            low,
            high,
            gain.map(|gain| gain.control.clone()).unwrap_or_default(),
        ]
    };
    for row in &document.summary {
        let whole = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
        let seeds: Vec<String> = row.seeds.iter().map(u64::to_string).collect();
        let mut record = vec![
            row.task.clone(),
            row.split.clone(),
            row.protocol.name().to_owned(),
            row.model.clone(),
            row.mode.name().to_owned(),
            kind_name(row).to_owned(),
            row.status.name().to_owned(),
            row.reason.clone().unwrap_or_default(),
            row.rank.map(|rank| rank.to_string()).unwrap_or_default(),
            row.tied.clone(),
            row.primary.clone(),
            number(row.score),
            number(row.detectable),
        ];
        record.extend(ends(row.over_items.as_ref()));
        record.extend(ends(row.over_seeds.as_ref()));
        record.push(number(row.validation));
        record.extend(gain(row.gains.context.as_ref()));
        record.extend(gain(row.gains.local.as_ref()));
        record.extend([
            seeds.join(" "),
            number(row.fit_seconds),
            number(row.seconds_per_1000),
            whole(row.parameters),
            whole(row.peak_memory),
        ]);
        writer.write_record(record).map_err(fail)?;
    }
    let bytes = writer.into_inner().map_err(|error| Error::internal(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| Error::internal("the table is not UTF-8").with_source(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_in_latex() {
        assert_eq!(escape("a_b&c \u{2212}1 50 %"), "a\\_b\\&c $-$1 50 \\%");
    }
}
