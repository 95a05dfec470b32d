//! Equations of `Einsum`: which axes are multiplied and which are summed.

/// An equation such as `bij,bjk->bik`: a letter for each axis of each input and of the output.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Equation {
    pub(crate) inputs: Vec<Vec<char>>,
    pub(crate) output: Vec<char>,
}

impl Equation {
    /// Reads an equation, or says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
        if text.contains('.') {
            return Err("an ellipsis is not supported".to_owned());
        }
        let (left, right) = match text.split_once("->") {
            Some((left, right)) => (left, Some(right)),
            None => (text.as_str(), None),
        };
        let letters = |part: &str| -> Result<Vec<char>, String> {
            match part.chars().find(|letter| !letter.is_ascii_alphabetic()) {
                Some(other) => Err(format!("`{other}` in the equation `{text}`")),
                None => Ok(part.chars().collect()),
            }
        };
        let inputs = left.split(',').map(letters).collect::<Result<Vec<_>, _>>()?;
        let output = if let Some(right) = right {
            letters(right)?
        } else {
            // Without an arrow: the letters that occur once, in the order of the alphabet.
            let mut all: Vec<char> = inputs.concat();
            all.sort_unstable();
            let once = |letter: &&char| all.iter().filter(|other| other == letter).count() == 1;
            all.iter().filter(once).copied().collect()
        };
        let known = |letter: &char| inputs.iter().any(|input| input.contains(letter));
        let twice = |letter: &char| output.iter().filter(|other| *other == letter).count() > 1;
        if let Some(letter) = output.iter().find(|letter| !known(letter) || twice(letter)) {
            return Err(format!("the output's `{letter}` in the equation `{text}`"));
        }
        Ok(Self { inputs, output })
    }

    /// Returns all letters, the output's first.
    pub(crate) fn letters(&self) -> Vec<char> {
        let mut letters = self.output.clone();
        for letter in self.inputs.iter().flatten() {
            if !letters.contains(letter) {
                letters.push(*letter);
            }
        }
        letters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equations_are_read() {
        let product = Equation::parse("bij, bjk -> bik").unwrap();
        assert_eq!(product.inputs[1], ['b', 'j', 'k']);
        assert_eq!(product.letters(), ['b', 'i', 'k', 'j']);
        assert_eq!(Equation::parse("ij,jk").unwrap().output, ['i', 'k']);
        assert!(Equation::parse("...i->i").is_err());
        assert!(Equation::parse("ij->k").is_err());
        assert!(Equation::parse("ij->ii").is_err());
        assert!(Equation::parse("i1->i").is_err());
    }
}
