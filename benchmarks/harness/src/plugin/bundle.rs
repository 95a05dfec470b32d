//! Bundles: plugins of data alone.

use std::path::Path;

use dlm_graph::References;
use dlm_sdk::{
    Component, Encoder, EncoderSpec, Error, Kind, Registry, Result, Sequence, SpecialTokens, TokenId,
    TokenSink, Tokenizer, TokenizerSpec,
};
use sha2::{Digest as _, Sha256};

use super::{
    confine::{inside, verify},
    graph_encoder::{GraphEncoder, Ports},
    manifest::{Bundle, BundleEncoder, Manifest, Special},
};

/// Makes a bundle's component. Only files that the manifest lists are read, and only as their digests say.
///
/// # Errors
///
/// A file is missing or changed, the tokenizer cannot be read, or the graph is not one that fits.
pub(super) fn create(
    folder: &Path,
    manifest: &Manifest,
    place: usize,
    registry: &Registry,
) -> Result<Component> {
    let component = &manifest.components[place];
    let bundle =
        manifest.bundle.as_ref().ok_or_else(|| Error::invalid("the manifest has no section [bundle]"))?;
    match component.kind() {
        Kind::Tokenizer => {
            let tokenizer = tokenizer(folder, manifest, bundle, &component.id, registry)?;
            Ok(Component::Tokenizer(Box::new(tokenizer)))
        }
        Kind::Encoder => {
            let named = component.tokenizer.as_deref().unwrap_or_default();
            let tokenizer = registry.tokenizer(named)?;
            let section = bundle.encoder.as_ref();
            let section =
                section.ok_or_else(|| Error::invalid("the manifest has no section [bundle.encoder]"))?;
            let encoder = encoder(folder, manifest, section, &component.id, named, tokenizer.spec())?;
            Ok(Component::Encoder(Box::new(encoder)))
        }
        kind => Err(Error::invalid(format!("a bundle cannot make a {}", kind.name()))),
    }
}

/// Checks that every listed file is there and as it was listed.
pub(super) fn verify_files(folder: &Path, manifest: &Manifest) -> Result<()> {
    manifest.files.iter().try_for_each(|(file, listed)| verify(folder, file, &listed.sha256))
}

/// Checks that a graph refers to no other files than those that the manifest lists, for weights may lie beside it, and
/// returns what was found.
///
/// # Errors
///
/// The graph is none, or names a file that lies outside the folder, is not listed, or is shorter than it says.
pub(super) fn confined(folder: &Path, manifest: &Manifest, graph: &str) -> Result<References> {
    let path = inside(folder, graph)?;
    let within = path.display().to_string();
    let bytes =
        std::fs::read(&path).map_err(|error| Error::io(format!("{within}: cannot be read"), error))?;
    let refused = |error: dlm_graph::Error| {
        Error::invalid(format!("{within}: the graph is refused"))
            .with_source(error)
            .with_hint("weights beside a graph are files of the plugin's folder, listed under [files]")
    };
    let beside = Path::new(graph).parent().unwrap_or(Path::new(""));
    let place = path.parent().unwrap_or(folder);
    let found = References::of(&bytes).map_err(refused)?;
    for file in found.confined(place).map_err(refused)? {
        let file = beside.join(file).to_string_lossy().into_owned();
        if !manifest.files.contains_key(&file) {
            return Err(Error::invalid(format!(
                "{within}: the graph reads {file}, which the manifest does not list"
            ))
            .with_hint(format!("write it under [files]: {file:?} = {{ sha256 = \"..\" }}")));
        }
        inside(folder, &file)?;
    }
    Ok(found)
}

fn tokenizer(
    folder: &Path,
    manifest: &Manifest,
    bundle: &Bundle,
    id: &str,
    registry: &Registry,
) -> Result<BundleTokenizer> {
    let section = bundle.tokenizer.as_ref();
    let section = section.ok_or_else(|| Error::invalid("the manifest has no section [bundle.tokenizer]"))?;
    verify(folder, &section.file, &manifest.files[&section.file].sha256)?;
    let path = inside(folder, &section.file)?;
    let inner = registry.tokenizer(&format!("bpe:{}", path.display()))?;
    BundleTokenizer::new(inner, id, &section.special)
}

/// A `tokenizer.json` under the bundle's name, with the special tokens that the manifest names.
struct BundleTokenizer {
    inner: Box<dyn Tokenizer>,
    spec: TokenizerSpec,
}

impl BundleTokenizer {
    fn new(inner: Box<dyn Tokenizer>, id: &str, special: &Special) -> Result<Self> {
        let of_file = inner.spec();
        let mut spec = TokenizerSpec::new(id, of_file.vocab_size);
        spec.coverage = of_file.coverage;
        let find = |role: &str, text: &Option<String>, known: Option<TokenId>| -> Result<Option<TokenId>> {
            let Some(text) = text else { return Ok(known) };
            let found = (0..of_file.vocab_size).find(|&id| inner.token(id) == Some(text));
            found.map(Some).ok_or_else(|| {
                Error::invalid(format!("special token {role}: the vocabulary of {id} has no token {text:?}"))
            })
        };
        let known = of_file.special;
        spec.special = SpecialTokens {
            pad: find("pad", &special.pad, known.pad)?,
            unk: find("unk", &special.unk, known.unk)?,
            cls: find("cls", &special.cls, known.cls)?,
            sep: find("sep", &special.sep, known.sep)?,
            mask: find("mask", &special.mask, known.mask)?,
        };
        spec.fingerprint = format!("{} {:?}", of_file.fingerprint, spec.special);
        Ok(Self { inner, spec })
    }
}

impl Tokenizer for BundleTokenizer {
    fn spec(&self) -> &TokenizerSpec {
        &self.spec
    }

    fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
        self.inner.tokenize(sequences, sink)
    }

    fn token(&self, id: TokenId) -> Option<&str> {
        self.inner.token(id)
    }
}

fn encoder(
    folder: &Path,
    manifest: &Manifest,
    section: &BundleEncoder,
    id: &str,
    tokenizer_id: &str,
    tokenizer: &TokenizerSpec,
) -> Result<impl Encoder + use<>> {
    // External data lies in files of its own, which have to be as they were listed too.
    verify_files(folder, manifest)?;
    let path = inside(folder, &section.graph)?;
    let found = confined(folder, manifest, &section.graph)?;
    let mut spec = EncoderSpec::new(id, tokenizer_id, tokenizer.vocab_size, 1);
    spec.max_tokens = section.max_tokens;
    spec.parameters = (found.weights > 0).then_some(found.weights);
    spec.causal = section.causal;
    let around = |wanted: Option<bool>, token: Option<TokenId>, name: &str| match (wanted, token) {
        (Some(true), None) => {
            Err(Error::invalid(format!("{name} = true, and the tokenizer has no such token")))
        }
        (Some(false), _) => Ok(None),
        (_, token) => Ok(token),
    };
    spec.prefix = around(section.cls, tokenizer.special.cls, "cls")?;
    spec.suffix = around(section.sep, tokenizer.special.sep, "sep")?;
    spec.fingerprint = fingerprint(manifest, section);
    let ports = Ports {
        ids: section.inputs.ids.clone(),
        mask: section.inputs.mask.clone(),
        token_types: section.inputs.token_types.clone(),
        positions: section.inputs.positions.clone(),
        hidden: section.outputs.hidden.clone(),
        logits: section.outputs.logits.clone(),
    };
    GraphEncoder::from_file(&path, spec, ports)
}

/// Of every file, and of how the graph is used.
fn fingerprint(manifest: &Manifest, section: &BundleEncoder) -> String {
    let mut hasher = Sha256::new();
    for (file, listed) in &manifest.files {
        hasher.update(format!("{file} {}\n", listed.sha256.to_ascii_lowercase()));
    }
    hasher.update(format!("{section:?}"));
    dlm_sdk::hexadecimal(&hasher.finalize())
}
