//! What a model's folder says of its pretraining.

use std::{fs, path::Path};

use dlm_sdk::Spec;
use dlm_train::{data::Score, pretrain::Record};

use crate::results::{MaskedScore, ModelRecord};

/// Reads how a model was pretrained, if its spec is a folder that says so. A twin was not.
pub(super) fn record(spec: &str) -> Option<ModelRecord> {
    let head = spec.parse::<Spec>().ok()?.head();
    let text = fs::read_to_string(Path::new(&head).join("pretraining.json")).ok()?;
    // What another version wrote is not shown; the scores stand without it.
    let record = Record::from_json(&text).ok()?;
    let score = |method: &str, score: &Score| MaskedScore {
        method: method.to_owned(),
        accuracy: score.accuracy,
        top_tenth: score.top_tenth,
        perplexity: score.perplexity,
        bits_per_base: score.bits_per_base,
    };
    Some(ModelRecord {
        model: spec.to_owned(),
        preset: record.preset,
        parameters: record.parameters,
        steps: record.steps,
        tokens: record.tokens,
        bases: record.bases,
        undertrained: record.undertrained,
        guessed: record.held_out.model.guessed,
        masked: vec![
            score("model", &record.held_out.model),
            score("token frequencies (unigram)", &record.held_out.unigram),
            score("two-sided token n-gram", &record.held_out.neighbours),
        ],
    })
}
