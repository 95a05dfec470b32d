//! Scans for a motif of 19 columns at p < 0.0001, both strands.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dlm_genome::motif::{Background, Motif, Scanner, Scores};
use dlm_sdk::{dna, random::Stream};

const BASES: usize = 8 << 20;

fn scan(criterion: &mut Criterion) {
    let mut stream = Stream::new(1, "bench");
    let bases: Vec<u8> = (0..BASES).map(|_| dna::BASES[stream.below(4)]).collect();
    let columns: Vec<[f64; 4]> = (0..19)
        .map(|column| std::array::from_fn(|base| if base == column % 4 { 700.0 } else { 70.0 }))
        .collect();
    let motif = Motif::from_counts("bench", None, &columns).expect("the motif is right");
    let scores =
        Scores::new(&motif, &Background::nrdb().over_both_strands(), 0.1).expect("the motif is right");
    let scanner = Scanner::new(&scores, 1e-4).expect("the motif is right");
    let mut group = criterion.benchmark_group("motif");
    group.throughput(Throughput::Bytes(BASES as u64)).sample_size(20);
    group.bench_function("scan 19 columns", |bench| bench.iter(|| scanner.scan(black_box(&bases))));
    group.finish();
}

criterion_group!(benches, scan);
criterion_main!(benches);
