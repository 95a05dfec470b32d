//! Byte-pair encoding: training on two million bases, encoding a long sequence and windows, on one thread.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dlm_plugin_bpe::{Bpe, Trainer};
use dlm_sdk::{dna, prelude::*, random::Stream};

struct Discard;

impl TokenSink for Discard {
    fn emit(&mut self, ids: &[TokenId], spans: &[Span]) -> ControlFlow<()> {
        black_box((ids, spans));
        ControlFlow::Continue(())
    }
}

/// A sequence that repeats itself with errors, as genomes do, so that tokens grow long.
fn genome(length: usize) -> Vec<u8> {
    let mut stream = Stream::new(0, "bench");
    let mut bases: Vec<u8> = (0..1_000).map(|_| dna::BASES[stream.below(4)]).collect();
    while bases.len() < length {
        let start = stream.below(bases.len() - 300);
        let copy: Vec<u8> = bases[start..start + 300].to_vec();
        bases.extend(copy.into_iter().map(|base| match stream.below(8) {
            0 => dna::BASES[stream.below(4)],
            _ => base,
        }));
        bases.extend((0..150).map(|_| b"AACGTTTA"[stream.below(8)]));
    }
    bases
}

fn learn(bases: &[u8], threads: usize) -> Bpe {
    let trainer = Trainer { threads: Some(threads), ..Trainer::default() };
    let outcome = trainer.train(&[bases], &mut |_| ControlFlow::Continue(()));
    outcome.and_then(|learned| learned.bpe()).expect("there are bases to learn from")
}

fn train(criterion: &mut Criterion) {
    let bases = genome(2_000_000);
    let mut group = criterion.benchmark_group("bpe-train");
    group.throughput(Throughput::Bytes(bases.len() as u64)).sample_size(10);
    for threads in [1, 2] {
        group.bench_function(format!("600 merges, {threads} threads"), |bencher| {
            bencher.iter(|| learn(black_box(&bases), threads));
        });
    }
    group.finish();
}

fn encode(criterion: &mut Criterion) {
    let bases = genome(10_000_000);
    let bpe = learn(&bases[..2_000_000], 1);
    let windows: Vec<Sequence<'_>> = bases.chunks(2_000).map(Sequence::new).collect();
    let mut group = criterion.benchmark_group("bpe-encode");
    group.throughput(Throughput::Bytes(bases.len() as u64)).sample_size(20);
    group.bench_function("windows", |bencher| {
        bencher.iter(|| bpe.tokenize(black_box(&windows), &mut Discard));
    });
    group.bench_function("one sequence", |bencher| {
        bencher.iter(|| bpe.tokenize(&[Sequence::new(black_box(&bases))], &mut Discard));
    });
    group.finish();
}

criterion_group!(benches, train, encode);
criterion_main!(benches);
