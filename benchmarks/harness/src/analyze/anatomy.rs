//! `anatomy`: what the vocabulary is made of, and how it cuts this genome.
//!
//! Sanabria et al. (2024), Figure 3: token frequencies against k-mers, token lengths, the share of all possible words of a
//! length that are tokens, nucleotide composition, the first nucleotide, and a cloud of the tokens. The numbers are those
//! of `dlm tokenizer report`; beside them stand the paper's, of 600 merges on the whole of hg19.

use dlm_sdk::{Error, Result};
use serde::Serialize;

use super::{Findings, Reads, Section, Subject, Table};
use crate::{
    plot::{Line, LinePlot, Scale},
    tokenizer::{Report, Survey, each_record, report_plots, report_tables, thousands},
};

pub(super) const SECTION: Section = Section {
    name: "anatomy",
    title: "Vocabulary anatomy",
    about: "How frequent, how long and of which nucleotides are the tokens, beside fixed k-mers and the paper's figures?",
    revision: 1,
    in_all: true,
    reads: &[Reads::Tokenizer, Reads::Genome],
    settings: |_| Vec::new(),
    run,
};

/// The bases of hg19 that are A, C, G or T: 703.0 million tokens of 4.0703 bases.
const HG19_BASES: f64 = 2_861_327_131.0;
/// The fixed vocabularies that frequencies are set beside.
const FIXED: [usize; 3] = [4, 5, 6];

fn run(subject: &Subject<'_>) -> Result<Findings> {
    let tokenizer = subject.tokenizer()?;
    let fixed = FIXED
        .iter()
        .map(|k| subject.context().registry().tokenizer(&format!("kmer:{k}")))
        .collect::<Result<Vec<_>>>()?;
    let mut survey = Survey::new(&*tokenizer);
    let mut others: Vec<Survey<'_>> = fixed.iter().map(|tokenizer| Survey::new(&**tokenizer)).collect();
    let fasta = [subject.genome()?.to_owned()];
    each_record(subject.context(), "counting", &fasta, |record| {
        survey.add(record.bases())?;
        others.iter_mut().try_for_each(|other| other.add(record.bases()))
    })?;
    let report = survey.report()?;
    let others = others.into_iter().map(Survey::report).collect::<Result<Vec<_>>>()?;
    if report.tokens == 0 {
        return Err(Error::unsupported(format!("{}: has no known bases", fasta[0].display()))
            .with_hint("name a FASTA file of sequences of A, C, G and T"));
    }
    let mut findings = Findings::default();
    for (name, table) in report_tables(&report)? {
        subject.write(name, about(name), table)?;
    }
    fixed_csv(subject, &report, &others)?;
    facts(&mut findings, &report);
    findings.tables.push(beside_the_paper(&report));
    findings.panel(
        "fixed",
        "Occurrences of tokens, beside vocabularies of fixed k-mers",
        "Each curve is a vocabulary, its tokens by rank; both axes are logarithmic. Fixed k-mers do not overlap here.",
        ranks(&report, &others),
    );
    for plot in report_plots(&report) {
        let name = plot.file.trim_end_matches(".svg");
        let wide = name == "cloud";
        findings.panel(name, plot.title, caption(name), plot.svg);
        if let Some(panel) = findings.panels.last_mut() {
            panel.wide = wide;
        }
    }
    findings.method(format!(
        "The genome was tokenized by {} as whole stretches of known bases, and every token was counted; the dictionary \
         is the tokens that occur with another token on either side, so that tokens which only fill up before an N do \
         not count. The same bases were counted at every place of the forward strand as k-mers, and as tokens of \
         vocabularies of non-overlapping 4-, 5- and 6-mers. The share of the possible words of length n is that of 4^n.",
        report.tokenizer
    ));
    Ok(findings)
}

fn about(file: &str) -> &'static str {
    match file {
        "tokens.csv" => {
            "every token: length, occurrences, occurrences as a k-mer, share kept on the other strand"
        }
        "lengths.csv" => "tokens by length, and the share of all possible words",
        "composition.csv" => "the four nucleotides in genome, dictionary and first places",
        _ => "how many tokens, and how many of the same k-mers, are about as frequent",
    }
}

fn caption(plot: &str) -> &'static str {
    match plot {
        "cloud" => "Colour tells the first nucleotide, which the word says too.",
        "coverage" => "Of the 4^n words of a length, those that are tokens of this genome.",
        "frequencies" => "The same words, counted as tokens and at every place of the forward strand.",
        "survival" => "Tokens whose bases are one token when the other strand is tokenized.",
        _ => "",
    }
}

fn facts(findings: &mut Findings, report: &Report) {
    findings.fact("known bases", thousands(report.genome.known_bases));
    findings.fact("tokens", thousands(report.tokens));
    findings.fact("tokens of the dictionary that occur", report.dictionary.occurring);
    findings.fact("bases a token", format!("{:.4}", report.bases_per_token));
    findings.fact(
        "entropy of token frequencies",
        format!(
            "{:.3} bits a token, {:.4} bits a base",
            report.entropy_bits_per_token, report.entropy_bits_per_base
        ),
    );
}

/// Sets our figures beside those of the paper (Sanabria et al., 2024, text and Figure 3).
fn beside_the_paper(report: &Report) -> Table {
    let mut table = Table::new(
        "Our figures beside the paper's",
        "The paper's are of 600 merges learned on and counted in the whole of hg19. Counts of occurrences grow with the \
         genome and are set beside the paper's in proportion to its bases; a vocabulary learned on fewer bases, or with \
         another number of merges, has other tokens.",
        &["quantity", "here", "paper, hg19", "how they compare"],
    );
    let length = |n: usize| report.lengths.iter().find(|row| row.length == n);
    let types = |n: usize| length(n).map_or(0, |row| row.occurring);
    let covered = |n: usize| length(n).map_or(0.0, |row| 100.0 * row.coverage);
    let share = report.genome.known_bases as f64 / HG19_BASES;
    let first: f64 = report
        .composition
        .iter()
        .filter(|row| matches!(row.base, 'A' | 'T'))
        .map(|row| 100.0 * row.first_in_dictionary)
        .sum();
    let genome: f64 = report
        .composition
        .iter()
        .filter(|row| matches!(row.base, 'A' | 'T'))
        .map(|row| 100.0 * row.genome)
        .sum();
    let (longest, singles) = (longest(report), singles(report));
    let cg = report.all.iter().any(|row| row.token == "CG");
    table.row([
        "tokens of the dictionary that occur".to_owned(),
        report.dictionary.occurring.to_string(),
        "601".into(),
        String::new(),
    ]);
    table.row([
        "mean token length in the genome, bases".to_owned(),
        format!("{:.4}", report.bases_per_token),
        "4.07".into(),
        format!("{:+.2} %", 100.0 * (report.bases_per_token / 4.0703 - 1.0)),
    ]);
    table.row([
        "tokens".to_owned(),
        thousands(report.tokens),
        "703.0 million".into(),
        format!(
            "{:.3} of what the paper's rate gives for these bases",
            report.tokens as f64 / (703.0e6 * share)
        ),
    ]);
    table.row([
        "median occurrences of a token".to_owned(),
        thousands(report.median_occurrences.round() as u64),
        "about 400,000".into(),
        format!("{} in proportion to the bases", thousands((400_000.0 * share).round() as u64)),
    ]);
    for (n, paper) in [(5, "213"), (6, "224")] {
        table.row([format!("tokens of {n} bases"), types(n).to_string(), paper.into(), String::new()]);
    }
    table.row(["single nucleotides that are tokens".to_owned(), singles, "G alone".into(), String::new()]);
    for (n, paper) in [(2, "63 % (10)"), (4, "32 % (82)")] {
        table.row([
            format!("share of all words of {n} bases"),
            format!("{:.1} % ({})", covered(n), types(n)),
            paper.into(),
            String::new(),
        ]);
    }
    table.row(["longest tokens".to_owned(), longest, "16 bases: A x 16 and T x 16".into(), String::new()]);
    table.row([
        "whether CG is a token".to_owned(),
        if cg { "yes" } else { "no" }.to_owned(),
        "no".into(),
        String::new(),
    ]);
    table.row([
        "tokens of the dictionary that start with A or T".to_owned(),
        format!("{first:.1} %"),
        "97 % (60 % expected)".into(),
        format!("the genome is A or T to {genome:.1} %"),
    ]);
    table
}

/// Names the longest tokens that occur.
fn longest(report: &Report) -> String {
    let occurring = || report.all.iter().filter(|row| row.inside > 0);
    let longest = occurring().map(|row| row.length).max().unwrap_or(0);
    let mut named: Vec<&str> =
        occurring().filter(|row| row.length == longest).map(|row| row.token.as_str()).collect();
    let more = named.len().saturating_sub(4);
    named.truncate(4);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{longest} bases: {}{more}", named.join(", "))
}

/// Names the single nucleotides that occur as tokens.
fn singles(report: &Report) -> String {
    let singles = report.all.iter().filter(|row| row.inside > 0 && row.length == 1);
    singles.map(|row| row.token.as_str()).collect::<Vec<_>>().join(", ")
}

/// Draws occurrences by rank, a curve a vocabulary.
fn ranks(report: &Report, others: &[Report]) -> String {
    let mut plot = LinePlot::new("rank", "occurrences as a token");
    (plot.x_scale, plot.y_scale) = (Scale::Log, Scale::Log);
    let named = [(report.tokenizer.clone(), report)];
    let fixed = FIXED.iter().zip(others).map(|(k, other)| (format!("{k}-mers"), other));
    for (series, (label, report)) in named.into_iter().chain(fixed).enumerate() {
        let counts = sorted(report);
        let step = counts.len().div_ceil(400).max(1);
        let kept = counts.iter().enumerate().filter(|(rank, _)| *rank < 100 || rank % step == 0);
        plot.lines.push(Line {
            label,
            points: kept.map(|(rank, &count)| (rank as f64 + 1.0, count as f64)).collect(),
            series,
            ..Line::default()
        });
    }
    plot.to_svg()
}

fn sorted(report: &Report) -> Vec<u64> {
    let mut counts: Vec<u64> =
        report.all.iter().map(|row| row.occurrences).filter(|&count| count > 0).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    counts
}

#[derive(Serialize)]
struct Ranked<'a> {
    vocabulary: &'a str,
    rank: usize,
    occurrences: u64,
}

fn fixed_csv(subject: &Subject<'_>, report: &Report, others: &[Report]) -> Result<()> {
    let mut rows = Vec::new();
    for report in std::iter::once(report).chain(others) {
        let ranked = sorted(report).into_iter().enumerate();
        rows.extend(ranked.map(|(rank, occurrences)| Ranked {
            vocabulary: &report.tokenizer,
            rank: rank + 1,
            occurrences,
        }));
    }
    subject.write_csv("fixed.csv", "occurrences by rank, of this vocabulary and of fixed k-mers", &rows)
}
