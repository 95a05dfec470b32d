//! One page with the numbers, the plots and the tables; it needs no network.

use std::fmt::Write as _;

use super::{
    plots::Plot,
    summary::{Report, TokenRow},
};
use crate::tokenizer::names::thousands;

const STYLE: &str = "body{font:15px/1.5 Helvetica,Arial,'DejaVu Sans',sans-serif;color:#1a1a1a;max-width:60em;\
margin:2em auto;padding:0 1em}h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{padding:.2em .8em;text-align:right;\
border-bottom:1px solid #e3e3e3}th:first-child,td:first-child{text-align:left}svg{max-width:100%;height:auto}\
code{font-family:'DejaVu Sans Mono',Menlo,Consolas,monospace}p{max-width:46em}";

/// Writes the page.
pub(super) fn page(report: &Report, plots: &[Plot]) -> String {
    let name = escape(&report.tokenizer);
    let mut html = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{name}</title><style>{STYLE}</style></head><body><h1>Tokenizer {name}</h1>"
    );
    html.push_str("<table><tbody>");
    for (what, value) in numbers(report) {
        let _ = write!(html, "<tr><td>{what}</td><td>{value}</td></tr>");
    }
    html.push_str("</tbody></table>");
    for plot in plots {
        let _ = write!(html, "<h2>{}</h2>{}", plot.title, plot.svg);
    }
    tokens(&mut html, "Longest tokens", &report.longest);
    tokens(&mut html, "Most frequent tokens", &report.most_frequent);
    let _ = write!(html, "<p>Fingerprint <code>{}</code></p></body></html>", escape(&report.fingerprint));
    html
}

/// Returns the numbers of a report in words.
pub(super) fn numbers(report: &Report) -> Vec<(&'static str, String)> {
    let count = |number: usize| thousands(number as u64);
    let percent = |share: f64| format!("{:.2} %", 100.0 * share);
    let dictionary = &report.dictionary;
    vec![
        ("known bases", thousands(report.genome.known_bases)),
        ("unknown bases", thousands(report.genome.unknown_bases)),
        ("ids, special tokens included", count(dictionary.ids)),
        ("tokens made of bases", count(dictionary.nucleotide_tokens)),
        ("of these occurring between two tokens", count(dictionary.occurring)),
        ("of these occurring at all", count(dictionary.occurring_anywhere)),
        ("tokens", thousands(report.tokens)),
        ("bases a token (fertility)", format!("{:.4}", report.bases_per_token)),
        ("tokens a kilobase", format!("{:.1}", report.tokens_per_kilobase)),
        ("mean length in the dictionary", format!("{:.2}", report.mean_dictionary_length)),
        ("median occurrences of a token", format!("{:.0}", report.median_occurrences)),
        ("entropy of token frequencies, bits a token", format!("{:.3}", report.entropy_bits_per_token)),
        ("the same, bits a base", format!("{:.4}", report.entropy_bits_per_base)),
        ("tokens that the other strand has too", percent(report.reverse_complement.tokens)),
        ("bases in such tokens", percent(report.reverse_complement.bases)),
        ("dictionary closed under reverse complement", percent(report.reverse_complement.dictionary)),
    ]
}

fn tokens(html: &mut String, title: &str, rows: &[TokenRow]) {
    let _ = write!(
        html,
        "<h2>{title}</h2><table><thead><tr><th>token</th><th>length</th><th>occurrences</th><th>as k-mer</th>\
         <th>share</th></tr></thead><tbody>"
    );
    for row in rows {
        let _ = write!(
            html,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td><td>{:.3} %</td></tr>",
            escape(&row.token),
            row.length,
            thousands(row.occurrences),
            thousands(row.kmers),
            100.0 * row.share
        );
    }
    html.push_str("</tbody></table>");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
