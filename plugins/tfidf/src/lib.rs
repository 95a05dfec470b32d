//! TF-IDF over any tokenizer with a random forest: what token frequency alone explains.
//!
//! A DNA language model reads tokens in their order. How much of its score is owed to the order? The GROVER paper's
//! control throws the order away: a sequence becomes a row of token frequencies, weighted by how rare each token is
//! ([`TfIdf`]), and a random forest learns from these rows ([`forest`]). Where the control is as good as the model, the
//! task did not need context.
//!
//! The numbers are meant to stand beside those of papers that used scikit-learn, so features equal those of its
//! `TfidfVectorizer`, one-letter tokens dropped and all ([`WordRule`]), and the forest follows the rules of its
//! `RandomForestClassifier`: exact splits, the same draws in distribution, means of class frequencies in leaves. Rows stay
//! sparse throughout, and leaves keep only the classes they hold, so that a forest over the 4,096 classes of next-6-mer
//! prediction takes megabytes.
//!
//! **Which k-mers?** Published k-mer TF-IDF scores on the GUE tasks are reached with *overlapping* k-mers
//! (`tfidf:kmer:6:overlap`), though the paper's Methods say non-overlapping; both are offered and named apart.
//!
//! | file | what |
//! |---|---|
//! | `words.rs` | which tokens count as words |
//! | `vectorizer.rs` | from tokens to weights |
//! | `matrix.rs` | sparse rows |
//! | `forest/` | the forest |
//! | `choose.rs` | choosing the number of trees on validation |
//! | `baseline.rs` | the baseline `tfidf:TOKENIZER` |
//! | `linfa_seam.rs` | the forest as a `linfa` algorithm |

mod baseline;
mod choose;
pub mod forest;
mod linfa_seam;
mod matrix;
mod vectorizer;
mod words;

pub use baseline::TfIdfForest;
pub use forest::{Answer, ForestError, ForestParams, MaxFeatures, RandomForest, ValidForestParams};
pub use matrix::{SparseMatrix, SparseRow};
pub use vectorizer::TfIdf;
pub use words::{WordRule, Words};
