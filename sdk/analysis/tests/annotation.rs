//! Overlaps against counting base by base; builds that do not fit.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use dlm_analysis::annotation::{GenePart, Known, Promoter, Track};
use dlm_genome::{Interval, Lengths, chrom_hmm, gff, repeat_masker};
use dlm_sdk::{Strand, random::Stream};

const RMSK: &str = "\
585\t463\t13\t6\t17\tchr1\t100\t6100\t-24\t+\tL1PA2\tLINE\tL1\t1\t6000\t0\t1
585\t463\t13\t6\t17\tchr1\t7000\t7290\t-24\t-\tAluY\tSINE?\tAlu\t1\t290\t0\t1
585\t463\t13\t6\t17\tchr1\t8000\t8200\t-24\t-\tAluSx\tSINE\tAlu\t1\t200\t0\t1
585\t463\t13\t6\t17\tchr1\t8100\t9200\t-24\t+\tMER4\tLTR\tERV1\t1\t1100\t0\t1
585\t463\t13\t6\t17\tchr1\t9500\t9900\t-24\t+\tMER5\tLTR\tERV1\t1\t400\t0\t1
";

fn rows<T: dlm_genome::Row>(text: &'static str) -> Vec<dlm_genome::Result<T>> {
    dlm_genome::Table::new(text.as_bytes(), "x").unwrap().collect()
}

#[test]
fn doubtful_classes_are_pooled_and_strands_told() {
    let track = Track::repeats(rows::<repeat_masker::Record>(RMSK)).unwrap();
    assert_eq!(track.classes(), ["LINE", "LTR", "SINE"]);
    let overlap = track.over("chr1", 7_000, 8_200);
    assert_eq!((overlap.covered(0), overlap.covered(1), overlap.covered(2)), (0, 100, 490));
    assert_eq!(
        (overlap.majority(), overlap.strand(2), overlap.strand(1)),
        (Some(2), Some(Strand::Reverse), Some(Strand::Forward))
    );
    let none = track.over("chr1", 6_200, 6_900);
    assert_eq!((none.majority(), none.strand(0), none.share(0)), (None, None, 0.0));
    assert_eq!(track.over("chr2", 0, 10).majority(), None, "a sequence without intervals");
    assert_eq!(track.over("chr1", 10, 10).share(0), 0.0, "nothing");
    let mut two = track.over("chr1", 100, 110);
    two.add(&track.over("chr1", 7_280, 7_300));
    assert_eq!((two.bases(), two.covered(0), two.covered(2)), (30, 10, 10));
    assert_eq!(two.forward(2), Some(0.0));
}

#[test]
fn a_strand_is_unique_or_none() {
    let row = |start, strand| {
        Ok((Interval::new("a", start, start + 10)?.with_strand(Some(strand)), "x".to_owned()))
    };
    let track = Track::new("t", [row(0, Strand::Forward), row(5, Strand::Reverse)]).unwrap();
    assert_eq!(track.over("a", 0, 5).strand(0), Some(Strand::Forward));
    assert_eq!(track.over("a", 0, 6).strand(0), None, "both");
    assert_eq!(track.over("a", 0, 15).covered(0), 15, "bases count once");
}

#[test]
fn whole_repeats_are_told_by_length() {
    let track = Track::unfragmented(rows::<repeat_masker::Record>(RMSK)).unwrap();
    assert_eq!(track.classes(), ["Alu", "LINE1", "LTR"]);
    let covered = |start, end, class| track.over("chr1", start, end).covered(class);
    assert_eq!(covered(0, 10_000, 1), 6_000);
    assert_eq!(covered(0, 10_000, 0), 290, "200 bases are a piece");
    assert_eq!(covered(0, 10_000, 2), 1_100, "400 bases are a piece");
}

#[test]
fn overlaps_are_those_of_counting_base_by_base() {
    let mut random = Stream::new(3, "test");
    let classes = ["a", "b", "c"];
    let intervals: Vec<(u64, u64, usize, Option<Strand>)> = (0..300)
        .map(|_| {
            let start = random.below(2_000) as u64;
            let strand = [None, Some(Strand::Forward), Some(Strand::Reverse)][random.below(3)];
            (start, start + 1 + random.below(60) as u64, random.below(3), strand)
        })
        .collect();
    let rows = intervals.iter().map(|&(start, end, class, strand)| {
        Ok((Interval::new("x", start, end)?.with_strand(strand), classes[class].to_owned()))
    });
    let track = Track::new("t", rows).unwrap();
    for _ in 0..300 {
        let start = random.below(2_000) as u64;
        let end = start + random.below(120) as u64;
        let overlap = track.over("x", start, end);
        for class in 0..3 {
            let covered = |strand: Option<Strand>| {
                (start..end)
                    .filter(|base| {
                        intervals.iter().any(|&(from, to, of, on)| {
                            of == class && (from..to).contains(base) && (strand.is_none() || on == strand)
                        })
                    })
                    .count() as u64
            };
            assert_eq!(overlap.covered(class), covered(None));
            let (forward, reverse) = (covered(Some(Strand::Forward)), covered(Some(Strand::Reverse)));
            let share = (forward + reverse > 0).then(|| forward as f64 / (forward + reverse) as f64);
            assert_eq!(overlap.forward(class), share);
        }
    }
}

#[test]
fn states_are_in_the_order_of_their_numbers() {
    let text = "chr1\t0\t10\t10_Txn\t0\t.\t0\t10\t1,2,3\nchr1\t10\t20\t2_Weak_Promoter\t0\t.\t0\t10\t1,2,3\n";
    let track = Track::chromatin(rows::<chrom_hmm::Segment>(text)).unwrap();
    assert_eq!(track.classes(), ["2_Weak_Promoter", "10_Txn"]);
    let track = Track::chromatin(rows::<chrom_hmm::Segment>("chr1\t0\t10\tE10\nchr1\t10\t20\tE2\n")).unwrap();
    assert_eq!(track.classes(), ["state 2", "state 10"]);
}

#[test]
fn a_base_has_one_part_of_a_gene() {
    let text = "\
chr1\tx\tgene\t2001\t4000\t.\t+\t.\tgene_id \"g\";
chr1\tx\ttranscript\t2001\t4000\t.\t+\t.\tgene_id \"g\";
chr1\tx\texon\t2001\t2500\t.\t+\t.\tgene_id \"g\";
chr1\tx\texon\t3501\t4000\t.\t+\t.\tgene_id \"g\";
chr1\tx\tUTR\t2001\t2200\t.\t+\t.\tgene_id \"g\";
chr1\tx\ttranscript\t7001\t8000\t.\t-\t.\tgene_id \"h\";
chr1\tx\texon\t7001\t8000\t.\t-\t.\tgene_id \"h\";
";
    let features: Vec<GenePart> =
        rows::<gff::Feature>(text).into_iter().filter_map(|row| GenePart::of(&row.unwrap())).collect();
    let track = Track::elements(&features, Promoter::default()).unwrap();
    assert_eq!(track.classes(), ["UTR", "exon", "intron", "promoter"]);
    let covered = |start, end| {
        let overlap = track.over("chr1", start, end);
        [3, 0, 1, 2].map(|class| overlap.covered(class))
    };
    // Promoter, UTR, exon, intron.
    assert_eq!(covered(0, 5_000), [1_100, 100, 300 + 500, 1_000]);
    assert_eq!(covered(6_000, 10_000), [1_100, 0, 900, 0], "the reverse strand begins at its end");
    let genes = Track::genes(&features).unwrap();
    assert_eq!(genes.over("chr1", 2_000, 2_100).strand(0), Some(Strand::Forward));
    assert!(Track::elements(&features, Promoter { upstream: 5, downstream: 0 }).is_err());
}

#[test]
fn an_annotation_of_another_build_is_told() {
    let lengths: Lengths = [("chr1", 5_000)].into_iter().collect();
    let table = repeat_masker::Reader::new(RMSK.as_bytes(), "rmsk.txt").unwrap().within(lengths);
    let error = Track::repeats(table).unwrap_err();
    assert!(error.to_string().contains("ends past the end"), "{error}");
    assert!(error.hint().unwrap().contains("different builds"));
    let lengths: Lengths = [("1", 50_000)].into_iter().collect();
    let table = repeat_masker::Reader::new(RMSK.as_bytes(), "rmsk.txt").unwrap().within(lengths);
    assert!(Track::repeats(table).unwrap_err().hint().unwrap().contains("write names the same way"));
    let mut known = Known::default();
    known.add("chr1", &[b"A".repeat(3_000), b"N".repeat(3_000)].concat()).unwrap();
    let at = |start: u64| Interval::new("chr1", start, start + 10).unwrap();
    let good: Vec<_> = (0..200).map(|index| at(10 * index)).collect();
    known.check("genes.gtf", &good).unwrap();
    let bad: Vec<_> = (0..200).map(|index| at(20 * index)).collect();
    let error = known.check("genes.gtf", &bad).unwrap_err();
    assert!(error.to_string().contains("genes.gtf: 25.0 % of 200 intervals"), "{error}");
}
