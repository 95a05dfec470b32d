//! Reads any bytes as VCF and as ChromHMM segments.

use dlm_genome::{Genome, Result, Row, Table, chrom_hmm, vcf};

fn read<T: Row>(bytes: &[u8]) -> Result<Vec<T>> {
    Table::new(bytes, "fuzz")?.collect()
}

/// Panics if a promise is broken.
pub(crate) fn check(bytes: &[u8]) {
    if let Ok(variants) = read::<vcf::Variant>(bytes) {
        assert!(!variants.is_empty());
        for variant in &variants {
            assert_eq!(variant.interval().len(), variant.reference().len() as u64);
            let text =
                [format!(">{}\n", variant.interval().chromosome()).as_bytes(), variant.reference()].concat();
            // A genome that starts with the reference bases has them at its start only.
            let Ok(genome) = Genome::read(&text[..], "genome") else { continue };
            // A name in FASTA ends at its first blank.
            if genome.get(variant.interval().chromosome()).is_none() {
                continue;
            }
            assert_eq!(variant.check(&genome).is_ok(), variant.interval().start() == 0);
        }
    }
    if let Ok(segments) = read::<chrom_hmm::Segment>(bytes) {
        assert!(segments.iter().all(|segment| segment.state() > 0 && segment.name() != Some("")));
    }
}
