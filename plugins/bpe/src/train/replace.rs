//! Replacing a pair of bytes in place.

/// A pair to replace and what by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) left: u8,
    pub(super) right: u8,
    pub(super) result: u8,
}

/// Replaces each pair in `tokens[from..]`, leftmost first, moves what is left to the front, and returns its length.
///
/// [`simd::replace`](super::simd::replace) is the wide twin.
pub(super) fn replace(tokens: &mut [u8], from: usize, pair: Pair) -> usize {
    go_on(tokens, from, 0, false, pair)
}

/// Goes on with `length` tokens moved already; `opens` says whether the last of them may open a pair.
#[expect(clippy::needless_bitwise_bool, reason = "a branch here would be mispredicted")]
pub(super) fn go_on(tokens: &mut [u8], from: usize, mut length: usize, mut opens: bool, pair: Pair) -> usize {
    let Pair { left, right, result } = pair;
    for from in from..tokens.len() {
        let token = tokens[from];
        let joins = opens & (token == right);
        tokens[length - usize::from(joins)] = if joins { result } else { token };
        length += usize::from(!joins);
        // Of equal parts, one that has been joined cannot open another pair.
        opens = (token == left) & !joins;
    }
    length
}
