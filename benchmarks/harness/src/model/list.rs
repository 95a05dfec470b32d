//! `dlm model list`.

use std::fmt::Write as _;

use dlm_nn::{
    bert::{Heads, Model},
    preset,
};
use dlm_sdk::{Kind, Result};
use serde::Serialize;

use crate::{context::Context, tokenizer::thousands};

#[derive(Serialize)]
struct Answer {
    presets: Vec<Preset>,
    models: Vec<BuiltIn>,
}

#[derive(Serialize)]
struct Preset {
    name: String,
    summary: String,
    parameters: u64,
}

#[derive(Serialize)]
struct BuiltIn {
    id: String,
    summary: String,
}

pub(super) fn run(context: &Context) -> Result<()> {
    let mut presets = Vec::new();
    for name in preset::names() {
        let preset = preset::get(name)?;
        let parameters = Model::random(preset.model.config(), Heads::BOTH, 0).parameters();
        presets.push(Preset { name: preset.name, summary: preset.summary, parameters });
    }
    let models = context
        .registry()
        .factories(Kind::Encoder)
        .map(|factory| BuiltIn { id: factory.id().to_owned(), summary: factory.summary().to_owned() })
        .collect();
    let answer = Answer { presets, models };
    context.print(&answer, || text(&answer))
}

fn text(answer: &Answer) -> String {
    let mut text = String::from("presets, for dlm pretrain --preset\n");
    for preset in &answer.presets {
        // Writing to a string never fails.
        let _ = writeln!(
            text,
            "  {:<14}{:>12} weights  {}",
            preset.name,
            thousands(preset.parameters),
            preset.summary
        );
    }
    text.push_str("models, for --model and --models\n");
    for model in &answer.models {
        let _ = writeln!(text, "  {:<26}  {}", model.id, model.summary);
    }
    text
}
