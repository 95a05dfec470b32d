//! What a sequence in a table may hold.

/// Appends a sequence in upper case; ambiguous IUPAC codes become N.
///
/// # Errors
///
/// A phrase and a hint if it is empty or holds something that is no base; what was appended before is then left there.
///
/// # Examples
///
/// ```
/// let mut bases = Vec::new();
/// dlm_dataset::bases::append("acgtR", &mut bases).unwrap();
/// assert_eq!(bases, b"ACGTN");
/// assert_eq!(dlm_dataset::bases::append("AC-T", &mut bases).unwrap_err().0, "base 3: '-' is no base");
/// ```
pub fn append(text: &str, bases: &mut Vec<u8>) -> Result<(), (String, &'static str)> {
    if text.is_empty() {
        return Err(("the sequence is empty".to_owned(), "remove the row"));
    }
    for (position, character) in (1..).zip(text.chars()) {
        bases.push(match character.to_ascii_uppercase() {
            base @ ('A' | 'C' | 'G' | 'T' | 'N') => base as u8,
            'R' | 'Y' | 'K' | 'M' | 'S' | 'W' | 'B' | 'D' | 'H' | 'V' => b'N',
            _ => {
                let hint = match character {
                    'u' | 'U' => "the file holds RNA; write T for U",
                    _ => "sequences hold A, C, G, T, N and IUPAC codes",
                };
                return Err((format!("base {position}: {character:?} is no base"), hint));
            }
        });
    }
    Ok(())
}
