//! FASTA: what is read, what is refused, and how it is said.

mod support;

use dlm_genome::{
    Compression, ErrorKind, Genome, Result,
    fasta::{Ambiguity, Options, Reader, Record},
};
use proptest::prelude::*;
use support::{Drops, bgzip, gzip, shown};

const TOY: &[u8] = b">chr1 toy sequence\r\nACGTacgt\r\nNNRy\r\n\r\n>chr2\nTTTT\n";

fn records(bytes: &[u8]) -> Result<Vec<Record>> {
    Reader::new(bytes, "x.fa")?.records().collect()
}

#[test]
fn every_refusal_names_file_line_record_and_a_hint() {
    let cases: [(&str, &[u8]); 26] = [
        ("empty file", b""),
        ("blank lines only", b"\n\r\n\n"),
        ("no header", b"ACGT\n"),
        ("header without name", b">\nACGT\n"),
        ("header that starts with a blank", b"> chr1\nACGT\n"),
        ("header that is not ASCII", b">chr\xc3\xa9\nACGT\n"),
        ("header with a control byte", b">chr1\x00x\nACGT\n"),
        ("byte order mark", b"\xef\xbb\xbf>chr1\nACGT\n"),
        ("binary", b"\x7fELF\x02\x01\x01"),
        ("empty sequence at the end", b">chr1\nACGT\n>chr2\n"),
        ("empty sequence in between", b">chr1\n\n>chr2\nACGT\n"),
        ("name stands twice", b">chr1\nA\n>chr2\nC\n>chr1 again\nG\n"),
        ("RNA", b">chr1\nACGU\n"),
        ("gap", b">chr1\nAC-T\n"),
        ("stop", b">chr1\nACGT\nACG*\n"),
        ("protein", b">chr1\nMKVLE\n"),
        ("digit", b">chr1\n1 ACGT\n"),
        ("blank inside", b">chr1\nAC GT\n"),
        ("carriage return inside", b">chr1\nAC\rGT\n"),
        ("two carriage returns", b">chr1\nACGT\r\r\n"),
        ("header in a line", b">chr1\nACGT>chr2\nACGT\n"),
        ("not ASCII", b">chr1\nAC\xc3\xa9T\n"),
        ("control byte", b">chr1\nAC\x01T\n"),
        ("zstd", b"\x28\xb5\x2f\xfd\x04\x00"),
        ("zip", b"PK\x03\x04\x14\x00"),
        ("2bit", b"\x43\x27\x41\x1a\x00\x00"),
    ];
    let text: Vec<_> = cases
        .iter()
        .map(|(name, bytes)| format!("# {name}\n{}\n", shown(&records(bytes).expect_err(name))))
        .collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn paths_that_are_no_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Genome::open(folder.path().join("absent.fa")).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Missing);
    assert!(missing.to_string().ends_with("absent.fa: no such file"), "{missing}");
    assert_eq!(Genome::open(folder.path()).unwrap_err().kind(), ErrorKind::Directory);
}

#[test]
fn records_are_read_in_order_with_their_policy() {
    let records = records(TOY).unwrap();
    assert_eq!(records[0].name(), "chr1");
    assert_eq!(records[0].description(), Some("toy sequence"));
    assert_eq!(records[0].bases(), b"ACGTACGTNNNN");
    assert_eq!(records[0].ambiguous(), 2);
    assert_eq!(records[1].bases(), b"TTTT");

    let options = Options::default().soft_mask(true);
    let masked = Reader::new(TOY, "x.fa").unwrap().with_options(options).records().next().unwrap().unwrap();
    assert_eq!(masked.soft_mask(), [4..8, 11..12]);

    let strict = Options::default().ambiguity(Ambiguity::Error);
    let error = Reader::new(TOY, "x.fa").unwrap().with_options(strict).records().next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "x.fa: line 3: record 'chr1': column 3: 'R' is no base");
}

#[test]
fn nothing_is_read_after_an_error() {
    let mut reader = Reader::new(&b">a\nAC!\n>b\nACGT\n"[..], "x.fa").unwrap();
    assert!(reader.records().next().unwrap().is_err());
    assert!(reader.records().next().is_none());
}

#[test]
fn compression_is_told_by_content() {
    for (bytes, compression) in
        [(TOY.to_vec(), Compression::None), (gzip(TOY), Compression::Gzip), (bgzip(TOY), Compression::Bgzip)]
    {
        let mut reader = Reader::new(&bytes[..], "x").unwrap();
        assert_eq!(reader.compression(), compression);
        let read: Vec<_> = reader.records().collect::<Result<_>>().unwrap();
        assert_eq!(read, records(TOY).unwrap());
    }
}

#[test]
fn all_members_of_a_gzip_file_are_read() {
    let bytes = [gzip(b">a\nAC"), gzip(b""), gzip(b"GT\n>b\n"), gzip(b"TTTT\n")].concat();
    let records = records(&bytes).unwrap();
    assert_eq!(records[0].bases(), b"ACGT");
    assert_eq!(records[1].bases(), b"TTTT");
}

#[test]
fn a_packed_file_cut_anywhere_is_an_error() {
    let text: Vec<u8> =
        (0..40_000_u32).map(|i| b"ACGT"[(i.wrapping_mul(2_654_435_761) >> 30) as usize]).collect();
    let text = [b">a\n".as_slice(), &text, b"\n>b\n", &text, b"\n"].concat();
    for (name, packed) in [
        ("gzip", gzip(&text)),
        ("members", [gzip(&text[..30_000]), gzip(&text[30_000..])].concat()),
        ("bgzip", bgzip(&text)),
    ] {
        assert_eq!(records(&packed).unwrap().len(), 2);
        // A cut between two whole members of plain gzip cannot be seen, by anyone.
        let unseen = gzip(&text[..30_000]).len();
        for cut in (0..64).chain((64..packed.len()).step_by(97)).chain(packed.len() - 64..packed.len()) {
            if name == "members" && cut == unseen {
                continue;
            }
            let error = records(&packed[..cut]).expect_err(&format!("{name} cut at {cut}"));
            let expected = match cut {
                0 => ErrorKind::Empty,
                1 => ErrorKind::Binary,
                _ => ErrorKind::Truncated,
            };
            assert_eq!(error.kind(), expected, "{name} cut at {cut}: {error}");
        }
    }
}

#[test]
fn a_damaged_gzip_file_is_an_error() {
    let mut packed = gzip(b">a\nACGTTGCAACGATCGATCGATTTAGCGCGATA\n");
    let checksum = packed.len() - 8;
    packed[checksum] ^= 1;
    assert_eq!(records(&packed).unwrap_err().kind(), ErrorKind::Compression);
    let trailing = [gzip(TOY), b"garbage, longer than a header".to_vec()].concat();
    assert_eq!(records(&trailing).unwrap_err().kind(), ErrorKind::Compression);
}

#[test]
fn lines_that_never_end_are_errors() {
    let header = [b">".to_vec(), vec![b'x'; 3 << 20]].concat();
    assert_eq!(records(&header).unwrap_err().kind(), ErrorKind::LineTooLong);
    let endless = std::io::Read::chain(&b">a\n"[..], std::io::repeat(b'A'));
    let options = Options::default().max_length(1_000_000);
    let error =
        Reader::new(endless, "x").unwrap().with_options(options).records().next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "x: record 'a': is longer than 1000000 bases");
}

#[test]
fn rare_codes_and_faults_are_found_among_many_lines() {
    let mut text = b">a\n".to_vec();
    for line in 2..9_000_u32 {
        let code = if line % 1_237 == 0 { b'R' } else { b'C' };
        text.extend_from_slice(b"ACGTACGTAcgTACGTACGTACGTACGTACGTACGTACGTACGTACGTACGTACGTACG");
        text.extend_from_slice(&[code, b'\n']);
    }
    let record = &records(&text).unwrap()[0];
    assert_eq!(record.ambiguous(), 7);
    let unknown: Vec<_> = (0..record.bases().len()).filter(|&base| record.bases()[base] == b'N').collect();
    assert_eq!(unknown, (1..8).map(|nth| (nth * 1_237 - 1) * 60 - 1).collect::<Vec<_>>());

    let line = 8_000;
    text[3 + (line - 2) * 61 + 10] = b'*';
    let error = records(&text).unwrap_err();
    assert_eq!(error.to_string(), "x.fa: line 8000: record 'a': column 11: '*' is no base");
}

#[test]
fn a_fault_at_the_end_of_a_piece_is_found() {
    for text in [&b">a\nACGTACGTACGTACGTACGT\rGT\n"[..], b">a\nACGTACGTACGTACGTACGT>b\nGT\n"] {
        let whole = records(text).unwrap_err().to_string();
        for piece in 1..text.len() {
            let pieces =
                Reader::new(Drops(text, piece), "x.fa").unwrap().records().collect::<Result<Vec<_>>>();
            assert_eq!(pieces.unwrap_err().to_string(), whole, "{piece} bytes at a time");
        }
    }
}

#[test]
fn a_genome_refuses_a_name_that_stands_in_two_files() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a.fa", "b.fa"].map(|name| folder.path().join(name));
    for path in &paths {
        std::fs::write(path, TOY).unwrap();
    }
    let error = Genome::open_all(&paths, Options::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DuplicateName);
    assert_eq!(error.path(), Some(paths[1].as_path()));
}

#[test]
fn an_error_becomes_one_of_the_sdk() {
    let error = dlm_sdk::Error::from(records(b">a\nAC!\n").unwrap_err());
    assert_eq!(error.kind(), dlm_sdk::ErrorKind::Invalid);
    assert_eq!(error.chain(), "x.fa: line 2: record 'a': column 3: '!' is no base");
    assert!(error.hint().is_some());
    let cut = &gzip(TOY)[..30];
    let error = dlm_sdk::Error::from(records(cut).unwrap_err());
    assert!(error.chain().starts_with("x.fa: byte 30: compressed data ends too early"), "{}", error.chain());
}

/// Lays records out in lines as files do.
fn lay_out(records: &[(String, Vec<u8>)], width: usize, end: &str) -> Vec<u8> {
    let mut text = Vec::new();
    for (name, bases) in records {
        text.extend_from_slice(format!(">{name} {width}{end}").as_bytes());
        for line in bases.chunks(width) {
            text.extend_from_slice(line);
            text.extend_from_slice(end.as_bytes());
        }
    }
    text
}

proptest! {
    #[test]
    fn layout_compression_and_pieces_do_not_matter(
        sequences in prop::collection::vec("[ACGTNacgtn]{1,300}", 1..5),
        width in 1_usize..80,
        carriage in any::<bool>(),
        piece in 1_usize..50,
    ) {
        let sequences: Vec<_> =
            sequences.into_iter().enumerate().map(|(i, s)| (format!("s{i}"), s.into_bytes())).collect();
        let text = lay_out(&sequences, width, if carriage { "\r\n" } else { "\n" });
        for bytes in [text.clone(), gzip(&text), bgzip(&text)] {
            let mut reader = Reader::new(Drops(&bytes, piece), "x").unwrap()
                .with_options(Options::default().soft_mask(true));
            let read: Vec<_> = reader.records().collect::<Result<_>>().unwrap();
            prop_assert_eq!(read.len(), sequences.len());
            for (record, (name, bases)) in read.iter().zip(&sequences) {
                prop_assert_eq!(record.name(), name);
                prop_assert_eq!(record.bases(), bases.to_ascii_uppercase());
                let lower: Vec<_> = (0..bases.len() as u64)
                    .filter(|&i| bases[i as usize].is_ascii_lowercase()).collect();
                let kept: Vec<_> = record.soft_mask().iter().cloned().flatten().collect();
                prop_assert_eq!(kept, lower);
            }
        }
    }

    #[test]
    fn any_bytes_give_the_same_answer_in_any_pieces(bytes in "[>a-cACGT!\\r\\n ]{0,60}", piece in 1_usize..5) {
        let bytes = bytes.as_bytes();
        let whole = records(bytes).map_err(|error| shown(&error));
        let pieces = Reader::new(Drops(bytes, piece), "x.fa").unwrap().records().collect::<Result<Vec<_>>>();
        prop_assert_eq!(whole, pieces.map_err(|error| shown(&error)));
    }
}
