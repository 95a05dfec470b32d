//! Which examples make which batch.

use dlm_sdk::random::Stream;

/// Batches whose examples are sorted by length together.
const SORTED: usize = 32;

/// The batches of a pass: all examples shuffled, those of 32 batches at a time sorted by length, and the batches
/// shuffled. Seed and pass decide alone.
#[derive(Clone, Debug)]
pub(super) struct Order {
    seed: u64,
    size: usize,
    examples: usize,
    current: Option<(u64, Vec<Vec<usize>>)>,
}

impl Order {
    pub(super) fn new(seed: u64, examples: usize, size: usize) -> Self {
        Self { seed, size: size.max(1), examples, current: None }
    }

    /// Returns how many batches a pass has.
    pub(super) fn batches(&self) -> u64 {
        self.examples.div_ceil(self.size).max(1) as u64
    }

    /// Returns the examples of a step's batch.
    pub(super) fn batch(&mut self, step: u64, length: impl Fn(usize) -> usize) -> Vec<usize> {
        let (pass, at) = (step / self.batches(), (step % self.batches()) as usize);
        let batches = match self.current.take() {
            Some((known, batches)) if known == pass => batches,
            _ => self.pass(pass, length),
        };
        let batch = batches.get(at).cloned().unwrap_or_default();
        self.current = Some((pass, batches));
        batch
    }

    fn pass(&self, pass: u64, length: impl Fn(usize) -> usize) -> Vec<Vec<usize>> {
        let mut stream = Stream::nth(self.seed, "data", pass);
        let mut examples: Vec<usize> = (0..self.examples).collect();
        stream.shuffle(&mut examples);
        for together in examples.chunks_mut(self.size * SORTED) {
            // A stable sort: equal lengths stay in the order that was drawn.
            together.sort_by_key(|&at| length(at));
        }
        let mut batches: Vec<Vec<usize>> = examples.chunks(self.size).map(<[usize]>::to_vec).collect();
        stream.shuffle(&mut batches);
        batches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pass_sees_every_example_once_in_another_order() {
        let mut order = Order::new(1, 103, 10);
        assert_eq!(order.batches(), 11);
        let mut passes = Vec::new();
        for pass in 0..3 {
            let batches: Vec<_> = (0..11).map(|at| order.batch(pass * 11 + at, |at| at % 7)).collect();
            let mut seen = batches.concat();
            assert!(passes.iter().all(|earlier| *earlier != seen));
            passes.push(seen.clone());
            seen.sort_unstable();
            assert_eq!(seen, (0..103).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_batch_follows_from_seed_and_step_alone() {
        let batch = |seed, step| Order::new(seed, 50, 4).batch(step, |at| at % 5);
        let mut order = Order::new(3, 50, 4);
        for step in [20, 3, 3, 14, 0] {
            assert_eq!(order.batch(step, |at| at % 5), batch(3, step));
        }
        assert_ne!(batch(3, 0), batch(4, 0));
    }

    #[test]
    fn examples_of_a_batch_are_of_similar_length() {
        let mut order = Order::new(1, 320, 10);
        for step in 0..32 {
            let batch = order.batch(step, |at| at);
            let (least, most) = (batch.iter().min().unwrap(), batch.iter().max().unwrap());
            assert_eq!(most - least, 9);
        }
    }
}
