//! Plots and tables of token embeddings.

use dlm_sdk::Result;

use super::{
    Subject, Tokens,
    characteristics::characteristics,
    components::{Analysed, COMPONENTS, Cell, Vectors},
};
use crate::{
    analyze::{Findings, Table},
    plot::{Branch, Column, Dot, Matrix, ScatterPlot, Shade},
};

/// Below this a corrected p-value carries a mark.
const MARKED: f64 = 0.05;
/// The quantities of the token itself.
pub(super) const OWN: [&str; 5] = ["frequency", "GC", "AG", "AC", "length"];
/// Component, quantity and absolute correlation in the paper: word2vec's, then GROVER's.
const PAPER: [(&str, usize, &str, f64); 8] = [
    ("word2vec", 1, "GC", 0.93),
    ("word2vec", 2, "AG", 0.75),
    ("model", 1, "frequency", 0.88),
    ("model", 2, "GC", 0.96),
    ("model", 3, "AG", 0.94),
    ("model", 4, "length", 0.39),
    ("model", 5, "AC", 0.81),
    ("model", 6, "length", 0.43),
];

pub(super) fn findings(
    subject: &Subject<'_>,
    findings: &mut Findings,
    tokens: &Tokens,
    vectors: &Vectors,
) -> Result<()> {
    findings.fact("tokens", tokens.ids.len());
    for analysed in &vectors.all {
        let name = analysed.kind.name;
        let first = analysed.shares.first().copied().unwrap_or(0.0);
        findings.fact(format!("MEV (paper) of {name} vectors"), format!("{:.1} %", 100.0 * first));
        if let Some(kept) = analysed.kept {
            let value =
                format!("{:.3}; {:.0} % of neighbours kept", kept.trustworthiness, 100.0 * kept.shared);
            findings.fact(format!("trustworthiness of the {name} map"), value);
        }
    }
    findings.tables.push(beside_the_paper(tokens, vectors));
    if tokens.quantities.iter().all(|quantity| !quantity.functional) {
        findings.absent("GC-corrected correlations", "no annotation is there to be corrected");
    }
    for (quantity, reason) in &vectors.uncorrected {
        findings.absent(format!("{quantity} corrected for GC"), reason.clone());
    }
    for analysed in &vectors.all {
        let name = analysed.kind.name;
        findings.panel(
            &format!("correlations-{name}"),
            format!("What components of {name} vectors go with"),
            "Spearman's correlation, orange positive, blue negative; the sign of a whole row is arbitrary. Dots: below 0.05 after Holm.",
            heatmap(tokens, analysed, &analysed.raw),
        );
        if !analysed.corrected.is_empty() {
            findings.panel(
                &format!("corrected-{name}"),
                format!("The same of {name} vectors, annotations corrected for GC"),
                "Annotations are replaced by what a local regression on GC leaves of them.",
                heatmap(tokens, analysed, &analysed.corrected),
            );
        }
        let title = format!("{name} vectors along their first two components");
        findings.panel(
            &format!("components-{name}"),
            title,
            colours(vectors),
            plane(tokens, vectors, analysed, false),
        );
        let title = format!("{name} vectors on a map (UMAP)");
        findings.panel(
            &format!("map-{name}"),
            title,
            colours(vectors),
            plane(tokens, vectors, analysed, true),
        );
    }
    characteristics(subject, findings, tokens, vectors)?;
    findings.wide_panel(
        "tree",
        "Static vectors joined into a tree",
        "Euclidean distance, complete linkage; each column has a scale of its own, from dark to light.",
        tree(tokens, vectors),
    );
    Ok(())
}

fn colours(vectors: &Vectors) -> String {
    format!("Colour: rank along the first component of the {} vectors, in every panel.", vectors.coloured_by)
}

/// Draws components as rows, quantities as columns.
fn heatmap(tokens: &Tokens, analysed: &Analysed, cells: &[Cell]) -> String {
    let components = analysed.places.ncols();
    let rows = (1..=components).map(|component| format!("PC{component}")).collect();
    let mut matrix = Matrix::new(rows, 15.0, 17.0);
    matrix.legend = "Spearman's correlation".into();
    for of_quantity in cells.chunk_by(|a, b| a.quantity == b.quantity) {
        let quantity = &tokens.quantities[of_quantity[0].quantity];
        let apart = quantity.functional && matrix.columns.len() == OWN.len();
        matrix.columns.push(Column {
            name: quantity.name.clone(),
            values: of_quantity.iter().map(|cell| cell.found.map(|found| found.rho)).collect(),
            shade: Shade::Around(1.0),
            marked: of_quantity.iter().map(|cell| cell.found.is_some() && cell.holm < MARKED).collect(),
            apart,
        });
    }
    matrix.to_svg()
}

/// Draws tokens along two components or on the map, in the colours of all panels.
fn plane(tokens: &Tokens, vectors: &Vectors, analysed: &Analysed, map: bool) -> String {
    let axis = |n: usize| {
        let share = 100.0 * analysed.shares.get(n - 1).copied().unwrap_or(0.0);
        if map { format!("UMAP {n}") } else { format!("PC{n} ({share:.1} %)") }
    };
    let mut plot = ScatterPlot::new(axis(1), axis(2));
    plot.color_axis = Some(format!("rank, PC1 of {} vectors", vectors.coloured_by));
    let named = most_frequent(tokens);
    for (row, &token) in analysed.kind.tokens.iter().enumerate() {
        let place = |column: usize| {
            if map {
                f64::from(analysed.map[[row, column]])
            } else {
                analysed.places.get([row, column]).copied().unwrap_or(0.0)
            }
        };
        let label = if named.contains(&token) { tokens.texts[token].clone() } else { String::new() };
        plot.dots.push(Dot {
            at: (place(0), place(1)),
            value: Some(vectors.colours[token]),
            label,
            ..Dot::default()
        });
    }
    plot.to_svg()
}

fn most_frequent(tokens: &Tokens) -> Vec<usize> {
    let mut order: Vec<usize> = (0..tokens.ids.len()).collect();
    order.sort_by_key(|&token| std::cmp::Reverse(tokens.counts[token]));
    order.truncate(3);
    order
}

/// Draws the tree of the static vectors with what the tokens are.
fn tree(tokens: &Tokens, vectors: &Vectors) -> String {
    let mut matrix = Matrix::new(tokens.texts.clone(), 1.6, 26.0);
    matrix.order = vectors.tree.leaves();
    let branch =
        |join: &dlm_analysis::Join| Branch { left: join.left, right: join.right, height: join.distance };
    matrix.tree = vectors.tree.joins().iter().map(branch).collect();
    for quantity in tokens.quantities.iter().filter(|quantity| OWN.contains(&quantity.name.as_str())) {
        let logarithm = quantity.name == "frequency";
        let shown = |value: &f64| Some(if logarithm { value.max(1.0).log10() } else { *value });
        matrix.columns.push(Column {
            name: if logarithm { "frequency (log)".to_owned() } else { quantity.name.clone() },
            values: quantity.values.iter().map(shown).collect(),
            ..Column::default()
        });
    }
    matrix.legend = "log10 of the frequency".into();
    matrix.to_svg()
}

/// Sets absolute correlations beside those of the paper.
fn beside_the_paper(tokens: &Tokens, vectors: &Vectors) -> Table {
    let mut table = Table::new(
        "Our figures beside the paper's",
        "Absolute rank correlations. The paper's are of 601 tokens learned on hg19 by 12 layers; a smaller model on one chromosome orders its components \
         otherwise, so the component that goes most with the same quantity is named too.",
        &["vectors", "quantity", "here, the same component", "here, the best of the first 20", "paper"],
    );
    for (of, component, quantity, paper) in PAPER {
        for analysed in
            vectors.all.iter().filter(|analysed| (analysed.kind.name == "word2vec") == (of == "word2vec"))
        {
            let of_quantity: Vec<(usize, f64)> = analysed
                .raw
                .iter()
                .filter(|cell| tokens.quantities[cell.quantity].name == quantity)
                .filter_map(|cell| Some((cell.component, cell.found?.rho.abs())))
                .collect();
            let same = of_quantity.iter().find(|(of, _)| of + 1 == component);
            let best = of_quantity.iter().max_by(|a, b| a.1.total_cmp(&b.1));
            let shown = |found: Option<&(usize, f64)>| {
                found.map_or_else(|| "not defined".to_owned(), |(of, rho)| format!("PC{} {rho:.2}", of + 1))
            };
            table.row([
                analysed.kind.name.to_owned(),
                quantity.to_owned(),
                shown(same),
                shown(best),
                format!("PC{component} {paper:.2}"),
            ]);
        }
    }
    let mev = |name: &str, paper: &str| -> Option<[String; 5]> {
        let analysed = vectors.all.iter().find(|analysed| analysed.kind.name == name)?;
        let share = format!("{:.1} %", 100.0 * analysed.shares.first()?);
        Some([name.to_owned(), "MEV (share of PC1)".to_owned(), share, String::new(), paper.to_owned()])
    };
    for row in [mev("word2vec", "15 %"), mev("static", "3.5 %")].into_iter().flatten() {
        table.row(row);
    }
    debug_assert!(vectors.all.iter().all(|analysed| analysed.places.ncols() <= COMPONENTS));
    table
}
