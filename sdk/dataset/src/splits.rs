//! The three splits of a task in memory, and what is known about their release.

use dlm_sdk::{Error, ExampleSet, ExampleSink, Result, Split};

use crate::{overlap, stream};

/// A split of a task that reads files.
#[derive(Clone, Debug)]
pub enum Part {
    /// Its examples.
    Here(ExampleSet),
    /// Its file is missing: what to say when somebody asks for it, and what to do.
    Missing(String, String),
    /// It has no examples, and that is no error.
    Empty,
}

/// The splits of a task.
#[derive(Clone, Debug)]
pub struct Splits {
    parts: [Part; 3],
}

impl Splits {
    /// Takes train, validation and test.
    pub fn new(train: Part, validation: Part, test: Part) -> Self {
        Self { parts: [train, validation, test] }
    }

    /// Streams a split.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) if its file is missing.
    pub fn load(&self, split: Split, sink: &mut dyn ExampleSink) -> Result<()> {
        match &self.parts[split as usize] {
            Part::Here(set) => {
                stream(set, sink);
                Ok(())
            }
            Part::Missing(message, hint) => Err(Error::invalid(message.clone()).with_hint(hint.clone())),
            Part::Empty => Ok(()),
        }
    }

    /// Returns the examples of a split, if it has any.
    pub fn get(&self, split: Split) -> Option<&ExampleSet> {
        match &self.parts[split as usize] {
            Part::Here(set) => Some(set),
            Part::Missing(..) | Part::Empty => None,
        }
    }

    /// Returns the length of every sequence, if it is the same.
    pub fn common_length(&self) -> Option<u32> {
        let mut lengths = self.lengths();
        let first = lengths.next()?;
        lengths.all(|length| length == first).then_some(first as u32)
    }

    fn lengths(&self) -> impl Iterator<Item = usize> {
        Split::ALL.into_iter().filter_map(|split| self.get(split)).flat_map(|set| {
            let lengths: Vec<usize> =
                set.view().examples().items.sequences.iter().map(|sequence| sequence.bases().len()).collect();
            lengths
        })
    }

    /// Describes what is wrong with the splits as they stand: sequences that validation or test share with train, and
    /// sequences that test shares with validation, on either strand.
    pub fn leaks(&self) -> Vec<String> {
        let pairs = [
            (Split::Validation, Split::Train),
            (Split::Test, Split::Train),
            (Split::Test, Split::Validation),
        ];
        pairs
            .into_iter()
            .filter_map(|(of, with)| {
                let (set, known) = (self.get(of)?, self.get(with)?);
                let count = overlap::shared(set.view().examples(), known.view().examples());
                let (of, with, all) = (of.name(), with.name(), set.len());
                (count > 0).then(|| {
                    let share = 100.0 * count as f64 / all as f64;
                    format!(
                        "leak: {count} of {all} {of} sequences ({share:.1} %) also stand in {with}, as they are or \
                         reverse-complemented"
                    )
                })
            })
            .collect()
    }

    /// Names where the files differ from what was published.
    pub fn differences(&self, published: &Published) -> Vec<String> {
        let mut differences = Vec::new();
        for (split, wanted) in Split::ALL.into_iter().zip(published.sizes) {
            if let (Some(set), Some(wanted)) = (self.get(split), wanted)
                && set.len() != wanted
            {
                let (split, found) = (split.name(), set.len());
                differences
                    .push(format!("warning: {split} has {found} examples, the published release {wanted}"));
            }
        }
        if let Some(wanted) = published.length {
            let odd = self.lengths().filter(|&length| length != wanted as usize).count();
            if odd > 0 {
                differences.push(format!(
                    "warning: {odd} sequences are not {wanted} bases long, as those of the published release are"
                ));
            }
        }
        differences
    }
}

/// The sizes of a release, where they are known.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Published {
    /// The examples of train, validation and test.
    pub sizes: [Option<usize>; 3],
    /// The length of every sequence.
    pub length: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(sequences: &[&str]) -> Part {
        let mut set = ExampleSet::new(1);
        for (id, bases) in (0..).zip(sequences) {
            set.add(id, bases.as_bytes(), &[0.0], id).unwrap();
        }
        Part::Here(set)
    }

    #[test]
    fn differences_and_leaks_are_named() {
        let missing = Part::Missing("dev.csv: no such file".into(), "fetch it".into());
        let splits = Splits::new(part(&["ACGT", "AACC", "TTTT"]), missing, part(&["GGTT", "AAAA", "AAA"]));
        assert_eq!(
            splits.leaks(),
            ["leak: 2 of 3 test sequences (66.7 %) also stand in train, as they are or reverse-complemented"]
        );
        let published = Published { sizes: [Some(3), Some(5), Some(4)], length: Some(4) };
        assert_eq!(
            splits.differences(&published),
            [
                "warning: test has 3 examples, the published release 4",
                "warning: 1 sequences are not 4 bases long, as those of the published release are",
            ]
        );
        assert_eq!(splits.common_length(), None);
        let mut sink = ExampleSet::new(1);
        let error = splits.load(Split::Validation, &mut sink).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.hint()), ("dev.csv: no such file", Some("fetch it")));
    }
}
