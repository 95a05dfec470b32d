//! k-mer ids with their spans, on one thread.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dlm_plugin_kmer as _;
use dlm_sdk::{dna, prelude::*, random::Stream};

struct Discard;

impl TokenSink for Discard {
    fn emit(&mut self, ids: &[TokenId], spans: &[Span]) -> ControlFlow<()> {
        black_box((ids, spans));
        ControlFlow::Continue(())
    }
}

fn kmers(criterion: &mut Criterion) {
    let mut stream = Stream::new(0, "bench");
    let bases: Vec<u8> = (0..10_000_000).map(|_| dna::BASES[stream.below(4)]).collect();
    let registry = Registry::builtin().expect("ids differ");
    let mut group = criterion.benchmark_group("kmer");
    group.throughput(Throughput::Bytes(bases.len() as u64)).sample_size(20);
    for spec in ["kmer:3", "kmer:6", "kmer:8", "kmer:6:overlap", "char"] {
        let tokenizer = registry.tokenizer(spec).expect("the spec is right");
        group.bench_function(spec, |bencher| {
            bencher.iter(|| tokenizer.tokenize(&[Sequence::new(black_box(&bases))], &mut Discard));
        });
    }
    group.finish();
}

criterion_group!(benches, kmers);
criterion_main!(benches);
