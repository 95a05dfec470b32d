//! Digests as text.

/// Writes bytes, such as a digest, in hexadecimal digits: two a byte, in small letters.
///
/// # Examples
///
/// ```
/// assert_eq!(dlm_sdk::hexadecimal(&[0, 10, 255]), "000aff");
/// ```
pub fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
