//! `plugin.toml`: what a plugin says of itself, before any of its code is loaded.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use dlm_sdk::{Error, Kind, OptionSpec, Result, spec::nearest};
use serde::{Deserialize, Serialize};

/// The name of the manifest in a plugin's folder.
pub const FILE: &str = "plugin.toml";
/// The version of the manifest that this program reads.
const VERSION: u32 = 1;
/// More than any manifest has.
const MOST_BYTES: u64 = 1 << 20;
/// The longest id.
const MOST_ID: usize = 128;

/// What kind of plugin it is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PluginKind {
    /// Data alone: an ONNX graph and a `tokenizer.json`.
    Bundle,
    /// A shared library behind the C ABI.
    Native,
}

impl PluginKind {
    /// Returns the name used in manifests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Native => "native",
        }
    }
}

/// A plugin's manifest.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    #[serde(rename = "manifest")]
    format: u32,
    /// Who and what.
    pub plugin: About,
    /// What it makes.
    #[serde(default, rename = "component")]
    pub components: Vec<Component>,
    /// Every file it reads, with its digest.
    #[serde(default)]
    pub files: BTreeMap<String, Listed>,
    /// How a bundle's files become components.
    pub bundle: Option<Bundle>,
    /// Where a native plugin's library is.
    pub native: Option<Native>,
}

/// Who and what a plugin is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// A reverse domain, such as `org.example.dnabert2`.
    pub id: String,
    /// Three numbers.
    pub version: String,
    /// What kind of plugin it is.
    pub kind: PluginKind,
    /// What it is, in a phrase.
    #[serde(default)]
    pub summary: String,
    /// The licence of code and weights.
    #[serde(default)]
    pub license: String,
    /// Whom to cite.
    #[serde(default)]
    pub citation: String,
}

/// The kind of a component, as manifests write it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
enum KindName {
    Tokenizer,
    Encoder,
    Task,
    Baseline,
}

/// A component that a plugin makes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    kind: KindName,
    /// The id that specs begin with.
    pub id: String,
    /// The id of the tokenizer an encoder was trained with.
    pub tokenizer: Option<String>,
    /// What it is, in a phrase.
    #[serde(default)]
    pub summary: String,
    /// The options it knows.
    #[serde(default)]
    pub options: Vec<KnownOption>,
}

/// An option that a component knows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownOption {
    /// Its key.
    pub key: String,
    /// The value it has when it is not given.
    pub default: Option<String>,
    /// What it does, in a phrase.
    #[serde(default)]
    pub help: String,
}

/// A file with its digest.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// The SHA-256 of its content, in hexadecimal digits.
    pub sha256: String,
}

/// How a bundle's files become components.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// The tokenizer.
    pub tokenizer: Option<BundleTokenizer>,
    /// The encoder.
    pub encoder: Option<BundleEncoder>,
}

/// A bundle's tokenizer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleTokenizer {
    /// A `tokenizer.json`.
    pub file: String,
    /// Texts of the special tokens, where the file does not say: `pad`, `unk`, `cls`, `sep`, `mask`.
    #[serde(default)]
    pub special: Special,
}

/// The texts of special tokens.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Special {
    /// Fills rows of a batch.
    pub pad: Option<String>,
    /// Stands for what has no token.
    pub unk: Option<String>,
    /// Opens a row.
    pub cls: Option<String>,
    /// Closes a row.
    pub sep: Option<String>,
    /// Hides a token.
    pub mask: Option<String>,
}

/// A bundle's encoder.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleEncoder {
    /// An ONNX graph with its weights.
    pub graph: String,
    /// The names of its inputs.
    pub inputs: Inputs,
    /// The names of its outputs.
    pub outputs: Outputs,
    /// The longest row, special tokens included.
    pub max_tokens: Option<usize>,
    /// Whether the tokenizer's `cls` opens and its `sep` closes each row; by default where it has them.
    pub cls: Option<bool>,
    /// See `cls`.
    pub sep: Option<bool>,
    /// Whether a token sees only what came before it.
    #[serde(default)]
    pub causal: bool,
}

/// The names of a graph's inputs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// Token ids, `[batch, tokens]`.
    pub ids: String,
    /// One for a token, zero for padding, `[batch, tokens]`; some graphs take none.
    pub mask: Option<String>,
    /// Token types, all zero.
    pub token_types: Option<String>,
    /// Positions, counted from zero.
    pub positions: Option<String>,
}

/// The names of a graph's outputs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outputs {
    /// Hidden states, `[batch, tokens, hidden]`.
    pub hidden: String,
    /// Vocabulary logits, `[batch, tokens, vocabulary]`.
    pub logits: Option<String>,
}

/// Where a native plugin's library is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Native {
    /// The lowest version of the ABI that it needs, such as `1.0`.
    pub abi: String,
    /// The library of each platform, as a path inside the folder.
    pub library: BTreeMap<String, String>,
}

impl Component {
    /// Returns what it is.
    pub fn kind(&self) -> Kind {
        match self.kind {
            KindName::Tokenizer => Kind::Tokenizer,
            KindName::Encoder => Kind::Encoder,
            KindName::Task => Kind::Task,
            KindName::Baseline => Kind::Baseline,
        }
    }

    /// Returns the options for the registry, which keeps them as long as the process.
    pub fn known(&self) -> &'static [OptionSpec] {
        let keep = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
        let known = |option: &KnownOption| OptionSpec {
            key: keep(&option.key),
            default: option.default.as_deref().map(keep),
            help: keep(&option.help),
        };
        Box::leak(self.options.iter().map(known).collect::<Vec<_>>().into_boxed_slice())
    }
}

impl Manifest {
    /// Reads the manifest of a plugin's folder.
    ///
    /// # Errors
    ///
    /// It cannot be read, has an unknown key, or says something that makes no sense; the error names file and line.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let fail = |error: std::io::Error| Error::io(format!("{}: cannot be read", path.display()), error);
        let found = fs::metadata(&path).map_err(|error| {
            fail(error).with_hint("a plugin is a folder with a plugin.toml; dlm plugin new writes one")
        })?;
        if !found.is_file() || found.len() > MOST_BYTES {
            return Err(Error::invalid(format!(
                "{}: not a manifest, but a folder or a large file",
                path.display()
            )));
        }
        let text = fs::read_to_string(&path).map_err(fail)?;
        Self::parse(&text).map_err(|error| error.within(path.display().to_string()))
    }

    /// Reads the text of a manifest.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    ///
    /// # Examples
    ///
    /// ```
    /// let text = "manifest = 1\n[plugin]\nid = 'org.example.x'\nversion = '1.0.0'\nkind = 'native'\nlicence = 'MIT'";
    /// let error = dlm::plugin::Manifest::parse(text).unwrap_err();
    /// assert_eq!(error.hint(), Some("did you mean \"license\"?"));
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let manifest: Self = toml::from_str(text).map_err(|error| told(text, &error))?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<()> {
        if self.format != VERSION {
            return Err(Error::invalid(format!("manifest {} is not read, only {VERSION}", self.format)));
        }
        let id = &self.plugin.id;
        let of_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
        let parts_good = id.split('.').all(|part| !part.is_empty() && !part.starts_with('-'));
        if !id.chars().all(of_id) || !parts_good || !id.contains('.') || id.len() > MOST_ID {
            return Err(Error::invalid(format!("plugin id {id:?} is no reverse domain"))
                .with_hint("write it as org.example.name, of a-z, 0-9, . and -"));
        }
        let numbers: Vec<&str> = self.plugin.version.split('.').collect();
        if numbers.len() != 3 || numbers.iter().any(|number| number.parse::<u32>().is_err()) {
            return Err(Error::invalid(format!("version {:?} is not three numbers", self.plugin.version))
                .with_hint("write it as 1.0.0"));
        }
        if self.components.is_empty() {
            return Err(Error::invalid("no component is listed").with_hint("add a [[component]]"));
        }
        for (place, component) in self.components.iter().enumerate() {
            let of_id = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-' || c == '_' || c == '+';
            if component.id.is_empty() || !component.id.chars().all(of_id) {
                return Err(Error::invalid(format!(
                    "component id {:?} is not made of letters, digits, . - _ +",
                    component.id
                )));
            }
            let same = |other: &Component| (other.kind, &other.id) == (component.kind, &component.id);
            if self.components[..place].iter().any(same) {
                return Err(Error::invalid(format!("component {} is listed twice", component.id)));
            }
        }
        match (self.plugin.kind, &self.bundle, &self.native) {
            (PluginKind::Bundle, Some(bundle), None) => self.check_bundle(bundle),
            (PluginKind::Native, None, Some(native)) => native.check(),
            (kind, ..) => Err(Error::invalid(format!(
                "a plugin of kind {name:?} has a section [{name}], and not the other",
                name = kind.name()
            ))),
        }
    }

    fn check_bundle(&self, bundle: &Bundle) -> Result<()> {
        for component in &self.components {
            let there = match component.kind {
                KindName::Tokenizer => bundle.tokenizer.is_some(),
                KindName::Encoder => bundle.encoder.is_some(),
                KindName::Task | KindName::Baseline => false,
            };
            if !there {
                return Err(Error::invalid(format!(
                    "component {} of kind {} has no section [bundle.{}]",
                    component.id,
                    component.kind().name(),
                    component.kind().name()
                )));
            }
            if component.kind == KindName::Encoder && component.tokenizer.is_none() {
                return Err(Error::invalid(format!("encoder {} names no tokenizer", component.id)));
            }
        }
        let used =
            bundle.tokenizer.iter().map(|it| &it.file).chain(bundle.encoder.iter().map(|it| &it.graph));
        for file in used {
            if !self.files.contains_key(file) {
                return Err(Error::invalid(format!("{file} is used and not listed under [files]"))
                    .with_hint("every file of a bundle is listed with its sha256"));
            }
        }
        Ok(())
    }

    /// Returns the path of the library for this platform.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](dlm_sdk::ErrorKind::Unsupported) if there is none for this platform.
    pub fn library(&self) -> Result<&str> {
        let here = platform();
        let libraries = self.native.as_ref().map(|native| &native.library);
        let library = libraries.and_then(|libraries| libraries.get(&here));
        library.map(String::as_str).ok_or_else(|| {
            let known: Vec<&str> =
                libraries.into_iter().flat_map(|all| all.keys()).map(String::as_str).collect();
            Error::unsupported(format!(
                "plugin {} has no library for {here}, only for {}",
                self.plugin.id,
                known.join(", ")
            ))
        })
    }
}

impl Native {
    fn check(&self) -> Result<()> {
        let version: Option<(u16, u16)> =
            self.abi.split_once('.').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        let Some((major, minor)) = version else {
            return Err(
                Error::invalid(format!("abi {:?} is no version", self.abi)).with_hint("write it as 1.0")
            );
        };
        let (of_host, most) = (dlm_sdk::border::abi::ABI_MAJOR, dlm_sdk::border::abi::ABI_MINOR);
        if major != of_host || minor > most {
            return Err(Error::unsupported(format!(
                "the plugin needs ABI {major}.{minor}, this host has {of_host}.{most}"
            )));
        }
        if self.library.is_empty() {
            return Err(Error::invalid("no library is named"));
        }
        Ok(())
    }
}

/// Returns the name of this platform, as manifests write it.
pub fn platform() -> String {
    let rest = if cfg!(target_os = "macos") { "apple-darwin" } else { "unknown-linux-gnu" };
    format!("{}-{rest}", std::env::consts::ARCH)
}

/// Tells what TOML says about a text, with the line and the nearest known key.
fn told(text: &str, error: &toml::de::Error) -> Error {
    let line = error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
    let message = error.message().lines().next().unwrap_or_default().to_owned();
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let hint = match names.split_first() {
        Some((unknown, known)) if message.starts_with("unknown") => {
            nearest(unknown, known.iter().copied()).map(|near| format!("did you mean {near:?}?"))
        }
        _ => None,
    };
    let told = Error::invalid(format!("line {line}: {message}"));
    match hint {
        Some(hint) => told.with_hint(hint),
        None => told,
    }
}

/// Returns the folder of a plugin that a path names: the folder itself, or that of its `plugin.toml`.
pub fn folder_of(path: &Path) -> PathBuf {
    if path.file_name().is_some_and(|name| name == FILE) {
        return path.parent().map_or_else(|| PathBuf::from("."), Path::to_owned);
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "manifest = 1\n[plugin]\nid = 'org.example.x'\nversion = '1.0.0'\nkind = 'native'\n\
                        [[component]]\nkind = 'tokenizer'\nid = 'x'\n[native]\nabi = '1.0'\n\
                        library = { 'x86_64-unknown-linux-gnu' = 'libx.so' }\n";

    fn refusal(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from), "{from}");
        let error = Manifest::parse(&GOOD.replace(from, to)).unwrap_err();
        format!("{}; {}", error.chain(), error.hint().unwrap_or_default())
    }

    #[test]
    fn every_refusal_says_what_is_wrong() {
        Manifest::parse(GOOD).unwrap();
        let cases = [
            ("manifest = 1", "manifest = 2", "manifest 2 is not read"),
            ("org.example.x", "Example", "no reverse domain"),
            ("'1.0.0'", "'1.0'", "not three numbers"),
            ("kind = 'native'", "kind = 'process'", "line 5: unknown variant"),
            ("kind = 'native'", "kind = 'bundle'", "has a section [bundle]"),
            ("id = 'x'", "id = 'x'\nsumary = ''", "did you mean \"summary\"?"),
            ("id = 'x'", "id = 'x y'", "component id"),
            ("abi = '1.0'", "abi = '2.0'", "needs ABI 2.0"),
            ("abi = '1.0'", "abi = 'new'", "is no version"),
            ("[native]", "[natve]", "did you mean \"native\"?"),
        ];
        for (from, to, wanted) in cases {
            let told = refusal(from, to);
            assert!(told.contains(wanted), "{to}: {told}");
        }
    }

    #[test]
    fn another_platform_is_unsupported() {
        let manifest =
            Manifest::parse(&GOOD.replace("x86_64-unknown-linux-gnu", "pdp11-unknown-unix")).unwrap();
        assert!(manifest.library().unwrap_err().to_string().contains("only for pdp11-unknown-unix"));
    }
}
