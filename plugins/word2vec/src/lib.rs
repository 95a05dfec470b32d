//! word2vec: one vector a token, learned from the tokens around it.
//!
//! # The domain in a minute
//!
//! Before there were language models with context there was word2vec (Mikolov et al. 2013): each token of the vocabulary
//! gets one vector, wherever it stands, so that the mean vector of a token's neighbours tells it from tokens drawn at
//! random. This is the *continuous bag of words* with *negative sampling*. Trained on a tokenized genome it is what a model
//! learns about tokens when it cannot learn which occurrence it looks at; the GROVER paper (Sanabria et al., Nat Mach
//! Intell 2024, Fig. 4) sets its embeddings beside GROVER's for that reason, and colours tokens by their place along
//! word2vec's first principal component.
//!
//! # What is computed
//!
//! For each token, in order: a window of 1 to `window` tokens on either side, uniformly drawn; `h`, the mean of the input
//! vectors of the tokens in it; one step of gradient ascent with rate `r` on
//! `log s(h . u) + sum over negatives n of log s(-h . u_n)`, where `u` are output vectors and `s` is the logistic function;
//! and each input vector in the window moves by the whole gradient with respect to `h`, not by its share of it. Negatives
//! are drawn by the token counts to the power 0.75; tokens above a share of the corpus are passed over at random; the
//! rate falls evenly from 0.025 to 0.0001. These are the rules and defaults of gensim 4.4. In several threads gensim's result
//! depends on their timing. Here threads share the columns of the vectors among themselves, not the tokens, so their number
//! changes no bit; scores are computed for 128 tokens at a time, before any of them moves a vector.
//!
//! As an encoder the spec is the folder that [`Vectors::write`] writes: a token's hidden state is its vector, whatever
//! stands beside it.

mod encoder;
mod kernel;
mod options;
mod simd;
mod team;
mod train;
mod vectors;
mod vocabulary;

pub use self::{
    encoder::StaticEncoder,
    options::Options,
    train::{Progress, Sentences, train},
    vectors::{Description, Vectors},
};

use dlm_sdk::register;

register! {
    encoder "word2vec", "one vector a token, as 'dlm word2vec' learns them",
    options: &[],
    claims: vectors::claims,
    create: encoder::open
}
