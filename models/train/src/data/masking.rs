//! Selects the tokens that a model has to guess, and hides them.

use dlm_sdk::{SpecialTokens, TokenId, random::Stream};

/// Which tokens are selected and what becomes of them.
///
/// Each token of a window is selected with one probability; if none is, one is chosen. Special tokens are never selected.
/// A selected token is hidden behind `[MASK]`, replaced by a random token that stands for bases, or left as it is (Devlin
/// et al., 2019; Sanabria et al., 2024).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Masking {
    /// The probability that a token is selected.
    pub share: f64,
    /// The probability that a selected token is hidden.
    pub masked: f64,
    /// The probability that a selected token is replaced at random.
    pub random: f64,
}

impl Masking {
    /// The paper's: 2.2 %, of which 80 % are hidden and 10 % replaced.
    pub const PAPER: Self = Self { share: 0.022, masked: 0.8, random: 0.1 };

    /// Returns the same selection with every selected token hidden, for measuring: nothing can be read off.
    #[must_use]
    pub fn all_hidden(self) -> Self {
        Self { masked: 1.0, random: 0.0, ..self }
    }

    /// Selects and hides tokens of a window, which holds no special token, and returns where and what they were.
    pub fn hide(
        &self,
        ids: &mut [TokenId],
        special: SpecialTokens,
        standard: &[TokenId],
        stream: &mut Stream,
    ) -> Vec<(usize, TokenId)> {
        let mut selected: Vec<usize> = (0..ids.len()).filter(|_| stream.unit() < self.share).collect();
        if selected.is_empty() && !ids.is_empty() {
            selected.push(stream.below(ids.len()));
        }
        let mut hidden = Vec::with_capacity(selected.len());
        for place in selected {
            hidden.push((place, ids[place]));
            let draw = stream.unit();
            if draw < self.masked {
                ids[place] = special.mask.unwrap_or(ids[place]);
            } else if draw < self.masked + self.random {
                ids[place] = standard[stream.below(standard.len())];
            }
        }
        hidden
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_kept_and_replacements_stand_for_bases() {
        let standard: Vec<TokenId> = (5..25).collect();
        let (mut selected, mut masked, mut random) = (0, 0, 0);
        let mut stream = Stream::new(1, "masking");
        for _ in 0..200 {
            let before: Vec<TokenId> = (0..500).map(|i| 5 + i % 20).collect();
            let mut ids = before.clone();
            let hidden = Masking { share: 0.1, ..Masking::PAPER }.hide(
                &mut ids,
                SpecialTokens::BERT,
                &standard,
                &mut stream,
            );
            selected += hidden.len();
            for (place, was) in hidden {
                assert_eq!(was, before[place]);
                match ids[place] {
                    4 => masked += 1,
                    id if id != was => {
                        assert!(standard.contains(&id));
                        random += 1;
                    }
                    _ => {}
                }
            }
            let untouched = ids.iter().zip(&before).filter(|(now, was)| now == was).count();
            assert!(untouched > 400);
        }
        // 200 * 500 * 0.1 = 10,000 selected; a twentieth of random draws is the token itself.
        assert!((9_600..10_400).contains(&selected), "{selected}");
        assert!((7_700..8_300).contains(&masked), "{masked}");
        assert!((850..1_050).contains(&random), "{random}");
    }

    #[test]
    fn at_least_one_token_is_selected() {
        let mut stream = Stream::new(1, "masking");
        for _ in 0..50 {
            let mut ids = [7; 20];
            let hidden = Masking::PAPER.hide(&mut ids, SpecialTokens::BERT, &[5, 6, 7], &mut stream);
            assert!(!hidden.is_empty());
        }
    }
}
