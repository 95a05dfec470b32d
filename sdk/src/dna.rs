//! Base codes, complements and k-mer indices.
//!
//! Codes follow the alphabet: A = 0, C = 1, G = 2, T = 3; a k-mer's index reads its codes as digits of base 4, so that
//! k-mers in ACGT order have ascending indices.

/// The bases in the order of their codes.
pub const BASES: [u8; 4] = *b"ACGT";

const CODES: [u8; 256] = {
    let mut codes = [u8::MAX; 256];
    let mut code = 0;
    while code < 4 {
        codes[BASES[code] as usize] = code as u8;
        codes[BASES[code].to_ascii_lowercase() as usize] = code as u8;
        code += 1;
    }
    codes
};

const COMPLEMENTS: [u8; 256] = {
    let mut complements = [b'N'; 256];
    let pairs = b"ATCGRYKMBVDHSSWWNN";
    let mut i = 0;
    while i < pairs.len() {
        let (a, b) = (pairs[i], pairs[i + 1]);
        complements[a as usize] = b;
        complements[b as usize] = a;
        complements[a.to_ascii_lowercase() as usize] = b.to_ascii_lowercase();
        complements[b.to_ascii_lowercase() as usize] = a.to_ascii_lowercase();
        i += 2;
    }
    complements
};

/// Returns the code of a base, 0 to 3, in either case; `None` for anything but A, C, G and T.
#[inline]
pub const fn code(base: u8) -> Option<u8> {
    let code = CODES[base as usize];
    if code == u8::MAX { None } else { Some(code) }
}

/// Returns the complement of a base or IUPAC code, keeping its case; anything else becomes N.
#[inline]
pub const fn complement(base: u8) -> u8 {
    COMPLEMENTS[base as usize]
}

/// Returns the reverse complement.
///
/// # Examples
///
/// ```
/// assert_eq!(dlm_sdk::dna::reverse_complement(b"AACGN"), b"NCGTT");
/// ```
pub fn reverse_complement(bases: &[u8]) -> Vec<u8> {
    bases.iter().rev().map(|&base| complement(base)).collect()
}

/// Returns the index of a k-mer, k at most 32; `None` if it holds anything but A, C, G and T.
///
/// # Examples
///
/// ```
/// assert_eq!(dlm_sdk::dna::kmer_index(b"CA"), Some(4));
/// assert_eq!(dlm_sdk::dna::kmer_index(b"CN"), None);
/// ```
pub fn kmer_index(bases: &[u8]) -> Option<u64> {
    if bases.len() > 32 {
        return None;
    }
    bases.iter().try_fold(0, |index, &base| Some(index << 2 | u64::from(code(base)?)))
}

/// Returns the k-mer of an index.
///
/// # Examples
///
/// ```
/// assert_eq!(dlm_sdk::dna::kmer(4, 2), "CA");
/// ```
pub fn kmer(index: u64, k: u32) -> String {
    (0..k).rev().map(|digit| char::from(BASES[(index >> (2 * digit) & 3) as usize])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complementing_twice_changes_nothing() {
        for base in b"ACGTRYKMBVDHSWNacgtn" {
            assert_eq!(complement(complement(*base)), *base);
        }
    }

    #[test]
    fn indices_and_words_agree() {
        for index in 0..4096 {
            assert_eq!(kmer_index(kmer(index, 6).as_bytes()), Some(index));
        }
    }
}
