//! A small model with fresh weights, the binary, and whether models can run here.

use std::{
    path::Path,
    process::{Command, Output},
};

use dlm_nn::{
    bert::{Config, Heads, Model},
    folder::{self, Tokenizer},
    weights::Element,
};

/// Whether models can run here; says so where they cannot.
pub(crate) fn runs() -> bool {
    let found = dlm_runtime::Runtime::get();
    if let Err(error) = &found {
        println!("skipped: {error}");
    }
    found.is_ok()
}

/// A model of 64 positions with fresh weights.
pub(crate) struct Small {
    pub(crate) tokenizer: &'static str,
    /// How many ids the tokenizer has.
    pub(crate) vocabulary: usize,
    /// The width, a multiple of eight: there is a head to eight numbers.
    pub(crate) hidden: usize,
    pub(crate) layers: usize,
    pub(crate) pooler: bool,
    pub(crate) seed: u64,
}

impl Default for Small {
    /// Two layers over 2-mers.
    fn default() -> Self {
        Self { tokenizer: "kmer:2", vocabulary: 25, hidden: 16, layers: 2, pooler: false, seed: 1 }
    }
}

impl Small {
    pub(crate) fn write(&self, path: &Path) {
        let Self { vocabulary, hidden, layers, .. } = self;
        let config = format!(
            r#"{{"model_type": "bert", "vocab_size": {vocabulary}, "hidden_size": {hidden}, "num_hidden_layers": {layers},
                "num_attention_heads": {}, "intermediate_size": {}, "max_position_embeddings": 64}}"#,
            hidden / 8,
            2 * hidden
        );
        let heads = Heads { language_model: true, pooler: self.pooler };
        let model = Model::random(Config::from_json(&config).unwrap(), heads, self.seed);
        folder::write(path, &model, Tokenizer::Spec(self.tokenizer), Element::F32).unwrap();
    }
}

/// The binary, working in a folder.
pub(crate) fn dlm(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dlm"));
    command.current_dir(folder).args(arguments);
    command
}

/// Fails with what a command said unless it succeeded.
pub(crate) fn done(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
