//! The arithmetic of a batch, on one block of columns.

/// Columns of a block. The vectors are cut into blocks that lie apart, so that the rows of one fit into the cache that a
/// core has to itself, and cores share no row.
pub(crate) const WIDTH: usize = 128;

/// One row's part in a block.
pub(crate) type Row = [f32; WIDTH];

/// Numbers that are summed side by side: the same order, and so the same bits, on any processor.
const LANES: usize = 16;

/// Tokens to learn from, with what was drawn for each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lessons {
    /// The rows of the tokens around each, one token after another.
    context: Vec<u32>,
    /// The row of each token, then those of its negatives.
    targets: Vec<u32>,
    /// Where each token's neighbours and targets end.
    ends: Vec<(u32, u32)>,
}

impl Lessons {
    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.context.clear();
        self.targets.clear();
        self.ends.clear();
    }

    /// Returns how many tokens there are to learn from.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Adds a neighbour of the token that is about to be added.
    pub(crate) fn neighbour(&mut self, row: u32) {
        self.context.push(row);
    }

    /// Adds a target of the token that is about to be added; the real one first.
    pub(crate) fn target(&mut self, row: u32) {
        self.targets.push(row);
    }

    /// Adds the token.
    pub(crate) fn end(&mut self) {
        self.ends.push((self.context.len() as u32, self.targets.len() as u32));
    }

    /// Adds others behind these.
    pub(crate) fn append(&mut self, other: &Self) {
        let (context, targets) = (self.context.len() as u32, self.targets.len() as u32);
        self.context.extend_from_slice(&other.context);
        self.targets.extend_from_slice(&other.targets);
        self.ends.extend(other.ends.iter().map(|end| (context + end.0, targets + end.1)));
    }

    /// Returns where the targets of a range of tokens lie.
    pub(crate) fn targets(&self, lessons: &std::ops::Range<usize>) -> std::ops::Range<usize> {
        self.start(lessons.start).1..self.start(lessons.end).1
    }

    /// Returns where the first target of each of a range of tokens lies, which is the token's own row.
    pub(crate) fn firsts(&self, lessons: &std::ops::Range<usize>) -> impl Iterator<Item = usize> {
        lessons.clone().map(|lesson| self.start(lesson).1)
    }

    fn start(&self, lesson: usize) -> (usize, usize) {
        lesson.checked_sub(1).map_or((0, 0), |before| {
            let (context, targets) = self.ends[before];
            (context as usize, targets as usize)
        })
    }

    /// Returns neighbours and targets of a token.
    pub(crate) fn of(&self, lesson: usize) -> (&[u32], &[u32]) {
        let (from, to) = (self.start(lesson), self.start(lesson + 1));
        (&self.context[from.0..to.0], &self.targets[from.1..to.1])
    }
}

/// A block of columns of all vectors.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Block {
    pub(crate) input: Vec<Row>,
    pub(crate) output: Vec<Row>,
    /// The mean of the neighbours of each token of the batch at hand.
    pub(super) means: Vec<Row>,
}

impl Block {
    /// Makes a block of input vectors, and output vectors of zeros.
    pub(crate) fn new(input: Vec<Row>) -> Self {
        Self { output: vec![[0.0; WIDTH]; input.len()], input, means: Vec::new() }
    }
}

/// Writes this block's share of the product of each target's output vector with the mean of the neighbours.
#[inline]
pub(super) fn score(
    block: &mut Block,
    lessons: &Lessons,
    batch: std::ops::Range<usize>,
    scores: &mut Vec<f32>,
) {
    block.means.clear();
    scores.clear();
    for lesson in batch {
        let (context, targets) = lessons.of(lesson);
        let mut mean = [0.0; WIDTH];
        for row in context {
            let vector = &block.input[*row as usize];
            for (mean, value) in mean.iter_mut().zip(vector) {
                *mean += value;
            }
        }
        let share = 1.0 / context.len() as f32;
        for value in &mut mean {
            *value *= share;
        }
        // A closure would be compiled for the plainest processor.
        for row in targets {
            scores.push(dot(&mean, &block.output[*row as usize]));
        }
        block.means.push(mean);
    }
}

/// Moves the vectors of each token's targets and neighbours, one token after the other. `pulls` says how far each target
/// is drawn to the mean of the neighbours, and they to it.
#[inline]
pub(super) fn pull(block: &mut Block, lessons: &Lessons, batch: std::ops::Range<usize>, pulls: &[f32]) {
    let mut pulls = pulls.iter();
    for (lesson, mean) in batch.zip(&block.means) {
        let (context, targets) = lessons.of(lesson);
        let mut gradient = [0.0; WIDTH];
        for (row, pull) in targets.iter().zip(&mut pulls) {
            let vector = &mut block.output[*row as usize];
            for ((gradient, value), mean) in gradient.iter_mut().zip(vector).zip(mean) {
                *gradient += pull * *value;
                *value += pull * mean;
            }
        }
        for row in context {
            let vector = &mut block.input[*row as usize];
            for (value, gradient) in vector.iter_mut().zip(&gradient) {
                *value += gradient;
            }
        }
    }
}

/// Returns the sum of products.
#[inline]
fn dot(a: &Row, b: &Row) -> f32 {
    let mut sums = [0.0_f32; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    // Halved again and again, which a processor does at once for each half.
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            sums[lane] += sums[lane + half];
        }
        half /= 2;
    }
    sums[0]
}
