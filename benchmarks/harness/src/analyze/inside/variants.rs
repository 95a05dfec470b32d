//! Variants of a VCF file.

use std::path::Path;

use dlm_genome::{
    Genome, Interval,
    vcf::{self, Alternate, Variant},
};
use dlm_sdk::{Error, Result, Tokenizer, dna};
use serde::Serialize;

use super::{
    likelihood::{self, Alleles},
    network::{Asked, Chosen, Kind, Network},
    regions::tokens,
};
use crate::files::file_error;

/// Variants that are scored together.
const ROUND: usize = 64;

/// An alternate allele and its score.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Scored {
    pub(super) chromosome: String,
    /// Counted from one, as VCF has it.
    pub(super) position: u64,
    pub(super) id: String,
    pub(super) reference: String,
    pub(super) alternate: String,
    /// The alternate's answer less the reference's; `None`: see the note.
    pub(super) score: Option<f64>,
    pub(super) reference_answer: Option<f64>,
    pub(super) alternate_answer: Option<f64>,
    /// How many tokens the change reaches in the reference.
    pub(super) reference_tokens: Option<usize>,
    /// The same in the alternate.
    pub(super) alternate_tokens: Option<usize>,
    /// Why there is no score.
    pub(super) note: String,
}

/// Two sequences to be compared, and whose row they are.
struct Waiting {
    row: usize,
    reference: Vec<u8>,
    alternate: Vec<u8>,
}

/// Scores every alternate allele of a VCF file, with so many bases on each side.
///
/// # Errors
///
/// A file cannot be read, a reference allele is not what the genome has, or the model cannot be run.
pub(super) fn score(
    network: &mut Network,
    tokenizer: &dyn Tokenizer,
    path: &Path,
    genome: &Path,
    flank: u64,
    check: &dyn Fn() -> Result<()>,
) -> Result<Vec<Scored>> {
    let genome = Genome::open(genome)?;
    let mut rows: Vec<Scored> = Vec::new();
    let mut waiting: Vec<Waiting> = Vec::new();
    for variant in vcf::Reader::open(path)? {
        check()?;
        let variant = variant.map_err(file_error)?;
        variant.check(&genome).map_err(|error| file_error(error).within(path.display().to_string()))?;
        for alternate in variant.alternates() {
            let row = rows.len();
            rows.push(unscored(&variant, alternate));
            match sequences(&variant, alternate, &genome, flank)? {
                Ok((reference, alternate)) => waiting.push(Waiting { row, reference, alternate }),
                Err(note) => rows[row].note = note,
            }
        }
        if waiting.len() >= ROUND {
            answer(network, tokenizer, &mut waiting, &mut rows)?;
        }
    }
    answer(network, tokenizer, &mut waiting, &mut rows)?;
    if rows.is_empty() {
        return Err(Error::invalid(format!("{}: holds no variants", path.display())));
    }
    Ok(rows)
}

fn unscored(variant: &Variant, alternate: &Alternate) -> Scored {
    let text = |bases: &[u8]| String::from_utf8_lossy(bases).into_owned();
    Scored {
        chromosome: variant.interval().chromosome().to_owned(),
        position: variant.interval().start() + 1,
        id: variant.id().unwrap_or(".").to_owned(),
        reference: text(variant.reference()),
        alternate: match alternate {
            Alternate::Bases(bases) => text(bases),
            Alternate::Other(symbol) => symbol.clone(),
        },
        score: None,
        reference_answer: None,
        alternate_answer: None,
        reference_tokens: None,
        alternate_tokens: None,
        note: String::new(),
    }
}

type Pair = (Vec<u8>, Vec<u8>);

/// Returns both sequences with their flanks, or why there are none.
fn sequences(
    variant: &Variant,
    alternate: &Alternate,
    genome: &Genome,
    flank: u64,
) -> Result<std::result::Result<Pair, String>> {
    let Alternate::Bases(alternate) = alternate else {
        return Ok(Err("the alternate is not spelled out".to_owned()));
    };
    if [variant.reference(), alternate].concat().iter().any(|&base| dna::code(base).is_none()) {
        return Ok(Err("an allele holds N".to_owned()));
    }
    let interval = variant.interval();
    let length = genome.bases(interval.chromosome())?.len() as u64;
    let place = |start: u64, end: u64| {
        Ok::<_, Error>(genome.slice(&Interval::new(interval.chromosome(), start, end)?)?.to_vec())
    };
    // Only known bases next to the variant are context.
    let left = place(interval.start().saturating_sub(flank), interval.start())?;
    let right = place(interval.end(), (interval.end() + flank).min(length))?;
    let unknown = |base: &u8| dna::code(*base).is_none();
    let left = &left[left.iter().rposition(unknown).map_or(0, |at| at + 1)..];
    let right = &right[..right.iter().position(unknown).unwrap_or(right.len())];
    Ok(Ok(([left, variant.reference(), right].concat(), [left, alternate, right].concat())))
}

/// Scores what waits.
fn answer(
    network: &mut Network,
    tokenizer: &dyn Tokenizer,
    waiting: &mut Vec<Waiting>,
    rows: &mut [Scored],
) -> Result<()> {
    match network.kind {
        Kind::Tokens => {
            let (mut alleles, mut places) = (Vec::new(), Vec::new());
            for one in waiting.drain(..) {
                match Alleles::new(tokenizer, &one.reference, &one.alternate, network.most()) {
                    Ok(pair) => {
                        rows[one.row].reference_tokens =
                            Some(pair.reference.hidden.1 - pair.reference.hidden.0);
                        rows[one.row].alternate_tokens =
                            Some(pair.alternate.hidden.1 - pair.alternate.hidden.0);
                        alleles.push(pair);
                        places.push(one.row);
                    }
                    Err(error) => rows[one.row].note = error.to_string(),
                }
            }
            for (row, ratio) in places.into_iter().zip(likelihood::ratios(network, &alleles)?) {
                rows[row].score = Some(ratio.score());
                rows[row].reference_answer = Some(ratio.reference);
                rows[row].alternate_answer = Some(ratio.alternate);
            }
        }
        Kind::Scores(outputs) => {
            let (mut asked, mut places) = (Vec::new(), Vec::new());
            for one in waiting.drain(..) {
                let (reference, _) = tokens(tokenizer, &one.reference)?;
                let (alternate, _) = tokens(tokenizer, &one.alternate)?;
                if network.most().is_some_and(|most| reference.len().max(alternate.len()) > most) {
                    rows[one.row].note.push_str("it has more tokens than the model takes; see --flank");
                    continue;
                }
                let chosen = chosen(network, &reference, outputs)?;
                asked.push(Asked { ids: reference, chosen: chosen.clone() });
                asked.push(Asked { ids: alternate, chosen });
                places.push(one.row);
            }
            let answers = network.answers(&asked)?;
            for (row, pair) in places.into_iter().zip(answers.chunks(2)) {
                rows[row].score = Some(pair[1] - pair[0]);
                rows[row].reference_answer = Some(pair[0]);
                rows[row].alternate_answer = Some(pair[1]);
            }
        }
    }
    Ok(())
}

/// Returns what of a fine-tuned model's scores is looked at: of two classes how far the second is ahead, of several
/// outputs the one that is highest for the row.
///
/// # Errors
///
/// The model cannot be run.
pub(super) fn chosen(network: &mut Network, ids: &[u32], outputs: usize) -> Result<Chosen> {
    Ok(Chosen::Scores(match outputs {
        1 => vec![1.0],
        2 if network.classes => vec![-1.0, 1.0],
        _ => {
            let scores = network.scores(&[ids.to_vec()])?;
            let row = scores.row(0);
            let best = (0..outputs).fold(0, |best, at| if row[at] > row[best] { at } else { best });
            (0..outputs).map(|at| f32::from(u8::from(at == best))).collect()
        }
    }))
}
