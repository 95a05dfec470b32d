//! Ridge regression and the linear systems behind it.

use super::{
    features::{FEATURES, Row},
    linear::Linear,
};

/// A symmetric matrix over the features.
pub(super) type Matrix = [Row; FEATURES];

/// Returns the lower factor of a positive definite matrix (Cholesky).
pub(super) fn factor(matrix: &Matrix) -> Matrix {
    let mut lower = [[0.0; FEATURES]; FEATURES];
    for row in 0..FEATURES {
        for column in 0..=row {
            let known: f64 = (0..column).map(|at| lower[row][at] * lower[column][at]).sum();
            let rest = matrix[row][column] - known;
            lower[row][column] =
                if row == column { rest.max(f64::MIN_POSITIVE).sqrt() } else { rest / lower[column][column] };
        }
    }
    lower
}

/// Solves `matrix x = right` by the matrix's lower factor.
pub(super) fn solve(lower: &Matrix, right: &Row) -> Row {
    let mut x = *right;
    for row in 0..FEATURES {
        let known: f64 = (0..row).map(|at| lower[row][at] * x[at]).sum();
        x[row] = (x[row] - known) / lower[row][row];
    }
    for row in (0..FEATURES).rev() {
        let known: f64 = (row + 1..FEATURES).map(|at| lower[at][row] * x[at]).sum();
        x[row] = (x[row] - known) / lower[row][row];
    }
    x
}

/// Returns the sum of the outer products of rows.
pub(super) fn scatter(rows: impl Iterator<Item = Row>) -> Matrix {
    let mut sum = [[0.0; FEATURES]; FEATURES];
    for row in rows {
        for (line, left) in sum.iter_mut().zip(&row) {
            line.iter_mut().zip(&row).for_each(|(cell, right)| *cell += left * right);
        }
    }
    sum
}

/// Fits each output by least squares plus the squared weights; the features are centred, so the intercept is the mean.
pub(super) fn fit(table: &[Row], targets: &[Vec<f64>]) -> Linear {
    let mut matrix = scatter(table.iter().copied());
    (0..FEATURES).for_each(|at| matrix[at][at] += 1.0);
    let lower = factor(&matrix);
    let weights = targets
        .iter()
        .map(|values| {
            let mean = crate::labels::mean(values);
            let mut right = [0.0; FEATURES];
            for (row, value) in table.iter().zip(values) {
                right.iter_mut().zip(row).for_each(|(cell, feature)| *cell += feature * (value - mean));
            }
            (mean, solve(&lower, &right))
        })
        .collect();
    Linear::new(weights)
}

#[cfg(test)]
mod tests {
    use super::{super::linear::dot, *};

    #[test]
    fn a_solution_solves() {
        let mut matrix = [[0.0; FEATURES]; FEATURES];
        for (row, line) in matrix.iter_mut().enumerate() {
            for (column, cell) in line.iter_mut().enumerate() {
                *cell = 1.0 / (1.0 + (row as f64 - column as f64).abs()) + f64::from(u8::from(row == column));
            }
        }
        let right: Row = std::array::from_fn(|at| at as f64);
        let x = solve(&factor(&matrix), &right);
        for (line, value) in matrix.iter().zip(&right) {
            assert!((dot(line, &x) - value).abs() < 1e-9);
        }
    }
}
