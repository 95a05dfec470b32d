//! What encoding gives.

use dlm_sdk::{Span, TokenId};

/// The tokens of one sequence.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Encoded {
    /// The ids.
    pub ids: Vec<TokenId>,
    /// The bases each covers.
    pub spans: Vec<Span>,
}

impl Encoded {
    pub(crate) fn clear(&mut self) {
        self.ids.clear();
        self.spans.clear();
    }

    /// Appends tokens side by side, given as ids and lengths, and returns where the last ends.
    pub(crate) fn extend(
        &mut self,
        mut start: u32,
        tokens: impl Iterator<Item = (TokenId, u32)> + Clone,
    ) -> u32 {
        self.ids.extend(tokens.clone().map(|(id, _)| id));
        self.spans.extend(tokens.map(|(_, length)| {
            let span = Span { start, end: start + length };
            start = span.end;
            span
        }));
        start
    }
}
