//! Examples with places on a genome, put into splits.

use std::collections::BTreeMap;

use dlm_sdk::{Error, ExampleSet, Locus, Result, Split, SplitKind};

use crate::partition;

/// The shares of train, validation and test.
const SHARES: [f64; 3] = [0.8, 0.1, 0.1];

/// How examples are put into splits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SplitBy {
    /// At random over examples, as publications do: relatives may be on both sides.
    Random,
    /// Whole groups.
    Group,
    /// Whole chromosomes.
    Chromosome,
}

impl SplitBy {
    /// Reads `paper`, `grouped` or `chromosome`.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid): it is none of them.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "paper" => Ok(Self::Random),
            "grouped" => Ok(Self::Group),
            "chromosome" => Ok(Self::Chromosome),
            _ => Err(Error::invalid(format!("option split: {text:?} is not a value it can take"))
                .with_hint("it is paper, grouped or chromosome")),
        }
    }

    /// Returns what a task's card calls it.
    pub fn kind(self) -> SplitKind {
        match self {
            Self::Random => SplitKind::Paper,
            Self::Group | Self::Chromosome => SplitKind::Grouped,
        }
    }
}

/// An example of a task of two classes, cut from a genome.
#[derive(Clone, Debug, PartialEq)]
pub struct Located {
    /// An id, unique within the task.
    pub id: u64,
    /// The bases.
    pub bases: Vec<u8>,
    /// The ends of its tokens in bases, where the task fixes them.
    pub cuts: Option<Vec<u32>>,
    /// Whether it is of class 1.
    pub positive: bool,
    /// What must not be in two splits: relatives share a number.
    pub group: u64,
    /// Where it lies, or where what it was made from lies.
    pub locus: Locus,
}

impl Located {
    /// Puts examples into train, validation and test, about 80, 10 and 10 % of each class, in the order they are in.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid), with what to do about it, if a split would lack a class, of which
    /// `classes` has the names, negative first.
    pub fn split(
        examples: &[Self],
        by: SplitBy,
        seed: u64,
        stream: &str,
        classes: [&str; 2],
    ) -> Result<[ExampleSet; 3]> {
        let mut chromosomes = BTreeMap::new();
        let groups: Vec<u64> = examples
            .iter()
            .map(|example| match by {
                SplitBy::Random => example.id,
                SplitBy::Group => example.group,
                SplitBy::Chromosome => {
                    let next = chromosomes.len() as u64;
                    *chromosomes.entry(example.locus.chromosome.clone()).or_insert(next)
                }
            })
            .collect();
        let strata: Vec<usize> = examples.iter().map(|example| usize::from(example.positive)).collect();
        let parts = partition::assign(&groups, &strata, &SHARES, seed, stream);
        let mut sets = [(); 3].map(|()| ExampleSet::new(1));
        for (example, part) in examples.iter().zip(parts) {
            let (set, target) = (&mut sets[part], [f32::from(u8::from(example.positive))]);
            let (id, bases, group) = (example.id, example.bases.as_slice(), example.group);
            match &example.cuts {
                None => set.add_at(id, bases, &target, group, example.locus.clone())?,
                Some(cuts) => set.add_cut(id, bases, cuts, &target, group, Some(example.locus.clone()))?,
            }
        }
        for (split, set) in Split::ALL.into_iter().zip(&sets) {
            for (class, name) in classes.into_iter().enumerate() {
                if !set.view().examples().classes().any(|found| found == class) {
                    return Err(
                        Error::invalid(format!("{} would hold no {name}", split.name())).with_hint(hint(by))
                    );
                }
            }
        }
        Ok(sets)
    }
}

fn hint(by: SplitBy) -> &'static str {
    match by {
        SplitBy::Random => "take more chromosomes, or check that table and genome are of one build",
        SplitBy::Group => "take more chromosomes; split=paper does not keep groups whole",
        SplitBy::Chromosome => "take a genome of many chromosomes, or split=grouped",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples(count: u64, per_group: u64) -> Vec<Located> {
        (0..count)
            .map(|id| Located {
                id,
                bases: b"ACGT".to_vec(),
                cuts: Some(vec![1, 4]),
                positive: id % 2 == 0,
                group: id / per_group,
                locus: Locus {
                    chromosome: format!("chr{}", id % 7).into(),
                    start: id,
                    end: id + 4,
                    strand: None,
                },
            })
            .collect()
    }

    fn split(by: SplitBy) -> Result<[ExampleSet; 3]> {
        Located::split(&examples(400, 4), by, 1, "test", ["other", "site"])
    }

    #[test]
    fn groups_and_chromosomes_stay_whole() {
        let key = |set: &ExampleSet, of: fn(&dlm_sdk::Examples<'_>, usize) -> String| {
            let view = set.view();
            let examples = view.examples();
            (0..examples.len()).map(|index| of(&examples, index)).collect::<std::collections::BTreeSet<_>>()
        };
        for (by, of) in [
            (
                SplitBy::Group,
                (|e, i| e.items.groups[i].to_string()) as fn(&dlm_sdk::Examples<'_>, usize) -> String,
            ),
            (SplitBy::Chromosome, |e, i| e.items.loci.unwrap()[i].chromosome.to_string()),
        ] {
            let [train, validation, test] = split(by).unwrap();
            let keys = [key(&train, of), key(&validation, of), key(&test, of)];
            for (a, b) in [(0, 1), (0, 2), (1, 2)] {
                assert!(keys[a].is_disjoint(&keys[b]), "{by:?}");
            }
            assert_eq!(train.len() + validation.len() + test.len(), 400);
        }
        let [train, validation, test] = split(SplitBy::Random).unwrap();
        assert_eq!((train.len(), validation.len(), test.len()), (320, 40, 40));
    }

    #[test]
    fn a_split_without_a_class_is_refused() {
        let mut few = examples(400, 4);
        for example in &mut few {
            example.positive = example.group < 2;
        }
        let error = Located::split(&few, SplitBy::Group, 1, "test", ["other", "site"]).unwrap_err();
        assert!(error.to_string().ends_with("would hold no site"), "{error}");
        assert!(SplitBy::parse("random").is_err());
    }
}
