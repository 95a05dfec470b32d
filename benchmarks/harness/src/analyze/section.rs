//! The table of sections.

use dlm_sdk::Result;

use super::{Findings, Options, Subject};

/// What a section is computed from: it is computed again when one of these changes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reads {
    /// The model's weights.
    Model,
    /// The model's tokenizer alone.
    Tokenizer,
    /// The genome.
    Genome,
    /// The folder of annotations, where there is one.
    Annotations,
    /// The file of `--regions`, where there is one.
    Regions,
    /// The file of `--variants`, where there is one.
    Variants,
}

/// An analysis.
#[derive(Clone, Copy)]
pub struct Section {
    /// Its name on the command line and in the output.
    pub name: &'static str,
    /// Its heading in the report.
    pub title: &'static str,
    /// What it answers, in one line.
    pub about: &'static str,
    /// Raised when the same inputs give other findings than before.
    pub revision: u32,
    /// Whether `all` runs it.
    pub in_all: bool,
    /// What it reads.
    pub reads: &'static [Reads],
    /// The settings it depends on, by name; the seed and the held-out stretches are always among them.
    pub settings: fn(&Options) -> Vec<(&'static str, String)>,
    /// Computes it.
    ///
    /// An error of the kind [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) says that this model or these data have
    /// nothing for the section: `all` goes on, and the report says so.
    pub run: fn(&Subject<'_>) -> Result<Findings>,
}

impl std::fmt::Debug for Section {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Section").field("name", &self.name).finish_non_exhaustive()
    }
}

/// All sections, in the order of the report.
pub const SECTIONS: &[Section] = &[
    super::vocabulary::SECTION,
    super::intrinsic::SECTION,
    super::anatomy::SECTION,
    super::embeddings::SECTION,
    super::context::SECTION,
    super::windows::SECTION,
    super::inside::SECTION,
];

/// Returns the section of a name.
pub(super) fn find(name: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| section.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_fit_a_folder() {
        for (index, section) in SECTIONS.iter().enumerate() {
            assert!(SECTIONS[..index].iter().all(|other| other.name != section.name), "{}", section.name);
            assert!(section.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
            assert!(!["all", "work"].contains(&section.name));
            assert!(!section.about.is_empty() && !section.about.contains('\n'));
        }
    }
}
