//! `dlm embed`: vectors in every form, in input order, whole or not at all.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fmt::Write as _, fs, path::Path};

use clap::{Args as _, FromArgMatches as _};
use dlm::{
    context::{Cancellation, Context, Flags, Outcome},
    embed::EmbedArgs,
};
use dlm_sdk::{prelude::*, random::Stream};
use ndarray::{Array2, Axis};
use parquet::{
    file::reader::{FileReader as _, SerializedFileReader},
    record::RowAccessor as _,
};

/// The state of a token is its id at its place and the number of its row's tokens.
struct Places(EncoderSpec);

register! {
    encoder "places", "says ids and lengths", options: &[],
    create: |_, _| {
        let mut spec = EncoderSpec::new("places", "char", 64, 4);
        spec.max_tokens = Some(32);
        Ok(Places(spec))
    }
}

impl Encoder for Places {
    fn spec(&self) -> &EncoderSpec {
        &self.0
    }

    fn encode(&mut self, tokens: TokenTensor<'_>, mut hidden: ArrayViewMut3<'_, f32>) -> Result<()> {
        for (row, ids) in tokens.ids.axis_iter(Axis(0)).enumerate() {
            let n = tokens.mask.row(row).sum();
            for (column, &id) in ids.iter().enumerate() {
                hidden[[row, column, column % 4]] = id as f32;
                hidden[[row, column, 3]] += n as f32;
            }
        }
        Ok(())
    }
}

fn embed(folder: &Path, genome: Option<&str>, arguments: &[&str]) -> Result<Outcome> {
    let command = EmbedArgs::augment_args(clap::Command::new("embed").no_binary_name(true));
    let matches = command.try_get_matches_from(["--model", "places"].iter().chain(arguments)).unwrap();
    let arguments = EmbedArgs::from_arg_matches(&matches).unwrap();
    let flags = Flags { quiet: true, genome: genome.map(|name| folder.join(name)), ..Flags::default() };
    arguments.run(&Context::new(flags, Cancellation::default()).unwrap())
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

/// Two thousand records of 4 to 30 bases, more than a round, and a genome that they lie on one after the other.
fn inputs(folder: &Path) -> Vec<Vec<u8>> {
    let mut stream = Stream::new(1, "embed");
    let rows: Vec<Vec<u8>> =
        (0..2_000).map(|_| (0..4 + stream.below(27)).map(|_| b"ACGT"[stream.below(4)]).collect()).collect();
    let (mut fasta, mut bed, mut start) = (Vec::new(), String::new(), 0);
    for (number, row) in rows.iter().enumerate() {
        fasta.extend([format!(">r{number}\n").as_bytes(), row, b"\n"].concat());
        writeln!(bed, "chr1\t{start}\t{}\tr{number}", start + row.len()).unwrap();
        start += row.len();
    }
    fs::write(folder.join("rows.fa"), fasta).unwrap();
    fs::write(folder.join("rows.bed"), bed).unwrap();
    fs::write(folder.join("genome.fa"), [b">chr1\n", rows.concat().as_slice(), b"\n"].concat()).unwrap();
    rows
}

fn npy(path: &str) -> Array2<f32> {
    ndarray_npy::read_npy(path).unwrap()
}

/// Returns a tensor's shape and bytes.
fn tensor(path: &str, name: &str) -> (Vec<u64>, Vec<u8>) {
    let bytes = fs::read(path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    assert_eq!(header["__metadata__"]["model"], "places");
    let place = |at: usize| 8 + length + header[name]["data_offsets"][at].as_u64().unwrap() as usize;
    let shape = header[name]["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
    (shape, bytes[place(0)..place(1)].to_vec())
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
}

#[test]
fn all_forms_say_the_same_in_the_order_of_the_input() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rows = inputs(folder);
    let (fasta, bed) = (path(folder, "rows.fa"), path(folder, "rows.bed"));
    let outputs: Vec<String> = ["a.npy", "a.parquet", "a.safetensors"].map(|name| path(folder, name)).into();
    for output in &outputs {
        embed(folder, None, &["--fasta", &fasta, "--output", output]).unwrap();
    }
    let vectors = npy(&outputs[0]);
    assert_eq!(vectors.dim(), (2_000, 4));
    for (row, vector) in rows.iter().zip(vectors.rows()) {
        // The mean of the last number over a row's tokens is its length, and what ids stand at every fourth place add.
        assert!(vector[3] >= row.len() as f32, "{vector} {}", row.len());
    }
    let (shape, bytes) = tensor(&outputs[2], "embeddings");
    assert_eq!((shape, floats(&bytes)), (vec![2_000, 4], vectors.iter().copied().collect()));
    let reader = SerializedFileReader::new(fs::File::open(&outputs[1]).unwrap()).unwrap();
    let mut n = 0;
    for (index, row) in reader.get_row_iter(None).unwrap().enumerate() {
        let row = row.unwrap();
        assert_eq!(row.get_string(0).unwrap(), &format!("r{index}"));
        assert_eq!(row.get_long(3).unwrap(), rows[index].len() as i64);
        let list = row.get_list(5).unwrap().elements().to_vec();
        let list: Vec<f32> = list
            .iter()
            .map(|field| if let parquet::record::Field::Float(value) = field { *value } else { f32::NAN })
            .collect();
        assert_eq!(list, vectors.row(index).to_vec());
        n += 1;
    }
    assert_eq!(n, 2_000);
    // Intervals of the genome are the same sequences, whether it has an index or not.
    let by_interval = path(folder, "b.npy");
    embed(folder, Some("genome.fa"), &["--bed", &bed, "--output", &by_interval]).unwrap();
    assert_eq!(npy(&by_interval), vectors);
    let length: usize = rows.iter().map(Vec::len).sum();
    fs::write(folder.join("genome.fa.fai"), format!("chr1\t{length}\t6\t{length}\t{}\n", length + 1))
        .unwrap();
    embed(folder, Some("genome.fa"), &["--bed", &bed, "--output", &by_interval]).unwrap();
    assert_eq!(npy(&by_interval), vectors);
}

#[test]
fn tokens_have_a_vector_each_and_their_bases() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rows = inputs(folder);
    let fasta = path(folder, "rows.fa");
    let (safetensors, numpy) = (path(folder, "t.safetensors"), path(folder, "t.npy"));
    for output in [&safetensors, &numpy] {
        embed(folder, None, &["--fasta", &fasta, "--pool", "tokens", "--output", output]).unwrap();
    }
    let n: usize = rows.iter().map(Vec::len).sum();
    let (shape, states) = tensor(&safetensors, "embeddings");
    assert_eq!(shape, [n as u64, 4]);
    let numbers = |name: &str| -> Vec<u32> {
        let (_, bytes) = tensor(&safetensors, name);
        bytes.chunks_exact(4).map(|four| u32::from_le_bytes(four.try_into().unwrap())).collect()
    };
    let (records, starts, ends) = (numbers("record"), numbers("start"), numbers("end"));
    let expected: Vec<(u32, u32)> = (0..)
        .zip(&rows)
        .flat_map(|(record, row)| (0..row.len() as u32).map(move |start| (record, start)))
        .collect();
    assert!(records.iter().copied().zip(starts.iter().copied()).eq(expected), "records and starts");
    assert!(starts.iter().zip(&ends).all(|(start, end)| start + 1 == *end));
    // NumPy's rows are record, start, end and the state.
    let bytes = fs::read(&numpy).unwrap();
    let header = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert!(String::from_utf8_lossy(&bytes[..header]).contains("('state', '<f4', (4,))"));
    assert_eq!(bytes.len() - header, n * 28);
    assert_eq!(floats(&bytes[header + 12..header + 28]), floats(&states[..16]));
}

#[test]
fn what_cannot_be_embedded_is_named_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    inputs(folder);
    fs::write(folder.join("long.fa"), format!(">short\nACGT\n>long one\n{}\n", "ACGT".repeat(10))).unwrap();
    fs::write(folder.join("past.bed"), "chr1\t0\t4\nchr1\t10\t99999999\n").unwrap();
    fs::write(folder.join("empty.bed"), "chr1\t7\t7\n").unwrap();
    let fails = |genome: Option<&str>, arguments: &[&str], output: &str, expected: &str| {
        let output = path(folder, output);
        let arguments = [arguments, &["--output", &output]].concat();
        let error = embed(folder, genome, &arguments).unwrap_err();
        let told = format!("{} {}", error.chain(), error.hint().unwrap_or_default());
        assert!(told.contains(expected), "{told}");
        assert!(!Path::new(&output).exists());
        assert_ne!(error.kind(), ErrorKind::Internal);
    };
    let (rows, long) = (path(folder, "rows.fa"), path(folder, "long.fa"));
    fails(
        None,
        &["--fasta", &long],
        "x.npy",
        "long.fa: sequence long: item 0: 40 tokens, encoder places takes 32",
    );
    fails(None, &["--fasta", &rows], "x.csv", "known are .npy, .parquet and .safetensors");
    fails(None, &["--fasta", &rows, "--pool", "cls"], "x.npy", "pool cls");
    fails(None, &["--fasta", &rows, "--pool", "middle"], "x.npy", "known are cls, mean, max, last, tokens");
    fails(None, &["--fasta", &rows, "--layer", "4"], "x.npy", "layer 4: encoder places has 1");
    fails(None, &["--bed", &path(folder, "past.bed")], "x.npy", "--genome");
    fails(Some("genome.fa"), &["--bed", &path(folder, "past.bed")], "x.npy", "past.bed: line 2");
    fails(Some("genome.fa"), &["--bed", &path(folder, "empty.bed")], "x.npy", "7");
    let cut = path(folder, "cut.npy");
    embed(folder, None, &["--fasta", &long, "--long", "truncate", "--output", &cut]).unwrap();
    assert_eq!(npy(&cut).nrows(), 2);
}
