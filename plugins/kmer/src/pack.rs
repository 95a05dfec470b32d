//! Turns words of k bases into indices, eight bases in one 64-bit word at a time.
//!
//! Bits 1 and 2 of an ASCII letter tell the four bases apart: A 00, C 01, T 10, G 11. One exclusive-or turns that into
//! the codes of the alphabet's order, and three shift-and-mask steps pack eight codes into 16 bits.

use dlm_sdk::TokenId;

const LOW_BITS: u64 = 0x0101_0101_0101_0101;
const UPPER: u64 = 0xdfdf_dfdf_dfdf_dfdf;

/// Appends the ids of the leading whole words and returns how many words there were; stops before a word that holds
/// anything but A, C, G and T.
pub(crate) fn words(bases: &[u8], k: usize, first: TokenId, ids: &mut Vec<TokenId>) -> usize {
    let before = ids.len();
    let unused = 64 - 8 * k as u32;
    let known = u64::MAX << unused;
    let mut rest = bases;
    // Whole windows of eight bytes can be read in one go; the last few words are looked at base by base.
    while let Some(window) = rest.first_chunk::<8>() {
        let window = u64::from_be_bytes(*window);
        if ((window & UPPER) ^ expected(window)) & known != 0 {
            return ids.len() - before;
        }
        ids.push(first + (pack(window) >> (unused / 4)) as TokenId);
        rest = &rest[k..];
    }
    for word in rest.chunks_exact(k) {
        let Some(index) = crate::vocabulary::index(word) else { break };
        ids.push(first + index as TokenId);
    }
    ids.len() - before
}

/// Returns the upper-case base that each byte would be if it were one.
fn expected(window: u64) -> u64 {
    let low = window >> 1 & LOW_BITS;
    let high = window >> 2 & LOW_BITS;
    // A is 0x41; C differs from it by 0x02, G by 0x06, T by 0x15.
    (0x41 * LOW_BITS) ^ (low * 0x02) ^ ((low & high) * 0x04) ^ ((high & !low) * 0x15)
}

/// Packs the codes of eight bases, the first into the highest bits.
fn pack(window: u64) -> u64 {
    let codes = window >> 1 & (3 * LOW_BITS);
    let codes = codes ^ (codes >> 1 & LOW_BITS);
    let pairs = (codes | codes >> 6) & 0x000f_000f_000f_000f;
    let fours = (pairs | pairs >> 12) & 0x0000_00ff_0000_00ff;
    (fours | fours >> 24) & 0xffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_told_apart() {
        for byte in 0..=u8::MAX {
            let mut window = *b"ACGTACGT";
            window[3] = byte;
            let whole = u64::from_be_bytes(window);
            assert_eq!(
                whole & UPPER == expected(whole),
                dlm_sdk::dna::code(byte).is_some(),
                "byte {byte:#x}"
            );
        }
    }

    #[test]
    fn packing_reads_digits_of_base_four() {
        for word in [b"AAAAAAAA", b"ACGTACGT", b"TTTTTTTT", b"gattacag", b"CAGTCCAT"] {
            let packed = pack(u64::from_be_bytes(*word));
            assert_eq!(Some(packed), dlm_sdk::dna::kmer_index(word));
        }
    }

    #[test]
    fn a_word_with_n_ends_the_run() {
        let mut ids = Vec::new();
        assert_eq!(words(b"ACACACACGNACGT", 3, 0, &mut ids), 3);
        assert_eq!(ids.len(), 3);
    }
}
