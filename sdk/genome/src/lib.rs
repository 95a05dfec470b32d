//! Genome files and intervals: FASTA, GFF, BED, windows, splits
