//! What a DNA language model learned: the mathematics of the analyses, on plain tables and intervals.
//!
//! # The domain in a minute
//!
//! A DNA language model cuts a genome into *tokens* and turns each into a vector, its *embedding*. Papers ask what is in
//! those vectors, and mostly in the same way: the vectors' main directions are computed ([`Pca`]) and compared with what
//! is known of the tokens ([`spearman`]): how frequent they are, how much of them is G or C, how often they lie in repeats or
//! promoters. As much follows GC alone, what GC explains is taken out first, by a smooth curve ([`loess`]). Tokens or
//! whole stretches of the genome are drawn as maps that keep neighbours together ([`umap`]), and joined into trees
//! ([`Tree`]). How far an embedding depends on the context is measured over a token's occurrences ([`SelfSimilarity`]).
//!
//! What a stretch of the genome *is* comes as intervals of other work: repeats, chromatin states, genes, replication
//! ([`annotation`]). A map that is coloured by them persuades easily; whether embeddings tell an annotation better than plain composition does is
//! a number ([`territory`]).
//!
//! # What lives here
//!
//! | | | tested against |
//! |---|---|---|
//! | [`loess`] | local regression with its band | R's `loess`, to 1e-8 |
//! | [`spearman`] | rank correlation with ties, p-values | `scipy.stats.spearmanr` |
//! | [`holm`], [`benjamini_hochberg`] | many tests at once | statsmodels |
//! | [`Pca`], [`Covariance`] | principal components, streaming | scikit-learn's `PCA` |
//! | [`Neighbours`] | the nearest points, exactly | scikit-learn's `NearestNeighbors` |
//! | [`umap`], [`preservation()`] | a map that keeps neighbours; what it keeps | umap-learn, by trustworthiness and kept neighbours |
//! | [`Tree`] | hierarchical clustering, Euclidean and complete | `scipy.cluster.hierarchy` |
//! | [`SelfSimilarity`], [`maximum_explainable_variance`], [`first_component_share`] | contextuality | the definitions, in NumPy |
//! | [`annotation`] | overlap with classes of intervals, strands, whole repeats, parts of genes | counting base by base |
//! | [`territory`] | cross-validated AUROC of an annotation, by blocks | planted features |
//!
//! Nothing here opens a file, a session or a model. Every answer is the same for every number of threads.

pub mod annotation;
mod contextuality;
mod correction;
mod covariance;
pub mod loess;
mod neighbours;
mod pca;
mod preservation;
mod spearman;
pub mod territory;
mod tree;
pub mod umap;

pub use crate::{
    contextuality::{SelfSimilarity, first_component_share, maximum_explainable_variance},
    correction::{benjamini_hochberg, holm},
    covariance::Covariance,
    neighbours::Neighbours,
    pca::Pca,
    preservation::{Preservation, preservation},
    spearman::{Correlation, spearman},
    tree::{Join, Tree},
};
