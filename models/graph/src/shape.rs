//! Dimensions that may still be names.

use std::{fmt, ops::Deref, sync::Arc};

/// One dimension: a number, or a name to be bound later.
///
/// A name may be a product, written `2*batch*tokens`: that is what reshaping makes of named dimensions.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Dim {
    /// A number.
    Fixed(usize),
    /// A name, or a product of names.
    Symbol(Arc<str>),
}

impl Dim {
    /// Creates a named dimension.
    pub fn symbol(name: &str) -> Self {
        Self::Symbol(name.into())
    }

    /// Returns the number, if it is one.
    pub fn fixed(&self) -> Option<usize> {
        match self {
            Self::Fixed(size) => Some(*size),
            Self::Symbol(_) => None,
        }
    }

    /// Returns the product of dimensions; `None` where it overflows.
    pub fn product<'d>(dims: impl IntoIterator<Item = &'d Self>) -> Option<Self> {
        let mut product = Product::ONE;
        for dim in dims {
            product.multiply(dim)?;
        }
        Some(product.dim())
    }

    /// Returns the first product divided by the second, where that is a whole product of numbers and names.
    pub fn quotient<'d>(
        dims: impl IntoIterator<Item = &'d Self>,
        by: impl IntoIterator<Item = &'d Self>,
    ) -> Option<Self> {
        let (mut over, mut under) = (Product::ONE, Product::ONE);
        for dim in dims {
            over.multiply(dim)?;
        }
        for dim in by {
            under.multiply(dim)?;
        }
        if under.number == 0 || !over.number.is_multiple_of(under.number) {
            return None;
        }
        over.number /= under.number;
        for name in under.names {
            let at = over.names.iter().position(|other| *other == name)?;
            over.names.remove(at);
        }
        Some(over.dim())
    }
}

/// Dimensions are signed integers in files.
fn countable(size: usize) -> Option<usize> {
    isize::try_from(size).is_ok().then_some(size)
}

/// A number times names.
struct Product {
    number: usize,
    names: Vec<String>,
}

impl Product {
    const ONE: Self = Self { number: 1, names: Vec::new() };

    fn multiply(&mut self, dim: &Dim) -> Option<()> {
        match dim {
            Dim::Fixed(size) => self.number = self.number.checked_mul(*size).and_then(countable)?,
            Dim::Symbol(text) => {
                for factor in text.split('*') {
                    match factor.parse::<usize>() {
                        Ok(size) => self.number = self.number.checked_mul(size).and_then(countable)?,
                        Err(_) => self.names.push(factor.to_owned()),
                    }
                }
            }
        }
        Some(())
    }

    fn dim(mut self) -> Dim {
        if self.names.is_empty() || self.number == 0 {
            return Dim::Fixed(self.number);
        }
        self.names.sort();
        if self.number != 1 {
            self.names.insert(0, self.number.to_string());
        }
        Dim::symbol(&self.names.join("*"))
    }
}

impl From<usize> for Dim {
    fn from(size: usize) -> Self {
        Self::Fixed(size)
    }
}

impl From<&str> for Dim {
    fn from(name: &str) -> Self {
        Self::symbol(name)
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(size) => size.fmt(f),
            Self::Symbol(name) => f.write_str(name),
        }
    }
}

/// The dimensions of a tensor, outermost first; none for a scalar.
///
/// # Examples
///
/// ```
/// use dlm_graph::{Dim, Shape};
///
/// let ids = Shape::from(["batch".into(), "tokens".into(), Dim::Fixed(768)]);
/// assert_eq!(ids.to_string(), "[batch, tokens, 768]");
/// assert_eq!(ids.fixed(), None);
/// assert_eq!(Shape::from([2, 3]).fixed(), Some(vec![2, 3]));
/// ```
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Shape(Vec<Dim>);

impl Shape {
    /// Returns the shape of a scalar.
    pub fn scalar() -> Self {
        Self::default()
    }

    /// Returns all dimensions as numbers, if they are.
    pub fn fixed(&self) -> Option<Vec<usize>> {
        self.0.iter().map(Dim::fixed).collect()
    }

    /// Returns the number of elements, if all dimensions are numbers and the product does not overflow.
    pub fn elements(&self) -> Option<usize> {
        self.0.iter().try_fold(1usize, |product, dim| product.checked_mul(dim.fixed()?))
    }
}

impl Deref for Shape {
    type Target = [Dim];

    fn deref(&self) -> &[Dim] {
        &self.0
    }
}

impl From<Vec<Dim>> for Shape {
    fn from(dims: Vec<Dim>) -> Self {
        Self(dims)
    }
}

impl From<&[usize]> for Shape {
    fn from(dims: &[usize]) -> Self {
        Self(dims.iter().map(|&size| Dim::Fixed(size)).collect())
    }
}

impl From<Vec<usize>> for Shape {
    fn from(dims: Vec<usize>) -> Self {
        Self::from(dims.as_slice())
    }
}

impl<T: Into<Dim>, const N: usize> From<[T; N]> for Shape {
    fn from(dims: [T; N]) -> Self {
        Self(dims.into_iter().map(Into::into).collect())
    }
}

impl FromIterator<Dim> for Shape {
    fn from_iter<I: IntoIterator<Item = Dim>>(dims: I) -> Self {
        Self(dims.into_iter().collect())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (at, dim) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            dim.fmt(f)?;
        }
        f.write_str("]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_names_cancel() {
        let (batch, tokens) = (Dim::symbol("batch"), Dim::symbol("tokens"));
        let rows = Dim::product([&tokens, &batch, &Dim::Fixed(4)]);
        assert_eq!(rows, Some(Dim::symbol("4*batch*tokens")));
        let rows = rows.into_iter().next();
        assert_eq!(Dim::quotient(&rows, [&batch, &Dim::Fixed(2)]), Some(Dim::symbol("2*tokens")));
        assert_eq!(Dim::quotient(&rows, [&Dim::Fixed(3)]), None);
        assert_eq!(Dim::quotient(&rows, [&Dim::symbol("layers")]), None);
        assert_eq!(Dim::product([&Dim::Fixed(usize::MAX), &Dim::Fixed(2)]), None);
    }
}
