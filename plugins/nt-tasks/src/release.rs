//! What is known about the two releases.

/// A release.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Release {
    Original,
    Revised,
}

/// A task of a release, where its sizes are known.
pub(crate) struct Known {
    pub(crate) name: &'static str,
    pub(crate) train: usize,
    pub(crate) test: usize,
    pub(crate) classes: usize,
    pub(crate) length: u32,
    pub(crate) flaw: Option<&'static str>,
}

const fn known(
    name: &'static str,
    train: usize,
    test: usize,
    classes: usize,
    length: u32,
    flaw: Option<&'static str>,
) -> Known {
    Known { name, train, test, classes, length, flaw }
}

const COPIES: &str = "leak known of this release: 100 of 400 test sequences are byte-identical to training ones, and \
                      12,000 of the 14,968 training sequences are synthetic (iEnhancer and a generator's); use \
                      nt-revised for clean numbers";
const SPECIES: &str = "leak known of this release: the sequences are of many species (Spliceator), not human, and \
                       homologous ones stand in train and test; use nt-revised for clean numbers";
const BORDERLINE: &str = "borderline in this release: from SpliceFinder, not split by chromosome or homology";

const ORIGINAL: [Known; 8] = [
    known("promoter_all", 53_276, 5_920, 2, 300, None),
    known("promoter_tata", 5_509, 621, 2, 300, None),
    known("promoter_no_tata", 47_767, 5_299, 2, 300, None),
    known("enhancers", 14_968, 400, 2, 200, Some(COPIES)),
    known("enhancers_types", 14_968, 400, 3, 200, Some(COPIES)),
    known("splice_sites_all", 27_000, 3_000, 3, 400, Some(BORDERLINE)),
    known("splice_sites_acceptors", 19_961, 2_218, 2, 600, Some(SPECIES)),
    known("splice_sites_donors", 19_775, 2_198, 2, 600, Some(SPECIES)),
];

const REVISED: [Known; 8] = [
    known("promoter_all", 30_000, 1_584, 2, 300, None),
    known("promoter_tata", 5_062, 212, 2, 300, None),
    known("promoter_no_tata", 30_000, 1_372, 2, 300, None),
    known("enhancers", 30_000, 3_000, 2, 400, None),
    known("enhancers_types", 30_000, 3_000, 3, 400, None),
    known("splice_sites_all", 30_000, 3_000, 3, 600, None),
    known("splice_sites_acceptors", 30_000, 3_000, 2, 600, None),
    known("splice_sites_donors", 30_000, 3_000, 2, 600, None),
];

impl Release {
    /// Returns the id that specs begin with.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Original => "nt-original",
            Self::Revised => "nt-revised",
        }
    }

    /// Returns the folder below the folder of released benchmarks.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Original => "nt",
            Self::Revised => "nt-revised",
        }
    }

    /// Returns the tasks whose sizes are known.
    pub(crate) fn tasks(self) -> &'static [Known] {
        match self {
            Self::Original => &ORIGINAL,
            Self::Revised => &REVISED,
        }
    }

    /// Returns what is said about every task of the release.
    pub(crate) fn note(self) -> &'static str {
        match self {
            Self::Original => "the original release, which the first publications report",
            Self::Revised => "the revised release: human, whole chromosomes held out for test",
        }
    }
}
