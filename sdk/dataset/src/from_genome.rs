//! A task that was cut from a genome.

use dlm_sdk::{ExampleSet, ExampleSink, Locus, Result, Split, Task, TaskSpec};

use crate::{Part, Splits};

/// A task that was cut from a genome and lies in memory.
#[derive(Debug)]
pub struct FromGenome {
    spec: TaskSpec,
    splits: Splits,
    held_out: Vec<Locus>,
}

impl FromGenome {
    /// Takes train, validation and test, and the notes of the card, to which leaks between the splits are added;
    /// a length that the spec leaves open is that of the examples, if they have one.
    pub fn new(mut spec: TaskSpec, sets: [ExampleSet; 3], notes: Vec<String>) -> Self {
        let held_out = sets[1..]
            .iter()
            .flat_map(|set| set.view().examples().items.loci.unwrap_or_default().to_vec())
            .collect();
        let [train, validation, test] = sets;
        let splits = Splits::new(Part::Here(train), Part::Here(validation), Part::Here(test));
        spec.sequence_length = spec.sequence_length.or_else(|| splits.common_length());
        spec.notes = notes;
        spec.notes.extend(splits.leaks());
        Self { spec, splits, held_out }
    }
}

impl Task for FromGenome {
    fn spec(&self) -> &TaskSpec {
        &self.spec
    }

    fn load(&self, split: Split, sink: &mut dyn ExampleSink) -> Result<()> {
        self.splits.load(split, sink)
    }

    fn held_out(&self) -> Result<Vec<Locus>> {
        Ok(self.held_out.clone())
    }
}
