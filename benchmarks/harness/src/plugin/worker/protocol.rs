//! What a worker is asked and answers: a JSON head, and bytes for what is large.

use std::io::{self, Read, Write};

use dlm_sdk::{
    Control, Error, ErrorKind, ExampleSet, Examples, Items, Locus, Parameter, Sequence, SplitKind, Strand,
    Target, TaskSpec, metrics::Metric,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The most bytes of a head or of one blob.
const MOST: u64 = 1 << 36;
/// The most blobs of a message.
const MOST_BLOBS: u64 = 64;

/// What a worker is asked. A worker holds one component, and the predictors that it fitted.
#[derive(Debug, Deserialize, Serialize)]
pub(super) enum Request {
    /// Load the plugin of a folder and make a component.
    Create { folder: String, kind: u32, id: String, config: String, digest: String },
    /// Tokenize the sequences of blob 0, whose ends are given.
    Tokenize { ends: Vec<usize> },
    /// Encode ids (blob 0) and mask (blob 1).
    Encode { rows: usize, columns: usize, what: Output },
    /// Read a parameter.
    Read { index: usize },
    /// Load a split: 0, 1 or 2.
    Load { split: usize },
    /// Fit a predictor on train and, perhaps, validation: blobs 0 to 1 and 2 to 3.
    Fit { task: Box<WireTask>, train: Box<WireItems>, validation: Option<Box<WireItems>>, seed: u64 },
    /// Score items, whose bases are blob 0.
    Predict { predictor: usize, items: Box<WireItems>, outputs: usize },
}

/// Which of an encoder's outputs.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) enum Output {
    /// The last hidden states.
    Hidden,
    /// The hidden states after a layer.
    Layer(usize),
    /// Vocabulary logits.
    Logits,
}

/// What a worker answers.
#[derive(Debug, Deserialize, Serialize)]
pub(super) enum Answer {
    /// A tokenizer was made; blob 0 is the text of all ids, whose ends are given.
    Tokenizer(WireTokenizer),
    /// An encoder was made; blob 0 is its graph, if it has one in memory.
    Encoder(WireEncoder),
    /// A task was made.
    Task(WireTask),
    /// A baseline was made.
    Baseline { name: String, control: u8, seeded: bool },
    /// Ids and spans are blobs 0 and 1; how many tokens each sequence has.
    Tokens(Vec<usize>),
    /// Blob 0 holds numbers.
    Numbers,
    /// Examples: blobs 0 and 1.
    Examples(WireItems),
    /// A predictor was fitted.
    Predictor(usize),
    /// It did not work.
    Failed { kind: u8, text: String, hint: Option<String> },
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct WireTokenizer {
    pub(super) name: String,
    pub(super) fingerprint: String,
    pub(super) vocab_size: u32,
    pub(super) coverage: u8,
    pub(super) special: [Option<u32>; 5],
    /// Where the text of each id ends in the blob; `None`: it has none.
    pub(super) ends: Vec<Option<usize>>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct WireEncoder {
    pub(super) name: String,
    pub(super) tokenizer: String,
    pub(super) fingerprint: String,
    pub(super) vocab_size: u32,
    pub(super) hidden: usize,
    pub(super) layers: usize,
    pub(super) max_tokens: Option<usize>,
    pub(super) prefix: Option<u32>,
    pub(super) suffix: Option<u32>,
    pub(super) causal: bool,
    pub(super) pooler: bool,
    pub(super) parameters: Option<u64>,
    pub(super) language_model: bool,
    pub(super) trainable: Option<WireTrainable>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct WireTrainable {
    /// The graph's file; `None`: it is blob 0.
    pub(super) path: Option<String>,
    pub(super) parameters: Vec<(String, Vec<usize>, u32, bool)>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct WireTask {
    name: String,
    target: u8,
    outputs: usize,
    split: u8,
    metrics: Vec<String>,
    sequence_length: Option<u32>,
    continuation: Option<u32>,
    class_names: Vec<String>,
    strand_specific: bool,
    citation: String,
    license: String,
    notes: Vec<String>,
}

/// Items; their bases are a blob, their targets, where they have some, the next.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct WireItems {
    ids: Vec<u64>,
    ends: Vec<usize>,
    groups: Vec<u64>,
    cuts: Option<Vec<Vec<u32>>>,
    loci: Option<Vec<(String, u64, u64, i8)>>,
    width: usize,
}

/// Writes a message.
pub(in crate::plugin) fn send<T: Serialize>(
    to: &mut impl Write,
    head: &T,
    blobs: &[&[u8]],
) -> io::Result<()> {
    let head = serde_json::to_vec(head)?;
    to.write_all(&(head.len() as u64).to_le_bytes())?;
    to.write_all(&(blobs.len() as u64).to_le_bytes())?;
    to.write_all(&head)?;
    for blob in blobs {
        to.write_all(&(blob.len() as u64).to_le_bytes())?;
        to.write_all(blob)?;
    }
    to.flush()
}

/// Reads a message.
pub(in crate::plugin) fn receive<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<(T, Vec<Vec<u8>>)> {
    let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let length = |from: &mut dyn Read, most: u64| -> io::Result<u64> {
        let mut bytes = [0; 8];
        from.read_exact(&mut bytes)?;
        let length = u64::from_le_bytes(bytes);
        if length > most { Err(wrong("a message is too long")) } else { Ok(length) }
    };
    let bytes = |from: &mut dyn Read, length: u64| -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = from.take(length).read_to_end(&mut bytes)?;
        if read as u64 == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    };
    let head = length(from, MOST)?;
    let blobs = length(from, MOST_BLOBS)?;
    let head = bytes(from, head)?;
    let head = serde_json::from_slice(&head).map_err(|_| wrong("a message is no JSON of this version"))?;
    let blobs =
        (0..blobs).map(|_| length(from, MOST).and_then(|n| bytes(from, n))).collect::<io::Result<_>>()?;
    Ok((head, blobs))
}

/// Numbers of a width as bytes, in the order of this machine: both ends are on it.
macro_rules! numbers {
    ($to:ident, $from:ident, $number:ty) => {
        pub(super) fn $to(numbers: impl IntoIterator<Item = $number>) -> Vec<u8> {
            numbers.into_iter().flat_map(<$number>::to_ne_bytes).collect()
        }

        pub(super) fn $from(bytes: &[u8]) -> Vec<$number> {
            let (chunks, _) = bytes.as_chunks::<{ size_of::<$number>() }>();
            chunks.iter().map(|chunk| <$number>::from_ne_bytes(*chunk)).collect()
        }
    };
}

numbers!(bytes_of_u32, u32_of_bytes, u32);
numbers!(bytes_of_i64, i64_of_bytes, i64);
numbers!(bytes_of_f32, f32_of_bytes, f32);

const KINDS: [ErrorKind; 6] = [
    ErrorKind::Invalid,
    ErrorKind::Unsupported,
    ErrorKind::Io,
    ErrorKind::Internal,
    ErrorKind::Panicked,
    ErrorKind::Cancelled,
];

/// Tells an error.
pub(super) fn failed(error: &Error) -> Answer {
    let kind = KINDS.iter().position(|kind| *kind == error.kind()).unwrap_or(3) as u8;
    Answer::Failed { kind, text: error.chain(), hint: error.hint().map(str::to_owned) }
}

/// Makes the error that was told.
pub(super) fn error_of(kind: u8, text: String, hint: Option<String>) -> Error {
    let kind = KINDS.get(usize::from(kind)).copied().unwrap_or(ErrorKind::Internal);
    let error = Error::new(kind, text);
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

pub(super) fn number_of(control: Control) -> u8 {
    match control {
        Control::ContextFree => 0,
        Control::Local => 1,
        _ => 2,
    }
}

pub(super) fn control_of(number: u8) -> Control {
    match number {
        0 => Control::ContextFree,
        1 => Control::Local,
        _ => Control::Artefact,
    }
}

impl From<&TaskSpec> for WireTask {
    fn from(spec: &TaskSpec) -> Self {
        Self {
            name: spec.name.clone(),
            target: match spec.target {
                Target::Binary => 0,
                Target::Multiclass(_) => 1,
                Target::Multilabel(_) => 2,
                _ => 3,
            },
            outputs: spec.target.outputs(),
            split: match spec.split {
                SplitKind::Paper => 0,
                SplitKind::Grouped => 1,
                _ => 2,
            },
            metrics: spec.metrics.iter().map(|metric| metric.id().to_owned()).collect(),
            sequence_length: spec.sequence_length,
            continuation: spec.continuation,
            class_names: spec.class_names.clone(),
            strand_specific: spec.strand_specific,
            citation: spec.citation.clone(),
            license: spec.license.clone(),
            notes: spec.notes.clone(),
        }
    }
}

impl WireTask {
    pub(super) fn spec(self) -> dlm_sdk::Result<TaskSpec> {
        let target = match self.target {
            0 => Target::Binary,
            1 => Target::Multiclass(self.outputs),
            2 => Target::Multilabel(self.outputs),
            _ => Target::Regression(self.outputs),
        };
        let split = match self.split {
            0 => SplitKind::Paper,
            1 => SplitKind::Grouped,
            _ => SplitKind::Given,
        };
        let mut spec = TaskSpec::new(self.name, target, split);
        spec.metrics = self.metrics.iter().map(|id| id.parse::<Metric>()).collect::<dlm_sdk::Result<_>>()?;
        spec.sequence_length = self.sequence_length;
        spec.continuation = self.continuation;
        spec.class_names = self.class_names;
        spec.strand_specific = self.strand_specific;
        spec.citation = self.citation;
        spec.license = self.license;
        spec.notes = self.notes;
        Ok(spec)
    }
}

impl WireItems {
    /// Packs items and their bases.
    pub(super) fn of_items(items: Items<'_>) -> (Self, Vec<u8>) {
        let (mut bases, mut ends) = (Vec::new(), Vec::with_capacity(items.len()));
        for sequence in items.sequences {
            bases.extend_from_slice(sequence.bases());
            ends.push(bases.len());
        }
        let locus = |locus: &Locus| {
            let strand = match locus.strand {
                Some(Strand::Forward) => 1,
                Some(Strand::Reverse) => -1,
                None => 0,
            };
            (locus.chromosome.to_string(), locus.start, locus.end, strand)
        };
        let wire = Self {
            ids: items.ids.to_vec(),
            ends,
            groups: items.groups.to_vec(),
            cuts: items.cuts.map(|cuts| cuts.iter().map(|cuts| cuts.to_vec()).collect()),
            loci: items.loci.map(|loci| loci.iter().map(locus).collect()),
            width: 0,
        };
        (wire, bases)
    }

    /// Packs examples, their bases and their targets.
    pub(super) fn of_examples(examples: Examples<'_>) -> (Self, Vec<u8>, Vec<u8>) {
        let (mut wire, bases) = Self::of_items(examples.items);
        wire.width = examples.targets.ncols();
        (wire, bases, bytes_of_f32(examples.targets.iter().copied()))
    }

    /// Unpacks; items without targets get none.
    pub(super) fn set(self, bases: &[u8], targets: &[u8]) -> dlm_sdk::Result<ExampleSet> {
        let wrong = || Error::internal("a worker's items do not agree with their bases and targets");
        let targets = f32_of_bytes(targets);
        let n = self.ids.len();
        let lists = [self.ends.len(), self.groups.len()].into_iter();
        let lists = lists.chain(self.cuts.as_ref().map(Vec::len)).chain(self.loci.as_ref().map(Vec::len));
        if lists.clone().any(|len| len != n) || targets.len() != n * self.width {
            return Err(wrong());
        }
        let mut set = ExampleSet::new(self.width);
        let mut start = 0;
        for (place, (&id, &end)) in self.ids.iter().zip(&self.ends).enumerate() {
            let sequence = bases.get(start..end).ok_or_else(wrong)?;
            let target = &targets[place * self.width..(place + 1) * self.width];
            let group = self.groups[place];
            let locus = self.loci.as_ref().map(|loci| {
                let (chromosome, start, end, strand) = &loci[place];
                let strand = match strand {
                    1 => Some(Strand::Forward),
                    -1 => Some(Strand::Reverse),
                    _ => None,
                };
                Locus { chromosome: chromosome.as_str().into(), start: *start, end: *end, strand }
            });
            match (&self.cuts, locus) {
                (Some(cuts), locus) => set.add_cut(id, sequence, &cuts[place], target, group, locus)?,
                (None, Some(locus)) => set.add_at(id, sequence, target, group, locus)?,
                (None, None) => set.add(id, sequence, target, group)?,
            }
            start = end;
        }
        Ok(set)
    }
}

/// Packs sequences.
pub(super) fn pack(sequences: &[Sequence<'_>]) -> (Vec<usize>, Vec<u8>) {
    let (mut bases, mut ends) = (Vec::new(), Vec::with_capacity(sequences.len()));
    for sequence in sequences {
        bases.extend_from_slice(sequence.bases());
        ends.push(bases.len());
    }
    (ends, bases)
}

/// Packs a list of parameters.
pub(super) fn parameters(list: &[Parameter]) -> Vec<(String, Vec<usize>, u32, bool)> {
    list.iter().map(|it| (it.name.clone(), it.shape.clone(), it.group, it.decay)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_back_and_a_cut_one_is_an_error() {
        let mut bytes = Vec::new();
        send(&mut bytes, &Request::Read { index: 3 }, &[b"abc", b""]).unwrap();
        let (head, blobs): (Request, _) = receive(&mut bytes.as_slice()).unwrap();
        assert!(matches!(head, Request::Read { index: 3 }));
        assert_eq!(blobs, [b"abc".to_vec(), Vec::new()]);
        for length in 0..bytes.len() {
            assert!(receive::<Request>(&mut &bytes[..length]).is_err(), "{length}");
        }
        bytes[7] = 0xff;
        assert!(receive::<Request>(&mut bytes.as_slice()).is_err());
    }

    #[test]
    fn examples_come_back() {
        let mut set = ExampleSet::new(1);
        let locus = Locus { chromosome: "chr1".into(), start: 3, end: 9, strand: Some(Strand::Reverse) };
        set.add_cut(4, b"ACGTAC", &[3, 6], &[1.0], 7, Some(locus.clone())).unwrap();
        set.add_cut(5, b"AC", &[2], &[0.0], 8, Some(locus)).unwrap();
        let (wire, bases, targets) = WireItems::of_examples(set.view().examples());
        assert_eq!(wire.set(&bases, &targets).unwrap(), set);
        let (wire, bases, _) = WireItems::of_examples(set.view().examples());
        assert!(wire.set(&bases, &[]).is_err());
    }
}
