//! Plots and tables.

use std::collections::BTreeMap;

use dlm_train::data::Corpus;

use super::{
    TypeRow,
    guesses::{Method, SCORES, ScoreRow, ahead},
};
use crate::{
    analyze::{Findings, Table},
    plot::{Dot, DotPlot, DotRow, Reference, Scale, ScatterPlot},
    statistics::quantile,
    tokenizer::thousands,
};

/// Tokens hidden less often than this have too wide an interval to be called the best or the worst.
const FEW: usize = 10;
/// How many of the best and of the worst tokens are listed.
const LISTED: usize = 12;

pub(super) fn findings(
    findings: &mut Findings,
    corpus: &Corpus,
    scores: &[ScoreRow],
    methods: &[Method],
    rows: &[TypeRow],
) {
    let model = methods[0].name;
    let of = |method: &str, score: &str| {
        scores.iter().find(|row| row.method == method && row.score == score).cloned()
    };
    for (score, name) in SCORES.iter().enumerate().take(4) {
        if let Some(row) = of(model, name) {
            findings.fact(format!("masked tokens: {name}"), with_interval(score, &row));
        }
    }
    if let Some((bits, interval)) = ahead(&methods[2].guesses, &methods[0].guesses, 3) {
        let interval = interval.map_or_else(String::new, |(low, high)| format!(" [{low:+.4}, {high:+.4}]"));
        findings
            .fact("bits per nucleotide below the two-sided token n-gram", format!("{bits:+.4}{interval}"));
        if bits <= 0.0 {
            findings.warnings.push(
                "The model guesses hidden tokens no better than their visible neighbours do by counting alone."
                    .to_owned(),
            );
        }
    }
    let areas: Vec<f64> = rows.iter().filter_map(|row| row.auc).collect();
    if !areas.is_empty() {
        let above = areas.iter().filter(|area| **area > 0.5).count();
        findings.fact("tokens with an AUC above one half", format!("{above} of {}", areas.len()));
    }
    findings.tables.push(methods_table(scores, methods));
    findings.tables.push(beside_the_paper(corpus, scores, rows, model));
    panels(findings, corpus, scores, methods, rows);
    findings.tables.push(extremes(rows, true));
    findings.tables.push(extremes(rows, false));
    findings.tables.push(by_length(rows));
}

fn number(score: usize, value: f64) -> String {
    match score {
        0 | 1 => format!("{:.2} %", 100.0 * value),
        2 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

fn with_interval(score: usize, row: &ScoreRow) -> String {
    let value = number(score, row.value);
    match (row.low, row.high) {
        (Some(low), Some(high)) => format!("{value} [{}, {}]", number(score, low), number(score, high)),
        _ => value,
    }
}

fn methods_table(scores: &[ScoreRow], methods: &[Method]) -> Table {
    let mut table = Table::new(
        "Scores at the same hidden tokens",
        "With intervals of 95 % over windows. More is better for accuracy and top tenth, less for the others.",
        &["method", "sees", "accuracy", "top tenth", "perplexity", "bits per nucleotide"],
    );
    for method in methods {
        let mut cells = vec![method.name.to_owned(), method.sees.to_owned()];
        for (score, name) in SCORES.iter().enumerate().take(4) {
            let row = scores.iter().find(|row| row.method == method.name && row.score == *name);
            cells.push(row.map_or_else(String::new, |row| with_interval(score, row)));
        }
        table.row(cells);
    }
    table
}

/// Sets our figures beside the paper's (Sanabria et al., 2024, text and Figures 2d, e and 3f, g).
fn beside_the_paper(corpus: &Corpus, scores: &[ScoreRow], rows: &[TypeRow], model: &str) -> Table {
    let mut table = Table::new(
        "Our figures beside the paper's",
        "The paper's are of a model of 86.5 million weights, pretrained on the whole of hg19 with at least 5 million \
         windows and tested on a random fifth of them. A smaller model of one chromosome lies below; its distance to \
         token frequencies, in the table above, says whether it has learned context.",
        &["quantity", "here", "paper", "note"],
    );
    let value =
        |name: &str| scores.iter().find(|row| row.method == model && row.score == name).map(|row| row.value);
    let cell = |value: Option<f64>, form: &dyn Fn(f64) -> String| value.map_or_else(String::new, form);
    let dictionary = corpus.standard().len() as f64;
    table.row([
        "masked-token accuracy".into(),
        cell(value("accuracy"), &|v| number(0, v)),
        "21 %".into(),
        String::new(),
    ]);
    table.row([
        "within the most probable tenth of the dictionary".into(),
        cell(value("top tenth"), &|v| number(1, v)),
        "75 %".into(),
        String::new(),
    ]);
    table.row([
        "perplexity".into(),
        cell(value("perplexity"), &|v| format!("{v:.1} ({:.0} % of the dictionary)", 100.0 * v / dictionary)),
        "72 (12 % of the dictionary)".into(),
        "the paper calls it bits".to_owned(),
    ]);
    table.row([
        "bits per nucleotide".into(),
        cell(value("bits per nucleotide"), &|v| number(3, v)),
        "1.516".into(),
        "the paper's is derived: log2 of its perplexity over its mean token length".to_owned(),
    ]);
    let areas: Vec<f64> = rows.iter().filter_map(|row| row.auc).collect();
    let above = areas.iter().filter(|area| **area > 0.5).count();
    table.row([
        "tokens with an AUC above one half".into(),
        format!("{above} of {}", areas.len()),
        "all".into(),
        "tokens hidden a few times have an AUC by chance; see the intervals".to_owned(),
    ]);
    let often = rows.iter().filter(|row| row.hidden >= FEW);
    let best = often.clone().filter_map(|row| Some((row.accuracy?, row))).max_by(|a, b| a.0.total_cmp(&b.0));
    let worst = often.filter_map(|row| Some((row.accuracy?, row))).min_by(|a, b| a.0.total_cmp(&b.0));
    let named = |found: Option<(f64, &TypeRow)>| {
        found.map_or_else(String::new, |(accuracy, row)| format!("{:.1} % {}", 100.0 * accuracy, row.token))
    };
    table.row([
        "token guessed best".into(),
        named(best),
        "over 99 % ATTACAGGC, TGTAATCCCAGC".into(),
        String::new(),
    ]);
    table.row(["token guessed worst".into(), named(worst), "below 1 % TTTAGG".into(), String::new()]);
    table
}

fn panels(
    findings: &mut Findings,
    corpus: &Corpus,
    scores: &[ScoreRow],
    methods: &[Method],
    rows: &[TypeRow],
) {
    let plot = |axis: &str, names: &[&str], factor: f64| {
        let mut plot = DotPlot::new(axis);
        plot.width = 560.0;
        plot.series = names.iter().map(|&name| name.to_owned()).collect();
        for method in methods {
            for (series, name) in names.iter().enumerate() {
                let found = scores.iter().find(|row| row.method == method.name && row.score == *name);
                let Some(row) = found else { continue };
                let mut dot = DotRow::new(method.name, factor * row.value);
                dot.series = series;
                if let (Some(low), Some(high)) = (row.low, row.high) {
                    dot = dot.with_interval(factor * low, factor * high);
                }
                plot.rows.push(dot);
            }
        }
        plot
    };
    findings.panel(
        "accuracy",
        "Masked tokens guessed right, and within the most probable tenth (Fig. 2d)",
        "Lines are intervals of 95 % over windows.",
        plot("hidden tokens (%)", &["accuracy", "top tenth"], 100.0).to_svg(),
    );
    let mut perplexity = plot("perplexity", &["perplexity"], 1.0);
    perplexity.references =
        vec![Reference { value: corpus.standard().len() as f64, label: "size of the dictionary".into() }];
    findings.panel(
        "perplexity",
        "Perplexity (Fig. 2e)",
        "The number of equally likely tokens that would be as hard to guess.",
        perplexity.to_svg(),
    );
    let mut bits = plot("bits per nucleotide", &["bits per nucleotide"], 1.0);
    bits.references = vec![Reference { value: 2.0, label: "four equal nucleotides".into() }];
    findings.panel("bits", "Bits per nucleotide", "Less is better.", bits.to_svg());
    let shown: Vec<&TypeRow> = rows.iter().filter(|row| row.hidden > 0).collect();
    let scatter = |y_axis: &str, value: &dyn Fn(&TypeRow) -> Option<f64>| {
        let mut plot = ScatterPlot::new("share of all tokens", y_axis);
        plot.x_scale = Scale::Log;
        plot.color_axis = Some("length in bases".into());
        plot.dots = shown
            .iter()
            .filter_map(|row| {
                let at = (row.frequency, value(row)?);
                Some(Dot { at, value: Some(row.length as f64), ..Dot::default() })
            })
            .collect();
        plot.to_svg()
    };
    findings.panel(
        "auc_frequency",
        "AUC of each token, by its frequency (Fig. 3f)",
        "Each point is a token, its colour its length. One half is chance.",
        scatter("AUC, one against the rest", &|row| row.auc),
    );
    findings.panel(
        "accuracy_frequency",
        "Accuracy of each token, by its frequency (Fig. 3g)",
        "Each point is a token, its colour its length.",
        scatter("hidden tokens of its kind guessed right", &|row| row.accuracy),
    );
    findings.panel(
        "auc_length",
        "AUC by token length (Fig. 3f)",
        "Points: the median over tokens of a length; thick pale lines: the middle half of them.",
        lengths(rows, "AUC, one against the rest", Some(0.5), |row| row.auc),
    );
    findings.panel(
        "accuracy_length",
        "Accuracy by token length (Fig. 3g)",
        "Points: the median over tokens of a length; thick pale lines: the middle half of them.",
        lengths(rows, "hidden tokens of its kind guessed right (%)", None, |row| Some(100.0 * row.accuracy?)),
    );
}

/// Groups a value of the tokens by their length.
fn grouped(rows: &[TypeRow], value: impl Fn(&TypeRow) -> Option<f64>) -> BTreeMap<usize, Vec<f64>> {
    let mut groups: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for row in rows {
        groups.entry(row.length).or_default().extend(value(row));
    }
    groups.retain(|_, values| !values.is_empty());
    for values in groups.values_mut() {
        values.sort_by(f64::total_cmp);
    }
    groups
}

fn lengths(
    rows: &[TypeRow],
    axis: &str,
    chance: Option<f64>,
    value: impl Fn(&TypeRow) -> Option<f64>,
) -> String {
    let mut plot = DotPlot::new(axis);
    plot.width = 560.0;
    plot.references = chance.map(|value| Reference { value, label: "chance".into() }).into_iter().collect();
    for (length, values) in grouped(rows, value) {
        let middle = (quantile(&values, 0.25), quantile(&values, 0.75));
        let mut dot =
            DotRow::new(format!("{length} bases"), quantile(&values, 0.5)).with_band(middle.0, middle.1);
        dot.note = format!("{} tokens", values.len());
        plot.rows.push(dot);
    }
    plot.to_svg()
}

fn by_length(rows: &[TypeRow]) -> Table {
    let mut table = Table::new(
        "Tokens by length",
        "Medians over the tokens of a length that were hidden at least once.",
        &["length", "tokens", "hidden", "median AUC", "median accuracy"],
    );
    let areas = grouped(rows, |row| row.auc);
    for (length, values) in grouped(rows, |row| row.accuracy) {
        let hidden: usize = rows.iter().filter(|row| row.length == length).map(|row| row.hidden).sum();
        let area = areas.get(&length).map_or_else(String::new, |it| format!("{:.4}", quantile(it, 0.5)));
        table.row([
            length.to_string(),
            values.len().to_string(),
            thousands(hidden as u64),
            area,
            number(0, quantile(&values, 0.5)),
        ]);
    }
    table
}

fn extremes(rows: &[TypeRow], best: bool) -> Table {
    let mut often: Vec<&TypeRow> =
        rows.iter().filter(|row| row.hidden >= FEW && row.accuracy.is_some()).collect();
    let key = |row: &TypeRow| (row.accuracy.unwrap_or(0.0), row.auc.unwrap_or(0.0));
    often.sort_by(|a, b| {
        let (a, b) = (key(a), key(b));
        let order = a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1));
        if best { order.reverse() } else { order }
    });
    let mut table = Table::new(
        if best { "Tokens guessed best" } else { "Tokens guessed worst" },
        format!(
            "Of the {} tokens that were hidden at least {FEW} times; intervals of 95 % over windows.",
            often.len()
        ),
        &["token", "length", "share of all tokens", "hidden", "accuracy", "AUC"],
    );
    for row in often.into_iter().take(LISTED) {
        let range = |low: Option<f64>, high: Option<f64>, form: &dyn Fn(f64) -> String| {
            low.zip(high).map_or_else(String::new, |(low, high)| format!(" [{}, {}]", form(low), form(high)))
        };
        let percent = |value: f64| number(0, value);
        let plain = |value: f64| format!("{value:.3}");
        table.row([
            row.token.clone(),
            row.length.to_string(),
            format!("{:.4} %", 100.0 * row.frequency),
            row.hidden.to_string(),
            format!(
                "{}{}",
                row.accuracy.map_or_else(String::new, percent),
                range(row.accuracy_low, row.accuracy_high, &percent)
            ),
            format!(
                "{}{}",
                row.auc.map_or_else(String::new, plain),
                range(row.auc_low, row.auc_high, &plain)
            ),
        ]);
    }
    table
}
