//! Plots and tables.

use super::{Attention, Explained, network::Network, variants::Scored};
use crate::{
    analyze::{Findings, Table},
    plot::{Dot, Grid, Line, LinePlot, ScatterPlot},
    tokenizer::thousands,
};

/// Regions with plots of their own; all are in the data.
const SHOWN: usize = 3;
/// Variants in the table.
const LISTED: usize = 30;

pub(super) fn findings(
    findings: &mut Findings,
    network: &Network,
    explained: &[Explained],
    attention: &Attention,
    names: &[String],
    scored: Option<&[Scored]>,
) {
    findings.fact("regions looked into", explained.len());
    let worst = explained.iter().map(relative_gap).fold(0.0, f64::max);
    findings.fact("largest gap of integrated gradients", format!("{:.2} % of the difference", 100.0 * worst));
    if worst > 0.05 {
        findings.warnings.push(
            "Integrated gradients miss the difference of the answers by more than 5 % in some region: ask for more \
             --integration-steps."
                .to_owned(),
        );
    }
    findings.tables.push(regions(explained));
    for (number, one) in explained.iter().enumerate().take(SHOWN) {
        let name = |what: &str| format!("{what}_{}", number + 1);
        let line = |values: &[f64], axis: &str| {
            let mut plot = LinePlot::new(format!("base of {}", one.region.name), axis);
            plot.height = 170.0;
            let points = values.iter().enumerate().map(|(at, &value)| (at as f64 + 1.0, value)).collect();
            plot.lines.push(Line { label: axis.to_owned(), points, ..Line::default() });
            plot.to_svg()
        };
        let title = |what: &str| format!("{what} in {}", one.region.name);
        findings.panel(
            &name("integrated"),
            title("Integrated gradients"),
            "Above zero: speaks for the answer. Shared out among the bases of a token.",
            line(&one.integrated, "nats or score a base"),
        );
        findings.panel(
            &name("mutagenesis"),
            title("In-silico mutagenesis"),
            "How much the answer falls on average when the base changes.",
            line(&one.importance, "mean fall of the answer"),
        );
        findings.panel(
            &name("saliency"),
            title("Saliency"),
            "The length of the gradient by what the token looks up.",
            line(&one.saliency, "length of the gradient"),
        );
    }
    if explained.len() > SHOWN {
        findings.absent(
            format!("Plots of {} more regions", explained.len() - SHOWN),
            "They are in bases.csv, mutations.csv and the tracks; the report shows the first ones.",
        );
    }
    show_attention(findings, network, attention, names);
    match scored {
        Some(scored) => variants(findings, scored),
        None => findings.absent("Variants", "No VCF file was named; name one by --variants."),
    }
}

fn relative_gap(one: &Explained) -> f64 {
    let difference = (one.attribution.answer - one.attribution.baseline).abs();
    one.attribution.gap() / difference.max(1e-2)
}

fn regions(explained: &[Explained]) -> Table {
    let mut table = Table::new(
        "Regions",
        "The answer, that to a row in which every token is hidden, what integrated gradients sum up to, and the bases \
         that matter most.",
        &[
            "region",
            "bases",
            "tokens",
            "answer",
            "hidden",
            "difference",
            "sum",
            "gap",
            "pieces of the line",
            "most by gradients",
            "most by mutation",
        ],
    );
    for one in explained {
        let found = &one.attribution;
        let most = |values: &[f64]| {
            let at = (0..values.len()).fold(0, |best, at| if values[at] > values[best] { at } else { best });
            let around = &one.region.bases[at.saturating_sub(4)..(at + 5).min(one.region.bases.len())];
            format!("{} ({})", one.region.place(at) + 1, String::from_utf8_lossy(around))
        };
        table.row([
            one.region.name.clone(),
            one.region.bases.len().to_string(),
            one.region.ids.len().to_string(),
            format!("{:.4}", found.answer),
            format!("{:.4}", found.baseline),
            format!("{:.4}", found.answer - found.baseline),
            format!("{:.4}", found.sum),
            format!("{:.4}", found.gap()),
            found.points.to_string(),
            most(&one.integrated),
            most(&one.importance),
        ]);
    }
    table
}

fn show_attention(findings: &mut Findings, network: &Network, attention: &Attention, names: &[String]) {
    if attention.layers.is_empty() {
        findings.absent("Attention", "The model's graph has no softmax between tokens.");
        return;
    }
    let before = network.before();
    for (number, layer) in attention.layers.iter().enumerate() {
        let heads = layer.dim().0 as f64;
        let mean = layer.sum_axis(ndarray::Axis(0));
        let own = before..before + names.len();
        let values = own.clone().flat_map(|from| own.clone().map(move |to| (from, to)));
        let grid = Grid {
            row_axis: "from token".into(),
            column_axis: "to token".into(),
            value_axis: "share".into(),
            rows: names.len(),
            columns: names.len(),
            values: values.map(|at| f64::from(mean[at]) / heads).collect(),
        };
        findings.panel(
            &format!("attention_{}", number + 1),
            format!("Attention of layer {}, mean over heads", number + 1),
            "The first region, special tokens left out; several tokens share a cell where there are many.",
            grid.to_svg(),
        );
    }
    let mut table = Table::new(
        "Attention heads",
        "Over all regions: over how many tokens attention is spread (the exponential of its entropy), how far it \
         reaches, and which share goes to special tokens and to a token itself or its neighbours.",
        &[
            "layer and head",
            "spread over tokens",
            "mean distance in tokens",
            "special tokens",
            "itself and neighbours",
        ],
    );
    for row in &attention.heads {
        table.row([
            format!("{}.{}", row.layer, row.head),
            format!("{:.1}", row.tokens),
            format!("{:.1}", row.distance),
            format!("{:.1} %", 100.0 * row.special),
            format!("{:.1} %", 100.0 * row.near),
        ]);
    }
    findings.tables.push(table);
}

fn variants(findings: &mut Findings, scored: &[Scored]) {
    let with: Vec<&Scored> = scored.iter().filter(|row| row.score.is_some()).collect();
    findings.fact(
        "alternate alleles scored",
        format!("{} of {}", thousands(with.len() as u64), thousands(scored.len() as u64)),
    );
    let mut plot = ScatterPlot::new("length of the alternate less that of the reference", "score");
    plot.dots = with
        .iter()
        .filter_map(|row| {
            let shift = row.alternate.len() as f64 - row.reference.len() as f64;
            Some(Dot { at: (shift, row.score?), ..Dot::default() })
        })
        .collect();
    findings.panel(
        "variants",
        "Scores of variants",
        "Below zero the alternate is less likely, or answered lower, than the reference.",
        plot.to_svg(),
    );
    let mut sorted = with;
    sorted.sort_by(|a, b| a.score.unwrap_or(0.0).total_cmp(&b.score.unwrap_or(0.0)));
    let mut table = Table::new(
        "Variants with the lowest scores",
        "All are in variants.csv, with the reason where there is no score.",
        &["variant", "id", "score", "reference", "alternate", "tokens reached"],
    );
    for row in sorted.into_iter().take(LISTED) {
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.4}"));
        let tokens = |count: Option<usize>| count.map_or_else(String::new, |count| count.to_string());
        table.row([
            format!("{}:{} {} > {}", row.chromosome, row.position, row.reference, row.alternate),
            row.id.clone(),
            number(row.score),
            number(row.reference_answer),
            number(row.alternate_answer),
            format!("{} / {}", tokens(row.reference_tokens), tokens(row.alternate_tokens)),
        ]);
    }
    findings.tables.push(table);
}
