//! Threads that learn from the same tokens at once, each on its own columns.
//!
//! For a batch of tokens each thread computes the share of its columns in every score, waits for the others, turns some of
//! the whole scores into pulls, waits again, and moves its columns. Shares are summed in the order of the blocks, so the
//! number of threads changes no bit.

use std::{
    hint,
    sync::atomic::{AtomicU32, AtomicUsize, Ordering},
    thread,
};

use crate::{
    kernel::{Block, Lessons},
    simd,
};

/// Tokens whose scores are computed before any of them moves a vector: enough for threads to wait for each other rarely,
/// and too few for a vector to move far.
const BATCH: usize = 128;

/// Scores beyond this are told apart well enough, and are not learned from (as gensim has it).
const SATURATED: f32 = 6.0;

/// Learns from tokens in their order; the rate falls evenly from the first to the last.
pub(crate) fn learn(blocks: &mut [Block], lessons: &Lessons, rates: (f32, f32), threads: usize) {
    let batches = lessons.len().div_ceil(BATCH);
    let each = blocks.len().div_ceil(threads.max(1));
    let members = blocks.len().div_ceil(each);
    let widest = (0..batches).map(|batch| lessons.targets(&range(lessons, batch)).len()).max().unwrap_or(0);
    let numbers = || -> Vec<AtomicU32> { (0..widest).map(|_| AtomicU32::new(0)).collect() };
    let table = Table {
        lessons,
        rates,
        batches,
        scores: blocks.iter().map(|_| numbers()).collect(),
        pulls: numbers(),
        gate: Gate::new(members),
    };
    if members == 1 {
        return table.sit(0, members, 0, blocks);
    }
    thread::scope(|scope| {
        for (member, blocks) in blocks.chunks_mut(each).enumerate() {
            let table = &table;
            scope.spawn(move || table.sit(member, members, member * each, blocks));
        }
    });
}

fn range(lessons: &Lessons, batch: usize) -> std::ops::Range<usize> {
    batch * BATCH..((batch + 1) * BATCH).min(lessons.len())
}

/// What the threads share.
struct Table<'l> {
    lessons: &'l Lessons,
    rates: (f32, f32),
    batches: usize,
    /// The bits of each block's share of each score of a batch.
    scores: Vec<Vec<AtomicU32>>,
    /// The bits of the pull of each target of a batch.
    pulls: Vec<AtomicU32>,
    gate: Gate,
}

impl Table<'_> {
    /// Does one thread's work, on blocks of which the first has the number `first`.
    ///
    /// A block that was moved is scored for the next batch at once, while it lies in the core's own cache.
    fn sit(&self, member: usize, members: usize, first: usize, blocks: &mut [Block]) {
        let (mut scores, mut pulls) = (Vec::new(), Vec::new());
        let mut share = |block: &mut Block, shares: &[AtomicU32], batch| {
            simd::score(block, self.lessons, range(self.lessons, batch), &mut scores);
            for (share, score) in shares.iter().zip(&scores) {
                share.store(score.to_bits(), Ordering::Relaxed);
            }
        };
        for (shares, block) in self.scores[first..].iter().zip(&mut *blocks) {
            share(block, shares, 0);
        }
        for batch in 0..self.batches {
            let lessons = range(self.lessons, batch);
            self.gate.pass();
            self.judge(batch, &lessons, member, members);
            self.gate.pass();
            let targets = self.lessons.targets(&lessons).len();
            pulls.clear();
            pulls.extend(
                self.pulls[..targets].iter().map(|pull| f32::from_bits(pull.load(Ordering::Relaxed))),
            );
            for (shares, block) in self.scores[first..].iter().zip(&mut *blocks) {
                simd::pull(block, self.lessons, lessons.clone(), &pulls);
                if batch + 1 < self.batches {
                    share(block, shares, batch + 1);
                }
            }
        }
    }

    /// Turns this thread's part of the scores into pulls.
    fn judge(&self, batch: usize, lessons: &std::ops::Range<usize>, member: usize, members: usize) {
        let done = batch as f32 / self.batches as f32;
        let rate = self.rates.0 + (self.rates.1 - self.rates.0) * done;
        let each = lessons.len().div_ceil(members);
        let start = (lessons.start + member * each).min(lessons.end);
        let own = start..(start + each).min(lessons.end);
        let offset = self.lessons.targets(lessons).start;
        let mut firsts = self.lessons.firsts(&own).peekable();
        for target in self.lessons.targets(&own) {
            let real = firsts.next_if_eq(&target).is_some();
            let share =
                |block: &Vec<AtomicU32>| f32::from_bits(block[target - offset].load(Ordering::Relaxed));
            let score: f32 = self.scores.iter().map(share).sum();
            self.pulls[target - offset].store(pull(score, real, rate).to_bits(), Ordering::Relaxed);
        }
    }
}

/// Returns the rate times the slope of the log-probability that the score tells a real token, or a drawn one.
fn pull(score: f32, real: bool, rate: f32) -> f32 {
    if score <= -SATURATED || score >= SATURATED {
        return 0.0;
    }
    let label = if real { 1.0 } else { 0.0 };
    rate * (label - 1.0 / (1.0 + (-score).exp()))
}

/// A place where threads wait for each other. The waits are a few microseconds, so a thread looks again and again before
/// it lets others run.
struct Gate {
    members: usize,
    waiting: AtomicUsize,
    round: AtomicUsize,
}

impl Gate {
    fn new(members: usize) -> Self {
        Self { members, waiting: AtomicUsize::new(0), round: AtomicUsize::new(0) }
    }

    fn pass(&self) {
        const LOOKS: u32 = 2_000;
        if self.members == 1 {
            return;
        }
        let round = self.round.load(Ordering::Acquire);
        if self.waiting.fetch_add(1, Ordering::AcqRel) + 1 == self.members {
            self.waiting.store(0, Ordering::Relaxed);
            self.round.store(round.wrapping_add(1), Ordering::Release);
            return;
        }
        let mut looks = 0;
        while self.round.load(Ordering::Acquire) == round {
            looks += 1;
            if looks < LOOKS { hint::spin_loop() } else { thread::yield_now() }
        }
    }
}

#[cfg(test)]
mod tests {
    use dlm_sdk::random::Stream;

    use super::*;
    use crate::kernel::{Row, WIDTH};

    const ROWS: usize = 6;

    fn noise(name: &str) -> Vec<Row> {
        let mut stream = Stream::new(5, name);
        (0..ROWS).map(|_| std::array::from_fn(|_| stream.normal() as f32 * 0.1)).collect()
    }

    fn lessons(all: &[(&[u32], &[u32])]) -> Lessons {
        let mut lessons = Lessons::default();
        for (context, targets) in all {
            for row in *context {
                lessons.neighbour(*row);
            }
            for row in *targets {
                lessons.target(*row);
            }
            lessons.end();
        }
        lessons
    }

    /// `log s(h . u) + sum log s(-h . u_n)` in double precision.
    fn objective(block: &Block, context: &[u32], targets: &[u32]) -> f64 {
        let mean = |column: usize| {
            context.iter().map(|row| f64::from(block.input[*row as usize][column])).sum::<f64>()
                / context.len() as f64
        };
        let mut sum = 0.0;
        for (index, row) in targets.iter().enumerate() {
            let vector = &block.output[*row as usize];
            let score: f64 = (0..WIDTH).map(|column| mean(column) * f64::from(vector[column])).sum();
            sum -= (if index == 0 { -score } else { score }).exp().ln_1p();
        }
        sum
    }

    #[test]
    fn a_step_follows_the_gradient() {
        let (context, targets): (&[u32], &[u32]) = (&[0, 3, 4], &[2, 5, 1]);
        let mut before = Block::new(noise("input"));
        before.output = noise("output");
        let mut after = vec![before.clone()];
        let rate = 0.01;
        learn(&mut after, &lessons(&[(context, targets)]), (rate, rate), 1);
        let small = 1e-2_f32;
        for row in 0..ROWS {
            for column in [0, 17, WIDTH - 1] {
                let slope = |change: fn(&mut Block) -> &mut Vec<Row>| {
                    let at = |by: f32| {
                        let mut block = before.clone();
                        change(&mut block)[row][column] += by;
                        objective(&block, context, targets)
                    };
                    (at(small) - at(-small)) / (2.0 * f64::from(small)) * f64::from(rate)
                };
                // An input vector moves by the gradient with respect to the mean: as many times its own as there are
                // neighbours.
                let expected = slope(|block| &mut block.input) * context.len() as f64;
                let moved = f64::from(after[0].input[row][column] - before.input[row][column]);
                assert!((moved - expected).abs() < 1e-7, "input {row}, {column}: {moved} {expected}");
                let expected = slope(|block| &mut block.output);
                let moved = f64::from(after[0].output[row][column] - before.output[row][column]);
                assert!((moved - expected).abs() < 1e-7, "output {row}, {column}: {moved} {expected}");
            }
        }
    }

    #[test]
    fn what_is_told_apart_is_left_alone() {
        assert_eq!((pull(6.0, true, 0.1), pull(-7.0, false, 0.1)), (0.0, 0.0));
        assert_eq!((pull(0.0, true, 0.1), pull(0.0, false, 0.1)), (0.05, -0.05));
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        let mut stream = Stream::new(8, "lessons");
        let mut all = Lessons::default();
        for _ in 0..1_000 {
            (0..=stream.below(6)).for_each(|_| all.neighbour(stream.below(ROWS) as u32));
            (0..=stream.below(5)).for_each(|_| all.target(stream.below(ROWS) as u32));
            all.end();
        }
        let on = |threads| {
            let mut blocks: Vec<Block> =
                ["a", "b", "c", "d", "e"].iter().map(|name| Block::new(noise(name))).collect();
            learn(&mut blocks, &all, (0.05, 0.01), threads);
            blocks
        };
        let one = on(1);
        for threads in [2, 3, 5, 9] {
            assert!(on(threads) == one, "{threads} threads");
        }
    }
}
