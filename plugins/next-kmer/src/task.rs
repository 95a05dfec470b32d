//! The task: reads a genome once and keeps the examples that were drawn.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use dlm_genome::Genome;
use dlm_sdk::{dna, prelude::*, random::Stream};

use crate::{
    form::{Form, INPUT},
    grid::Grid,
    split::{self, GAP, Parts},
};

const K: std::ops::RangeInclusive<u32> = 2..=6;

/// The length of a block of one leakage group.
const BLOCK: u64 = 1_000_000;

const OPTIONS: &[OptionSpec] = &[
    OptionSpec { key: "genome", default: None, help: "FASTA file, plain or gzipped" },
    OptionSpec {
        key: "chromosome",
        default: None,
        help: "names of the sequences to draw from; all if not given",
    },
    OptionSpec { key: "samples", default: Some("20000"), help: "how many pieces are drawn over all splits" },
    OptionSpec { key: "split", default: Some("paper"), help: "paper (at random) or grouped (by position)" },
    OptionSpec { key: "form", default: Some("segments"), help: "segments (56 nt) or windows510" },
    OptionSpec { key: "seed", default: Some("0"), help: "seed of drawing and splitting" },
];

register! {
    task "next-kmer", "which k bases follow 50 given ones, k = 2 to 6 (next-kmer:6)",
    options: OPTIONS,
    create: |config, _| NextKmer::new(&Settings::from_config(config)?)
}

/// What a next-k-mer task is made from.
///
/// # Examples
///
/// ```
/// use dlm_plugin_next_kmer::Settings;
///
/// let settings = Settings::new(6, "chr21.fa.gz");
/// assert_eq!(settings.samples, 20_000);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// How many bases are asked for, 2 to 6.
    pub k: u32,
    /// A FASTA file.
    pub genome: PathBuf,
    /// The sequences to draw from; empty: all.
    pub chromosomes: Vec<String>,
    /// How many pieces are drawn; all if there are fewer.
    pub samples: usize,
    /// `Paper` or `Grouped`.
    pub split: SplitKind,
    /// How long a piece is.
    pub form: Form,
    /// The seed of drawing and splitting.
    pub seed: u64,
}

impl Settings {
    /// Creates the settings that the spec `next-kmer:K` stands for.
    pub fn new(k: u32, genome: impl Into<PathBuf>) -> Self {
        Self {
            k,
            genome: genome.into(),
            chromosomes: Vec::new(),
            samples: 20_000,
            split: SplitKind::Paper,
            form: Form::Segments,
            seed: 0,
        }
    }

    /// Reads the settings of a spec.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid), naming what is missing or wrong.
    pub fn from_config(config: &Config) -> Result<Self> {
        let k = config.required("k")?;
        let k = k.parse().map_err(|source| {
            Error::invalid(format!("k {k:?} is no number")).with_source(source).with_hint("write next-kmer:6")
        })?;
        let genome = config.get("genome").ok_or_else(|| {
            Error::invalid("next-kmer needs a genome")
                .with_hint("add genome=FILE to the spec, or give --genome FILE")
        })?;
        let split = match config.get("split").unwrap_or("paper") {
            "paper" => SplitKind::Paper,
            "grouped" => SplitKind::Grouped,
            other => {
                return Err(
                    Error::invalid(format!("no split is called {other:?}")).with_hint("paper or grouped")
                );
            }
        };
        Ok(Self {
            chromosomes: config.list("chromosome")?,
            samples: config.need("samples")?,
            split,
            form: config.need("form")?,
            seed: config.need("seed")?,
            ..Self::new(k, genome)
        })
    }
}

/// Which k bases follow 50 given ones.
///
/// An example's id is the number of its sequence in the file and of its piece on that sequence's grid, so that it does not
/// change with k, seed or split. Its leakage group is a block of 1 Mb, its locus that of the 50 bases. Reading takes
/// the memory of the genome; what stays is the examples.
#[derive(Debug)]
pub struct NextKmer {
    spec: TaskSpec,
    splits: [ExampleSet; 3],
    held_out: Vec<Locus>,
}

impl NextKmer {
    /// Reads the genome, draws and splits.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) for a k outside 2 to 6, a genome that cannot be read or has no such
    /// sequence, or too few pieces to fill three splits.
    pub fn new(settings: &Settings) -> Result<Self> {
        if !K.contains(&settings.k) {
            return Err(Error::invalid(format!("k = {} is not from 2 to 6", settings.k)));
        }
        let genome = Genome::open(&settings.genome)?;
        for name in &settings.chromosomes {
            genome.bases(name)?;
        }
        let sources: Vec<Source<'_>> = (0..)
            .zip(genome.records())
            .filter(|(_, record)| {
                settings.chromosomes.is_empty()
                    || settings.chromosomes.iter().any(|name| name == record.name())
            })
            .map(|(number, record)| Source::new(number, record.name(), record.bases(), settings))
            .collect();
        let pieces = draw(&sources, settings);
        let mut splits = [const { Vec::new() }; 3];
        for piece in &pieces.drawn {
            splits[piece.split as usize].push(piece);
        }
        if splits.iter().any(Vec::is_empty) {
            return Err(too_few(settings, pieces.available));
        }
        let collect = |pieces: Vec<&Piece>| -> Result<ExampleSet> {
            let mut set = ExampleSet::new(1);
            for piece in pieces {
                sources[piece.source].add(piece, settings, &mut set)?;
            }
            Ok(set)
        };
        let [train, validation, test] = splits.map(collect);
        let held_out = match settings.split {
            SplitKind::Grouped => sources.iter().flat_map(Source::held_out).collect(),
            _ => Vec::new(),
        };
        let splits = [train?, validation?, test?];
        Ok(Self { spec: spec(settings, pieces.available, &splits), splits, held_out })
    }
}

fn too_few(settings: &Settings, available: usize) -> Error {
    let (path, length) = (settings.genome.display(), settings.form.length());
    Error::invalid(format!(
        "{path}: {available} pieces of {length} bases without N, {} asked for, do not fill three splits",
        settings.samples
    ))
    .with_hint("give a longer sequence, or ask for more samples")
}

/// A sequence to draw from.
struct Source<'g> {
    number: u64,
    name: Arc<str>,
    bases: &'g [u8],
    grid: Grid,
    parts: Parts,
}

impl<'g> Source<'g> {
    fn new(number: u64, name: &str, bases: &'g [u8], settings: &Settings) -> Self {
        let grid = Grid::new(bases, settings.form.length());
        Self { number, name: name.into(), bases, parts: Parts::new(&grid), grid }
    }

    fn part(&self, cell: u32) -> Option<Split> {
        let start = self.grid.start(cell);
        self.parts.of(start..start + self.grid.step as u64)
    }

    fn add(&self, piece: &Piece, settings: &Settings, set: &mut ExampleSet) -> Result<()> {
        let cell = piece.cell;
        let start = self.grid.start(cell);
        let first = start as usize;
        let (input, rest) = self.bases[first..first + self.grid.step].split_at(INPUT);
        let class = dna::kmer_index(&rest[..settings.k as usize])
            .ok_or_else(|| Error::internal("a piece of the grid holds an unknown base"))?;
        let locus = Locus {
            chromosome: Arc::clone(&self.name),
            start,
            end: start + INPUT as u64,
            strand: Some(Strand::Forward),
        };
        let id = self.number << 32 | u64::from(cell);
        // A block that a cut goes through is a group on either side of it.
        let part = if settings.split == SplitKind::Grouped { piece.split as u64 } else { 0 };
        set.add_at(id, input, &[class as f32], self.number << 32 | (start / BLOCK) << 2 | part, locus)
    }

    fn held_out(&self) -> impl Iterator<Item = Locus> {
        self.parts.held_out(self.bases.len() as u64).map(|range| Locus {
            chromosome: Arc::clone(&self.name),
            start: range.start,
            end: range.end,
            strand: None,
        })
    }
}

struct Piece {
    source: usize,
    cell: u32,
    split: Split,
}

struct Pieces {
    drawn: Vec<Piece>,
    available: usize,
}

/// Draws pieces without replacement from all sources and splits them.
fn draw(sources: &[Source<'_>], settings: &Settings) -> Pieces {
    let grouped = settings.split == SplitKind::Grouped;
    let mut pieces: Vec<Piece> = Vec::new();
    for (number, source) in sources.iter().enumerate() {
        let cells = source.grid.cells.iter();
        if grouped {
            pieces.extend(cells.filter_map(|cell| {
                source.part(*cell).map(|split| Piece { source: number, cell: *cell, split })
            }));
        } else {
            pieces.extend(cells.map(|cell| Piece { source: number, cell: *cell, split: Split::Train }));
        }
    }
    let available = pieces.len();
    let chosen = Stream::new(settings.seed, "next-kmer draw").sample(available, settings.samples);
    let mut next = chosen.into_iter().peekable();
    let mut number = 0;
    pieces.retain(|_| {
        let keep = next.next_if_eq(&number).is_some();
        number += 1;
        keep
    });
    if !grouped {
        let splits = split::at_random(pieces.len(), settings.seed);
        pieces.iter_mut().zip(splits).for_each(|(piece, split)| piece.split = split);
    }
    Pieces { drawn: pieces, available }
}

fn spec(settings: &Settings, available: usize, splits: &[ExampleSet; 3]) -> TaskSpec {
    let k = settings.k;
    let classes = 1 << (2 * k);
    let name = match settings.form {
        Form::Segments => format!("next-kmer:{k}"),
        Form::Windows510 => format!("next-kmer:{k},form={}", settings.form.name()),
    };
    let mut spec = TaskSpec::new(name, Target::Multiclass(classes), settings.split);
    spec.metrics = vec![
        Metric::Accuracy,
        Metric::Top5Accuracy,
        Metric::Mcc,
        Metric::MacroF1,
        Metric::Perplexity,
        Metric::BitsPerNucleotide,
    ];
    spec.sequence_length = Some(INPUT as u32);
    spec.continuation = Some(k);
    spec.class_names = (0..classes as u64).map(|index| dna::kmer(index, k)).collect();
    spec.strand_specific = true;
    spec.citation = String::from(
        "Sanabria, Hirsch and Poetsch, Distinguishing word identity and sequence context in DNA language models, BMC \
         Bioinformatics 2024, doi:10.1186/s12859-024-05869-5",
    );
    spec.license = String::from("that of the genome");
    spec.notes = notes(settings, available, splits);
    spec
}

fn notes(settings: &Settings, available: usize, splits: &[ExampleSet; 3]) -> Vec<String> {
    let file =
        settings.genome.file_name().map_or_else(|| Path::new("").display(), |name| Path::new(name).display());
    let drawn: usize = splits.iter().map(ExampleSet::len).sum();
    let length = settings.form.length();
    let mut notes = vec![format!(
        "{drawn} of {available} N-free pieces of {length} nt on a fixed grid over {file}, drawn without replacement \
         with seed {}; chance is 1 in {}",
        settings.seed,
        1_u64 << (2 * settings.k)
    )];
    if settings.samples > available {
        notes.push(format!(
            "{} samples were asked for, more than there are: all were taken",
            settings.samples
        ));
    }
    notes.push(match settings.split {
        SplitKind::Grouped => format!(
            "by position: of each sequence's pieces the last fifth is test, the last tenth of the rest validation, at \
             least {GAP} nt apart"
        ),
        _ => "at random: a fifth is test, a tenth of the rest validation; a repeat may have copies in all three"
            .to_owned(),
    });
    notes.push(format!(
        "{} of {} test inputs stand in train letter by letter: repeats of the genome",
        copies(&splits[0], &splits[2]),
        splits[2].len()
    ));
    let k = settings.k;
    notes.push(match settings.form {
        Form::Segments => format!("input is the first {INPUT} nt of a piece, target the {k} nt behind it"),
        Form::Windows510 => format!(
            "the paper's 510-nt windows: input is the first {INPUT} nt of a window, target the {k} nt behind it, the \
             rest is not used; 500,000 such windows do not exist on chromosome 21"
        ),
    });
    notes
}

/// Counts the test inputs that train holds too.
fn copies(train: &ExampleSet, test: &ExampleSet) -> usize {
    let (train, test) = (train.view(), test.view());
    let mut known: Vec<&[u8]> =
        train.examples().items.sequences.iter().map(|sequence| sequence.bases()).collect();
    known.sort_unstable();
    test.examples().items.sequences.iter().filter(|input| known.binary_search(&input.bases()).is_ok()).count()
}

impl Task for NextKmer {
    fn spec(&self) -> &TaskSpec {
        &self.spec
    }

    fn load(&self, split: Split, sink: &mut dyn ExampleSink) -> Result<()> {
        let view = self.splits[split as usize].view();
        let examples = view.examples();
        for start in (0..examples.len()).step_by(8_192) {
            let end = examples.len().min(start + 8_192);
            if sink.push(examples.slice(start..end)).is_break() {
                return Err(Error::cancelled());
            }
        }
        Ok(())
    }

    fn held_out(&self) -> Result<Vec<Locus>> {
        Ok(self.held_out.clone())
    }
}
