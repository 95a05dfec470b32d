//! Lends the examples in memory to a sink, some at a time.

use dlm_sdk::{ExampleSet, ExampleSink};

const CHUNK: usize = 4096;

/// Streams a set in its order, until the sink has enough.
pub fn stream(set: &ExampleSet, sink: &mut dyn ExampleSink) {
    let view = set.view();
    let examples = view.examples();
    for start in (0..examples.len()).step_by(CHUNK) {
        if sink.push(examples.slice(start..examples.len().min(start + CHUNK))).is_break() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use dlm_sdk::Examples;

    use super::*;

    struct Few(usize);

    impl ExampleSink for Few {
        fn push(&mut self, examples: Examples<'_>) -> ControlFlow<()> {
            self.0 += examples.len();
            ControlFlow::Break(())
        }
    }

    #[test]
    fn a_sink_that_has_enough_gets_no_more() {
        let mut set = ExampleSet::new(1);
        for id in 0..10_000 {
            set.add(id, b"ACGT", &[0.0], id).unwrap();
        }
        let mut few = Few(0);
        stream(&set, &mut few);
        assert_eq!(few.0, CHUNK);
        let mut copy = ExampleSet::new(1);
        stream(&set, &mut copy);
        assert_eq!(copy, set);
    }
}
