//! Writing a `tokenizer.json`.

use dlm_sdk::{TokenId, Tokenizer as _};
use serde_json::{Map, Value, json};

use crate::Bpe;

impl Bpe {
    /// Returns the text that [`save`](Self::save) writes.
    pub fn to_json(&self) -> String {
        let special = |&id: &TokenId| {
            json!({
                "id": id,
                "content": self.token(id),
                "single_word": false,
                "lstrip": false,
                "rstrip": false,
                "normalized": false,
                "special": true,
            })
        };
        let vocabulary: Map<String, Value> = (0u32..)
            .zip(self.tokens())
            .filter_map(|(id, text)| Some((text.as_deref()?.to_owned(), Value::from(id))))
            .collect();
        let merges = self.merges_json();
        let value = json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": self.special().iter().map(special).collect::<Vec<_>>(),
            "normalizer": null,
            "pre_tokenizer": null,
            "post_processor": self.template(),
            "decoder": { "type": "Fuse" },
            "model": {
                "type": "BPE",
                "dropout": null,
                "unk_token": self.token(self.unknown()),
                "continuing_subword_prefix": null,
                "end_of_word_suffix": null,
                "fuse_unk": false,
                "byte_fallback": false,
                "ignore_merges": false,
                "vocab": vocabulary,
                "merges": merges,
            },
        });
        format!("{value:#}\n")
    }

    /// Writes each merge as `left right`, or all as lists of two if a space within a token would hide where it ends.
    ///
    /// Hugging Face tokenizers reads either form, but not a mixture.
    fn merges_json(&self) -> Value {
        let merges = self.merges();
        if merges.iter().any(|merge| merge.left.contains(' ') || merge.right.contains(' ')) {
            merges.iter().map(|merge| json!([&*merge.left, &*merge.right])).collect()
        } else {
            merges.iter().map(|merge| Value::from(merge.to_string())).collect()
        }
    }

    /// Puts `[CLS]` before and `[SEP]` after a sequence, where the vocabulary has both.
    fn template(&self) -> Value {
        let special = self.spec().special;
        let (Some(cls), Some(sep)) = (special.cls, special.sep) else { return Value::Null };
        let name = |id| self.token(id).unwrap_or_default();
        let (cls_name, sep_name) = (name(cls), name(sep));
        let token =
            |text: &str, sequence: u32| json!({ "SpecialToken": { "id": text, "type_id": sequence } });
        let sequence = |text: &str, sequence: u32| json!({ "Sequence": { "id": text, "type_id": sequence } });
        let entry = |text: &str, id: TokenId| json!({ "id": text, "ids": [id], "tokens": [text] });
        let single = [token(cls_name, 0), sequence("A", 0), token(sep_name, 0)];
        let second = [sequence("B", 1), token(sep_name, 1)];
        json!({
            "type": "TemplateProcessing",
            "single": single,
            "pair": single.iter().chain(&second).collect::<Vec<_>>(),
            "special_tokens": { cls_name: entry(cls_name, cls), sep_name: entry(sep_name, sep) },
        })
    }
}
