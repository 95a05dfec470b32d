//! Encodes the same bases with this crate and its peers in turn, and prints ratios:
//! `encode TOKENIZER.json BASES.txt [PAIRS]`; BASES.txt holds A, C, G and T alone.

use std::{env, error::Error, fs, hint::black_box, io::Write as _, time::Instant};

use bpe::byte_pair_encoding::BytePairEncoding;
use dlm_plugin_bpe::Bpe;
use dlm_sdk::{Sequence, TokenBatch, Tokenizer as _, TokenizerExt as _};
use tokenizers::pipeline::EncodeOptions;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const WINDOW: usize = 2_000;

fn time(work: impl FnOnce() -> Outcome<usize>) -> Outcome<f64> {
    let start = Instant::now();
    black_box(work()?);
    Ok(start.elapsed().as_secs_f64())
}

fn median(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    (values[values.len() / 2], values[0], values[values.len() - 1])
}

fn main() -> Outcome<()> {
    let mut arguments = env::args().skip(1);
    let usage = "usage: encode TOKENIZER.json BASES.txt [PAIRS]";
    let json = fs::read_to_string(arguments.next().ok_or(usage)?)?;
    let text = fs::read_to_string(arguments.next().ok_or(usage)?)?;
    let text = text.trim();
    let pairs: usize = arguments.next().map_or(Ok(5), |pairs| pairs.parse())?;

    let ours = Bpe::from_json(&json)?;
    let theirs = tokenizers::from_json(&tokenizers::canonicalize_str(&json)?)?;
    let options = EncodeOptions::no_specials();
    let letters = ["A", "C", "G", "T"].map(|base| base.as_bytes().to_vec());
    let made = ours.merges().iter().map(|merge| format!("{}{}", merge.left, merge.right).into_bytes());
    let crate_bpe = BytePairEncoding::from_dictionary(letters.into_iter().chain(made), None);

    let windows: Vec<&str> =
        (0..text.len() / WINDOW).map(|index| &text[index * WINDOW..][..WINDOW]).collect();
    let sequences: Vec<Sequence<'_>> =
        windows.iter().map(|window| Sequence::new(window.as_bytes())).collect();
    let encode = |sequences: &[Sequence<'_>]| -> Outcome<usize> {
        let mut batch = TokenBatch::default();
        ours.tokenize(sequences, &mut batch)?;
        Ok(batch.n_tokens())
    };
    let theirs_windows = |windows: &[&str]| -> Outcome<usize> {
        let mut ids = Vec::new();
        for window in windows {
            theirs.encode_into(window, &options, &mut ids)?;
        }
        Ok(ids.len())
    };

    let mut output = std::io::stdout().lock();
    let mut differing = 0;
    for (window, row) in windows.iter().zip(ours.batch(&sequences)?.rows()) {
        let mut ids = Vec::new();
        theirs.encode_into(window, &options, &mut ids)?;
        let same = ids.iter().map(|id| id.id()).eq(row.ids.iter().copied());
        // The crate bpe numbers its tokens from 0, ours follow five special ones.
        let same_bpe = crate_bpe
            .encode_via_backtracking(window.as_bytes())
            .iter()
            .map(|id| id + 5)
            .eq(row.ids.iter().copied());
        differing += usize::from(!same) + usize::from(!same_bpe);
    }
    writeln!(output, "{} windows of {WINDOW} bases, differing from a peer: {differing}", windows.len())?;

    let mega = text.len() as f64 / 1e6;
    let mut runs: Vec<[f64; 6]> = Vec::new();
    for _ in 0..pairs {
        runs.push([
            time(|| encode(&sequences))?,
            time(|| Ok(ours.batch(&sequences)?.n_tokens()))?,
            time(|| encode(&[Sequence::new(text.as_bytes())]))?,
            time(|| Ok(windows.iter().map(|w| crate_bpe.encode_via_backtracking(w.as_bytes()).len()).sum()))?,
            time(|| Ok(crate_bpe.encode_via_backtracking(text.as_bytes()).len()))?,
            time(|| theirs_windows(&windows))?,
        ]);
    }
    // Slow on long input, so once.
    let theirs_long = time(|| theirs_windows(&[text]))?;
    let names = [
        "dlm, windows, ids and spans",
        "dlm, windows, all threads",
        "dlm, one sequence, ids and spans",
        "bpe 0.2.3, windows",
        "bpe 0.2.3, one sequence",
        "tokenizers 1.0.0-rc.3, windows",
    ];
    for (index, name) in names.into_iter().enumerate() {
        let (middle, least, most) = median(runs.iter().map(|run| mega / run[index]).collect());
        writeln!(output, "{name}: median {middle:.1} Mb/s ({least:.1}-{most:.1})")?;
    }
    writeln!(output, "tokenizers 1.0.0-rc.3, one sequence: {:.1} Mb/s (one run)", mega / theirs_long)?;
    for (name, above, below) in [
        ("windows, dlm / bpe", 3, 0),
        ("one sequence, dlm / bpe", 4, 2),
        ("windows, dlm / tokenizers", 5, 0),
        ("all threads / one thread", 0, 1),
        ("one sequence / windows", 0, 2),
    ] {
        let (middle, least, most) = median(runs.iter().map(|run| run[above] / run[below]).collect());
        writeln!(output, "{name}: median {middle:.2} x ({least:.2}-{most:.2})")?;
    }
    let (long, ..) = median(runs.iter().map(|run| run[2]).collect());
    writeln!(output, "one sequence, dlm / tokenizers: {:.1} x", theirs_long / long)?;
    Ok(())
}
