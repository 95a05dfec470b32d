//! Vectors as an encoder: a token's hidden state is its vector, whatever stands beside it.

use std::path::Path;

use dlm_sdk::{Config, Encoder, EncoderSpec, Error, Registry, Result, TokenTensor};
use ndarray::ArrayViewMut3;
use sha2::{Digest as _, Sha256};

use crate::Vectors;

/// An encoder without context.
#[derive(Debug)]
pub struct StaticEncoder {
    spec: EncoderSpec,
    vectors: Vectors,
}

/// Opens the folder that a spec names.
///
/// # Errors
///
/// The spec names none, it is damaged, or its tokenizer is another than the vectors were learned with.
pub(crate) fn open(config: &Config, registry: &Registry) -> Result<StaticEncoder> {
    let text = config.positional().ok_or_else(|| {
        Error::invalid("word2vec needs the folder of its vectors").with_hint("'dlm word2vec' makes one")
    })?;
    let folder = Path::new(text);
    let (vectors, description) = Vectors::open(folder)?;
    let spec = description.tokenizer(folder);
    let tokenizer = registry.tokenizer(&spec)?;
    if tokenizer.spec().fingerprint != description.fingerprint {
        return Err(Error::invalid(format!("{text}: was learned with another tokenizer than {spec} is now")));
    }
    StaticEncoder::new(text, spec, vectors)
}

impl StaticEncoder {
    /// Makes an encoder from vectors and the spec of the tokenizer they were learned with.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) if there is no vector.
    pub fn new(name: &str, tokenizer: String, vectors: Vectors) -> Result<Self> {
        let (rows, width) = vectors.input().dim();
        if rows == 0 || width == 0 {
            return Err(Error::invalid(format!("{name}: holds no vector")));
        }
        let mut hasher = Sha256::new();
        hasher.update([rows as u64, width as u64].map(u64::to_le_bytes).concat());
        for value in vectors.input() {
            hasher.update(value.to_le_bytes());
        }
        let mut spec = EncoderSpec::new(name, tokenizer, rows as u32, width);
        spec.layers = 0;
        spec.parameters = Some((rows * width) as u64);
        spec.fingerprint = dlm_sdk::hexadecimal(&hasher.finalize());
        Ok(Self { spec, vectors })
    }
}

impl Encoder for StaticEncoder {
    fn spec(&self) -> &EncoderSpec {
        &self.spec
    }

    fn encode(&mut self, tokens: TokenTensor<'_>, mut hidden: ArrayViewMut3<'_, f32>) -> Result<()> {
        let (rows, columns) = tokens.ids.dim();
        if tokens.mask.dim() != (rows, columns) || hidden.dim() != (rows, columns, self.spec.hidden) {
            return Err(Error::invalid(format!(
                "ids of {:?}, a mask of {:?} and room of {:?} do not fit together",
                tokens.ids.dim(),
                tokens.mask.dim(),
                hidden.dim()
            )));
        }
        for ((row, column), id) in tokens.ids.indexed_iter() {
            let vectors = self.vectors.input();
            let index =
                usize::try_from(*id).ok().filter(|index| *index < vectors.nrows()).ok_or_else(|| {
                    Error::invalid(format!(
                        "row {row}, token {column}: id {id} is not among the {} of {}",
                        self.spec.vocab_size, self.spec.name
                    ))
                })?;
            hidden.slice_mut(ndarray::s![row, column, ..]).assign(&vectors.row(index));
        }
        Ok(())
    }
}
