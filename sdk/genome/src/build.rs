//! Which build a human genome is, told by how long its chromosomes are.
//!
//! A *build* is one edition of a genome's sequence. Positions of one are wrong in another, and files rarely say which they
//! are of. No chromosome has the same length in hg19 (`GRCh37`) and hg38 (`GRCh38`), so that lengths tell.

use crate::{Lengths, names};

/// A build of the human genome.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Build {
    /// `GRCh37`, which UCSC calls hg19.
    Hg19,
    /// `GRCh38`, which UCSC calls hg38.
    Hg38,
}

/// Chromosomes with their lengths in hg19 and in hg38, as in the headers of UCSC's chains between the two.
const LENGTHS: [(&str, u64, u64); 24] = [
    ("chr1", 249_250_621, 248_956_422),
    ("chr2", 243_199_373, 242_193_529),
    ("chr3", 198_022_430, 198_295_559),
    ("chr4", 191_154_276, 190_214_555),
    ("chr5", 180_915_260, 181_538_259),
    ("chr6", 171_115_067, 170_805_979),
    ("chr7", 159_138_663, 159_345_973),
    ("chr8", 146_364_022, 145_138_636),
    ("chr9", 141_213_431, 138_394_717),
    ("chr10", 135_534_747, 133_797_422),
    ("chr11", 135_006_516, 135_086_622),
    ("chr12", 133_851_895, 133_275_309),
    ("chr13", 115_169_878, 114_364_328),
    ("chr14", 107_349_540, 107_043_718),
    ("chr15", 102_531_392, 101_991_189),
    ("chr16", 90_354_753, 90_338_345),
    ("chr17", 81_195_210, 83_257_441),
    ("chr18", 78_077_248, 80_373_285),
    ("chr19", 59_128_983, 58_617_616),
    ("chr20", 63_025_520, 64_444_167),
    ("chr21", 48_129_895, 46_709_983),
    ("chr22", 51_304_566, 50_818_468),
    ("chrX", 155_270_560, 156_040_895),
    ("chrY", 59_373_566, 57_227_415),
];

impl Build {
    /// Returns the build of which all chromosomes are that are known by name; `None` if none is known, one has a length
    /// of no build, or two are of different builds. Names may be spelled `chr21` or `21`; other sequences do not count.
    ///
    /// # Examples
    ///
    /// ```
    /// use dlm_genome::{Build, Lengths};
    ///
    /// let lengths: Lengths = [("21", 46_709_983)].into_iter().collect();
    /// assert_eq!(Build::of(&lengths), Some(Build::Hg38));
    /// ```
    pub fn of(lengths: &Lengths) -> Option<Self> {
        let mut found = None;
        for (name, hg19, hg38) in LENGTHS {
            let length = lengths.get(name).or_else(|| lengths.get(&names::other_spelling(name)));
            let build = match length {
                None => continue,
                Some(length) if length == hg19 => Self::Hg19,
                Some(length) if length == hg38 => Self::Hg38,
                Some(_) => return None,
            };
            if found.is_some_and(|found| found != build) {
                return None;
            }
            found = Some(build);
        }
        found
    }

    /// Returns the name that UCSC gives it and that of the consortium.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hg19 => "hg19 (GRCh37)",
            Self::Hg38 => "hg38 (GRCh38)",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_told_by_all_chromosomes_that_are_there() {
        let of = |lengths: &[(&str, u64)]| Build::of(&lengths.iter().copied().collect());
        assert_eq!(of(&[("chr21", 48_129_895), ("chrUn_1", 5)]), Some(Build::Hg19));
        assert_eq!(of(&[("21", 48_129_895), ("X", 155_270_560)]), Some(Build::Hg19));
        assert_eq!(of(&[("chr21", 48_129_895), ("chr22", 50_818_468)]), None, "a mixture");
        assert_eq!(of(&[("chr21", 48_129_895), ("chr22", 22_000_000)]), None, "a piece");
        assert_eq!(of(&[("scaffold", 48_129_895)]), None);
        assert!(LENGTHS.iter().all(|(_, hg19, hg38)| hg19 != hg38));
    }
}
