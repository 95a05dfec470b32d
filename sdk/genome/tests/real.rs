//! Whole chromosomes, against numbers counted by other tools.

use dlm_genome::{
    Genome, Windows, acgt_runs,
    fasta::{Options, Reader},
};
use dlm_tests::data;

#[test]
fn chromosome_21_of_hg38() {
    let Some(path) = data("genome/GRCh38.chr21.fa.gz") else { return };
    let genome = Genome::open(path).unwrap();
    let bases = genome.bases("21").unwrap();
    assert_eq!(bases.len(), 46_709_983);
    assert_eq!(genome.ambiguous(), 0);
    let runs: Vec<_> = acgt_runs(bases).collect();
    assert_eq!(runs.iter().map(ExactSizeIterator::len).sum::<usize>(), 40_088_619);
    assert_eq!(runs.len(), 51);
    assert_eq!(runs.iter().map(ExactSizeIterator::len).max().unwrap() / 100_000, 188);
    assert_eq!(Windows::tiled(56).unwrap().known_grid(bases).count(), 715_820);

    let error = genome.bases("chr21").unwrap_err();
    assert_eq!(error.hint(), Some("the genome says '21': write names the same way in both files"));
}

#[test]
fn chromosome_21_of_hg19() {
    let Some(path) = data("genome/chr21.hg19.lifted_from_hg38.fa.gz") else { return };
    let genome = Genome::open(path).unwrap();
    let bases = genome.bases("chr21").unwrap();
    assert_eq!(bases.len(), 48_129_895);
    assert_eq!(acgt_runs(bases).map(|run| run.len()).sum::<usize>(), 35_105_998);
    assert_eq!(Windows::tiled(56).unwrap().known_grid(bases).count(), 626_697);
    assert_eq!(Windows::tiled(510).unwrap().known_grid(bases).count(), 68_668);
}

#[test]
fn the_soft_mask_is_kept_on_request() {
    let Some(path) = data("genome/chr22_1-22M.varfish.fa.gz") else { return };
    let mut reader = Reader::open(&path).unwrap().with_options(Options::default().soft_mask(true));
    let record = reader.records().next().unwrap().unwrap();
    assert_eq!(record.bases().len(), 22_000_000);
    assert_eq!(acgt_runs(record.bases()).map(|run| run.len()).sum::<usize>(), 5_699_979);
    assert!(record.soft_mask().windows(2).all(|pair| pair[0].end < pair[1].start));

    let mut text = Vec::new();
    let mut file = flate2::read::MultiGzDecoder::new(std::fs::File::open(path).unwrap());
    std::io::Read::read_to_end(&mut file, &mut text).unwrap();
    let header = text.iter().position(|&byte| byte == b'\n').unwrap();
    let lower = text[header..].iter().filter(|byte| byte.is_ascii_lowercase()).count() as u64;
    assert!(lower > 1_000_000, "{lower}");
    assert_eq!(record.soft_mask().iter().map(|stretch| stretch.end - stretch.start).sum::<u64>(), lower);
}
