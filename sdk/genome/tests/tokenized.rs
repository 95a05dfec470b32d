//! Tokenized genomes: what is written is found again by coordinate, and what is damaged is refused.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests are tests")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use dlm_genome::{
    ErrorKind, Genome,
    tokenized::{
        Store, Token, Writer,
        pickle::{self, Published},
    },
};
use dlm_sdk::{prelude::*, random::Stream};
use proptest::prelude::*;

/// Takes the longest word that fits, from left to right; N is unknown.
struct Words {
    spec: TokenizerSpec,
    texts: Vec<&'static str>,
    ids: BTreeMap<&'static str, TokenId>,
}

impl Words {
    fn new(words: &[&'static str]) -> Self {
        let words: Vec<_> = ["[UNK]", "A", "C", "G", "T"].iter().chain(words).copied().collect();
        let mut spec = TokenizerSpec::new("words", words.len() as u32);
        spec.special.unk = Some(0);
        spec.fingerprint = words.join(" ");
        let ids = (0..).zip(&words).map(|(id, word)| (*word, id)).collect();
        Self { spec, texts: words, ids }
    }
}

impl Tokenizer for Words {
    fn spec(&self) -> &TokenizerSpec {
        &self.spec
    }

    fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
        for sequence in sequences {
            let text = String::from_utf8(sequence.bases().to_ascii_uppercase()).unwrap();
            let (mut ids, mut spans) = (Vec::new(), Vec::new());
            let mut start = 0;
            while start < text.len() {
                let found = (1..=6).rev().find_map(|n| {
                    let word = text.get(start..start + n)?;
                    self.ids.get(word).map(|id| (*id, n))
                });
                let (id, length) = found.unwrap_or((0, 1));
                ids.push(id);
                spans.push(Span { start: start as u32, end: (start + length) as u32 });
                start += length;
            }
            if sink.emit(&ids, &spans).is_break() {
                return Err(Error::cancelled());
            }
        }
        Ok(())
    }

    fn token(&self, id: TokenId) -> Option<&str> {
        self.texts.get(id as usize).copied()
    }
}

fn words() -> Words {
    Words::new(&["TT", "TTT", "ACACAC", "GGA", "CA"])
}

fn bases(seed: u64, length: usize) -> Vec<u8> {
    let mut stream = Stream::new(seed, "bases");
    let mut bases: Vec<u8> = (0..length).map(|_| b"ACGTtACGTT"[stream.below(10)]).collect();
    for _ in 0..length / 400 {
        let start = stream.below(length);
        let end = (start + stream.below(60)).min(length);
        bases[start..end].fill(b'N');
    }
    bases
}

fn tokens_of(tokenizer: &dyn Tokenizer, bases: &[u8]) -> Vec<Token> {
    let batch = tokenizer.batch(&[Sequence::new(bases)]).unwrap();
    let row = batch.row(0);
    row.ids.iter().zip(row.spans).map(|(&id, &span)| Token { id, span }).collect()
}

fn write(path: &Path, tokenizer: &dyn Tokenizer, chromosomes: &[(&str, &[u8])]) {
    let mut writer = Writer::create(path, tokenizer).unwrap();
    for (name, bases) in chromosomes {
        writer.add(name, bases, |_| Ok(())).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn every_base_finds_its_token() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("toy.tokens");
    let tokenizer = words();
    let (long, short) = (bases(1, 5000), b"NNAT".to_vec());
    write(&path, &tokenizer, &[("1", &long), ("2", &short), ("3", b"")]);
    for store in [Store::open(&path).unwrap(), Store::read(&path).unwrap()] {
        store.verify().unwrap();
        store.expect_tokenizer(tokenizer.spec()).unwrap();
        assert_eq!((store.tokenizer(), store.unknown(), store.text(5)), ("words", Some(0), Some("TT")));
        let names: Vec<_> = store.chromosomes().map(|chromosome| chromosome.name().to_owned()).collect();
        assert_eq!(names, ["1", "2", "3"]);
        for (name, bases) in [("1", &long), ("2", &short)] {
            store.expect_bases(name, &bases.to_ascii_lowercase()).unwrap();
            let expected = tokens_of(&tokenizer, bases);
            let chromosome = store.chromosome(name).unwrap();
            assert_eq!(
                (chromosome.length(), chromosome.n_tokens()),
                (bases.len() as u32, expected.len() as u32)
            );
            assert_eq!(chromosome.tokens().map(|token| token.unwrap()).collect::<Vec<_>>(), expected);
            for token in &expected {
                for base in token.span.start..token.span.end {
                    assert_eq!(chromosome.at(base).unwrap(), *token, "base {base}");
                }
            }
            let error = chromosome.at(bases.len() as u32).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Bounds);
            assert!(chromosome.overlapping(0..bases.len() as u32 + 1).is_err());
            #[expect(clippy::reversed_empty_ranges, reason = "it must be refused")]
            let reversed = chromosome.overlapping(3..2);
            assert!(reversed.is_err());
        }
        assert_eq!(store.chromosome("3").unwrap().tokens().count(), 0);
        assert_eq!(store.chromosome("chr1").unwrap_err().kind(), ErrorKind::UnknownName);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_stretch_gives_the_tokens_that_touch_it(seed in 0_u64..1000, length in 1_usize..3000, a in 0_usize..3000, b in 0_usize..3000) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("toy.tokens");
        let tokenizer = words();
        let bases = bases(seed, length);
        write(&path, &tokenizer, &[("1", &bases)]);
        let store = Store::open(&path).unwrap();
        let (start, end) = (a.min(b).min(length) as u32, a.max(b).min(length) as u32);
        let found: Vec<_> = store.chromosome("1").unwrap().overlapping(start..end).unwrap().map(|t| t.unwrap()).collect();
        let touches = |token: &Token| token.span.start < end && token.span.end > start && start < end;
        let expected: Vec<_> = tokens_of(&tokenizer, &bases).into_iter().filter(touches).collect();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn another_tokenizer_or_genome_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("toy.tokens");
    let tokenizer = words();
    write(&path, &tokenizer, &[("1", b"ACGTACGT")]);
    let store = Store::open(&path).unwrap();
    let mut other = tokenizer.spec().clone();
    other.fingerprint = "another".to_owned();
    let error = store.expect_tokenizer(&other).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("not with words (another)"), "{error}");
    let error = store.expect_bases("1", b"ACGTACG").unwrap_err();
    assert!(error.to_string().contains("has 8 bases in the tokenized genome and 7 here"), "{error}");
    let error = store.expect_bases("1", b"ACGTACGA").unwrap_err();
    assert!(error.to_string().contains("other bases"), "{error}");
}

#[test]
fn overlapping_tokens_have_no_store() {
    let mut tokenizer = words();
    tokenizer.spec.coverage = Coverage::Overlap;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("toy.tokens");
    assert_eq!(Writer::create(&path, &tokenizer).unwrap_err().kind(), dlm_sdk::ErrorKind::Unsupported);
    assert!(!path.exists());
}

#[test]
fn a_writer_that_is_stopped_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("toy.tokens");
    let tokenizer = words();
    let mut writer = Writer::create(&path, &tokenizer).unwrap();
    let error = writer.add("1", b"ACGT", |_| Err(Error::cancelled())).unwrap_err();
    assert_eq!(error.kind(), dlm_sdk::ErrorKind::Cancelled);
    drop(writer);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Walks through everything a store offers; errors are fine, panics are not.
fn exercise(store: &Store) -> dlm_genome::Result<()> {
    store.verify()?;
    for chromosome in store.chromosomes() {
        for token in chromosome.tokens() {
            token?;
        }
        for base in 0..chromosome.length().min(600) {
            chromosome.at(base)?;
        }
    }
    Ok(())
}

#[test]
fn a_damaged_store_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("toy.tokens");
    write(&path, &words(), &[("1", &bases(3, 700)), ("2", b"ACGTNT")]);
    let whole = fs::read(&path).unwrap();
    let broken = folder.path().join("broken.tokens");
    for length in (0..whole.len()).step_by(7) {
        fs::write(&broken, &whole[..length]).unwrap();
        let error = Store::open(&broken).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tokenized, "{length} bytes: {error}");
        assert!(error.to_string().starts_with(&broken.display().to_string()));
    }
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x41;
        fs::write(&broken, &bytes).unwrap();
        let Ok(store) = Store::open(&broken) else { continue };
        for chromosome in store.chromosomes() {
            // Without the checksums, which nobody has to ask for.
            let _ = chromosome.tokens().count();
            let _ = (0..chromosome.length()).filter(|&base| chromosome.at(base).is_ok()).count();
        }
        let filling = exercise(&store).is_ok();
        assert!(!filling || whole[place] == 0, "byte {place} was changed and nobody noticed");
    }
    fs::write(&broken, b">chr1\nACGT\n").unwrap();
    assert!(Store::open(&broken).unwrap_err().to_string().contains("is no tokenized genome"));
    fs::write(&broken, b"").unwrap();
    assert!(Store::open(&broken).unwrap_err().to_string().contains("is no tokenized genome"));
    assert_eq!(Store::open(folder.path()).unwrap_err().kind(), ErrorKind::Directory);
    assert_eq!(Store::open(folder.path().join("none")).unwrap_err().kind(), ErrorKind::Missing);
}

#[test]
fn published_tokens_become_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let tokenizer = words();
    let sequence = bases(9, 2000);
    let direct = folder.path().join("direct.tokens");
    write(&direct, &tokenizer, &[("chrX", &sequence)]);
    let store = Store::open(&direct).unwrap();

    let published = folder.path().join(pickle::file_name("chrX").unwrap());
    let text = |token: Token| if token.id == 0 { "N" } else { store.text(token.id).unwrap() };
    pickle::write(&published, store.chromosome("chrX").unwrap().tokens().map(|token| text(token.unwrap())))
        .unwrap();

    let read = Published::open(&published).unwrap();
    let ids: Vec<u32> = read.iter().map(|text| tokenizer.ids.get(text).copied().unwrap_or(0)).collect();
    let lengths: Vec<u32> = read.iter().map(|text| text.len() as u32).collect();
    let again = folder.path().join("again.tokens");
    let mut writer = Writer::create(&again, &tokenizer).unwrap();
    writer.add_tokens("chrX", &ids, &lengths).unwrap();
    writer.finish().unwrap();
    assert_eq!(fs::read(&direct).unwrap(), fs::read(&again).unwrap());
}

fn python() -> Option<&'static str> {
    let found = ["python3", "python"].into_iter().find(|program| {
        Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
    });
    if found.is_none() {
        println!("skipped: no python3");
    }
    found
}

fn run(python: &str, script: &str, arguments: &[&Path]) -> String {
    let output = Command::new(python).arg("-c").arg(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

const TOKENS: [&str; 7] = ["TT", "N", "ACACAC", "TT", "G", "N", "TT"];

#[test]
fn python_reads_what_is_written() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chr_1.pkl");
    let script = "import pickle, sys; print(*pickle.load(open(sys.argv[1], 'rb')))";
    pickle::write(&path, TOKENS).unwrap();
    assert_eq!(run(python, script, &[&path]).trim(), TOKENS.join(" "));
    // More than 255 distinct strings need the long form of recalling, more than 1,000 a second batch.
    let many: Vec<String> = (0..3000).map(|i| format!("{}", i % 700)).collect();
    pickle::write(&path, many.iter().map(String::as_str)).unwrap();
    assert_eq!(run(python, script, &[&path]).trim(), many.join(" "));
    assert!(Published::open(&path).unwrap().iter().eq(many.iter().map(String::as_str)));
    pickle::write(&path, []).unwrap();
    assert_eq!(run(python, script, &[&path]).trim(), "");
    assert_eq!(Published::open(&path).unwrap(), Published::default());
}

#[test]
fn what_python_writes_is_read() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let script = "
import pickle, pickletools, sys
tokens = sys.argv[2].split() * 400
tokens = [''.join(list(token)) for token in tokens]
for protocol in range(6):
    for name, optimize in (('plain', lambda b: b), ('optimized', pickletools.optimize)):
        for size in (0, 1, len(tokens)):
            with open(f'{sys.argv[1]}/{name}-{protocol}-{size}.pkl', 'wb') as file:
                file.write(optimize(pickle.dumps(tokens[:size], protocol)))
";
    run(python, script, &[folder.path(), Path::new(&TOKENS.join(" "))]);
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 36);
    for path in files {
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let size: usize = stem.rsplit('-').next().unwrap().parse().unwrap();
        let read = Published::open(&path).unwrap_or_else(|error| panic!("{stem}: {error}"));
        assert!(read.iter().eq(TOKENS.iter().copied().cycle().take(size)), "{stem}");
    }
}

#[test]
fn anything_but_a_list_of_strings_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chr_1.pkl");
    for (bytes, message) in [
        (&b"cos\nsystem\n(S'echo'\ntR."[..], "byte 0: asks for GLOBAL"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "asks for STACK_GLOBAL"),
        (b"\x80\x02]q\x00(K\x01e.", "asks for BININT1"),
        (b"\x80\x02}q\x00.", "asks for EMPTY_DICT"),
        (b"\x80\x02N.", "asks for NONE"),
        (b"\x80\x09].", "asks for protocol 9"),
        (b"\x80\x02](]e.", "holds a second list"),
        (b"\x80\x02]q\x00(h\x00e.", "puts a list into a list"),
        (b"\x80\x02]q\x00X\x01\x00\x00\x00A.", "does not end with one list"),
        (b"\x80\x02X\x01\x00\x00\x00A.", "does not end with one list"),
        (b"\x80\x02].]", "goes on after its end"),
        (b"\x80\x02]h\x07a.", "recalls place 7"),
        (b"\x80\x02]r\xff\xff\xff\x7f.", "remembers at place 2147483647"),
        (b"\x80\x02]e.", "closes a group"),
        (b"\x80\x02]a.", "appends"),
        (b"\x80\x02]X\xff\xff\xff\xff", "holds a string of 4294967295 bytes"),
        (b"\x80\x02]X\x02\x00\x00\x00\xff\xffa.", "is no text"),
        (b"(lp0\nV\\u0041\np1\na.", "escaped character"),
        (b"\x80\x02]", "is cut off"),
        (b"", "is cut off"),
        (b">chr1\nACGT\n", "is no pickle"),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = Published::open(&path).unwrap_err();
        assert!(error.to_string().contains(message), "{error} should say {message}");
    }
    let large = fs::File::create(&path).unwrap();
    large.set_len(Published::MAX_BYTES + 1).unwrap();
    assert!(Published::open(&path).unwrap_err().to_string().contains("more than the"));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60), head in 0_usize..3) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chr_1.pkl");
        let heads = [&b""[..], b"\x80\x04]\x94(", b"(lp0\n"];
        fs::write(&path, [heads[head], &bytes].concat()).unwrap();
        let _ = Published::open(&path);
    }
}

#[test]
fn published_names_go_both_ways() {
    for (chromosome, file) in
        [("chr1", "chr_1.pkl"), ("chr22", "chr_22.pkl"), ("chrX", "chr_23.pkl"), ("chrY", "chr_24.pkl")]
    {
        assert_eq!(pickle::file_name(chromosome).as_deref(), Some(file));
        assert_eq!(pickle::chromosome(file).as_deref(), Some(chromosome));
    }
    assert_eq!(pickle::file_name("21").as_deref(), Some("chr_21.pkl"));
    for other in ["chrM", "chr0", "chr23", "chr01", "scaffold"] {
        assert_eq!(pickle::file_name(other), None);
    }
    assert_eq!(pickle::chromosome("chr_25.pkl"), None);
}

#[test]
fn real_sequence_is_found_again() {
    let Some(fasta) = dlm_tests::data("genome/22_20-21M.fa.gz") else { return };
    let genome = Genome::open(&fasta).unwrap();
    let record = &genome.records()[0];
    let tokenizer = words();
    let expected = tokens_of(&tokenizer, record.bases());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("22.tokens");
    write(&path, &tokenizer, &[(record.name(), record.bases())]);
    let store = Store::open(&path).unwrap();
    store.verify().unwrap();
    let chromosome = store.chromosome(record.name()).unwrap();
    assert!(chromosome.tokens().map(|token| token.unwrap()).eq(expected.iter().copied()));
    for token in expected.iter().step_by(997) {
        assert_eq!(chromosome.at(token.span.end - 1).unwrap(), *token);
    }
}
