//! The plots of a report.

use super::{cloud::cloud, summary::Report};
use crate::{
    plot::{Bar, BarPlot, Histogram, Line, LinePlot, Scale},
    tokenizer::names::thousands,
};

/// A plot, its file name and what it shows.
pub(crate) struct Plot {
    pub(crate) file: &'static str,
    pub(crate) title: &'static str,
    pub(crate) svg: String,
}

/// Draws the plots of a report.
pub(crate) fn plots(report: &Report) -> Vec<Plot> {
    let plot = |file, title, svg| Plot { file, title, svg };
    vec![
        plot("cloud.svg", "The tokens, as large as the root of their frequency", cloud(&report.all)),
        plot("dictionary_lengths.svg", "Lengths of the dictionary's tokens", dictionary_lengths(report)),
        plot("token_lengths.svg", "Lengths of the genome's tokens", token_lengths(report)),
        plot("coverage.svg", "Share of all words of a length that are tokens", coverage(report)),
        plot(
            "frequencies.svg",
            "Frequencies of tokens, and of the same k-mers in the genome",
            frequencies(report),
        ),
        plot("ranks.svg", "Tokens by rank, and the same k-mers in the genome", ranks(report)),
        plot("most_frequent.svg", "The most frequent tokens", most_frequent(report)),
        plot("nucleotides.svg", "Nucleotides", nucleotides(report)),
        plot("first_nucleotides.svg", "The nucleotide that comes first", first_nucleotides(report)),
        plot("survival.svg", "Tokens that the other strand has too", survival(report)),
    ]
}

fn dictionary_lengths(report: &Report) -> String {
    let counts: Vec<_> = report.lengths.iter().map(|row| (row.length as u64, row.occurring as f64)).collect();
    Histogram::of_integers("length in bases", "tokens of the dictionary", &counts).to_svg()
}

fn token_lengths(report: &Report) -> String {
    let counts: Vec<_> = report.lengths.iter().map(|row| (row.length as u64, 100.0 * row.share)).collect();
    Histogram::of_integers("length in bases", "tokens of the genome (%)", &counts).to_svg()
}

fn coverage(report: &Report) -> String {
    let mut plot = BarPlot::new("words that are tokens (%)");
    plot.bars = report
        .lengths
        .iter()
        .filter(|row| row.dictionary > 0)
        .map(|row| Bar {
            label: format!("{} bases", row.length),
            value: 100.0 * row.coverage,
            note: match row.length {
                ..16 => {
                    format!("{} of {}", thousands(row.occurring as u64), thousands(1 << (2 * row.length)))
                }
                _ => format!("{} of 4^{}", thousands(row.occurring as u64), row.length),
            },
        })
        .collect();
    plot.to_svg()
}

fn frequencies(report: &Report) -> String {
    let mut plot = LinePlot::new("occurrences", "tokens");
    plot.x_scale = Scale::Log;
    let line = |label: &str, series, count: fn(&super::summary::FrequencyRow) -> usize| Line {
        label: label.to_owned(),
        points: report
            .frequencies
            .iter()
            .map(|row| ((row.from * row.below).sqrt(), count(row) as f64))
            .collect(),
        markers: true,
        series,
        ..Line::default()
    };
    plot.lines =
        vec![line("as tokens", 0, |row| row.tokens), line("as k-mers at every place", 1, |row| row.kmers)];
    plot.to_svg()
}

fn ranks(report: &Report) -> String {
    let mut plot = LinePlot::new("rank", "occurrences");
    (plot.x_scale, plot.y_scale) = (Scale::Log, Scale::Log);
    let line = |label: &str, series, count: fn(&super::summary::TokenRow) -> u64| {
        let mut counts: Vec<u64> = report.all.iter().map(count).filter(|&count| count > 0).collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        // A curve of many thousands of points looks like one of a few hundred.
        let step = counts.len().div_ceil(400).max(1);
        let points = counts.iter().enumerate().filter(|(rank, _)| *rank < 100 || rank % step == 0);
        Line {
            label: label.to_owned(),
            points: points.map(|(rank, &count)| (rank as f64 + 1.0, count as f64)).collect(),
            series,
            ..Line::default()
        }
    };
    plot.lines = vec![
        line("as tokens", 0, |row| row.occurrences),
        line("as k-mers at every place", 1, |row| row.kmers),
    ];
    plot.to_svg()
}

fn most_frequent(report: &Report) -> String {
    let mut plot = BarPlot::new("share of all tokens (%)");
    let bar = |row: &super::summary::TokenRow| Bar {
        label: row.token.clone(),
        value: 100.0 * row.share,
        note: thousands(row.occurrences),
    };
    plot.bars = report.most_frequent.iter().map(bar).collect();
    plot.to_svg()
}

fn nucleotides(report: &Report) -> String {
    shares(report, "share (%)", &[("genome", |row| row.genome), ("dictionary", |row| row.dictionary)])
}

fn first_nucleotides(report: &Report) -> String {
    shares(
        report,
        "tokens that start with it (%)",
        &[("genome's tokens", |row| row.first_in_tokens), ("dictionary", |row| row.first_in_dictionary)],
    )
}

type Share = fn(&super::summary::CompositionRow) -> f64;

fn shares(report: &Report, axis: &str, columns: &[(&str, Share)]) -> String {
    let mut plot = BarPlot::new(axis);
    for row in &report.composition {
        for (name, share) in columns {
            let value = 100.0 * share(row);
            plot.bars.push(Bar {
                label: format!("{}, {name}", row.base),
                value,
                note: format!("{value:.1}"),
            });
        }
    }
    plot.to_svg()
}

fn survival(report: &Report) -> String {
    let mut plot = BarPlot::new("tokens that the other strand has too (%)");
    plot.bars = report
        .lengths
        .iter()
        .filter(|row| row.tokens > 0)
        .map(|row| Bar {
            label: format!("{} bases", row.length),
            value: 100.0 * row.surviving,
            note: format!("of {}", thousands(row.tokens)),
        })
        .collect();
    plot.to_svg()
}
