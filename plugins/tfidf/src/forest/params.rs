//! The parameters of a forest, unchecked and checked.

use super::ForestError;

/// How many features are drawn at each node.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum MaxFeatures {
    /// The square root of their number, rounded down, at least one.
    #[default]
    Sqrt,
    /// All of them; the tree is then no longer random.
    All,
    /// So many, at most as many as there are.
    Count(usize),
}

/// Parameters that may be wrong; [`check`](Self::check) makes them [`ValidForestParams`].
///
/// The defaults are scikit-learn's: 100 trees, the square root of the features at a node, bootstrap; the seed is 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ForestParams(ValidForestParams);

/// Parameters known to be right.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidForestParams {
    trees: usize,
    max_features: MaxFeatures,
    bootstrap: bool,
    seed: u64,
}

impl Default for ForestParams {
    fn default() -> Self {
        Self(ValidForestParams { trees: 100, max_features: MaxFeatures::Sqrt, bootstrap: true, seed: 0 })
    }
}

impl ForestParams {
    /// Creates the default parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the number of trees, 100 if not set.
    #[must_use]
    pub fn trees(mut self, trees: usize) -> Self {
        self.0.trees = trees;
        self
    }

    /// Sets how many features are drawn at each node, their square root if not set.
    #[must_use]
    pub fn max_features(mut self, max_features: MaxFeatures) -> Self {
        self.0.max_features = max_features;
        self
    }

    /// Sets whether each tree sees a sample drawn with replacement instead of all samples; it does if not set.
    #[must_use]
    pub fn bootstrap(mut self, bootstrap: bool) -> Self {
        self.0.bootstrap = bootstrap;
        self
    }

    /// Sets the seed, 0 if not set.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    ///
    /// [`ForestError::Parameter`] if there are no trees, more than 2^24, or no features to be drawn.
    pub fn check(self) -> Result<ValidForestParams, ForestError> {
        self.validated()?;
        Ok(self.0)
    }

    /// Checks the parameters in place.
    pub(crate) fn validated(&self) -> Result<&ValidForestParams, ForestError> {
        if !(1..=1 << 24).contains(&self.0.trees) {
            return Err(ForestError::Parameter { name: "trees", reason: "must be in 1..=2^24" });
        }
        if self.0.max_features == MaxFeatures::Count(0) {
            return Err(ForestError::Parameter { name: "max_features", reason: "must not be zero" });
        }
        Ok(&self.0)
    }
}

impl ValidForestParams {
    /// Returns the number of trees.
    pub fn n_trees(&self) -> usize {
        self.trees
    }

    /// Returns whether each tree sees a sample drawn with replacement.
    pub fn is_bootstrap(&self) -> bool {
        self.bootstrap
    }

    /// Returns the seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Returns how many of some features are drawn at each node.
    pub(super) fn n_drawn(&self, n_features: usize) -> Result<usize, ForestError> {
        match self.max_features {
            MaxFeatures::Sqrt => Ok(n_features.isqrt().max(1).min(n_features)),
            MaxFeatures::All => Ok(n_features),
            MaxFeatures::Count(count) if count <= n_features => Ok(count),
            MaxFeatures::Count(_) => {
                Err(ForestError::Parameter { name: "max_features", reason: "exceeds the number of features" })
            }
        }
    }
}
