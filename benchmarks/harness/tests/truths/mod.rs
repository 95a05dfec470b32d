//! Generated chromosomes whose truth is planted, and labelled windows of them.
//!
//! | truth | what decides the class | what is the same in both classes |
//! |---|---|---|
//! | [`Truth::Grammar`] | which of two words comes first, some forty bases before the other | both words, once each; everything around them |
//! | [`Truth::Shuffled`] | nothing: the windows of the grammar with their labels exchanged at random | everything |
//! | [`Truth::Frequency`] | whether a word occurs, or its letters in another order | shares of bases |
//! | [`Truth::Local`] | whether two words alternate or come in pairs | how often each word occurs, and where words begin |
//!
//! A third of the windows holds a copy of one repeat, each with its own substitutions, whatever the class: what a genome
//! has and a coin has not. Windows lie one after the other on the chromosome; the last ones are validation and test.

use std::{fmt::Write as _, fs, path::Path};

use dlm_sdk::{dna, random::Stream};

/// Bases of a window.
pub(crate) const WINDOW: usize = 96;
const FIRST: &[u8; 8] = b"GATTACAG";
const SECOND: &[u8; 8] = b"CTGCCATC";
const REPEAT: &[u8; 24] = b"GGCCGGGCGCGGTGGCTCACGCCT";
/// Six bases each, so that 6-mers and 3-mers counted from the start of a window are the same in both classes.
const WORDS: [&[u8; 6]; 2] = [b"ACAGTA", b"TGCATC"];

/// What decides the class of a window.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Truth {
    Grammar,
    Shuffled,
    Frequency,
    Local,
}

/// How many windows train, validation and test hold.
pub(crate) type Sizes = [usize; 3];

/// Writes `FOLDER/genome.fa` and the task `FOLDER/task`, and returns the labels of test.
pub(crate) fn write(folder: &Path, truth: Truth, sizes: Sizes, seed: u64) -> Vec<usize> {
    let mut stream = Stream::new(seed, "planted truth");
    let (mut genome, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..sizes.iter().sum() {
        let class = stream.below(2);
        genome.extend(window(truth, class, &mut stream));
        labels.push(class);
    }
    if truth == Truth::Shuffled {
        let (train, rest) = labels.split_at_mut(sizes[0]);
        let (validation, test) = rest.split_at_mut(sizes[1]);
        for part in [train, validation, test] {
            stream.shuffle(part);
        }
    }
    fs::create_dir_all(folder.join("task")).unwrap();
    let text = String::from_utf8(genome.clone()).unwrap();
    fs::write(folder.join("genome.fa"), format!(">chr1\n{text}\n")).unwrap();
    fs::write(
        folder.join("task/task.toml"),
        "version = 1\nname = \"planted\"\ntarget = \"binary\"\nclasses = [\"no\", \"yes\"]\nsplit = \"grouped\"\n",
    )
    .unwrap();
    let mut table = "id,sequence,label,split,group,locus\n".to_owned();
    for (id, (bases, class)) in text.as_bytes().chunks(WINDOW).zip(&labels).enumerate() {
        let split = match id {
            id if id < sizes[0] => "train",
            id if id < sizes[0] + sizes[1] => "validation",
            _ => "test",
        };
        let (bases, label) = (std::str::from_utf8(bases).unwrap(), ["no", "yes"][*class]);
        let (start, end) = (id * WINDOW, (id + 1) * WINDOW);
        writeln!(table, "{id},{bases},{label},{split},w{id},chr1:{start}-{end}").unwrap();
    }
    fs::write(folder.join("task/examples.csv"), table).unwrap();
    labels.split_off(sizes[0] + sizes[1])
}

fn window(truth: Truth, class: usize, stream: &mut Stream) -> Vec<u8> {
    let mut bases: Vec<u8> = (0..WINDOW).map(|_| dna::BASES[stream.below(4)]).collect();
    match truth {
        Truth::Grammar | Truth::Shuffled => {
            let words = if class == 1 { [FIRST, SECOND] } else { [SECOND, FIRST] };
            // From the end of one word to the start of the other there are at least 28 bases.
            for (word, start) in words.into_iter().zip([4 + stream.below(20), 60 + stream.below(24)]) {
                bases[start..start + word.len()].copy_from_slice(word);
            }
            repeat(&mut bases, 33, stream);
        }
        Truth::Frequency => {
            let mut word = *FIRST;
            if class == 0 {
                while word == *FIRST {
                    stream.shuffle(&mut word);
                }
            }
            let start = 4 + stream.below(20);
            bases[start..start + word.len()].copy_from_slice(&word);
            repeat(&mut bases, 33, stream);
        }
        Truth::Local => {
            let turn = stream.below(2);
            for (place, chunk) in bases.chunks_mut(6).enumerate() {
                let alternating = (place + turn) % 2;
                let pairs = (place / 2 + turn) % 2;
                chunk.copy_from_slice(WORDS[if class == 1 { alternating } else { pairs }]);
            }
            for base in &mut bases {
                if stream.below(50) == 0 {
                    *base = dna::BASES[stream.below(4)];
                }
            }
        }
    }
    bases
}

/// Puts a diverged copy of the repeat into a third of the windows.
fn repeat(bases: &mut [u8], start: usize, stream: &mut Stream) {
    if stream.below(3) > 0 {
        return;
    }
    for (base, &letter) in bases[start..].iter_mut().zip(REPEAT) {
        *base = if stream.below(10) == 0 { dna::BASES[stream.below(4)] } else { letter };
    }
}
