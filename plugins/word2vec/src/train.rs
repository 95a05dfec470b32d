//! Learning the vectors.

use std::{fmt, ops::Range};

use dlm_sdk::{Result, TokenId, random::Stream};
use rayon::prelude::*;

use crate::{
    Options, Vectors,
    kernel::{Block, Lessons, WIDTH},
    team,
    vocabulary::Vocabulary,
};

/// Tokens that are read and drawn for at a time, at least.
const PIECE: u64 = 100_000;

/// A corpus: rows of tokens, each a stretch whose tokens are neighbours.
pub trait Sentences: Sync {
    /// Returns how many rows there are.
    fn len(&self) -> usize;

    /// Returns whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends the tokens of a row.
    ///
    /// # Errors
    ///
    /// Whatever reading them fails with.
    fn read(&self, index: usize, ids: &mut Vec<TokenId>) -> Result<()>;
}

impl fmt::Debug for dyn Sentences + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sentences").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl Sentences for Vec<Vec<TokenId>> {
    fn len(&self) -> usize {
        Self::len(self)
    }

    fn read(&self, index: usize, ids: &mut Vec<TokenId>) -> Result<()> {
        ids.extend_from_slice(&self[index]);
        Ok(())
    }
}

/// How far training is.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Progress {
    /// The corpus was counted: so many tokens will be seen in all passes.
    Planned(u64),
    /// So many more were seen.
    Seen(u64),
}

/// Learns a vector for each token of a vocabulary that is frequent enough.
///
/// `vocab_size` is one above the highest id. The function is told how far it is, and may stop the work by an error.
/// Memory: 8 bytes times vocabulary and dimensions, and whatever the corpus takes. The number of threads changes no bit.
///
/// # Errors
///
/// An option cannot be used, fewer than two tokens occur often enough, or the corpus or the function fails.
pub fn train(
    sentences: &dyn Sentences,
    vocab_size: usize,
    options: &Options,
    watch: &mut dyn FnMut(Progress) -> Result<()>,
) -> Result<Vectors> {
    options.check()?;
    let (counts, pieces) = count(sentences, vocab_size)?;
    let vocabulary = Vocabulary::new(counts, options)?;
    let once: u64 = pieces.iter().map(|piece| piece.tokens).sum();
    watch(Progress::Planned(once * options.epochs as u64))?;
    let mut blocks = first(vocabulary.len(), options);
    let schedule = Schedule::new(options, once);
    let threads = rayon::current_num_threads();
    let (mut seen, mut lessons) = (0, Lessons::default());
    for epoch in 0..options.epochs {
        for piece in &pieces {
            draw(sentences, &vocabulary, options, epoch, piece, &mut lessons)?;
            let rates = (schedule.rate(seen), schedule.rate(seen + piece.tokens));
            team::learn(&mut blocks, &lessons, rates, threads);
            seen += piece.tokens;
            watch(Progress::Seen(piece.tokens))?;
        }
    }
    Ok(Vectors::spread(&vocabulary, options, &blocks))
}

/// Sentences that are drawn for at a time.
#[derive(Debug)]
struct Piece {
    sentences: Range<usize>,
    tokens: u64,
}

/// Counts tokens, and deals the corpus into pieces.
fn count(sentences: &dyn Sentences, vocab_size: usize) -> Result<(Vec<u64>, Vec<Piece>)> {
    let mut counts = vec![0_u64; vocab_size];
    let mut pieces = Vec::new();
    let (mut ids, mut start, mut tokens) = (Vec::new(), 0, 0);
    for index in 0..sentences.len() {
        ids.clear();
        sentences.read(index, &mut ids)?;
        for id in &ids {
            let count = counts.get_mut(*id as usize).ok_or_else(|| {
                dlm_sdk::Error::invalid(format!(
                    "sentence {}: id {id} is not among the {vocab_size} of the vocabulary",
                    index + 1
                ))
            })?;
            *count += 1;
        }
        tokens += ids.len() as u64;
        if tokens >= PIECE || index + 1 == sentences.len() {
            pieces.push(Piece { sentences: start..index + 1, tokens });
            (start, tokens) = (index + 1, 0);
        }
    }
    Ok((counts, pieces))
}

/// The rate, falling evenly over all passes.
struct Schedule {
    first: f64,
    last: f64,
    tokens: u64,
}

impl Schedule {
    fn new(options: &Options, once: u64) -> Self {
        Self { first: options.rate, last: options.last_rate, tokens: once * options.epochs as u64 }
    }

    fn rate(&self, seen: u64) -> f32 {
        let share = seen as f64 / self.tokens.max(1) as f64;
        (self.first - (self.first - self.last) * share) as f32
    }
}

/// Returns small uniform input vectors and output vectors of zeros, in blocks of columns. Columns past the width stay
/// zeros whatever is learned.
fn first(rows: usize, options: &Options) -> Vec<Block> {
    let width = options.dimensions;
    let mut stream = Stream::new(options.seed, "word2vec first vectors");
    let mut blocks = vec![vec![[0.0; WIDTH]; rows]; width.div_ceil(WIDTH)];
    for (row, column) in (0..rows).flat_map(|row| (0..width).map(move |column| (row, column))) {
        blocks[column / WIDTH][row][column % WIDTH] = ((stream.unit() - 0.5) / width as f64) as f32;
    }
    blocks.into_iter().map(Block::new).collect()
}

/// Reads a piece, and draws window and negatives for each token in it.
fn draw(
    sentences: &dyn Sentences,
    vocabulary: &Vocabulary,
    options: &Options,
    epoch: usize,
    piece: &Piece,
    lessons: &mut Lessons,
) -> Result<()> {
    let name = format!("word2vec pass {epoch}");
    let drawn = piece
        .sentences
        .clone()
        .into_par_iter()
        .map(|index| {
            let mut stream = Stream::nth(options.seed, &name, index as u64);
            let (mut ids, mut drawn) = (Vec::new(), Lessons::default());
            sentences.read(index, &mut ids)?;
            let rows: Vec<u32> = ids
                .iter()
                .filter_map(|id| vocabulary.row(*id))
                .filter(|row| vocabulary.keeps(*row, &mut stream))
                .collect();
            for place in 0..rows.len() {
                draw_for(place, &rows, vocabulary, options, &mut stream, &mut drawn);
            }
            Ok(drawn)
        })
        .collect::<Result<Vec<Lessons>>>()?;
    lessons.clear();
    for of_sentence in &drawn {
        lessons.append(of_sentence);
    }
    Ok(())
}

fn draw_for(
    place: usize,
    rows: &[u32],
    vocabulary: &Vocabulary,
    options: &Options,
    stream: &mut Stream,
    drawn: &mut Lessons,
) {
    let reach = 1 + stream.below(options.window);
    let around = place.saturating_sub(reach)..(place + reach + 1).min(rows.len());
    if around.len() < 2 {
        return;
    }
    around.filter(|other| *other != place).for_each(|other| drawn.neighbour(rows[other]));
    drawn.target(rows[place]);
    for _ in 0..options.negative {
        let negative = vocabulary.negative(stream);
        // The token itself is no counterexample.
        if negative != rows[place] {
            drawn.target(negative);
        }
    }
    drawn.end();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sentences that stay within one of ten groups of six tokens each.
    fn grouped() -> Vec<Vec<TokenId>> {
        let mut stream = Stream::new(4, "grouped");
        (0..4_000)
            .map(|_| {
                let group = stream.below(10);
                (0..20).map(|_| (5 + group * 6 + stream.below(6)) as TokenId).collect()
            })
            .collect()
    }

    fn options() -> Options {
        Options { dimensions: 32, epochs: 3, sample: 0.0, ..Options::default() }
    }

    #[test]
    fn tokens_of_a_group_come_to_lie_together() {
        let vectors = train(&grouped(), 65, &options(), &mut |_| Ok(())).unwrap();
        let mut right = 0;
        for id in 5..65 {
            let nearest = vectors.nearest(id, 5);
            right += nearest.iter().filter(|(other, _)| (other - 5) / 6 == (id - 5) / 6).count();
        }
        assert_eq!(right, 300);
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let options = Options { dimensions: 300, epochs: 1, ..options() };
            pool.install(|| train(&grouped(), 65, &options, &mut |_| Ok(())).unwrap())
        };
        assert!(on(1).input() == on(4).input());
    }

    #[test]
    fn seeds_give_other_vectors() {
        let with = |seed| {
            let options = Options { seed, epochs: 1, ..options() };
            train(&grouped(), 65, &options, &mut |_| Ok(())).unwrap().input().clone()
        };
        assert_ne!(with(0), with(1));
        assert_eq!(with(1), with(1));
    }

    #[test]
    fn windows_reach_from_one_to_the_widest_and_negatives_are_others() {
        let options = Options { window: 4, negative: 3, least_count: 1, sample: 0.0, ..Options::default() };
        let vocabulary = Vocabulary::new(vec![1, 1, 1, 1], &options).unwrap();
        let rows: Vec<u32> = (0..99).map(|place| place % 4).collect();
        let mut stream = Stream::new(2, "windows");
        let mut reaches = [0; 5];
        for _ in 0..4_000 {
            let mut drawn = Lessons::default();
            draw_for(50, &rows, &vocabulary, &options, &mut stream, &mut drawn);
            let (context, targets) = drawn.of(0);
            let reach = context.len() / 2;
            let expected: Vec<u32> =
                (50 - reach..=50 + reach).filter(|place| *place != 50).map(|place| rows[place]).collect();
            assert_eq!(context, expected);
            assert!(targets[0] == rows[50] && targets[1..].iter().all(|negative| *negative != rows[50]));
            assert!(targets.len() <= 4);
            reaches[reach] += 1;
        }
        assert_eq!(reaches[0], 0);
        assert!(reaches[1..].iter().all(|count| (900..1_100).contains(count)), "{reaches:?}");
        let mut drawn = Lessons::default();
        draw_for(0, &rows[..1], &vocabulary, &options, &mut stream, &mut drawn);
        assert_eq!(drawn.len(), 0);
    }

    #[test]
    fn what_is_seen_is_what_was_planned() {
        let (mut planned, mut seen) = (0, 0);
        train(&grouped(), 65, &options(), &mut |progress| {
            match progress {
                Progress::Planned(tokens) => planned = tokens,
                Progress::Seen(tokens) => seen += tokens,
            }
            Ok(())
        })
        .unwrap();
        assert_eq!((planned, seen), (240_000, 240_000));
    }

    #[test]
    fn an_id_past_the_vocabulary_is_named() {
        let error = train(&vec![vec![1, 2], vec![3, 9]], 9, &options(), &mut |_| Ok(())).unwrap_err();
        assert_eq!(error.to_string(), "sentence 2: id 9 is not among the 9 of the vocabulary");
    }
}
