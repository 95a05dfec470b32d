//! `intrinsic`: how well the model guesses hidden tokens, beside what guesses them without a language model.
//!
//! Sanabria et al. (2024), Figures 2d, e and 3f, g: masked-token accuracy, accuracy within the most probable tenth of the
//! dictionary, perplexity, and for each token the area under the ROC curve (its probability at the places where it is
//! hidden against all other places) and the share guessed right. Token frequency and the visible neighbours on both sides
//! are asked at the very same places.

mod guesses;
mod show;
mod types;

use dlm_sdk::{Encoder, Error, Result};
use dlm_train::{
    data::{Corpus, HeldOut, Masking, Neighbours, Recipe, Unigram},
    pretrain::Record,
};

use self::{
    guesses::{Guesses, Method},
    types::TypeRow,
};
use super::{Findings, Options, Reads, Section, Subject};

pub(super) const SECTION: Section = Section {
    name: "intrinsic",
    title: "Intrinsic performance",
    about: "How well are hidden tokens guessed, over all and token by token, beside frequency and neighbours?",
    revision: 1,
    in_all: true,
    reads: &[Reads::Model, Reads::Genome],
    settings,
    run,
};

/// Windows by which pretraining chooses the best weights: they are left out here.
const CHOSEN_BY: usize = 256;
/// Numbers of logits of a batch, at most: it bounds memory.
const LOGITS: usize = 1 << 23;
/// Probabilities that are held at once, at most: a gigabyte.
const PROBABILITIES: usize = 1 << 28;

fn settings(options: &Options) -> Vec<(&'static str, String)> {
    vec![("held-out windows", options.held_out_windows.to_string())]
}

/// How windows are cut and tokens hidden: as the model's preset has it, else as the paper has it.
fn recipe(subject: &Subject<'_>) -> (Recipe, Masking, String) {
    let folder = subject.model_folder();
    let text = folder.and_then(|folder| std::fs::read_to_string(folder.join("pretraining.json")).ok());
    let record = text.and_then(|text| Record::from_json(&text).ok());
    match record.and_then(|record| dlm_nn::preset::get(&record.preset).ok()) {
        Some(preset) => {
            let (windows, masking) = (&preset.windows, &preset.masking);
            let recipe = Recipe {
                longest: windows.longest.value,
                shortest: windows.shortest.value,
                full_share: windows.full_share.value,
            };
            let masking = Masking {
                share: masking.share.value,
                masked: masking.masked.value,
                random: masking.random.value,
            };
            (recipe, masking, format!("as preset {} has it", preset.name))
        }
        None => (Recipe::PAPER, Masking::PAPER, "as Sanabria et al. (2024) have it".to_owned()),
    }
}

fn run(subject: &Subject<'_>) -> Result<Findings> {
    let mut encoder = subject.encoder()?;
    let spec = encoder.spec().clone();
    if spec.causal || encoder.language_model().is_none() {
        return Err(Error::unsupported(format!("{} guesses no hidden tokens", spec.name))
            .with_hint("masked-token scores need a masked language model that gives logits"));
    }
    let tokenizer = subject.tokenizer()?;
    let (apart, held_out_about) = subject.hold_out()?;
    let corpus = subject.corpus(&*tokenizer, &apart)?;
    let (mut recipe, masking, recipe_about) = recipe(subject);
    let most = spec.max_tokens.unwrap_or(recipe.longest + 2).min(recipe.longest + 2);
    recipe.longest = recipe.longest.min(most - 2);
    recipe.shortest = recipe.shortest.min(recipe.longest);
    let rows = (LOGITS / (most * corpus.vocab_size())).clamp(1, 16);
    let windows = subject.options().held_out_windows;
    let held_out = HeldOut::beyond(&corpus, recipe, masking, rows, most, CHOSEN_BY, windows)?;
    if held_out.hidden().len() * corpus.vocab_size() > PROBABILITIES {
        return Err(Error::invalid(format!(
            "{} hidden tokens of {} ids each do not fit into memory",
            held_out.hidden().len(),
            corpus.vocab_size()
        ))
        .with_hint("ask for fewer windows by --held-out-windows"));
    }
    let (model, probabilities) = guessed_by_model(subject, &mut *encoder, &corpus, &held_out)?;
    let unigram = Unigram::count(&corpus)?;
    subject.context().check()?;
    let neighbours = Neighbours::count(&corpus, held_out.hidden())?;
    subject.context().check()?;
    let methods = [
        Method { name: "model", sees: "all visible tokens of the window", guesses: model },
        Method {
            name: "token frequencies (unigram)",
            sees: "nothing",
            guesses: Guesses::of_control(&corpus, &held_out, &unigram),
        },
        Method {
            name: "two-sided token n-gram",
            sees: "two tokens on each side",
            guesses: Guesses::of_control(&corpus, &held_out, &neighbours),
        },
    ];
    let rows = types::rows(&*tokenizer, &corpus, &unigram, &methods[0].guesses, &probabilities);
    let scores = guesses::scores(&methods);
    subject.write_csv(
        "scores.csv",
        "scores of each method, with bootstrap intervals over windows",
        &scores,
    )?;
    subject.write_csv(
        "tokens.csv",
        "each token: frequency, length, AUC and accuracy with intervals",
        &rows,
    )?;
    let mut findings = Findings::default();
    show::findings(&mut findings, &corpus, &scores, &methods, &rows);
    findings.method(format!(
        "{held_out_about}. Windows were cut from them and tokens selected {recipe_about}: {} windows, {} selected tokens, \
         each hidden behind [MASK]; those by which pretraining chooses its weights are not among them. Accuracy is the \
         share of hidden tokens with the highest probability, the top tenth the share among the {} most probable of the \
         {} tokens that stand for bases, perplexity the exponential of the mean cross-entropy over the whole vocabulary \
         (the paper's \"bits\" per token), bits per nucleotide the summed cross-entropy over the bases of the hidden \
         tokens. The last can be compared between vocabularies, though not strictly: where tokens differ in length, \
         their borders say something too.",
        held_out.batches().iter().map(|batch| batch.ids.nrows()).sum::<usize>(),
        held_out.hidden().len(),
        (corpus.standard().len() / 10).max(1),
        corpus.standard().len()
    ));
    findings.method(
        "The two-sided n-gram and the token frequencies were counted on the tokens that are not held out and asked at \
         the same hidden tokens; the n-gram backs off from two tokens on each side to one, and to either side alone, by \
         the rule of Witten and Bell. Intervals are percentiles of 1,000 bootstrap resamples of whole windows (300 for single tokens); \
         differences are taken within the same resamples. The AUC of a token ranks all hidden places by the \
         probability the model gives that token there, those where it is the hidden one against the others, ties \
         counting one half; its accuracy is the share of its own places where it is guessed.",
    );
    Ok(findings)
}

/// Asks the model at every hidden token, and returns the probabilities of the vocabulary beside what they say.
fn guessed_by_model(
    subject: &Subject<'_>,
    encoder: &mut dyn Encoder,
    corpus: &Corpus,
    held_out: &HeldOut,
) -> Result<(Guesses, Vec<f32>)> {
    crate::runtime::ensure(subject.context())?;
    let progress = subject.progress("guessing hidden tokens", Some(held_out.batches().len() as u64));
    let name = encoder.spec().name.clone();
    let vocabulary = encoder.spec().vocab_size as usize;
    let model = encoder
        .language_model()
        .ok_or_else(|| Error::internal(format!("{name} has lost its language-model head")))?;
    let mut guesses = Guesses::default();
    let mut probabilities = Vec::with_capacity(held_out.hidden().len() * vocabulary);
    for batch in held_out.batches() {
        subject.context().check()?;
        guesses.add_batch(corpus, batch, vocabulary, model, &mut probabilities)?;
        progress.add(1);
    }
    Ok((guesses, probabilities))
}
