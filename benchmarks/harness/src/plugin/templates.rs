//! The files that `dlm plugin new` writes. They lie in `sdk/templates`, where tests build and check them.

/// A file of a template: its path in the new folder, and its content, in which names in braces stand for the plugin's.
pub(super) type Template = (&'static str, &'static [u8]);

macro_rules! template {
    ($($to:literal = $from:literal),+ $(,)?) => {
        &[$(($to, include_bytes!(concat!("../../../../sdk/templates/", $from)) as &[u8])),+]
    };
}

/// A bundle.
pub(super) const BUNDLE: &[Template] = template! {
    "plugin.toml" = "bundle/plugin.toml.in",
    "tokenizer.json" = "bundle/tokenizer.json",
    "model.onnx" = "bundle/model.onnx",
    "check/tokens.json" = "bundle/tokens.json",
    "README.md" = "bundle/README.md.in",
};

/// A native plugin in Rust.
pub(super) const RUST: &[Template] = template! {
    "plugin.toml" = "rust/plugin.toml.in",
    "Cargo.toml" = "rust/Cargo.toml.in",
    "src/lib.rs" = "rust/lib.rs.in",
    "check/tokens.json" = "rust/tokens.json",
    "README.md" = "rust/README.md.in",
    ".gitignore" = "rust/gitignore",
};

/// A native plugin in C.
pub(super) const C: &[Template] = template! {
    "plugin.toml" = "c/plugin.toml.in",
    "plugin.c" = "c/plugin.c.in",
    "Makefile" = "c/Makefile.in",
    "check/tokens.json" = "c/tokens.json",
    "README.md" = "c/README.md.in",
    ".gitignore" = "c/gitignore",
};
