//! How much a token's embedding depends on what stands around it.
//!
//! A model without context gives a token one embedding wherever it stands. Two measures tell how far a model is from
//! that, both of a token's *occurrences* in one layer (Ethayarajh, "How contextual are contextualized word
//! representations?", EMNLP 2019):
//!
//! * *self-similarity*: the mean cosine between two occurrences. 1 is a static embedding.
//! * *maximum explainable variance*, MEV: how much of the occurrences one direction explains, σ₁² / Σσᵢ² over the singular
//!   values of their matrix. 1 again is static.
//!
//! In a layer whose embeddings all point the same way (an *anisotropic* one), occurrences of different tokens are alike
//! too. The same measure over occurrences of random tokens is the baseline that is subtracted.
//!
//! Sanabria et al. (2024) call something else MEV: the share of the first principal component in the variance of the
//! table of *token embeddings*, one row a token, centred. It tells how much of the vocabulary one axis explains. Both are
//! here, under names that tell them apart: [`maximum_explainable_variance`] and [`first_component_share`].

use dlm_sdk::Result;
use nalgebra::{DMatrix, SymmetricEigen};
use ndarray::{Array1, ArrayView1, ArrayView2};

use crate::pca::Pca;

/// The mean cosine between two of a set of vectors, which come one after another.
///
/// The sum of the unit vectors is enough: the mean over all pairs is (|Σu|² − n) / (n (n − 1)). So memory does not grow
/// with the occurrences, and no pair is left out.
#[derive(Clone, Debug)]
pub struct SelfSimilarity {
    sum: Array1<f64>,
    count: usize,
}

impl SelfSimilarity {
    /// Creates one of no vectors yet, of so many dimensions.
    pub fn new(dimensions: usize) -> Self {
        Self { sum: Array1::zeros(dimensions), count: 0 }
    }

    /// Adds a vector. One of length zero has no direction and is left out.
    ///
    /// # Panics
    ///
    /// If it has other dimensions.
    pub fn push(&mut self, vector: ArrayView1<'_, f32>) {
        let length = vector.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
        if length > 0.0 {
            self.sum.zip_mut_with(&vector, |sum, &value| *sum += f64::from(value) / length);
            self.count += 1;
        }
    }

    /// Returns how many vectors it has seen.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Returns the mean cosine over all pairs, from −1 to 1; `None` of fewer than two vectors.
    ///
    /// # Examples
    ///
    /// ```
    /// use dlm_analysis::SelfSimilarity;
    /// use ndarray::array;
    ///
    /// let mut similarity = SelfSimilarity::new(2);
    /// similarity.push(array![1.0, 0.0].view());
    /// assert_eq!(similarity.mean(), None);
    /// similarity.push(array![0.0, 3.0].view());
    /// assert_eq!(similarity.mean(), Some(0.0));
    /// ```
    pub fn mean(&self) -> Option<f64> {
        let n = self.count as f64;
        (self.count > 1).then(|| ((self.sum.dot(&self.sum) - n) / (n * (n - 1.0))).clamp(-1.0, 1.0))
    }
}

/// Returns Ethayarajh's maximum explainable variance of occurrences, a row each: σ₁² / Σσᵢ², not centred, from 0 to 1.
/// `None` of fewer than two, or if all are zero.
///
/// # Examples
///
/// ```
/// use dlm_analysis::maximum_explainable_variance;
/// use ndarray::array;
///
/// assert_eq!(maximum_explainable_variance(array![[1.0, 2.0], [2.0, 4.0]].view()), Some(1.0));
/// assert_eq!(maximum_explainable_variance(array![[1.0, 2.0]].view()), None);
/// ```
pub fn maximum_explainable_variance(occurrences: ArrayView2<'_, f64>) -> Option<f64> {
    // Both products have the same eigenvalues but for zeros: the smaller one is enough.
    let products = if occurrences.nrows() < occurrences.ncols() {
        occurrences.dot(&occurrences.t())
    } else {
        occurrences.t().dot(&occurrences)
    };
    let total = products.diag().sum();
    if occurrences.nrows() < 2 || total <= 0.0 || !total.is_finite() {
        return None;
    }
    let size = products.nrows();
    let matrix = DMatrix::from_fn(size, size, |row, column| products[[row, column]]);
    let values = SymmetricEigen::new(matrix).eigenvalues;
    Some((values.max() / total).clamp(0.0, 1.0))
}

/// Returns the share of the first principal component in the variance of a table of token embeddings, a row a token:
/// what Sanabria et al. (2024) call maximum explainable variance. 0 if all tokens have one embedding.
///
/// # Errors
///
/// The table has fewer than two rows, no column, or a value that is not finite.
pub fn first_component_share(embeddings: ArrayView2<'_, f64>) -> Result<f64> {
    Ok(Pca::fit(embeddings, 1)?.shares()[0])
}
