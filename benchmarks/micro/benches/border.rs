//! What the plugin border adds in one process: built-in components called directly, and through their own tables of
//! functions with every check of the host.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dlm_plugin_grover as _;
use dlm_plugin_kmer as _;
use dlm_sdk::{Component, Encoder, Kind, TokenTensor, border, dna, prelude::*, random::Stream};
use ndarray::{Array2, Array3};

/// A batch of a probe: the rows and tokens that items of 300 bases make.
const ROWS: usize = 64;
const TOKENS: usize = 52;

fn through_the_border(component: Component) -> Component {
    border::round_trip(component).expect("a built-in component passes the border")
}

fn tokenizers(criterion: &mut Criterion) {
    let mut stream = Stream::new(0, "bench");
    let items: Vec<Vec<u8>> =
        (0..1_024).map(|_| (0..512).map(|_| dna::BASES[stream.below(4)]).collect()).collect();
    let sequences: Vec<Sequence<'_>> = items.iter().map(|bases| Sequence::new(bases)).collect();
    let registry = Registry::builtin().expect("ids differ");
    let mut group = criterion.benchmark_group("border tokenizer, 1024 x 512 bases");
    group.throughput(Throughput::Bytes(1_024 * 512)).sample_size(20);
    for spec in ["kmer:6", "kmer:6:overlap", "char"] {
        let direct = registry.tokenizer(spec).expect("the spec is right");
        let made = registry.create(Kind::Tokenizer, spec).expect("the spec is right");
        let Component::Tokenizer(foreign) = through_the_border(made) else { return };
        for (how, tokenizer) in [("direct", &direct), ("table", &foreign)] {
            group.bench_function(format!("{spec} {how}"), |bencher| {
                bencher.iter(|| black_box(tokenizer.batch(black_box(&sequences))));
            });
        }
    }
    group.finish();
}

/// Where there is no ONNX Runtime, an encoder cannot be run, and this is left out.
fn encoders(criterion: &mut Criterion) {
    let registry = Registry::builtin().expect("ids differ");
    let spec = "kmer-6-mini+random";
    let made = || registry.create(Kind::Encoder, spec).expect("the spec is right");
    let (Component::Encoder(mut direct), Component::Encoder(mut foreign)) =
        (made(), through_the_border(made()))
    else {
        return;
    };
    let ids = Array2::from_shape_fn((ROWS, TOKENS), |(row, column)| ((row * 31 + column * 7) % 4_000) as i64);
    let mask = Array2::ones(ids.raw_dim());
    let width = direct.spec().hidden;
    let run = |encoder: &mut dyn Encoder| {
        let mut hidden = Array3::zeros((ROWS, TOKENS, width));
        encoder.encode(TokenTensor { ids: ids.view(), mask: mask.view() }, hidden.view_mut()).map(|()| hidden)
    };
    let (Ok(one), Ok(other)) = (run(&mut *direct), run(&mut *foreign)) else { return };
    assert!(one == other, "the border changes hidden states");
    let mut group = criterion.benchmark_group("border encoder, 64 x 52 tokens");
    group.throughput(Throughput::Elements((ROWS * TOKENS) as u64)).sample_size(20);
    group.bench_function(format!("{spec} direct"), |bencher| bencher.iter(|| black_box(run(&mut *direct))));
    group.bench_function(format!("{spec} table"), |bencher| bencher.iter(|| black_box(run(&mut *foreign))));
    group.finish();
}

criterion_group!(benches, tokenizers, encoders);
criterion_main!(benches);
