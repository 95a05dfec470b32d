//! Encodes the same bases with this crate and its peers in turn, and prints speeds and ratios:
//! `encode TOKENIZER.json BASES.txt [PAIRS]`; BASES.txt holds A, C, G and T alone.
//!
//! All tokens are compared first, window by window and in one sequence. Every time is taken twice: by the wall, and on
//! processors, which other work on the machine disturbs less.

use std::{env, error::Error, fs, hint::black_box, io::Write, ops::ControlFlow, time::Instant};

use bpe::byte_pair_encoding::BytePairEncoding;
use dlm_plugin_bpe::Bpe;
use dlm_sdk::{Sequence, Span, TokenId, TokenSink, Tokenizer as _, TokenizerExt as _};
use rayon::prelude::*;
use rustix::time::{ClockId, clock_gettime};
use tokenizers::pipeline::EncodeOptions;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const WINDOW: usize = 2_000;
/// Times each encoder of this crate runs for one measurement.
const PASSES: usize = 10;

/// Seconds by the wall, and on processors.
type Seconds = [f64; 2];

fn processor() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn time(passes: usize, mut work: impl FnMut() -> Outcome<usize>) -> Outcome<Seconds> {
    let (wall, busy) = (Instant::now(), processor());
    for _ in 0..passes {
        black_box(work()?);
    }
    Ok([wall.elapsed().as_secs_f64() / passes as f64, (processor() - busy) / passes as f64])
}

fn median(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    (values[values.len() / 2], values[0], values[values.len() - 1])
}

/// Takes tokens and keeps none.
#[derive(Default)]
struct Count(usize);

impl TokenSink for Count {
    fn emit(&mut self, ids: &[TokenId], spans: &[Span]) -> ControlFlow<()> {
        black_box(spans);
        self.0 += ids.len();
        ControlFlow::Continue(())
    }
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
    let whole = [Sequence::new(text.as_bytes())];
    let encode = |sequences: &[Sequence<'_>]| -> Outcome<usize> {
        let mut count = Count::default();
        ours.tokenize(sequences, &mut count)?;
        Ok(count.0)
    };
    let encode_side_by_side = || -> Outcome<usize> {
        sequences.par_chunks(256).map(encode).try_reduce(|| 0, |left, right| Ok(left + right))
    };
    let theirs_ids = |text: &str| -> Outcome<Vec<u32>> {
        let mut ids = Vec::new();
        theirs.encode_into(text, &options, &mut ids)?;
        Ok(ids.into_iter().map(Into::into).collect())
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
    let texts = windows.iter().copied().chain([text]);
    let all = ours.batch(&sequences.iter().copied().chain(whole).collect::<Vec<_>>())?;
    for (text, row) in texts.zip(all.rows()) {
        // The crate bpe numbers its tokens from 0, ours follow five special ones.
        let same = crate_bpe.encode_via_backtracking(text.as_bytes()).into_iter().map(|id| id + 5);
        differing += usize::from(theirs_ids(text)? != row.ids);
        differing += usize::from(!same.eq(row.ids.iter().copied()));
    }
    writeln!(
        output,
        "{} merges, {} windows of {WINDOW} bases and one sequence of {}, {} tokens; differing from a peer: {differing}",
        ours.merges().len(),
        windows.len(),
        text.len(),
        all.n_tokens()
    )?;
    if differing > 0 {
        return Err("the tokens differ, so the times say nothing".into());
    }

    let mega = text.len() as f64 / 1e6;
    let mut runs: Vec<[Seconds; 8]> = Vec::new();
    for _ in 0..pairs {
        runs.push([
            time(PASSES, || encode(&sequences))?,
            time(1, || {
                Ok(windows.iter().map(|w| crate_bpe.encode_via_backtracking(w.as_bytes()).len()).sum())
            })?,
            time(1, || theirs_windows(&windows))?,
            time(PASSES, || encode(&whole))?,
            time(1, || Ok(crate_bpe.encode_via_backtracking(text.as_bytes()).len()))?,
            time(1, || theirs_windows(&[text]))?,
            time(PASSES, encode_side_by_side)?,
            time(PASSES, || Ok(ours.batch(&sequences)?.n_tokens()))?,
        ]);
    }
    report(&mut output, mega, &runs)
}

/// Writes speeds and ratios as two tables.
fn report(output: &mut impl Write, mega: f64, runs: &[[Seconds; 8]]) -> Outcome<()> {
    let names = [
        "dlm, windows",
        "bpe 0.2.3, windows",
        "tokenizers 1.0.0-rc.3, windows",
        "dlm, one sequence",
        "bpe 0.2.3, one sequence",
        "tokenizers 1.0.0-rc.3, one sequence",
        "dlm, windows, all threads",
        "dlm, windows, all threads, collected",
    ];
    writeln!(output, "| encoder | Mb/s by the wall | Mb/s on processors |\n|---|---|---|")?;
    for (index, name) in names.into_iter().enumerate() {
        write!(output, "| {name} |")?;
        for clock in 0..2 {
            let (middle, least, most) = median(runs.iter().map(|run| mega / run[index][clock]).collect());
            write!(output, " {middle:.1} ({least:.1}-{most:.1}) |")?;
        }
        writeln!(output)?;
    }
    writeln!(output, "\n| ratio | by the wall | on processors |\n|---|---|---|")?;
    for (name, above, below) in [
        ("windows, dlm over bpe", 1, 0),
        ("windows, dlm over tokenizers", 2, 0),
        ("one sequence, dlm over bpe", 4, 3),
        ("one sequence, dlm over tokenizers", 5, 3),
        ("one sequence over windows", 0, 3),
        ("windows, all threads over one", 0, 6),
    ] {
        write!(output, "| {name} |")?;
        for clock in 0..2 {
            let ratios = runs.iter().map(|run| run[above][clock] / run[below][clock]).collect();
            let (middle, least, most) = median(ratios);
            write!(output, " {middle:.2} ({least:.2}-{most:.2}) |")?;
        }
        writeln!(output)?;
    }
    Ok(())
}
