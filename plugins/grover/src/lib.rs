//! GROVER and other BERT encoders, pretrained or fresh.
//!
//! # The domain in a minute
//!
//! GROVER (Sanabria et al., Nat Mach Intell 2024) is a BERT that was trained to fill in hidden tokens of the human genome,
//! cut by byte-pair encoding. DNABERT and the k-mer models it is compared with are of the same architecture. Whether such
//! a model learned anything in training shows only beside the same model before training: its *random twin* has the same
//! shape, tokenizer and fine-tuning, and fresh weights.
//!
//! | spec | encoder |
//! |---|---|
//! | `PATH` | the model in a folder: `config.json`, weights, tokenizer |
//! | `PATH+random` | its random twin |
//! | `grover+random`, `kmer-6-mini+random`, .. | a preset with fresh weights |
//!
//! `seed=N` chooses the fresh weights; `tokenizer=SPEC` names the tokenizer of a preset whose vocabulary is learned;
//! `device=cpu|cuda` says where it runs.
//!
//! The graph holds its weights and takes rows of any number and length. It runs on ONNX Runtime, by `dlm-runtime`.

mod encoder;
mod source;

pub use self::{encoder::BertEncoder, source::open};

use dlm_sdk::{OptionSpec, register};

const OPTIONS: &[OptionSpec] = &[
    OptionSpec { key: "seed", default: None, help: "chooses the weights of a random twin, 0 unless given" },
    OptionSpec {
        key: "tokenizer",
        default: None,
        help: "the tokenizer of a preset whose vocabulary is learned",
    },
    OptionSpec { key: "device", default: Some("cpu"), help: "where it runs: cpu or cuda" },
];

register! {
    encoder "grover", "BERT in a model folder, or a preset with fresh weights",
    options: OPTIONS,
    claims: source::claims,
    create: source::open
}
