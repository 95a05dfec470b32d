//! `dlm model show`.

use std::{fmt::Write as _, path::Path};

use dlm_nn::{
    bert::{Heads, Model},
    folder::Folder,
    preset,
};
use dlm_sdk::{Error, Result};
use serde_json::{Map, Value, json};

use crate::{context::Context, tokenizer::thousands};

/// Shows whatever a text names: a folder before a preset, a preset before a built-in model.
pub(super) fn run(model: &str, context: &Context) -> Result<()> {
    let answer = if Folder::is_one(model) {
        folder(Path::new(model), context)?
    } else if preset::names().any(|name| name == model) {
        of_preset(model)?
    } else {
        encoder(model, context)?
    };
    context.print(&answer, || text(&answer))
}

fn of_preset(name: &str) -> Result<Value> {
    let preset = preset::get(name)?;
    let parameters = Model::random(preset.model.config(), Heads::BOTH, 0).parameters();
    let mut answer = serde_json::to_value(&preset)
        .map_err(|error| Error::internal("a preset is no JSON").with_source(error))?;
    answer["parameters"] = json!(parameters);
    Ok(answer)
}

fn folder(path: &Path, context: &Context) -> Result<Value> {
    let folder = Folder::open(path)?;
    let model = folder.model()?;
    let spec = folder.tokenizer()?;
    let tokenizer = context.registry().tokenizer(&spec)?;
    let config: Value = serde_json::from_str(&model.config().to_json()?)
        .map_err(|error| Error::internal("a configuration is no JSON").with_source(error))?;
    let mut answer = json!({
        "folder": path.display().to_string(),
        "weights": folder.weights()?.display().to_string(),
        "parameters": model.parameters(),
        "tokenizer": {
            "spec": spec,
            "name": tokenizer.spec().name,
            "vocab_size": tokenizer.spec().vocab_size,
            "fingerprint": tokenizer.spec().fingerprint,
        },
        "config": config,
    });
    let made = path.join("pretraining.json");
    if made.is_file() {
        let text = std::fs::read(&made)
            .map_err(|error| Error::io(format!("{}: cannot be read", made.display()), error))?;
        answer["pretraining"] = serde_json::from_slice(&text)
            .map_err(|error| Error::invalid(format!("{}: no JSON", made.display())).with_source(error))?;
    }
    Ok(answer)
}

fn encoder(model: &str, context: &Context) -> Result<Value> {
    let encoder = context.registry().encoder(model)?;
    let spec = encoder.spec();
    Ok(json!({
        "name": spec.name,
        "tokenizer": spec.tokenizer,
        "vocab_size": spec.vocab_size,
        "hidden": spec.hidden,
        "layers": spec.layers,
        "max_tokens": spec.max_tokens,
        "causal": spec.causal,
        "pooler": spec.pooler,
        "parameters": spec.parameters,
        "fingerprint": spec.fingerprint,
    }))
}

/// Writes a document as indented lines; a number with its origin takes one.
fn text(answer: &Value) -> String {
    let mut text = String::new();
    if let Value::Object(fields) = answer {
        lines(&mut text, fields, 0);
    }
    text
}

fn lines(text: &mut String, fields: &Map<String, Value>, depth: usize) {
    let indent = "  ".repeat(depth);
    for (key, value) in fields {
        // Writing to a string never fails.
        let _ = match value {
            Value::Object(inner) if inner.contains_key("origin") => writeln!(
                text,
                "{indent}{key}: {} ({}: {})",
                plain(&inner["value"]),
                plain(&inner["origin"]),
                inner.get("source").map(plain).unwrap_or_default()
            ),
            Value::Object(inner) => {
                let _ = writeln!(text, "{indent}{key}");
                lines(text, inner, depth + 1);
                Ok(())
            }
            value => writeln!(text, "{indent}{key}: {}", plain(value)),
        };
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_u64() {
            Some(number) if number >= 10_000 => thousands(number),
            _ => number.to_string(),
        },
        value => value.to_string(),
    }
}
