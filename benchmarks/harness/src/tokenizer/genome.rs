//! `dlm tokenizer genome`.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use dlm_genome::tokenized::{
    Store, Writer,
    pickle::{self, Published},
};
use dlm_sdk::{Error, Result, TokenId, Tokenizer};
use rustc_hash::FxHashMap;
use serde::Serialize;

use super::{
    names::{ratio, shown, thousands},
    sequences,
};
use crate::{context::Context, files::Folder};

/// The arguments of `dlm tokenizer genome`.
#[derive(Args, Debug)]
pub struct GenomeArgs {
    /// A path to tokenizer.json, or kmer:6, char
    #[arg(long, value_name = "SPEC")]
    tokenizer: String,
    /// FASTA files of the genome (plain, gzip or bgzip)
    #[arg(long, num_args = 1.., value_name = "FASTA", required_unless_present = "from_pickles")]
    fasta: Vec<PathBuf>,
    /// Take published tokens, a pickle for each chromosome, from this folder instead of tokenizing FASTA files
    #[arg(long, value_name = "DIR", conflicts_with = "fasta")]
    from_pickles: Option<PathBuf>,
    /// Also write the published form, a pickle for each chromosome, to this folder
    #[arg(long, value_name = "DIR")]
    pickles: Option<PathBuf>,
    /// Where the store goes
    #[arg(long, value_name = "STORE")]
    output: PathBuf,
}

/// What tokenizing a genome answers. Tokens, types and mean length are those of known bases; each N is one unknown token.
#[derive(Default, Serialize)]
struct Answer {
    output: String,
    tokenizer: String,
    fingerprint: String,
    bases: u64,
    tokens: u64,
    unknown_tokens: u64,
    types: usize,
    mean_length: f64,
    chromosomes: Vec<Chromosome>,
}

#[derive(Serialize)]
struct Chromosome {
    name: String,
    length: u32,
    bases: u64,
    tokens: u64,
    unknown_tokens: u64,
    mean_length: f64,
}

pub(super) fn run(args: &GenomeArgs, context: &Context) -> Result<()> {
    let tokenizer = context.registry().tokenizer(&args.tokenizer)?;
    let mut writer = Writer::create(&args.output, &*tokenizer)?;
    match &args.from_pickles {
        Some(folder) => add_published(folder, &*tokenizer, &mut writer, context)?,
        None => sequences::each(context, "tokenizing", &args.fasta, |record| {
            writer.add(record.name(), record.bases(), |_| context.check())
        })?,
    }
    writer.finish()?;
    let store = Store::open(&args.output)?;
    let answer = describe(&store, &args.output, context)?;
    if let Some(folder) = &args.pickles {
        publish(&store, folder, context)?;
    }
    context.print(&answer, || text(&answer))
}

fn describe(store: &Store, path: &Path, context: &Context) -> Result<Answer> {
    let mut answer = Answer {
        output: shown(path),
        tokenizer: store.tokenizer().to_owned(),
        fingerprint: store.fingerprint().to_owned(),
        ..Answer::default()
    };
    let mut seen = vec![false; store.vocab_size()];
    for chromosome in store.chromosomes() {
        context.check()?;
        let (mut bases, mut tokens, mut unknown) = (0, 0, 0);
        for token in chromosome.tokens() {
            let token = token?;
            if store.unknown() == Some(token.id) {
                unknown += 1;
            } else {
                seen[token.id as usize] = true;
                tokens += 1;
                bases += u64::from(token.span.len());
            }
        }
        answer.bases += bases;
        answer.tokens += tokens;
        answer.unknown_tokens += unknown;
        answer.chromosomes.push(Chromosome {
            name: chromosome.name().to_owned(),
            length: chromosome.length(),
            bases,
            tokens,
            unknown_tokens: unknown,
            mean_length: ratio(bases, tokens),
        });
    }
    answer.types = seen.iter().filter(|seen| **seen).count();
    answer.mean_length = ratio(answer.bases, answer.tokens);
    Ok(answer)
}

fn text(answer: &Answer) -> String {
    let mut text = format!(
        "{}: {} tokens of {} types on {} known bases, mean length {:.4}; {} bases are unknown\n",
        answer.output,
        thousands(answer.tokens),
        thousands(answer.types as u64),
        thousands(answer.bases),
        answer.mean_length,
        thousands(answer.unknown_tokens)
    );
    for chromosome in &answer.chromosomes {
        let _ = writeln!(
            text,
            "{:<8} {:>13} bases {:>13} tokens  mean {:.4}",
            chromosome.name,
            thousands(u64::from(chromosome.length)),
            thousands(chromosome.tokens),
            chromosome.mean_length
        );
    }
    text
}

/// Writes each chromosome that has a published name; N stands for the unknown token.
fn publish(store: &Store, folder: &Path, context: &Context) -> Result<()> {
    let mut folder = Folder::make(folder)?;
    for chromosome in store.chromosomes() {
        let Some(name) = pickle::file_name(chromosome.name()) else {
            context.warn(format!("{} has no published name and is left out", chromosome.name()));
            continue;
        };
        // A first walk finds damage, which the second has no way to tell.
        for token in chromosome.tokens() {
            token?;
        }
        context.check()?;
        let texts = chromosome.tokens().flatten().map(|token| match store.text(token.id) {
            Some(text) if store.unknown() != Some(token.id) => text,
            _ => "N",
        });
        pickle::write(folder.file(name), texts)?;
    }
    folder.keep();
    Ok(())
}

fn add_published(
    folder: &Path,
    tokenizer: &dyn Tokenizer,
    writer: &mut Writer<'_>,
    context: &Context,
) -> Result<()> {
    let listing = fs::read_dir(folder)
        .map_err(|error| Error::io(format!("{}: cannot be listed", folder.display()), error))?;
    let mut found = Vec::new();
    for entry in listing {
        let entry =
            entry.map_err(|error| Error::io(format!("{}: cannot be listed", folder.display()), error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(chromosome) = pickle::chromosome(&name) {
            let number: u32 = name["chr_".len()..name.len() - ".pkl".len()].parse().unwrap_or(u32::MAX);
            found.push((number, chromosome, entry.path()));
        }
    }
    found.sort();
    if found.is_empty() {
        return Err(Error::invalid(format!("{}: holds no chr_1.pkl to chr_24.pkl", folder.display())));
    }
    let special: Vec<TokenId> = tokenizer.spec().special.ids().collect();
    let mut ids: FxHashMap<&str, TokenId> = (0..tokenizer.spec().vocab_size)
        .filter(|id| !special.contains(id))
        .filter_map(|id| Some((tokenizer.token(id)?, id)))
        .collect();
    if let Some(unknown) = tokenizer.spec().special.unk {
        ids.insert("N", unknown);
        ids.insert("[UNK]", unknown);
    }
    let progress = context.progress("reading pickles", Some(found.len() as u64));
    for (_, chromosome, path) in found {
        context.check()?;
        let published = Published::open(&path)?;
        let known = |text: &String| {
            ids.get(text.as_str()).copied().ok_or_else(|| {
                let name = &tokenizer.spec().name;
                Error::invalid(format!("{}: {text:?} is no token of {name}", path.display())).with_hint(
                    "the tokens were made by another tokenizer: give the one they were published with",
                )
            })
        };
        let vocabulary = published.vocabulary().iter().map(known).collect::<Result<Vec<_>>>()?;
        // An unknown token stands for one base, however it is spelled.
        let length = |text: &String| if text == "[UNK]" { 1 } else { text.len() as u32 };
        let lengths: Vec<u32> = published.vocabulary().iter().map(length).collect();
        let all =
            |table: &[u32]| published.tokens().iter().map(|&token| table[token as usize]).collect::<Vec<_>>();
        writer.add_tokens(&chromosome, &all(&vocabulary), &all(&lengths))?;
        progress.add(1);
    }
    Ok(())
}
