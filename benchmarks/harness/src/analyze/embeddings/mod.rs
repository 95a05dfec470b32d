//! `embeddings`: what is in the vectors of tokens.
//!
//! Sanabria et al. (2024), Figure 4. Three kinds of vectors of a token are looked at: the row of the model's embedding table
//! (*static*), the mean of its states in the last layer over held-out windows (*contextual*), and the vector that word2vec learned, if one is
//! named. Of each: principal components, how much the first one explains (the paper's MEV), what components go with (rank
//! correlation, as it is and with what follows GC taken out of annotations), a map by UMAP, and the tree of the static ones.

mod characteristics;
mod components;
mod means;
mod show;

use self::components::{Kind, Vectors};
use super::{
    Findings, Options, Reads, Section, Subject,
    occurrences::Occurrences,
    states::{Frame, static_embeddings},
    tokens::Tokens,
};
use dlm_sdk::{Result, TokenId};

pub(super) const SECTION: Section = Section {
    name: "embeddings",
    title: "Token embeddings",
    about: "What do the vectors of tokens know: frequency, composition, length, annotations?",
    revision: 2,
    in_all: true,
    reads: &[Reads::Model, Reads::Genome, Reads::Annotations],
    settings,
    run,
};

fn settings(options: &Options) -> Vec<(&'static str, String)> {
    let word2vec = options.word2vec.as_deref().map_or_else(|| "none".to_owned(), contents);
    vec![("embedding windows", options.embedding_windows.to_string()), ("word2vec", word2vec)]
}

/// Returns what a folder of vectors is called and a digest of its files, so that other vectors of one name are other.
fn contents(folder: &str) -> String {
    let mut files: Vec<std::path::PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    let digests = files.iter().filter_map(|path| crate::data::digest::digests(path, &|| Ok(())).ok());
    digests.fold(folder.to_owned(), |text, digest| format!("{text} {}", digest.sha256))
}

fn run(subject: &Subject<'_>) -> Result<Findings> {
    let mut findings = Findings::default();
    let mut occurrences = Occurrences::open(subject, &mut findings)?;
    occurrences.tokens.write(subject)?;
    let (rows, source) =
        static_embeddings(&mut *occurrences.encoder, &occurrences.frame, &occurrences.tokens.ids)?;
    let mut kinds = vec![Kind::new("static", rows, all(&occurrences.tokens))];
    let (rows, present) = means::contextual(subject, &mut occurrences)?;
    let Occurrences { tokens, windows, held_out, .. } = occurrences;
    let seen = windows.iter().map(Vec::len).sum::<usize>();
    let missing = tokens.ids.len() - present.len();
    if missing > 0 {
        findings.warnings.push(format!(
            "{missing} of {} tokens do not occur in the {} held-out windows: they have no contextual embedding",
            tokens.ids.len(),
            windows.len()
        ));
    }
    kinds.push(Kind::new("contextual", rows, present));
    match &subject.options().word2vec {
        Some(spec) => {
            let kind = word2vec(subject, spec, &tokens)?;
            let missing = tokens.ids.len() - kind.tokens.len();
            if missing > 0 {
                findings.warnings.push(format!("{missing} of {} tokens have no word2vec vector", tokens.ids.len()));
            }
            kinds.push(kind);
        }
        None => findings.absent(
            "word2vec beside the model",
            "no word2vec vectors were named; learn them by 'dlm word2vec' and name their folder by --word2vec",
        ),
    }
    let vectors = Vectors::compute(subject, &tokens, kinds)?;
    vectors.write(subject, &tokens)?;
    show::findings(subject, &mut findings, &tokens, &vectors)?;
    methods(&mut findings, &tokens, &source, &held_out, windows.len(), seen);
    Ok(findings)
}

fn all(tokens: &Tokens) -> Vec<usize> {
    (0..tokens.ids.len()).collect()
}

/// Takes the vectors of word2vec, which must have been learned on the same tokens.
fn word2vec(subject: &Subject<'_>, spec: &str, tokens: &Tokens) -> Result<Kind> {
    let mut encoder = subject.context().registry().encoder(spec)?;
    let tokenizer = subject.context().registry().tokenizer(&encoder.spec().tokenizer)?;
    let by_text: std::collections::BTreeMap<&str, TokenId> =
        (0..tokenizer.spec().vocab_size).filter_map(|id| Some((tokenizer.token(id)?, id))).collect();
    let found: Vec<(usize, TokenId)> = tokens
        .texts
        .iter()
        .enumerate()
        .filter_map(|(row, text)| Some((row, *by_text.get(text.as_str())?)))
        .collect();
    let frame = Frame::new(&*encoder, &*tokenizer)?;
    let ids: Vec<TokenId> = found.iter().map(|found| found.1).collect();
    let (rows, _) = static_embeddings(&mut *encoder, &frame, &ids)?;
    // A token that was too rare to be learned has a vector of zeros.
    let learned: Vec<usize> =
        (0..found.len()).filter(|&row| rows.row(row).iter().any(|&value| value != 0.0)).collect();
    if learned.len() < 3 || learned.len() * 2 < tokens.ids.len() {
        return Err(dlm_sdk::Error::invalid(format!(
            "{spec}: has vectors of {} of the {} tokens",
            learned.len(),
            tokens.ids.len()
        ))
        .with_hint("learn word2vec on the model's own tokenizer"));
    }
    let rows = rows.select(ndarray::Axis(0), &learned);
    Ok(Kind::new("word2vec", rows, learned.into_iter().map(|row| found[row].0).collect()))
}

fn methods(
    findings: &mut Findings,
    tokens: &Tokens,
    source: &str,
    held_out: &str,
    windows: usize,
    seen: usize,
) {
    findings.method(format!(
        "Vectors of the {} tokens of A, C, G and T that occur in the genome were looked at: static ones ({source}) and \
         contextual ones, the mean over all occurrences of the last layer's state in {windows} full windows ({seen} tokens); {held_out}. Principal \
         components were computed on centred, unscaled vectors (as R's prcomp); the sign of a component is arbitrary, so absolute \
         correlations are compared. MEV in the paper's sense is the share of the first component in the variance of all tokens' vectors; \
         what Ethayarajh (2019) calls MEV is computed per token over its occurrences, in the section on context.",
        tokens.ids.len(),
    ));
    findings.method(
        "Frequency, GC, AG, AC and length are of the token itself; annotations are the share of the bases of all its \
         occurrences in the genome that a class covers, a base counted once, repeat classes pooled with those marked by ?. \
         Components 1 to 20 were correlated with each quantity by Spearman's rank correlation with a two-sided p-value by Student's t, \
         corrected by Holm (and by Benjamini and Hochberg, in the file) over all cells of one table; tokens are not independent, so that these are \
         a rule for what to look at. For the GC-corrected table annotations were replaced by the residuals of a local regression on \
         the token's GC (loess: degree 2, span 0.75, as R's default). Maps are by UMAP (15 neighbours, minimal distance 0.1, 500 epochs, start at the \
         first two components). The first six components stand beside the quantity of the token itself that each goes with most, with a local          regression of the component on it (loess: degree 2, span 0.75) and its pointwise band of 95 %; frequency is taken as its logarithm there. The tree joins static vectors by Euclidean distance and complete linkage.",
    );
}
