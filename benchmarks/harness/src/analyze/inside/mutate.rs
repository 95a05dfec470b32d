//! In-silico mutagenesis: how the answer changes when a base does.

use dlm_sdk::{Result, Tokenizer, dna};
use serde::Serialize;

use super::{
    likelihood::{self, Alleles},
    network::{Asked, Chosen, Kind, Network},
    regions::{self, Region},
};

/// A base replaced by another.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Mutation {
    pub(super) region: String,
    pub(super) chromosome: String,
    /// Counted from one, on the forward strand.
    pub(super) position: u64,
    /// In reading direction.
    pub(super) reference: char,
    /// In reading direction.
    pub(super) alternate: char,
    /// Of a fine-tuned model the answer with the other base less that without; of a pretrained one the log-likelihood ratio
    /// of the tokens that differ.
    pub(super) effect: f64,
}

/// Replaces every known base of a region by each other one.
///
/// # Errors
///
/// The model cannot be run.
pub(super) fn mutate(
    network: &mut Network,
    region: &Region,
    chosen: &Chosen,
    tokenizer: &dyn Tokenizer,
    check: &dyn Fn() -> Result<()>,
) -> Result<Vec<Mutation>> {
    let mut mutations = Vec::new();
    let known = region.bases.iter().enumerate().filter(|(_, base)| dna::code(**base).is_some());
    let changes: Vec<(usize, u8)> = known
        .flat_map(|(at, &base)| {
            dna::BASES.into_iter().filter(move |&other| other != base).map(move |it| (at, it))
        })
        .collect();
    let here = Asked { ids: region.ids.clone(), chosen: chosen.clone() };
    let answer = if network.kind == Kind::Tokens { 0.0 } else { network.answers(&[here])?[0] };
    for part in changes.chunks(super::network::ROWS) {
        check()?;
        let with = |&(at, base): &(usize, u8)| {
            let mut bases = region.bases.clone();
            bases[at] = base;
            bases
        };
        let effects: Vec<f64> = match network.kind {
            Kind::Tokens => {
                let alleles: Vec<Alleles> = part
                    .iter()
                    .map(|change| Alleles::new(tokenizer, &region.bases, &with(change), network.most()))
                    .collect::<Result<_>>()?;
                likelihood::ratios(network, &alleles)?.into_iter().map(|ratio| ratio.score()).collect()
            }
            Kind::Scores(_) => {
                let most = network.most().unwrap_or(usize::MAX);
                let asked: Vec<Asked> = part
                    .iter()
                    .map(|change| {
                        let (mut ids, _) = regions::tokens(tokenizer, &with(change))?;
                        ids.truncate(most);
                        Ok(Asked { ids, chosen: chosen.clone() })
                    })
                    .collect::<Result<_>>()?;
                network.answers(&asked)?.into_iter().map(|changed| changed - answer).collect()
            }
        };
        mutations.extend(part.iter().zip(effects).map(|(&(at, base), effect)| Mutation {
            region: region.name.clone(),
            chromosome: region.interval.chromosome().to_owned(),
            position: region.place(at) + 1,
            reference: char::from(region.bases[at]),
            alternate: char::from(base),
            effect,
        }));
    }
    Ok(mutations)
}

/// Returns, for each base of a region in reading direction, how much the answer falls on average when it changes; zero
/// where it is unknown.
pub(super) fn importance(region: &Region, mutations: &[Mutation]) -> Vec<f64> {
    let mut sums = vec![(0.0, 0_u32); region.bases.len()];
    let mut at = 0;
    for mutation in mutations {
        while region.place(at) + 1 != mutation.position {
            at += 1;
        }
        sums[at].0 -= mutation.effect;
        sums[at].1 += 1;
    }
    sums.into_iter().map(|(sum, count)| sum / f64::from(count.max(1))).collect()
}
