//! TF-IDF over any tokenizer with a random forest

pub mod forest;
mod linfa_seam;
mod matrix;
mod vectorizer;
mod words;

pub use forest::{Answer, ForestError, ForestParams, MaxFeatures, RandomForest, ValidForestParams};
pub use matrix::{SparseMatrix, SparseRow};
pub use vectorizer::TfIdf;
pub use words::{WordRule, Words};
