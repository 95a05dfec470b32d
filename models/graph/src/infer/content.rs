//! What is known of short lists of integers, before they are numbers.
//!
//! Models that take rows of any length compute shapes from shapes: `Shape`, `Gather`, `Concat`, `Reshape`. Following the
//! elements of these lists by name tells the rank of the result, and most of its dimensions.

use crate::{
    DataType, Dim, Tensor,
    infer::{Request, Type},
};

/// One element of a list of integers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Entry {
    Known(i64),
    Named(Dim),
    Unknown,
}

impl Entry {
    pub(crate) fn of(dim: &Dim) -> Self {
        dim.fixed().map_or_else(|| Self::Named(dim.clone()), |size| Self::Known(size as i64))
    }

    /// Returns the element as a dimension, if it can be one.
    pub(crate) fn dim(&self) -> Option<Dim> {
        match self {
            Self::Known(size) => usize::try_from(*size).ok().map(Dim::Fixed),
            Self::Named(dim) => Some(dim.clone()),
            Self::Unknown => None,
        }
    }
}

/// Lists of more elements than this are not followed.
const LONGEST: usize = 64;

/// Returns the elements of a short constant list or scalar of integers.
pub(crate) fn entries(tensor: &Tensor) -> Option<Vec<Entry>> {
    let short = tensor.dims().len() < 2 && tensor.len() <= LONGEST;
    let integers = matches!(tensor.dtype(), DataType::I64 | DataType::I32);
    (short && integers).then(|| tensor.integers().into_iter().map(Entry::Known).collect())
}

/// Returns what is known of the elements of a node's first output.
pub(crate) fn propagate(request: &Request<'_>, output: &Type) -> Option<Vec<Entry>> {
    if !matches!(output.dtype, DataType::I64 | DataType::I32) || output.shape.as_ref()?.len() > 1 {
        return None;
    }
    let node = request.node;
    match &*node.key() {
        "Shape" => shape(request),
        "Identity" | "Cast" | "Squeeze" | "Unsqueeze" | "Reshape" => {
            request.content(0).map(<[Entry]>::to_vec)
        }
        "Concat" => {
            let mut all = Vec::new();
            for index in 0..node.inputs.len() {
                if let Some(content) = request.content(index) {
                    all.extend_from_slice(content);
                } else {
                    let length = request.shape(index)?.first()?.fixed()?;
                    all.extend(std::iter::repeat_n(Entry::Unknown, length.min(LONGEST + 1)));
                }
            }
            (all.len() <= LONGEST).then_some(all)
        }
        "Gather" => {
            let data = request.content(0)?;
            let pick = |index: i64| {
                let index = if index < 0 { index + data.len() as i64 } else { index };
                data.get(usize::try_from(index).ok()?).cloned()
            };
            request.integers(1)?.into_iter().map(pick).collect()
        }
        "Slice" => {
            let data = request.content(0)?;
            if request.node.input(4).is_some() && request.integers(4)? != [1] {
                return None;
            }
            let length = data.len() as i64;
            let at =
                |index: i64| (if index < 0 { index.saturating_add(length) } else { index }).clamp(0, length);
            let (start, end) = (at(*request.integers(1)?.first()?), at(*request.integers(2)?.first()?));
            Some(data.get(start as usize..end.max(start) as usize)?.to_vec())
        }
        "Add" => pairwise(request, |a, b| match (a, b) {
            (Entry::Known(a), Entry::Known(b)) => a.checked_add(*b).map(Entry::Known),
            (Entry::Known(0), other) | (other, Entry::Known(0)) => Some(other.clone()),
            _ => None,
        }),
        "Sub" => pairwise(request, |a, b| match (a, b) {
            (Entry::Known(a), Entry::Known(b)) => a.checked_sub(*b).map(Entry::Known),
            (other, Entry::Known(0)) => Some(other.clone()),
            _ => None,
        }),
        "Mul" => pairwise(request, |a, b| Dim::product([&a.dim()?, &b.dim()?]).as_ref().map(Entry::of)),
        "Div" => pairwise(request, |a, b| Dim::quotient([&a.dim()?], [&b.dim()?]).as_ref().map(Entry::of)),
        _ => None,
    }
}

fn shape(request: &Request<'_>) -> Option<Vec<Entry>> {
    let shape = request.shape(0)?;
    let rank = shape.len() as i64;
    let clamp = |at: i64| (if at < 0 { at.saturating_add(rank) } else { at }).clamp(0, rank) as usize;
    let start = clamp(request.node.attributes.int("start", 0));
    let end = clamp(request.node.attributes.int("end", rank));
    Some(shape.get(start..end.max(start))?.iter().map(Entry::of).collect())
}

fn pairwise(request: &Request<'_>, combine: impl Fn(&Entry, &Entry) -> Option<Entry>) -> Option<Vec<Entry>> {
    let (a, b) = (request.content(0)?, request.content(1)?);
    let length = match (a.len(), b.len()) {
        (left, right) if left == right => left,
        (1, length) | (length, 1) => length,
        _ => return None,
    };
    let at = |list: &[Entry], index: usize| list[if list.len() == 1 { 0 } else { index }].clone();
    let one = |index| combine(&at(a, index), &at(b, index)).unwrap_or(Entry::Unknown);
    Some((0..length).map(one).collect())
}
