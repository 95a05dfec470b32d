//! TF-IDF and a few trees of a forest, on all threads.
//!
//! The rows are drawn like those of 300-base windows in byte-pair tokens of 600 merges (about 60 of 600 features a row)
//! and of 50-base windows in non-overlapping 6-mers (8 of 4,096, as many classes).

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use dlm_plugin_tfidf::{ForestParams, TfIdf, WordRule, Words};
use dlm_sdk::{Span, TokenBatch, TokenSink as _, random::Stream};

/// Rows of tokens of which low numbers are common, as words of a byte-pair vocabulary are.
fn rows(n_rows: usize, n_tokens: usize, vocabulary: usize, stream: &mut Stream) -> TokenBatch {
    let spans = vec![Span { start: 0, end: 1 }; n_tokens];
    let mut batch = TokenBatch::default();
    for _ in 0..n_rows {
        let bias = 1.0 + stream.unit();
        let ids: Vec<u32> =
            (0..n_tokens).map(|_| (stream.unit().powf(bias) * vocabulary as f64) as u32).collect();
        let _ = batch.emit(&ids, &spans);
    }
    batch
}

fn words(vocabulary: usize) -> Words {
    let texts: Vec<String> = (0..vocabulary).map(|id| format!("word{id}")).collect();
    Words::of_texts(texts.iter().map(|text| Some(text.as_str())), WordRule::Sklearn)
}

fn forest(criterion: &mut Criterion) {
    let mut stream = Stream::new(0, "bench");
    let mut group = criterion.benchmark_group("forest");
    group.sample_size(10);

    let tokens = rows(16_000, 62, 600, &mut stream);
    group.bench_function("tfidf, 16,000 rows of 62 tokens", |bencher| {
        bencher.iter_batched(
            || words(600),
            |words| {
                let tfidf = TfIdf::fit(words, black_box(&tokens))?;
                tfidf.transform(&tokens)
            },
            BatchSize::LargeInput,
        );
    });

    for (name, tokens, vocabulary, classes) in [
        ("4 trees, 2 classes, 16,000 x 600", tokens, 600, 2),
        ("4 trees, 4,096 classes, 20,000 x 4,096", rows(20_000, 8, 4096, &mut stream), 4096, 4096),
    ] {
        let tfidf = TfIdf::fit(words(vocabulary), &tokens).expect("there are words");
        let records = tfidf.transform(&tokens).expect("ids are in the vocabulary");
        // A row's class follows in part from whether its tokens are common ones.
        let labels: Vec<u32> = tokens
            .rows()
            .map(|row| {
                let mean = row.ids.iter().sum::<u32>() as usize / row.ids.len();
                ((mean * 2 * classes / vocabulary).midpoint(stream.below(classes)) % classes) as u32
            })
            .collect();
        let params = ForestParams::new().trees(4).seed(1).check().expect("four trees are allowed");
        group.bench_function(name, |bencher| {
            bencher.iter(|| params.fit_classes(black_box(&records), &labels, classes));
        });
        let fitted = params.fit_classes(&records, &labels, classes).expect("the data are right");
        group.bench_function(format!("{name}, asked"), |bencher| {
            bencher.iter(|| fitted.staged(black_box(&records), &[4], |_, scores| scores[0]));
        });
    }
    group.finish();
}

criterion_group!(benches, forest);
criterion_main!(benches);
