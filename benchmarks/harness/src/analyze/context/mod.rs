//! `context`: how much a token's state depends on what stands around it, layer by layer.
//!
//! Sanabria et al. (2024), Figure 5a and S2, after Ethayarajh (2019): the self-similarity of each token over its
//! occurrences in held-out windows, as it is and less what any two tokens have in common in that layer (anisotropy), and the
//! share of the occurrences that one direction explains (Ethayarajh's MEV).

mod measure;
mod show;

use std::collections::BTreeMap;

use dlm_sdk::{ErrorKind, Result};
use serde::Serialize;

use self::measure::{Layer, Places, layer};
use super::{
    Findings, Options, Reads, Section, Subject, occurrences::Occurrences, pieces::Pieces, states::Frame,
    tokens::Tokens,
};

pub(super) const SECTION: Section = Section {
    name: "context",
    title: "Context",
    about: "How much does a token's state depend on its context, layer by layer, and what goes with that?",
    revision: 1,
    in_all: true,
    reads: &[Reads::Model, Reads::Genome, Reads::Annotations],
    settings,
    run,
};

fn settings(options: &Options) -> Vec<(&'static str, String)> {
    vec![
        ("embedding windows", options.embedding_windows.to_string()),
        ("occurrences", options.occurrences.to_string()),
    ]
}

fn run(subject: &Subject<'_>) -> Result<Findings> {
    let mut findings = Findings::default();
    let mut occurrences = Occurrences::open(subject, &mut findings)?;
    let places = Places::draw(&occurrences, subject);
    let last = occurrences.encoder.spec().layers;
    let mut layers = Vec::new();
    for number in 0..=last {
        match layer(subject, &mut occurrences, &places, number) {
            Ok(layer) => layers.push(layer),
            // Not every model gives its inner layers.
            Err(error) if error.kind() == ErrorKind::Unsupported && number < last => {
                let title = format!("layer {number}");
                findings.absent(title, error.to_string());
            }
            Err(error) => return Err(error),
        }
    }
    let Occurrences { tokens, windows, held_out, .. } = &occurrences;
    write(subject, tokens, &layers)?;
    let guessed = guessed(subject, tokens, &mut findings);
    show::findings(&mut findings, tokens, &layers, &guessed)?;
    let seen = places.seen();
    findings.method(format!(
        "States of {} full held-out windows were compared ({held_out}); at most {} occurrences of a token, in the order of the \
         windows, which is random; {} of {} tokens occur twice or more. Self-similarity is the mean cosine between all pairs of a \
         token's occurrences in a layer (Ethayarajh 2019), computed exactly from the sum of unit vectors; layer 0 is the embeddings with their positions. \
         Anisotropy is the same mean over one random token of each window, and is subtracted for the corrected value. The maximum \
         explainable variance of a token is the share of the first singular value, squared, in the sum of all, not centred, over up to {} occurrences; its baseline is \
         that of as many random tokens. Rows of the figure are joined by the Euclidean distance of their corrected self-similarity over the \
         layers, complete linkage.",
        windows.len(),
        subject.options().occurrences,
        seen,
        tokens.ids.len(),
        measure::KEPT
    ));
    Ok(findings)
}

/// Accuracy and AUC of each token, as the section on intrinsic performance found them.
#[derive(Debug, Default)]
struct Guessed {
    accuracy: Vec<Option<f64>>,
    auc: Vec<Option<f64>>,
}

/// Reads what another section found of each token, if it is there.
fn guessed(subject: &Subject<'_>, tokens: &Tokens, findings: &mut Findings) -> Guessed {
    #[derive(serde::Deserialize)]
    struct Row {
        token: String,
        auc: Option<f64>,
        accuracy: Option<f64>,
    }
    let path = subject.root.join("intrinsic").join("tokens.csv");
    let rows: BTreeMap<String, (Option<f64>, Option<f64>)> = csv::Reader::from_path(&path)
        .into_iter()
        .flat_map(csv::Reader::into_deserialize::<Row>)
        .flatten()
        .map(|row| (row.token, (row.accuracy, row.auc)))
        .collect();
    if rows.is_empty() {
        findings.absent(
            "accuracy and AUC beside self-similarity",
            "the section intrinsic was not computed into this folder; run it first, or all",
        );
        return Guessed::default();
    }
    let of = |text: &String| rows.get(text).copied().unwrap_or_default();
    Guessed {
        accuracy: tokens.texts.iter().map(|text| of(text).0).collect(),
        auc: tokens.texts.iter().map(|text| of(text).1).collect(),
    }
}

fn write(subject: &Subject<'_>, tokens: &Tokens, layers: &[Layer]) -> Result<()> {
    #[derive(Serialize)]
    struct Row<'a> {
        token: &'a str,
        layer: usize,
        occurrences: usize,
        self_similarity: Option<f64>,
        corrected: Option<f64>,
        mev_ethayarajh: Option<f64>,
        mev_corrected: Option<f64>,
    }
    let mut rows = Vec::new();
    for layer in layers {
        for (token, text) in tokens.texts.iter().enumerate() {
            let of = layer.tokens[token];
            rows.push(Row {
                token: text,
                layer: layer.number,
                occurrences: of.occurrences,
                self_similarity: of.similarity,
                corrected: of.similarity.map(|similarity| similarity - layer.anisotropy),
                mev_ethayarajh: of.mev,
                mev_corrected: of.mev.map(|mev| mev - layer.mev_baseline),
            });
        }
    }
    subject.write_csv(
        "self-similarity.csv",
        "each token in each layer: self-similarity and Ethayarajh's MEV, as they are and corrected for anisotropy",
        &rows,
    )
}
