//! Vectors in a folder are an encoder like any other.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use dlm_nn::folder::Tokenizer;
use dlm_plugin_kmer as _;
use dlm_plugin_word2vec::{Options, Vectors, train};
use dlm_sdk::{Registry, TokenTensor, conformance, random::Stream};
use ndarray::{Array3, array};

fn vectors() -> Vectors {
    let mut stream = Stream::new(3, "rows");
    // Ids of `kmer:2`: sixteen words after five special tokens and four single bases; the last never occurs.
    let rows: Vec<Vec<u32>> =
        (0..50).map(|_| (0..40).map(|_| 9 + stream.below(15) as u32).collect()).collect();
    train(&rows, 25, &Options { dimensions: 6, epochs: 1, ..Options::default() }, &mut |_| Ok(())).unwrap()
}

#[test]
fn a_folder_is_an_encoder_that_keeps_the_rules() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("vectors");
    let registry = Registry::builtin().unwrap();
    let fingerprint = registry.tokenizer("kmer:2").unwrap().spec().fingerprint.clone();
    let vectors = vectors();
    vectors.write(&folder, Tokenizer::Spec("kmer:2"), &fingerprint).unwrap();
    let spec = folder.to_str().unwrap();
    let mut encoder = registry.encoder(spec).unwrap();
    conformance::encoder(&mut *encoder).assert();
    assert_eq!((encoder.spec().hidden, encoder.spec().layers, encoder.spec().parameters), (6, 0, Some(150)));

    // A token has its vector wherever it stands, and zeros if it never occurred.
    let (ids, mask) = (array![[9_i64, 12, 9], [24, 9, 0]], array![[1_i64, 1, 1], [1, 1, 0]]);
    let mut hidden = Array3::zeros((2, 3, 6));
    let tokens = TokenTensor { ids: ids.view(), mask: mask.view() };
    encoder.encode(tokens, hidden.view_mut()).unwrap();
    for (row, column) in [(0, 0), (0, 2), (1, 1)] {
        assert_eq!(hidden.slice(ndarray::s![row, column, ..]), vectors.input().row(9));
    }
    assert!(hidden.slice(ndarray::s![1, 0, ..]).iter().all(|value| *value == 0.0));

    // Vectors of another tokenizer are refused.
    vectors.write(&folder, Tokenizer::Spec("kmer:2"), "another").unwrap();
    let error = registry.encoder(spec).unwrap_err();
    assert!(error.chain().contains("another tokenizer"), "{error}");
}
