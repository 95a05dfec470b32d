//! Plots and tables of the context.

use dlm_analysis::{Tree, holm, spearman};
use dlm_sdk::Result;
use ndarray::Array2;

use super::{Guessed, Tokens, measure::Layer};
use crate::{
    analyze::{Findings, Table},
    plot::{Branch, Column, Line, LinePlot, Matrix, Shade},
};

/// A column beside the layers.
struct Track<'a> {
    name: &'a str,
    values: Vec<Option<f64>>,
}

pub(super) fn findings(
    findings: &mut Findings,
    tokens: &Tokens,
    layers: &[Layer],
    guessed: &Guessed,
) -> Result<()> {
    let mut table = Table::new(
        "Layer by layer",
        "Means over tokens that occur twice or more. Corrected: less the same measure over random tokens of different windows.",
        &[
            "layer",
            "self-similarity",
            "anisotropy",
            "corrected",
            "MEV (Ethayarajh)",
            "its baseline",
            "corrected MEV",
        ],
    );
    let number =
        |value: Option<f64>| value.map_or_else(|| "not defined".to_owned(), |value| format!("{value:.3}"));
    for layer in layers {
        let (similarity, mev) = (layer.mean(|token| token.similarity), layer.mean(|token| token.mev));
        table.row([
            layer.number.to_string(),
            number(similarity),
            number(Some(layer.anisotropy)),
            number(similarity.map(|value| value - layer.anisotropy)),
            number(mev),
            number(Some(layer.mev_baseline)),
            number(mev.map(|value| value - layer.mev_baseline)),
        ]);
    }
    if let Some(last) = layers.last() {
        findings.fact("self-similarity in the last layer", number(last.mean(|token| token.similarity)));
        findings.fact("anisotropy of the last layer", number(Some(last.anisotropy)));
        findings.fact("MEV (Ethayarajh) in the last layer", number(last.mean(|token| token.mev)));
    }
    findings.tables.push(table);
    findings.panel(
        "layers",
        "Self-similarity, layer by layer",
        "The mean over tokens; layer 0 is the embeddings with their positions.",
        lines(layers),
    );
    let tracks = tracks(tokens, guessed);
    findings.wide_panel(
        "tokens",
        "Self-similarity of each token, with what the token is",
        "A row a token, joined by their corrected self-similarity over the layers. Layers share one scale; each track has its own, \
         from dark to light.",
        matrix(tokens, layers, &tracks)?,
    );
    findings.tables.push(beside(layers, &tracks));
    Ok(())
}

fn lines(layers: &[Layer]) -> String {
    let mut plot = LinePlot::new("layer", "mean cosine");
    let mut add = |label: &str, of: &dyn Fn(&Layer) -> Option<f64>| {
        let points = layers.iter().filter_map(|layer| Some((layer.number as f64, of(layer)?))).collect();
        plot.lines.push(Line {
            label: label.to_owned(),
            points,
            markers: true,
            series: plot.lines.len(),
            ..Line::default()
        });
    };
    add("self-similarity", &|layer| layer.mean(|token| token.similarity));
    add("random tokens (anisotropy)", &|layer| Some(layer.anisotropy));
    add("corrected", &|layer| Some(layer.mean(|token| token.similarity)? - layer.anisotropy));
    plot.to_svg()
}

fn tracks<'a>(tokens: &'a Tokens, guessed: &Guessed) -> Vec<Track<'a>> {
    let mut tracks: Vec<Track<'a>> = tokens
        .quantities
        .iter()
        .map(|quantity| {
            let frequency = quantity.name == "frequency";
            let shown = |value: &f64| {
                value.is_finite().then(|| if frequency { value.max(1.0).log10() } else { *value })
            };
            Track {
                name: if frequency { "frequency (log)" } else { &quantity.name },
                values: quantity.values.iter().map(shown).collect(),
            }
        })
        .collect();
    for (name, values) in [("accuracy", &guessed.accuracy), ("AUC", &guessed.auc)] {
        if !values.is_empty() {
            tracks.push(Track { name, values: values.clone() });
        }
    }
    tracks
}

fn corrected(layer: &Layer, token: usize) -> Option<f64> {
    layer.tokens[token].similarity.map(|similarity| similarity - layer.anisotropy)
}

fn matrix(tokens: &Tokens, layers: &[Layer], tracks: &[Track<'_>]) -> Result<String> {
    // A token that occurs once has no profile and stands at the end.
    let (known, rest): (Vec<usize>, Vec<usize>) = (0..tokens.ids.len())
        .partition(|&token| layers.iter().all(|layer| corrected(layer, token).is_some()));
    let profile = Array2::from_shape_fn((known.len(), layers.len()), |(row, column)| {
        corrected(&layers[column], known[row]).unwrap_or(0.0)
    });
    let tree = Tree::complete(profile.view())?;
    let mut matrix = Matrix::new(tokens.texts.clone(), 1.6, 16.0);
    matrix.order = tree.leaves().into_iter().map(|leaf| known[leaf]).chain(rest).collect();
    // Branches count from the number of all rows, the tree's from that of those it joins.
    let label = |label: usize| match label.checked_sub(known.len()) {
        None => known[label],
        Some(join) => tokens.ids.len() + join,
    };
    let branch = |join: &dlm_analysis::Join| Branch {
        left: label(join.left),
        right: label(join.right),
        height: join.distance,
    };
    matrix.tree = tree.joins().iter().map(branch).collect();
    let ends = profile
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &value| (low.min(value), high.max(value)));
    for layer in layers {
        matrix.columns.push(Column {
            name: format!("layer {}", layer.number),
            values: (0..tokens.ids.len()).map(|token| corrected(layer, token)).collect(),
            shade: Shade::Between(ends.0, ends.1),
            ..Column::default()
        });
    }
    for (place, track) in tracks.iter().enumerate() {
        matrix.columns.push(Column {
            name: track.name.to_owned(),
            values: track.values.clone(),
            apart: place == 0,
            ..Column::default()
        });
    }
    matrix.legend = "self-similarity less anisotropy".into();
    Ok(matrix.to_svg())
}

/// Correlates the self-similarity of the last layer with every track.
fn beside(layers: &[Layer], tracks: &[Track<'_>]) -> Table {
    let mut table = Table::new(
        "What self-similarity in the last layer goes with",
        "Spearman's correlation over tokens; p-values corrected by Holm over this table, as if tokens were independent.",
        &["quantity", "correlation", "p (Holm)", "tokens"],
    );
    let Some(last) = layers.last() else { return table };
    let similarity: Vec<f64> = last.tokens.iter().map(|token| token.similarity.unwrap_or(f64::NAN)).collect();
    let found: Vec<_> = tracks
        .iter()
        .map(|track| {
            let values: Vec<f64> = track.values.iter().map(|value| value.unwrap_or(f64::NAN)).collect();
            (track.name, spearman(&similarity, &values))
        })
        .collect();
    let p_values: Vec<f64> = found.iter().filter_map(|(_, found)| Some(found.as_ref()?.p_value)).collect();
    let mut corrected = holm(&p_values).into_iter();
    for (name, found) in found {
        match found {
            Some(found) => table.row([
                name.to_owned(),
                format!("{:+.2}", found.rho),
                format!("{:.1e}", corrected.next().unwrap_or(1.0)),
                found.points.to_string(),
            ]),
            None => table.row([name, "not defined: constant, or fewer than three tokens", "", "0"]),
        }
    }
    table
}
