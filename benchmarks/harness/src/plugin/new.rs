//! `dlm plugin new`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use dlm_sdk::{Error, Result};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{manifest::platform, templates};
use crate::{
    context::{Context, Outcome},
    files::write_error,
};

/// What a plugin is written in.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Form {
    /// No code: an ONNX graph and a tokenizer.json
    Bundle,
    /// A Rust crate on dlm-sdk
    Rust,
    /// A C file on the header alone
    C,
}

/// Arguments of `plugin new`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  dlm plugin new my-tokenizer --kind rust\n  dlm plugin new my-model --kind bundle\n  \
                        dlm plugin new my-tokenizer --kind c\n  \
                        dlm plugin new my-model --from-huggingface folder/"
)]
pub struct NewArgs {
    /// Name of the plugin and of the folder to write, of a-z, 0-9 and -
    #[arg(value_name = "NAME")]
    name: String,
    /// What it is written in
    #[arg(long, value_enum, required_unless_present = "from_huggingface")]
    kind: Option<Form>,
    /// Model folder to make a bundle of: an ONNX export, or weights of a BERT, DNABERT-2, Nucleotide Transformer or HyenaDNA
    #[arg(long, value_name = "DIR", conflicts_with_all = ["kind", "sdk"])]
    from_huggingface: Option<PathBuf>,
    /// Reverse domain that the plugin's id begins with
    #[arg(long, value_name = "DOMAIN", default_value = "org.example")]
    domain: String,
    /// Folder of dlm-sdk's source that a Rust plugin is built on [default: the published crate]
    #[arg(long, value_name = "DIR")]
    sdk: Option<PathBuf>,
}

#[derive(Serialize)]
struct Answer {
    folder: String,
    files: Vec<String>,
}

impl NewArgs {
    /// Writes the folder.
    ///
    /// # Errors
    ///
    /// The name is none, or the folder is there already or cannot be written.
    pub fn run(self, context: &Context) -> Result<Outcome> {
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let name = &self.name;
        if !name.starts_with(|c: char| c.is_ascii_lowercase())
            || name.ends_with('-')
            || !name.chars().all(good)
        {
            return Err(Error::invalid(format!("{name:?} is no name for a plugin"))
                .with_hint("write it of a-z, 0-9 and -, such as my-tokenizer"));
        }
        let folder = Path::new(name);
        if folder.exists() {
            return Err(Error::invalid(format!("{name}: there is something of that name already")));
        }
        let kind = self.kind.unwrap_or(Form::Bundle);
        if let Some(source) = &self.from_huggingface {
            let id = format!("{}.{name}", self.domain);
            let files = super::convert::write(source, folder, name, &id)?;
            return self.answer(context, kind, files);
        }
        let template = match kind {
            Form::Bundle => templates::BUNDLE,
            Form::Rust => templates::RUST,
            Form::C => templates::C,
        };
        let values = self.values(template)?;
        let mut files = Vec::new();
        for (to, content) in template {
            write(&folder.join(to), &filled(content, &values))?;
            files.push((*to).to_owned());
        }
        if kind == Form::C {
            write(&folder.join("dlm_plugin.h"), dlm_sdk::border::abi::HEADER.as_bytes())?;
            files.push("dlm_plugin.h".to_owned());
        }
        self.answer(context, kind, files)
    }

    /// Says what was written and what comes next.
    fn answer(&self, context: &Context, kind: Form, files: Vec<String>) -> Result<Outcome> {
        let name = &self.name;
        let answer = Answer { folder: name.clone(), files };
        context.print(&answer, || {
            let next = match kind {
                Form::Bundle => String::new(),
                Form::Rust => format!("cargo build --release --manifest-path {name}/Cargo.toml\n"),
                Form::C => format!("make -C {name}\n"),
            };
            let sdk = match (kind, &self.sdk) {
                (Form::Rust, None) => format!(
                    "it depends on the crate dlm-sdk {} as cargo finds it; --sdk FOLDER names a copy of its source\n",
                    env!("CARGO_PKG_VERSION")
                ),
                _ => String::new(),
            };
            format!(
                "wrote {}/: {}\n{sdk}next:\n{next}dlm plugin check {name}\n",
                answer.folder,
                answer.files.join(", ")
            )
        })?;
        Ok(Outcome::Done)
    }

    /// What stands for each name in braces.
    fn values(&self, template: &[templates::Template]) -> Result<Vec<(String, String)>> {
        let sdk = match &self.sdk {
            None => format!("\"{}\"", env!("CARGO_PKG_VERSION")),
            Some(path) => {
                let full = path
                    .canonicalize()
                    .map_err(|error| Error::io(format!("{}: cannot be found", path.display()), error))?;
                format!("{{ path = {:?} }}", full.display().to_string())
            }
        };
        let name = self.name.clone();
        let mut values = vec![
            ("name".to_owned(), name.clone()),
            ("library".to_owned(), name.replace('-', "_")),
            ("id".to_owned(), format!("{}.{name}", self.domain)),
            ("platform".to_owned(), platform()),
            ("extension".to_owned(), if cfg!(target_os = "macos") { "dylib" } else { "so" }.to_owned()),
            ("sdk".to_owned(), sdk),
        ];
        for (to, content) in template {
            values.push((format!("sha256 {to}"), dlm_sdk::hexadecimal(&Sha256::digest(content))));
        }
        Ok(values)
    }
}

/// Fills in the names in braces of a text; other files are as they are.
fn filled(content: &[u8], values: &[(String, String)]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(content) else { return content.to_vec() };
    let fill =
        |text: String, (name, value): &(String, String)| text.replace(&format!("{{{{{name}}}}}"), value);
    values.iter().fold(text.to_owned(), fill).into_bytes()
}

pub(super) fn write(path: &Path, content: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| write_error(folder, error))?;
    }
    fs::write(path, content).map_err(|error| write_error(path, error))
}
