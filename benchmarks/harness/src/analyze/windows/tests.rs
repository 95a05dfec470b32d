//! A run that is stopped goes on from the pieces it had, and ends with the bits of one that was not.

use std::{cell::RefCell, fs, path::Path};

use clap::Parser as _;
use dlm_sdk::{Encoder, EncoderSpec, Error, Registry, Result, TokenTensor, random::Stream};
use ndarray::ArrayViewMut3;

use super::{
    Annotations, Frame, Options, Subject,
    embed::{Embedded, Reader, embed},
};
use crate::{
    analyze::pieces,
    context::{Cancellation, Context, Flags},
};

/// A window in bases, of which each is a token.
const WINDOW: usize = 510;

/// States that tell ids, places and rows apart; it stops after some batches.
struct Stopping {
    spec: EncoderSpec,
    batches: usize,
    most: usize,
}

impl Stopping {
    fn new(fingerprint: &str, most: usize) -> Self {
        let mut spec = EncoderSpec::new("stopping", "char", 16, 3);
        spec.fingerprint = fingerprint.to_owned();
        spec.prefix = Some(2);
        Self { spec, batches: 0, most }
    }
}

impl Encoder for Stopping {
    fn spec(&self) -> &EncoderSpec {
        &self.spec
    }

    fn encode(&mut self, tokens: TokenTensor<'_>, mut hidden: ArrayViewMut3<'_, f32>) -> Result<()> {
        if self.batches == self.most {
            return Err(Error::cancelled());
        }
        self.batches += 1;
        for ((row, column, unit), state) in hidden.indexed_iter_mut() {
            let around: i64 = tokens.ids.row(row).iter().skip(column).take(5 + unit).sum();
            *state = (around as f32 * 0.37 + column as f32).sin();
        }
        Ok(())
    }
}

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    options: Options,
}

/// What came of a run: its windows, and how many batches it asked for.
fn run(place: &Path, output: &str, first: bool, mut encoder: Stopping) -> (Result<Embedded>, usize) {
    let options = Line::parse_from(["dlm", "--map-windows", "40"]).options;
    let context = Context::with_registry(
        Flags { quiet: true, ..Flags::default() },
        Cancellation::default(),
        Registry::builtin().unwrap(),
    );
    let (genome, folder) = (place.join("genome.fa"), place.join(output));
    fs::create_dir_all(&folder).unwrap();
    let subject = Subject {
        context: &context,
        model: None,
        genome: Some(&genome),
        annotations: None,
        options: &options,
        root: place,
        folder,
        files: RefCell::default(),
    };
    let tokenizer = context.registry().tokenizer("char").unwrap();
    let frame = Frame::new(&encoder, &*tokenizer).unwrap();
    assert_eq!(frame.window, WINDOW);
    let mut reader = Reader { encoder: &mut encoder, tokenizer: &*tokenizer, frame, first };
    let found = embed(&subject, &mut reader, &Annotations::default());
    (found, encoder.batches)
}

/// Writes a genome of three pieces of sixteen batches, and a part of a fourth.
fn genome(place: &Path) -> usize {
    let windows = 3 * 16 * Frame::rows(WINDOW) + 7;
    let mut stream = Stream::new(1, "genome");
    let bases: String = (0..WINDOW * windows + 11).map(|_| char::from(b"ACGT"[stream.below(4)])).collect();
    fs::write(place.join("genome.fa"), format!(">chr1\n{bases}\n")).unwrap();
    windows
}

fn same(place: &Path, one: (&str, &Embedded), two: (&str, &Embedded)) {
    for name in ["windows.csv", "windows.parquet"] {
        let of = |output: &str| fs::read(place.join(output).join(name)).unwrap();
        assert!(of(one.0) == of(two.0), "{name} differs");
    }
    assert_eq!((one.1.count, one.1.bases, one.1.left_over), (two.1.count, two.1.bases, two.1.left_over));
    assert_eq!(one.1.sample.len(), 40);
    for (a, b) in one.1.sample.iter().zip(&two.1.sample) {
        assert_eq!((&a.interval, &a.vector, &a.composition), (&b.interval, &b.vector, &b.composition));
    }
}

#[test]
fn a_stopped_run_goes_on_from_its_pieces_and_ends_with_the_same_bits() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    let windows = genome(place);
    for first in [true, false] {
        let pool = if first { "first" } else { "mean" };
        let (whole, all) = run(place, &format!("{pool}-whole"), first, Stopping::new("a", usize::MAX));
        let whole = whole.unwrap();
        assert_eq!((whole.count as usize, all), (windows, 3 * 16 + 1));
        let halves = format!("{pool}-halves");
        // In the middle of the second piece.
        let (stopped, _) = run(place, &halves, first, Stopping::new("a", 16 + 5));
        assert!(stopped.is_err());
        let kept = fs::read_dir(place.join(&halves).join("pieces")).unwrap().count();
        assert_eq!(kept, 1);
        assert!(!place.join(&halves).join("windows.parquet").exists(), "half a file is none");
        let (resumed, asked) = run(place, &halves, first, Stopping::new("a", usize::MAX));
        assert_eq!(asked, all - 16, "a piece that was kept is not computed again");
        same(place, (&format!("{pool}-whole"), &whole), (&halves, &resumed.unwrap()));
    }
}

#[test]
fn pieces_of_another_model_or_pool_are_none_and_damaged_ones_are_computed_again() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    genome(place);
    let (whole, all) = run(place, "out", true, Stopping::new("a", usize::MAX));
    fs::create_dir(place.join("whole")).unwrap();
    for name in ["windows.csv", "windows.parquet"] {
        fs::copy(place.join("out").join(name), place.join("whole").join(name)).unwrap();
    }
    let asked = |fingerprint, first| run(place, "out", first, Stopping::new(fingerprint, usize::MAX)).1;
    assert_eq!(asked("a", true), 0);
    assert_eq!(asked("b", true), all);
    assert_eq!(asked("a", false), all);
    let mut bytes = fs::read(place.join("genome.fa")).unwrap();
    // A base of the second piece.
    let at = 6 + WINDOW * (16 * Frame::rows(WINDOW) + 1);
    bytes[at] = if bytes[at] == b'A' { b'C' } else { b'A' };
    fs::write(place.join("genome.fa"), bytes).unwrap();
    assert_eq!(asked("a", true), 16, "only what changed is computed again");
    genome(place);
    for piece in fs::read_dir(place.join("out/pieces")).unwrap() {
        fs::write(piece.unwrap().path(), "nothing").unwrap();
    }
    let (again, asked) = run(place, "out", true, Stopping::new("a", usize::MAX));
    assert_eq!(asked, all);
    same(place, ("whole", &whole.unwrap()), ("out", &again.unwrap()));
    pieces::remove(&place.join("out")).unwrap();
    pieces::remove(&place.join("out")).unwrap();
    assert!(!place.join("out/pieces").exists() && place.join("out/windows.csv").exists());
}
