//! What `kmer:6`, `kmer:6:overlap`, `char` and a path to a word list mean.

use std::{fs::File, io::Read as _};

use dlm_sdk::prelude::*;

use crate::{FixedKmers, OverlappingKmers};

/// More than the longest word list: all 8-mers, with line ends of two bytes.
const MAX_BYTES: u64 = 1 << 20;

register! {
    tokenizer "kmer", "k-mers side by side (kmer:6) or overlapping as in DNABERT (kmer:6:overlap, PATH/vocab.txt)",
    options: &[],
    claims: is_word_list,
    create: |config, _registry| {
        let text = config.required("a word length, such as kmer:6 or kmer:6:overlap")?;
        if is_word_list(text) { read(text) } else { parse(text) }
    }
}

register! {
    tokenizer "char", "single bases, the same as kmer:1",
    create: |config, _registry| match config.positional() {
        None => Ok(FixedKmers::characters()),
        Some(text) => Err(Error::invalid(format!("char takes no argument, and was given {text:?}"))),
    }
}

fn is_word_list(text: &str) -> bool {
    text.ends_with("vocab.txt")
}

fn parse(text: &str) -> Result<Box<dyn Tokenizer>> {
    let (k, overlapping) = match text.split_once(':') {
        None => (text, false),
        Some((k, "overlap")) => (k, true),
        Some((_, other)) => {
            return Err(Error::invalid(format!("{other:?} is no way to lay k-mers"))
                .with_hint("write kmer:6 for words side by side or kmer:6:overlap for overlapping ones"));
        }
    };
    let k = k.parse().map_err(|_| {
        Error::invalid(format!("{k:?} is no word length")).with_hint("write kmer:6 or kmer:6:overlap")
    })?;
    Ok(if overlapping { Box::new(OverlappingKmers::new(k)?) } else { Box::new(FixedKmers::new(k)?) })
}

fn read(path: &str) -> Result<Box<dyn Tokenizer>> {
    let file = File::open(path).map_err(|source| Error::io(format!("{path}: cannot be read"), source))?;
    let mut text = String::new();
    file.take(MAX_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|source| Error::io(format!("{path}: cannot be read as text"), source))?;
    if text.len() as u64 > MAX_BYTES {
        return Err(Error::invalid(format!(
            "{path}: is longer than any k-mer vocabulary, {MAX_BYTES} bytes"
        )));
    }
    OverlappingKmers::from_vocabulary(&text)
        .map(|tokenizer| Box::new(tokenizer) as Box<dyn Tokenizer>)
        .map_err(|error| error.within(path.to_owned()))
}
