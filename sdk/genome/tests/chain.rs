//! Lift-over: against pyliftover (`tests/oracles/chain`), against its own bases, and on published promoters.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{collections::BTreeMap, path::Path};

use dlm_genome::{
    Interval, Strand, Tss,
    chain::{Chains, Counts, Unlifted},
};
use dlm_tests::data;
use proptest::prelude::*;
use support::shown;

#[test]
fn bases_lie_where_pyliftover_finds_them() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/chain/bases.tsv");
    let golden = std::fs::read_to_string(path).unwrap();
    for direction in ["hg19ToHg38", "hg38ToHg19"] {
        let Some(path) = data(&format!("chains/{direction}.over.chain.gz")) else { return };
        let chains = Chains::open(path).unwrap();
        let mut count = 0;
        for line in golden.lines().filter(|line| line.starts_with(direction)) {
            let fields: Vec<_> = line.split('\t').collect();
            let places = chains.base(fields[1], fields[2].parse().unwrap(), Some(Strand::Forward));
            let found: Vec<_> = places
                .iter()
                .map(|place| {
                    let interval = &place.interval;
                    let strand = interval.strand().unwrap().symbol();
                    assert_eq!(place.strand_changed, strand == '-');
                    format!("{}:{}:{strand}", interval.chromosome(), interval.start())
                })
                .collect();
            assert_eq!(found.join(" "), fields[3], "{line}");
            count += 1;
        }
        assert_eq!(count, 2_000);
    }
}

fn by_name(sites: Vec<Tss>) -> BTreeMap<String, Tss> {
    sites.into_iter().map(|site| (site.name().unwrap().to_owned(), site)).collect()
}

/// EPDnew's promoters of hg38, lifted here, against the lifted ones that were published and against the native ones.
#[test]
fn promoters_lift_as_published() {
    let (Some(chains), Some(hg38), Some(published)) = (
        data("chains/hg38ToHg19.over.chain.gz"),
        data("promoters/epdnew006_hg38_29598.bed"),
        data("promoters/epdnew_hg38ToHg19.svMIL.bed"),
    ) else {
        return;
    };
    let chains = Chains::open(chains).unwrap();
    let published: BTreeMap<_, _> = by_name(Tss::read_bed(published, None).unwrap());
    let mut counts = Counts::default();
    let (mut same, mut near, mut elsewhere, mut other_start) = (0, 0, Vec::new(), 0);
    let sites = Tss::read_bed(hg38, None).unwrap();
    assert_eq!(sites.len(), 29_598);
    for site in sites {
        let position = site.position();
        let place = Interval::new(site.chromosome(), position, position + 1).unwrap();
        let lifted = chains.interval(&place.with_strand(Some(site.strand())), 0.95);
        counts.add(&Interval::new(site.chromosome(), position, position + 1).unwrap(), &lifted);
        let (Ok(lifted), Some(other)) = (lifted, site.name().and_then(|name| published.get(name))) else {
            continue;
        };
        let here = (lifted.interval.chromosome(), lifted.interval.start(), lifted.interval.strand().unwrap());
        let there = (other.chromosome(), other.position(), other.strand());
        if here == there {
            same += 1;
        } else if here.0 == there.0 && here.1.abs_diff(there.1) <= 1_000 {
            near += 1;
        } else if here.0 == there.0 {
            other_start += 1;
        } else {
            elsewhere.push(format!("{}: {here:?} and {there:?}", site.name().unwrap()));
        }
    }
    insta::assert_snapshot!(format!(
        "{counts}\nof {} published: {same} at the same base, {near} within 1 kb, {other_start} further, {} elsewhere\n{}",
        published.len(),
        elsewhere.len(),
        elsewhere.join("\n")
    ));
}

/// The lifted promoters against those that EPDnew made on hg19 itself: an older version of the collection, so that starts
/// differ where its measurements do.
#[test]
fn lifted_promoters_agree_with_native_ones() {
    let (Some(lifted), Some(native)) =
        (data("promoters/epdnew_hg38ToHg19.svMIL.bed"), data("promoters/epdnew_hg19_GRCh37.SPar-K.sga"))
    else {
        return;
    };
    let lifted = Tss::read_epd(lifted, None).unwrap();
    let native = Tss::read_epd(native, None).unwrap();
    let place = |site: &Tss| (site.chromosome().to_owned(), site.strand().symbol());
    let mut positions: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for site in &native {
        positions.entry(place(site)).or_default().push(site.position());
    }
    let mut distances: BTreeMap<&str, usize> = BTreeMap::new();
    for site in &lifted {
        let near = positions
            .get(&place(site))
            .into_iter()
            .flatten()
            .map(|other| other.abs_diff(site.position()))
            .min();
        let key = match near {
            Some(0) => "a: same base",
            Some(1..=10) => "b: within 10 bases",
            Some(11..=300) => "c: within 300 bases",
            Some(301..=1_000) => "d: within 1,000 bases",
            _ => "e: further, or none on the strand",
        };
        *distances.entry(key).or_default() += 1;
    }
    insta::assert_snapshot!(format!(
        "{} lifted, {} native; nearest: {distances:#?}",
        lifted.len(),
        native.len()
    ));
}

const TOY: &str = "chain 9 t 300 + 10 60 q 200 - 20 75 1\n20 10 15\n20\n\n\
                   chain 8 t 300 + 55 100 r 300 + 0 45 2\n45\n\n\
                   # a comment\nchain 7 t 300 + 100 250 q 200 + 0 130 3\n50\t50\t30\n50\n";

#[test]
fn reasons_are_those_of_lift_over() {
    let chains = Chains::read(TOY.as_bytes(), "toy.chain").unwrap();
    assert_eq!(chains.len(), 3);
    let lift = |start, end| {
        chains
            .interval(&Interval::new("t", start, end).unwrap(), 0.95)
            .map(|lifted| lifted.interval.to_string())
    };
    assert_eq!(lift(10, 30), Ok("q:160-180".to_owned()));
    assert_eq!(lift(0, 10), Err(Unlifted::Deleted));
    assert_eq!(lift(30, 40), Err(Unlifted::PartlyDeleted));
    assert_eq!(lift(57, 59), Err(Unlifted::Duplicated));
    assert_eq!(lift(45, 90), Err(Unlifted::Split));
    assert_eq!(lift(60, 99), Ok("r:5-44".to_owned()));
    assert_eq!(lift(140, 150), Ok("q:40-50".to_owned()));
    let loose = chains.interval(&Interval::new("t", 140, 210).unwrap(), 0.2).unwrap();
    assert_eq!(loose.interval.to_string(), "q:40-90");
    assert_eq!(
        chains.interval(&Interval::new("u", 1, 2).unwrap(), 0.95).unwrap_err().to_string(),
        "deleted in the other build"
    );
    assert!(chains.base("t", u64::MAX, None).is_empty());
}

proptest! {
    /// An interval lies from the least to the greatest of its bases, on the chain that holds enough of them.
    #[test]
    fn intervals_are_those_of_their_bases(start in 0_u64..290, length in 1_u64..60, min_match in 0.01..1.0_f64) {
        let chains = Chains::read(TOY.as_bytes(), "toy.chain").unwrap();
        let interval = Interval::new("t", start, start + length).unwrap();
        let mut by_chain: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for position in start..start + length {
            for place in chains.base("t", position, None) {
                by_chain.entry(place.score as u64).or_default().push(place.interval.start());
            }
        }
        let least = min_match * length as f64;
        let held: Vec<_> = by_chain.values().filter(|bases| bases.len() as f64 >= least).collect();
        match (chains.interval(&interval, min_match), held.as_slice()) {
            (Ok(lifted), [bases]) => {
                prop_assert_eq!(Some(&lifted.interval.start()), bases.iter().min());
                prop_assert_eq!(Some(lifted.interval.end() - 1), bases.iter().max().copied());
            }
            (Err(Unlifted::Duplicated), held) => prop_assert!(held.len() > 1),
            (Err(_), held) => prop_assert!(held.is_empty()),
            (lifted, held) => prop_assert!(false, "{:?} and {:?}", lifted, held),
        }
    }
}

#[test]
fn faults_are_named() {
    let fault = |text: &str| shown(&Chains::read(text.as_bytes(), "x.chain").unwrap_err());
    let head = "chain 1 t 100 + 0 10 q 100 + 0 10 1\n";
    let faults = [
        ("empty", fault("# nothing\n")),
        ("no header", fault("10\n")),
        ("few fields", fault("chain 1 t 100 + 0 10\n")),
        ("target strand", fault("chain 1 t 100 - 0 10 q 100 + 0 10 1\n10\n")),
        ("query strand", fault("chain 1 t 100 + 0 10 q 100 * 0 10 1\n10\n")),
        ("past the end", fault("chain 1 t 100 + 0 101 q 100 + 0 10 1\n10\n")),
        ("score", fault("chain x t 100 + 0 10 q 100 + 0 10 1\n10\n")),
        ("no last block", fault(&format!("{head}5 1 1\n"))),
        ("no block", fault(&format!("{head}{head}10\n"))),
        ("short", fault(&format!("{head}9\n"))),
        ("long", fault(&format!("{head}9 2 1\n1\n"))),
        ("two numbers", fault(&format!("{head}9 2\n"))),
        ("empty block", fault(&format!("{head}0 0 0\n10\n"))),
        ("after the last", fault(&format!("{head}10\n1\n"))),
        ("two sizes", fault(&format!("{head}10\nchain 1 t 101 + 0 10 q 100 + 0 10 1\n10\n"))),
        ("two query sizes", fault(&format!("{head}10\nchain 1 u 100 + 0 10 q 101 + 0 10 1\n10\n"))),
        ("huge", fault("chain 1 t 100 + 0 10 q 100 + 0 10 1\n9223372036854775807 9223372036854775807 1\n")),
    ];
    let text: Vec<_> = faults.iter().map(|(name, fault)| format!("# {name}\n{fault}\n")).collect();
    insta::assert_snapshot!(text.join("\n"));
}
