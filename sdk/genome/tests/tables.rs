//! BED, narrowPeak, GFF3 and GTF: what is read, what is refused, and how it is said.

mod support;

use dlm_genome::{
    ErrorKind, Lengths, Result, Row, Strand, Table, Tss, bed, bed_graph, chrom_hmm, gff, narrow_peak,
    repeat_masker, sga, vcf,
};
use dlm_tests::data;
use support::{bgzip, gzip, shown};

fn rows<T: Row>(text: &str) -> Result<Vec<T>> {
    Table::new(text.as_bytes(), "x")?.collect()
}

fn refusals<T: Row + std::fmt::Debug>(cases: &[(&str, &str)]) -> String {
    let text = |(name, text): &(&str, &str)| {
        format!("# {name}\n{}\n", shown(&rows::<T>(text).expect_err(&format!("{name} is read"))))
    };
    cases.iter().map(text).collect::<Vec<_>>().join("\n")
}

#[test]
fn bed_refusals() {
    insta::assert_snapshot!(refusals::<bed::Record>(&[
        ("empty file", ""),
        ("comments only", "# a\ntrack name=x\nbrowser position chr1\n\n"),
        ("two columns", "chr1\t5\n"),
        ("no name", "\t1\t2\n"),
        ("negative start", "chr1\t-5\t10\n"),
        ("signed start", "chr1\t+5\t10\n"),
        ("fraction", "chr1\t5.0\t10\n"),
        ("start is no number", "chr1\t1\t2\nchr1\tfive\t10\n"),
        ("start is empty", "chr1\t\t10\n"),
        ("end before start", "chr1\t10\t5\n"),
        ("empty interval", "chr1\t10\t10\n"),
        ("position too large", "chr1\t10\t99999999999999999999\n"),
        ("position beyond signed", "chr1\t10\t9223372036854775808\n"),
        ("score is no number", "chr1\t1\t2\ta\tmuch\n"),
        ("score is infinite", "chr1\t1\t2\ta\tinf\n"),
        ("strand", "chr1\t1\t2\ta\t0\tforward\n"),
        ("binary", "chr1\t1\t2\n\u{1}\u{2}\n"),
        ("long field", &format!("chr1\t{}\t2\n", "x".repeat(500))),
    ]));
}

#[test]
fn narrow_peak_refusals() {
    insta::assert_snapshot!(refusals::<narrow_peak::Peak>(&[
        ("BED", "chr1\t1\t2\ta\t0\t+\n"),
        ("nine columns", "chr1\t10\t20\t.\t0\t.\t1.5\t-1\t-1\n"),
        ("eleven columns", "chr1\t10\t20\t.\t0\t.\t1.5\t-1\t-1\t3\t4\n"),
        ("signal", "chr1\t10\t20\t.\t0\t.\tx\t-1\t-1\t3\n"),
        ("summit outside", "chr1\t10\t20\t.\t0\t.\t1\t-1\t-1\t11\n"),
        ("summit negative", "chr1\t10\t20\t.\t0\t.\t1\t-1\t-1\t-2\n"),
    ]));
}

#[test]
fn gff_refusals() {
    insta::assert_snapshot!(refusals::<gff::Feature>(&[
        ("only directives", "##gff-version 3\n#!genome-build GRCh38\n"),
        ("BED", "chr1\t1\t2\n"),
        ("eight columns", "chr1\ts\tgene\t1\t2\t.\t+\t.\n"),
        ("start is zero", "chr1\ts\tgene\t0\t2\t.\t+\t.\tID=a\n"),
        ("start is no number", "chr1\ts\tgene\tone\t2\t.\t+\t.\tID=a\n"),
        ("end before start", "chr1\ts\tgene\t5\t4\t.\t+\t.\tID=a\n"),
        ("strand", "chr1\ts\tgene\t1\t2\t.\t1\t.\tID=a\n"),
        ("phase", "chr1\ts\tCDS\t1\t2\t.\t+\t3\tID=a\n"),
        ("score", "chr1\ts\tgene\t1\t2\thigh\t+\t.\tID=a\n"),
        ("attributes", "chr1\ts\tgene\t1\t2\t.\t+\t.\tjusttext\n"),
        ("open quotation mark", "chr1\ts\tgene\t1\t2\t.\t+\t.\tgene_id \"A; level 2;\n"),
    ]));
}

#[test]
fn sga_refusals() {
    insta::assert_snapshot!(refusals::<sga::Record>(&[
        ("empty", "# x\n"),
        ("four columns", "NC_000001.10\tTSS\t5\t+\n"),
        ("position zero", "NC_000001.10\tTSS\t0\t+\t1\n"),
        ("position", "NC_000001.10\tTSS\tx\t+\t1\n"),
        ("strand", "NC_000001.10\tTSS\t5\t.\t1\n"),
        ("count", "NC_000001.10\tTSS\t5\t+\t-1\n"),
    ]));
}

#[test]
fn bed_graph_and_repeat_refusals() {
    let row = "585\t463\t13\t6\t17\tchr1\t10\t20\t-24\t+\tAluY\tSINE\tAlu\t1\t463\t0\t1\n";
    insta::assert_snapshot!(
        [
            refusals::<bed_graph::Record>(&[
                ("five columns", "chr1 1 2 3 4\n"),
                ("value", "chr1 1 2 nan\n"),
                ("backward", "chr1 2 1 0\n"),
            ]),
            refusals::<repeat_masker::Record>(&[
                ("BED", "chr1\t1\t2\n"),
                ("sixteen columns", &row.replace("\t0\t1\n", "\t0\n")),
                ("strand", &row.replace("\t+\t", "\tC\t")),
                ("class", &row.replace("SINE", "?")),
            ]),
        ]
        .join("\n")
    );
}

#[test]
fn vcf_and_chrom_hmm_refusals() {
    let row = "chr1\t5\trs1\tAC\tA,<DEL>\t.\tPASS\t.\n";
    let nine = "chr1\t0\t600\t15_Repetitive/CNV\t0\t.\t0\t600\t245,245,245\n";
    insta::assert_snapshot!(
        [
            refusals::<vcf::Variant>(&[
                ("header only", "##fileformat=VCFv4.3\n#CHROM\tPOS\n"),
                ("blanks", &row.replace('\t', " ")),
                ("position zero", &row.replace("\t5\t", "\t0\t")),
                ("position", &row.replace("\t5\t", "\tfive\t")),
                ("no reference", &row.replace("AC", ".")),
                ("ambiguous reference", &row.replace("AC", "AR")),
                ("empty alternate", &row.replace("<DEL>", "")),
                ("alternate", &row.replace("<DEL>", "<DEL")),
            ]),
            refusals::<chrom_hmm::Segment>(&[
                ("three columns", "chr1\t0\t600\n"),
                ("eight columns", &nine.replace("\t245,245,245", "")),
                ("no number", &nine.replace("15_", "")),
                ("state zero", &nine.replace("15_", "0_")),
                ("signed", &nine.replace("15_", "+15_")),
                ("no name", &nine.replace("Repetitive/CNV", "")),
                ("colour", &nine.replace("245,245,245", "245,245")),
                ("bright colour", &nine.replace("245,245,245", "245,245,256")),
            ]),
        ]
        .join("\n")
    );
}

#[test]
fn variants_equal_those_of_htslib() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/vcf");
    let golden: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("rows.json")).unwrap()).unwrap();
    let variants: Vec<_> =
        vcf::Reader::open(folder.join("toy.vcf.gz")).unwrap().collect::<Result<_>>().unwrap();
    let text = |alternate: &vcf::Alternate| match alternate {
        vcf::Alternate::Bases(bases) => String::from_utf8(bases.clone()).unwrap(),
        vcf::Alternate::Other(other) => other.clone(),
    };
    let rows: Vec<_> = variants
        .iter()
        .map(|variant| {
            let interval = variant.interval();
            let reference = std::str::from_utf8(variant.reference()).unwrap();
            let alternates: Vec<_> = variant.alternates().iter().map(text).collect();
            let (start, end) = (interval.start(), interval.end());
            serde_json::json!([interval.chromosome(), start, end, variant.id(), reference, alternates])
        })
        .collect();
    assert_eq!(serde_json::json!(rows), golden["rows"]);
    assert_eq!(variants[5].alternates()[1], vcf::Alternate::Other("*".to_owned()));

    let genome = dlm_genome::Genome::read(&b">chr1\nNCTTTTGT\n>20\nA\n"[..], "toy.fa").unwrap();
    let checked: Vec<_> = variants[4..].iter().map(|variant| variant.check(&genome)).collect();
    assert!(checked[..3].iter().all(Result::is_ok));
    let error = checked[3].as_ref().unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::Mismatch, "record '.': chr1:7-8 is T in the genome, not G")
    );
    assert_eq!(variants[0].check(&genome).unwrap_err().kind(), ErrorKind::Bounds);
}

#[test]
fn segments_have_numbers_and_where_given_names_and_colours() {
    let text = "track name=x\nchr1\t0\t600\t15_Repetitive/CNV\t0\t.\t0\t600\t245,1,0\nchr1\t600\t700\tE13\nchr1\t700\t800\t1_TssA\n";
    let segments = rows::<chrom_hmm::Segment>(text).unwrap();
    let seen: Vec<_> = segments.iter().map(|s| (s.state(), s.name(), s.color())).collect();
    assert_eq!(
        seen,
        [(15, Some("Repetitive/CNV"), Some([245, 1, 0])), (13, None, None), (1, Some("TssA"), None)]
    );
    if let Some(path) = data("annotation/chromhmm/Gm12878_15_segments_5kb.hg19.bed.gz") {
        let segments: Vec<_> = chrom_hmm::Reader::open(path).unwrap().collect::<Result<_>>().unwrap();
        let states: std::collections::BTreeSet<_> = segments.iter().map(chrom_hmm::Segment::state).collect();
        assert_eq!(states, (1..=15).collect());
    }
}

#[test]
fn epd_rows_start_at_their_forty_ninth_base() {
    let site = |line: &str| {
        let row = rows::<bed::Record>(line).unwrap().remove(0);
        Tss::from_epd(&row).map(|site| site.position()).map_err(|error| error.to_string())
    };
    assert_eq!(site("c\t100\t160\tp\t0\t+\t149\t160\n"), Ok(149));
    assert_eq!(site("c\t100\t160\tp\t0\t-\t100\t111\n"), Ok(110));
    assert_eq!(site("c\t100\t160\tp\t0\t-\n"), Ok(110));
    assert_eq!(site("c\t100\t101\tp\t0\t-\n"), Ok(100));
    let marks = "thick part marks base 150, and the row's ends base 149 as the start".to_owned();
    assert_eq!(site("c\t100\t160\tp\t0\t+\t150\t160\n"), Err(marks));
    assert_eq!(
        site("c\t100\t400\tp\t0\t+\n"),
        Err("row has 300 bases, not the 1 or 60 of EPDnew".to_owned())
    );
    assert!(site("c\t100\t160\tp\t0\t.\n").is_err());
}

#[test]
fn real_sga_promoters_are_read() {
    let Some(path) = data("promoters/epdnew_hg19_GRCh37.SPar-K.sga") else { return };
    let sites = Tss::read_epd(path, None).unwrap();
    assert_eq!(sites.len(), 23_360);
    assert_eq!(sites.iter().filter(|site| site.chromosome() == "chr21").count(), 242);
    assert_eq!((sites[0].chromosome(), sites[0].position()), ("chr1", 861_122));
}

#[test]
fn a_summit_one_past_the_end_is_the_last_base() {
    let peaks = rows::<narrow_peak::Peak>("chr1\t10\t20\t.\t0\t.\t1\t-1\t-1\t10\n").unwrap();
    assert_eq!(peaks[0].summit(), Some(19));
}

#[test]
fn bed_columns_beyond_the_sixth_and_blanks_are_kept_and_split() {
    let rows = rows::<bed::Record>("chr1 5 10\nchr1\t5\t10\ta b\t.\t.\t7\t8\t0,0,255\r\n").unwrap();
    assert_eq!(rows[0].interval().to_string(), "chr1:5-10");
    assert_eq!(rows[1].name(), Some("a b"));
    assert_eq!(rows[1].score(), None);
    assert_eq!(rows[1].further(), ["7", "8", "0,0,255"]);
}

#[test]
fn gff_counts_from_one_and_includes_the_end() {
    let features = rows::<gff::Feature>(
        "chr1\ts\tstart_codon\t1\t3\t0.5\t+\t0\tID=x;Parent=a,b\nchr1\ts\tgene\t7\t7\t.\t?\t.\t.\n##FASTA\n>chr1\nACGT\n",
    )
    .unwrap();
    assert_eq!(features.len(), 2);
    assert_eq!(features[0].interval().to_string(), "chr1:0-3(+)");
    assert_eq!((features[0].phase(), features[0].score()), (Some(0), Some(0.5)));
    assert_eq!(features[0].attribute("Parent"), Some("a,b"));
    assert_eq!(features[1].interval().to_string(), "chr1:6-7");
    assert_eq!(features[1].attributes().count(), 0);
}

#[test]
fn gtf_values_may_hold_semicolons_and_blanks() {
    let line =
        "1\ts\tgene\t1\t2\t.\t-\t.\tgene_id \"A;B\"; note \"two words\"; level 2; tag \"x\"; tag \"y\";\n";
    let features = rows::<gff::Feature>(line).unwrap();
    let attributes: Vec<_> = features[0].attributes().collect();
    let expected = [("gene_id", "A;B"), ("note", "two words"), ("level", "2"), ("tag", "x"), ("tag", "y")];
    assert_eq!(attributes, expected);
}

#[test]
fn rows_are_checked_against_a_genome() {
    let within = |text: &'static str, names: &[(&str, u64)]| {
        let lengths: Lengths = names.iter().copied().collect();
        bed::Reader::new(text.as_bytes(), "x.bed").unwrap().within(lengths)
    };
    let mut reader = within("chr22\t1\t2\nchr21\t1\t10\n", &[("chr21", 10)]);
    assert_eq!(
        reader.by_ref().map(|row| row.unwrap().interval().to_string()).collect::<Vec<_>>(),
        ["chr21:1-10"]
    );
    assert_eq!(reader.skipped(), 1);

    let error = |text, names| within(text, names).find_map(Result::err).unwrap();
    insta::assert_snapshot!(
        [
            shown(&error("chr21\t1\t2\nchr21\t5\t11\tAPP\n", &[("chr21", 10)])),
            shown(&error("chr21\t1\t2\n", &[("21", 10)])),
            shown(&error("MT\t1\t2\n", &[("chrM", 10)])),
            shown(&error(
                "chr5\t1\t2\n",
                &[("chr1", 1), ("chr2", 1), ("chr3", 1), ("chr4", 1), ("chr6", 1), ("chr7", 1)]
            )),
        ]
        .join("\n")
    );
}

#[test]
fn packed_tables_are_read_and_cut_ones_refused() {
    let text = "chr1\t1\t2\n".repeat(20_000);
    for packed in [gzip(text.as_bytes()), bgzip(text.as_bytes())] {
        assert_eq!(bed::Reader::new(&packed[..], "x").unwrap().count(), 20_000);
        let cut = bed::Reader::new(&packed[..packed.len() / 2], "x").unwrap();
        assert_eq!(cut.last().unwrap().unwrap_err().kind(), ErrorKind::Truncated);
    }
}

#[test]
fn start_sites_need_a_strand() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.bed");
    std::fs::write(&path, "chr1\t5\t6\ta\t0\t+\nchr1\t5\t6\tb\t0\t.\n").unwrap();
    let error = Tss::read_bed(&path, None).unwrap_err();
    assert!(
        error.to_string().ends_with("x.bed: line 2: row has no strand, so nobody knows where it starts"),
        "{error}"
    );

    let path = folder.path().join("x.gtf");
    std::fs::write(
        &path,
        "chr1\ts\tgene\t5\t9\t.\t-\t.\tgene_id \"g\";\nchr1\ts\texon\t1\t3\t.\t-\t.\tgene_id \"g\";\n",
    )
    .unwrap();
    let sites = Tss::read_gff(&path, "gene", None).unwrap();
    assert_eq!(sites, [Tss::new("chr1", 8, Strand::Reverse, Some("g".to_owned()))]);
    assert_eq!(Tss::read_gff(&path, "transcript", None).unwrap_err().kind(), ErrorKind::Empty);
}

#[test]
fn real_promoters_and_peaks_are_read() {
    if let Some(path) = data("promoters/epdnew_hg38ToHg19.svMIL.bed") {
        let sites = Tss::read_bed(path, None).unwrap();
        assert_eq!(sites.len(), 21_068);
        assert_eq!(
            (sites[0].chromosome(), sites[0].position(), sites[0].strand()),
            ("chr1", 894_635, Strand::Reverse)
        );
    }
    if let Some(path) = data("ctcf/ChIPseq.HepG2.CTCF.conservative.train.hg19.narrowPeak.gz") {
        let peaks: Vec<_> = narrow_peak::Reader::open(path).unwrap().collect::<Result<_>>().unwrap();
        assert!(peaks.iter().all(|peak| peak.p_value().is_none() && peak.summit().is_some()));
        assert_eq!(peaks[0].summit(), Some(39_034_760 + 98));
        assert!(peaks.iter().all(|peak| !["chr1", "chr8", "chr21"].contains(&peak.interval().chromosome())));
    }
    for name in [
        "ctcf/GM12878_CTCF.ENCFF833FTF.hg19.narrowPeak.gz",
        "ctcf/liver_tissue_CTCF.ENCFF690BYG.hg19.narrowPeak.gz",
    ] {
        let Some(path) = data(name) else { continue };
        let peaks: Vec<_> = narrow_peak::Reader::open(path).unwrap().collect::<Result<_>>().unwrap();
        assert!(peaks.len() > 10_000);
    }
    for build in ["hg19", "hg38"] {
        for name in ["tss.all.bed.gz", "genes.all.bed.gz"] {
            let Some(path) = data(&format!("annotation/genes/{build}/{name}")) else { continue };
            assert!(Tss::read_bed(path, None).unwrap().len() > 50_000);
        }
    }
}
