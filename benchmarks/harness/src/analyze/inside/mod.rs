//! `inside`: what a model's answer rests on, base by base.
//!
//! For each region the answer of the model is one number: of a masked language model the log-probability of the token in
//! the middle, hidden; of a fine-tuned one its score (of two classes, how far the second is ahead). It is explained by
//! saliency, integrated gradients and in-silico mutagenesis, and the attention between tokens is shown. Variants of a VCF
//! file are scored by the masked log-likelihood ratio, or by the difference of a fine-tuned model's scores.

mod feed;
mod gradient;
mod likelihood;
mod mutate;
mod network;
mod regions;
mod show;
mod tracks;
mod variants;

use dlm_sdk::Result;
use ndarray::Array3;
use ndarray_npy::WriteNpyExt as _;
use serde::Serialize;

use self::{
    gradient::Attribution,
    mutate::Mutation,
    network::{Asked, Chosen, Kind, Network},
    regions::Region,
    tracks::Track,
};
use super::{Findings, Options, Reads, Section, Subject};

pub(super) const SECTION: Section = Section {
    name: "inside",
    title: "Looking inside",
    about: "What does the model's answer rest on: attention, gradients, mutations, and how does it judge variants?",
    revision: 2,
    in_all: true,
    reads: &[Reads::Model, Reads::Genome, Reads::Regions, Reads::Variants],
    settings,
    run,
};

fn settings(options: &Options) -> Vec<(&'static str, String)> {
    vec![("flank", options.flank.to_string()), ("integration steps", options.integration_steps.to_string())]
}

/// A region, and what is known of the answer to it.
#[derive(Debug)]
struct Explained {
    region: Region,
    asked: Asked,
    attribution: Attribution,
    mutations: Vec<Mutation>,
    /// Per base, in reading direction.
    saliency: Vec<f64>,
    integrated: Vec<f64>,
    importance: Vec<f64>,
}

/// A base of a region.
#[derive(Serialize)]
struct BaseRow<'a> {
    region: &'a str,
    chromosome: &'a str,
    position: u64,
    base: char,
    token: usize,
    saliency: f64,
    integrated_gradients: f64,
    mutagenesis: f64,
}

fn run(subject: &Subject<'_>) -> Result<Findings> {
    let device: dlm_runtime::Device = subject.options().device.parse()?;
    let tokenizer = subject.tokenizer()?;
    let special = tokenizer.spec().special;
    crate::runtime::ensure(subject.context())?;
    let mut network = match subject.finetuned()? {
        Some((folder, _)) => Network::finetuned(folder, special, device)?,
        None => Network::pretrained(&mut *subject.encoder()?, special, device)?,
    };
    let check = || subject.context().check();
    let (regions, drawn) = regions::regions(subject, &*tokenizer, network.most())?;
    let progress = subject.progress("looking inside", Some(regions.len() as u64));
    let mut explained = Vec::with_capacity(regions.len());
    for region in regions {
        let asked = asked(&mut network, &region)?;
        let steps = subject.options().integration_steps;
        let attribution = gradient::attribute(&mut network, &asked, steps, &check)?;
        let mutations = mutate::mutate(&mut network, &region, &asked.chosen, &*tokenizer, &check)?;
        explained.push(Explained {
            saliency: region.per_base(&attribution.saliency, false),
            integrated: region.per_base(&attribution.integrated, true),
            importance: mutate::importance(&region, &mutations),
            region,
            asked,
            attribution,
            mutations,
        });
        progress.add(1);
    }
    let attention = attention(subject, &mut network, &explained)?;
    write(subject, &explained, &attention.received)?;
    let scored = match &subject.options().variants {
        Some(path) => {
            let (genome, flank) = (subject.genome()?, subject.options().flank);
            let scored = variants::score(&mut network, &*tokenizer, path, genome, flank, &check)?;
            subject.write_csv("variants.csv", "variants and their scores; see the methods", &scored)?;
            Some(scored)
        }
        None => None,
    };
    let mut findings = Findings::default();
    let names: Vec<String> = explained
        .first()
        .map(|first| {
            first.asked.ids.iter().map(|&id| tokenizer.token(id).unwrap_or("?").to_owned()).collect()
        })
        .unwrap_or_default();
    show::findings(&mut findings, &network, &explained, &attention, &names, scored.as_deref());
    methods(&mut findings, &network, subject, drawn);
    Ok(findings)
}

/// Says what is asked of the model about a region.
fn asked(network: &mut Network, region: &Region) -> Result<Asked> {
    match network.kind {
        Kind::Tokens => {
            let middle = region.bases.len() / 2;
            let place = region.spans.iter().position(|span| span.end as usize > middle);
            let place = place.unwrap_or(region.ids.len() - 1);
            let mut ids = region.ids.clone();
            let token = std::mem::replace(&mut ids[place], network.mask_id()?);
            Ok(Asked { ids, chosen: Chosen::Tokens(vec![(place, token)]) })
        }
        Kind::Scores(outputs) => {
            let chosen = variants::chosen(network, &region.ids, outputs)?;
            Ok(Asked { ids: region.ids.clone(), chosen })
        }
    }
}

/// What attention says.
#[derive(Debug, Default)]
struct Attention {
    /// Of the first region, `[heads, tokens, tokens]` of each layer.
    layers: Vec<Array3<f32>>,
    heads: Vec<HeadRow>,
    /// Of each region, what each token receives on average.
    received: Vec<Vec<f64>>,
}

/// An attention head, over all regions.
#[derive(Clone, Debug, Serialize)]
struct HeadRow {
    layer: usize,
    head: usize,
    /// The exponential of the mean entropy: over so many tokens attention is spread.
    tokens: f64,
    /// The mean distance in tokens between special ones left out.
    distance: f64,
    /// The share that goes to special tokens.
    special: f64,
    /// The share that goes to the token itself or to its neighbours.
    near: f64,
}

fn attention(subject: &Subject<'_>, network: &mut Network, explained: &[Explained]) -> Result<Attention> {
    let mut found = Attention::default();
    let before = network.before();
    for one in explained {
        subject.context().check()?;
        let layers = network.attention(&one.asked)?;
        let own = before..before + one.asked.ids.len();
        let mut received = vec![0.0; own.len()];
        let heads: usize = layers.iter().map(|layer| layer.dim().0).sum();
        for (number, layer) in layers.iter().enumerate() {
            for (head, map) in layer.outer_iter().enumerate() {
                let mut row = HeadRow {
                    layer: number + 1,
                    head: head + 1,
                    tokens: 0.0,
                    distance: 0.0,
                    special: 0.0,
                    near: 0.0,
                };
                for from in own.clone() {
                    for (to, share) in map.row(from).iter().enumerate() {
                        let share = f64::from(*share);
                        if share > 0.0 {
                            row.tokens -= share * share.ln();
                        }
                        if own.contains(&to) {
                            row.distance += share * from.abs_diff(to) as f64;
                            row.near += if from.abs_diff(to) <= 1 { share } else { 0.0 };
                            received[to - before] += share / (own.len() * heads) as f64;
                        } else {
                            row.special += share;
                        }
                    }
                }
                let n = (own.len() * explained.len()) as f64;
                let place = found.heads.iter().position(|it| (it.layer, it.head) == (row.layer, row.head));
                let place = place.unwrap_or_else(|| {
                    let fresh =
                        HeadRow { tokens: 0.0, distance: 0.0, special: 0.0, near: 0.0, ..row.clone() };
                    found.heads.push(fresh);
                    found.heads.len() - 1
                });
                let sum = &mut found.heads[place];
                sum.tokens += row.tokens / n;
                sum.distance += row.distance / n;
                sum.special += row.special / n;
                sum.near += row.near / n;
            }
        }
        found.received.push(received);
        if found.layers.is_empty() {
            found.layers = layers;
        }
    }
    for row in &mut found.heads {
        row.tokens = row.tokens.exp();
    }
    if !found.heads.is_empty() {
        subject.write_csv(
            "heads.csv",
            "attention heads over all regions: spread, distance, shares",
            &found.heads,
        )?;
        for (number, layer) in found.layers.iter().enumerate() {
            let mut bytes = Vec::new();
            layer.write_npy(&mut bytes).map_err(|error| {
                dlm_sdk::Error::internal("attention cannot be written").with_source(error)
            })?;
            let about = "attention in the first region, heads by tokens by tokens, special tokens included";
            subject.write(&format!("attention.{}.npy", number + 1), about, bytes)?;
        }
    }
    Ok(found)
}

/// Writes bases, mutations and tracks.
fn write(subject: &Subject<'_>, explained: &[Explained], received: &[Vec<f64>]) -> Result<()> {
    let (mut rows, mut mutations) = (Vec::new(), Vec::new());
    let mut tracks: [Track; 4] = Default::default();
    for (one, received) in explained.iter().zip(received) {
        let region = &one.region;
        for (base, &letter) in region.bases.iter().enumerate() {
            rows.push(BaseRow {
                region: &region.name,
                chromosome: region.interval.chromosome(),
                position: region.place(base) + 1,
                base: char::from(letter),
                token: region.spans.iter().position(|span| span.end as usize > base).unwrap_or(0),
                saliency: one.saliency[base],
                integrated_gradients: one.integrated[base],
                mutagenesis: one.importance[base],
            });
        }
        mutations.extend(one.mutations.iter().cloned());
        tracks[0].add(region, &one.saliency);
        tracks[1].add(region, &one.integrated);
        tracks[2].add(region, &one.importance);
        tracks[3].add(region, &region.per_base(received, false));
    }
    subject.write_csv(
        "bases.csv",
        "every base of every region with its saliency, integrated gradients and importance",
        &rows,
    )?;
    subject.write_csv(
        "mutations.csv",
        "every base replaced by every other, and the effect on the answer",
        &mutations,
    )?;
    let lengths = tracks::lengths(subject)?;
    let names = [
        ("saliency", "length of the gradient"),
        ("integrated_gradients", "integrated gradients, shared out among the bases of a token"),
        ("mutagenesis", "mean fall of the answer when the base changes"),
        ("attention", "mean attention that the token receives"),
    ];
    for (track, (name, about)) in tracks.iter().zip(names) {
        track.write(subject, name, about, &lengths)?;
    }
    Ok(())
}

fn methods(findings: &mut Findings, network: &Network, subject: &Subject<'_>, drawn: String) {
    let answer = match network.kind {
        Kind::Tokens => "the log-probability of the token that covers its middle base, hidden behind [MASK]",
        Kind::Scores(2) if network.classes => {
            "how far the score of the second class is ahead of the first, before the softmax"
        }
        Kind::Scores(1) => "the value that the model gives, in the units it was trained in",
        Kind::Scores(_) => "the score of the output that is highest for it",
    };
    findings.method(format!(
        "{drawn} The answer to a region is {answer}. Saliency is the length of the answer's derivative by the embedding \
         that a token looks up. Integrated gradients were summed over {} pieces of the line from a row in which every \
         token is hidden, by the gradient in the middle of each, and pieces were halved where that misses what the \
         answer does between their ends; their sum over all tokens is the answer less that to the hidden row, up to the gap that the \
         table tells. Per base, integrated gradients are shared out among the bases that a token covers, saliency and \
         attention are those of the token.",
        subject.options().integration_steps
    ));
    let mutated = match network.kind {
        Kind::Tokens => "the masked log-likelihood ratio of the changed sequence",
        Kind::Scores(_) => "the answer to the changed sequence, tokenized anew, less that to the region",
    };
    findings.method(format!(
        "In-silico mutagenesis replaces every known base by each other one; the effect is {mutated}, and a base's \
         importance is the mean fall over the three. Attention is that of every softmax between tokens; it says where \
         a layer looks, which is not what the answer rests on."
    ));
    findings.method(match network.kind {
        Kind::Tokens => format!(
            "Variants were placed between up to {} known bases of the genome on each side, their reference alleles \
             checked against it. Both sequences were tokenized; the tokens in which they differ, aligned from both ends \
             so that an insertion or deletion shifts those behind it, were hidden all at once, and the score is the \
             summed log-probability of the alternate's tokens less that of the reference's, in nats. Alleles that \
             differ in length differ in how many tokens are summed, which a score of an insertion or deletion holds.",
            subject.options().flank
        ),
        Kind::Scores(_) => format!(
            "Variants were placed between up to {} known bases of the genome on each side, their reference alleles \
             checked against it; the score is the answer with the alternate less that with the reference.",
            subject.options().flank
        ),
    });
}
