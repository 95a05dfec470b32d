//! Reading a `tokenizer.json`.

use std::sync::Arc;

use dlm_sdk::{Error, Result, SpecialTokens, TokenId};
use serde_json::Value;

use super::json::Field;
use crate::{Merge, bpe::Parts};

/// The highest number of ids; a token with a higher id would need a table nobody has memory for.
const MOST: u64 = 1 << 22;

/// What a file holds.
pub(super) enum Contents {
    /// A byte-pair vocabulary over bases.
    Bpe(Parts),
    /// Something else, and why it is.
    Foreign(String),
}

/// Reads the text of a file.
pub(super) fn read(text: &str) -> Result<Contents> {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        Error::invalid(format!("line {}, column {}: not JSON", error.line(), error.column()))
            .with_hint("it must be a tokenizer.json as Hugging Face tokenizers writes it")
            .with_source(error)
    })?;
    let root = Field::root(&value);
    root.object()?;
    let model = root.get("model");
    model.object()?;
    if let Some(reason) = foreign(&root, &model)? {
        return Ok(Contents::Foreign(reason));
    }
    let mut tokens = vocabulary(&model.get("vocab"))?;
    let special = added_tokens(&root.get("added_tokens"), &mut tokens)?;
    if let Some(reason) = foreign_letters(&tokens, &special) {
        return Ok(Contents::Foreign(reason));
    }
    let merges = merges(&model.get("merges"))?;
    drop_empty(&mut tokens);
    let roles = roles(&model, &tokens)?;
    Ok(Contents::Bpe(Parts { name: None, tokens, special, merges, roles }))
}

/// Finds what the own encoder does not do.
fn foreign(root: &Field<'_>, model: &Field<'_>) -> Result<Option<String>> {
    let Some(kind) = model.kind()? else { return Err(model.wrong("an object")) };
    if kind != "BPE" {
        return Ok(Some(format!("model.type is {kind}")));
    }
    let dropout = model.get("dropout");
    if dropout.value.as_f64().is_some_and(|dropout| dropout != 0.0) {
        return Err(Error::unsupported(format!(
            "model.dropout is {}: encoding would be random",
            dropout.value
        ))
        .with_hint("set model.dropout to null"));
    }
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
        if model.get(key).value.as_str().is_some_and(|affix| !affix.is_empty()) {
            return Ok(Some(format!("model.{key} is set")));
        }
    }
    for key in ["fuse_unk", "byte_fallback", "ignore_merges"] {
        if model.get(key).flag()? {
            return Ok(Some(format!("model.{key} is set")));
        }
    }
    // These leave a text of letters as it is.
    let harmless: [(&str, &[&str]); 2] = [
        ("normalizer", &["NFC", "NFD", "NFKC", "NFKD"]),
        ("pre_tokenizer", &["Whitespace", "WhitespaceSplit", "BertPreTokenizer"]),
    ];
    for (key, kinds) in harmless {
        if let Some(kind) = root.get(key).kind()?.filter(|kind| !kinds.contains(kind)) {
            return Ok(Some(format!("{key} is {kind}")));
        }
    }
    Ok(None)
}

/// Reads the texts by id.
fn vocabulary(field: &Field<'_>) -> Result<Vec<Option<Arc<str>>>> {
    let mut tokens = Vec::new();
    for (text, id) in field.object()? {
        let field = Field { key: format!("{}[{text:?}]", field.key), value: id };
        place(&field, &mut tokens, text, false)?;
    }
    if tokens.is_empty() {
        return Err(Error::invalid("model.vocab: it is empty").with_hint("the file may be cut off"));
    }
    Ok(tokens)
}

/// Puts a text at its id.
fn place(id: &Field<'_>, tokens: &mut Vec<Option<Arc<str>>>, text: &str, again: bool) -> Result<TokenId> {
    let number = id.value.as_u64().ok_or_else(|| id.wrong("an id from 0"))?;
    if number >= MOST {
        return Err(Error::invalid(format!("{}: id {number} is not below {MOST}", id.key)));
    }
    let index = number as usize;
    if tokens.len() <= index {
        tokens.resize(index + 1, None);
    }
    match &tokens[index] {
        Some(other) if !(again && **other == *text) => {
            Err(Error::invalid(format!("{}: id {number} is {other:?} already", id.key)))
        }
        _ => {
            tokens[index] = Some(text.into());
            Ok(number as TokenId)
        }
    }
}

/// Reads the added tokens and returns their ids.
fn added_tokens(field: &Field<'_>, tokens: &mut Vec<Option<Arc<str>>>) -> Result<Vec<TokenId>> {
    let mut special = Vec::new();
    for token in field.list()? {
        token.object()?;
        let text = token.get("content").text()?;
        special.push(place(&token.get("id"), tokens, text, true)?);
    }
    // Files without the list still mean these.
    for (id, text) in (0..).zip(&*tokens) {
        if text.as_deref().is_some_and(|text| text.starts_with('[') && text.ends_with(']')) {
            special.push(id);
        }
    }
    special.sort_unstable();
    special.dedup();
    Ok(special)
}

/// Finds letters beside bases that the file gives tokens to.
fn foreign_letters(tokens: &[Option<Arc<str>>], special: &[TokenId]) -> Option<String> {
    for (id, text) in (0..).zip(tokens) {
        let Some(text) = text.as_deref() else { continue };
        let letters = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase());
        if letters && special.contains(&id) {
            return Some(format!("added token {text:?} is matched before the model runs"));
        }
        if letters && text.len() == 1 && !"ACGT".contains(text) {
            return Some(format!("model.vocab has a token for {text:?}"));
        }
    }
    None
}

/// Reads the merges: each a text `left right`, or a list of the two.
fn merges(field: &Field<'_>) -> Result<Vec<Merge>> {
    if field.value.is_null() {
        return Err(field.wrong("a list"));
    }
    let mut merges = Vec::with_capacity(field.list()?.len());
    for entry in field.list()? {
        let parts = match entry.value {
            Value::String(text) => text.split_once(' ').filter(|(_, right)| !right.contains(' ')),
            Value::Array(list) => match list.as_slice() {
                [Value::String(left), Value::String(right)] => Some((&**left, &**right)),
                _ => None,
            },
            _ => None,
        };
        let Some((left, right)) = parts else {
            return Err(Error::invalid(format!("{}: a merge of two tokens expected", entry.key))
                .with_hint("a merge is written \"left right\" or [\"left\", \"right\"]"));
        };
        // GROVER's file has four merges with a token of no letters.
        if !left.is_empty() && !right.is_empty() {
            merges.push(Merge { left: left.into(), right: right.into() });
        }
    }
    Ok(merges)
}

/// Drops tokens of no letters, which nothing encodes to.
fn drop_empty(tokens: &mut Vec<Option<Arc<str>>>) {
    for token in &mut *tokens {
        token.take_if(|text| text.is_empty());
    }
    while tokens.last().is_some_and(Option::is_none) {
        tokens.pop();
    }
}

/// Finds the special tokens by the names in use.
fn roles(model: &Field<'_>, tokens: &[Option<Arc<str>>]) -> Result<SpecialTokens> {
    let find = |names: &[&str]| {
        let id = |name: &&str| {
            (0..).zip(tokens).find(|(_, text)| text.as_deref() == Some(*name)).map(|(id, _)| id)
        };
        names.iter().find_map(id)
    };
    let unk = model.get("unk_token");
    let unk = if unk.value.is_null() {
        find(&["[UNK]", "<unk>"])
    } else {
        let text = unk.text()?;
        let id = find(&[text]);
        if id.is_none() {
            return Err(Error::invalid(format!("{}: {text:?} is not in the vocabulary", unk.key)));
        }
        id
    };
    Ok(SpecialTokens {
        pad: find(&["[PAD]", "<pad>"]),
        unk,
        cls: find(&["[CLS]", "<cls>", "<s>"]),
        sep: find(&["[SEP]", "<sep>", "</s>", "<eos>"]),
        mask: find(&["[MASK]", "<mask>"]),
    })
}
