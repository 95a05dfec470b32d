//! The vectors, in memory and in a folder.

use std::path::{Path, PathBuf};

use dlm_genome::output;
use dlm_nn::{
    folder::Tokenizer,
    weights::{self, Checkpoint, Element},
};
use dlm_sdk::{Error, Result, TokenId};
use ndarray::{Array2, s};
use serde::{Deserialize, Serialize};

use crate::{
    Options,
    kernel::{Block, Row, WIDTH},
    vocabulary::Vocabulary,
};

/// What a folder says about its vectors.
const DESCRIPTION: &str = "word2vec.json";
/// The file of the vectors.
const VECTORS: &str = "vectors.safetensors";
/// The version of the folder's form.
const FORM: u32 = 1;

/// Returns whether a text is a folder of vectors.
pub(crate) fn claims(text: &str) -> bool {
    Path::new(text).join(DESCRIPTION).is_file()
}

/// One vector a token, and how it came about.
#[derive(Clone, Debug)]
pub struct Vectors {
    options: Options,
    /// How often each id was met, `[vocabulary]`.
    counts: Vec<u64>,
    /// `[vocabulary, dimensions]`; zeros for a token that has none.
    input: Array2<f32>,
    output: Array2<f32>,
}

/// What stands beside the vectors in their folder.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    form: u32,
    /// The spec of the tokenizer; a path is relative to the folder.
    tokenizer: String,
    /// The tokenizer's fingerprint.
    pub fingerprint: String,
    /// How they were learned.
    pub options: Options,
    /// How often each id was met.
    pub counts: Vec<u64>,
}

impl Description {
    /// Returns the spec of the tokenizer, to be made by the registry.
    pub fn tokenizer(&self, folder: &Path) -> String {
        let path = folder.join(&self.tokenizer);
        if path.is_file() { path.display().to_string() } else { self.tokenizer.clone() }
    }
}

impl Vectors {
    /// Gives each row of a vocabulary back to its id.
    pub(crate) fn spread(vocabulary: &Vocabulary, options: &Options, blocks: &[Block]) -> Self {
        let spread = |matrix: fn(&Block) -> &Vec<Row>| {
            let mut all = Array2::zeros((vocabulary.counts.len(), options.dimensions));
            for (number, block) in blocks.iter().enumerate() {
                for (id, row) in vocabulary.ids.iter().zip(matrix(block)) {
                    let mut columns = all.slice_mut(s![*id as usize, number * WIDTH..]);
                    columns.iter_mut().zip(row).for_each(|(to, from)| *to = *from);
                }
            }
            all
        };
        Self {
            options: options.clone(),
            counts: vocabulary.counts.clone(),
            input: spread(|block| &block.input),
            output: spread(|block| &block.output),
        }
    }

    /// Returns how they were learned.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Returns how often each id was met.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Returns the vectors, `[vocabulary, dimensions]`; zeros for a token that has none.
    pub fn input(&self) -> &Array2<f32> {
        &self.input
    }

    /// Returns the vectors by which a token is told from others, of the same shape.
    pub fn output(&self) -> &Array2<f32> {
        &self.output
    }

    /// Returns whether a token has a vector.
    pub fn has(&self, id: TokenId) -> bool {
        self.counts.get(id as usize).is_some_and(|count| *count >= self.options.least_count.max(1))
    }

    /// Returns the tokens whose vectors lie nearest by cosine, the nearest first; the lower id first among equals.
    pub fn nearest(&self, id: TokenId, count: usize) -> Vec<(TokenId, f32)> {
        let row = |id: TokenId| self.input.row(id as usize);
        if !self.has(id) {
            return Vec::new();
        }
        let length = |id: TokenId| row(id).dot(&row(id)).sqrt();
        let own = length(id);
        let mut all: Vec<(TokenId, f32)> = (0..self.counts.len() as TokenId)
            .filter(|other| *other != id && self.has(*other))
            .map(|other| (other, row(id).dot(&row(other)) / (own * length(other))))
            .collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        all.truncate(count);
        all
    }

    /// Writes them into a folder, with the tokenizer they were learned with and its fingerprint.
    ///
    /// # Errors
    ///
    /// The folder or a file cannot be written; each appears whole or not at all, the description last.
    pub fn write(&self, folder: &Path, tokenizer: Tokenizer<'_>, fingerprint: &str) -> Result<()> {
        std::fs::create_dir_all(folder)
            .map_err(|error| Error::io(format!("{}: cannot be made", folder.display()), error))?;
        let (spec, text) = match tokenizer {
            Tokenizer::Json(text) => ("tokenizer.json", Some(text)),
            Tokenizer::Vocabulary(text) => ("vocab.txt", Some(text)),
            Tokenizer::Spec(spec) => (spec, None),
        };
        if let Some(text) = text {
            output::write(folder.join(spec), text)?;
        }
        let shape = [self.input.nrows(), self.input.ncols()];
        let flat = |matrix: &'_ Array2<f32>| -> Vec<f32> { matrix.iter().copied().collect() };
        let (input, own) = (flat(&self.input), flat(&self.output));
        weights::write(
            folder.join(VECTORS),
            &[("input", &shape, &input), ("output", &shape, &own)],
            Element::F32,
        )?;
        let description = Description {
            form: FORM,
            tokenizer: spec.to_owned(),
            fingerprint: fingerprint.to_owned(),
            options: self.options.clone(),
            counts: self.counts.clone(),
        };
        let text = serde_json::to_string_pretty(&description)
            .map_err(|error| Error::internal("the description cannot be made").with_source(error))?;
        Ok(output::write(folder.join(DESCRIPTION), text)?)
    }

    /// Reads them from a folder.
    ///
    /// # Errors
    ///
    /// A file is missing, of another form, or its shape is not what the description says.
    pub fn open(folder: &Path) -> Result<(Self, Description)> {
        let path: PathBuf = folder.join(DESCRIPTION);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Error::io(format!("{}: cannot be read", path.display()), error))?;
        let description: Description = serde_json::from_str(&text)
            .map_err(|error| Error::invalid(format!("{}: {error}", path.display())))?;
        if description.form != FORM {
            return Err(Error::unsupported(format!(
                "{}: is of form {}, and this program reads form {FORM}",
                path.display(),
                description.form
            )));
        }
        let path = folder.join(VECTORS);
        let checkpoint = Checkpoint::open(&path)?;
        let shape = (description.counts.len(), description.options.dimensions);
        let read = |name: &str| {
            let entry = checkpoint.entry(name).filter(|entry| entry.shape == [shape.0, shape.1]);
            if entry.is_none() {
                return Err(Error::invalid(format!(
                    "{}: has no tensor {name:?} of shape {shape:?}, as its description says",
                    path.display()
                )));
            }
            let mut values = vec![0.0; shape.0 * shape.1];
            checkpoint.read(name, &mut values)?;
            Array2::from_shape_vec(shape, values)
                .map_err(|error| Error::internal("a matrix of another shape").with_source(error))
        };
        let vectors = Self {
            options: description.options.clone(),
            counts: description.counts.clone(),
            input: read("input")?,
            output: read("output")?,
        };
        Ok((vectors, description))
    }
}
