//! One method for each operator.

mod arithmetic;
mod index;
mod layout;
mod linear;
mod logic;
mod normalise;
mod reduce;

pub use self::{
    linear::{Convolution, Gemm},
    normalise::Gelu,
};
