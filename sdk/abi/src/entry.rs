//! The entry: what a plugin is and what it makes.

use crate::{Error, Host, Object, Status, Str};

/// The first four bytes of an entry: "DNA1" read as little-endian, so that a wrong byte order cannot match.
pub const MAGIC: u32 = 0x3141_4E44;
/// The major version. A new major is a new symbol.
pub const ABI_MAJOR: u16 = 1;
/// The minor version. A new minor only appends fields and extensions.
pub const ABI_MINOR: u16 = 0;
/// The one symbol a plugin exports.
pub const ENTRY_SYMBOL: &str = "dlm_plugin_entry_v1";
/// The type of that symbol: `[any]`, the same static pointer on every call.
pub type EntryFn = unsafe extern "C" fn() -> *const Entry;

/// The kind of tokenizers.
pub const TOKENIZER: u32 = 1;
/// The kind of encoders.
pub const ENCODER: u32 = 2;
/// The kind of tasks.
pub const TASK: u32 = 3;
/// The kind of baselines.
pub const BASELINE: u32 = 4;

/// A component that a plugin can make.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Component {
    /// How much of this struct its writer knows.
    pub struct_size: u32,
    /// One of [`TOKENIZER`], [`ENCODER`], [`TASK`], [`BASELINE`].
    pub kind: u32,
    /// The id that specs begin with.
    pub id: Str,
    /// What it is, in a phrase.
    pub summary: Str,
}

/// Makes a component. `[any]`
///
/// `config_json` is an object whose values are texts; its key `argument` is what follows the id in a spec.
pub type CreateFn = unsafe extern "C" fn(
    host: *const Host,
    kind: u32,
    id: Str,
    config_json: Str,
    out: *mut Object,
    err: *mut Error,
) -> Status;

/// What a plugin is. It and all it points to live as long as the process.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// [`MAGIC`].
    pub magic: u32,
    /// The major version it was built for.
    pub abi_major: u16,
    /// The minor version it was built for.
    pub abi_minor: u16,
    /// How much of this struct its writer knows. The 16 bytes up to and with `reserved` never change, in any version.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
    /// The plugin's id, as in its manifest.
    pub id: Str,
    /// The plugin's version, as in its manifest.
    pub version: Str,
    /// Compiler and toolkit, for messages.
    pub built_with: Str,
    /// The components.
    pub components: *const *const Component,
    /// How many.
    pub n_components: usize,
    /// Makes one of them.
    pub create: Option<CreateFn>,
}
