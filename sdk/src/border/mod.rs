//! The plugin border: components through a C ABI, in both directions.
//!
//! A component that a stranger wrote, in another language or with another compiler, lies in a shared library. What
//! crosses the border is declared by the crate `dlm-plugin-abi` and its C header. This module is the Rust face of it:
//!
//! * **out**: [`export_plugin!`](crate::export_plugin) gives the author of a plugin the entry symbol, the tables of
//!   functions and everything behind them, without a line of unsafe code;
//! * **in**: [`host`] turns a plugin's objects back into the SDK's traits, and checks everything a plugin answers: ids lie
//!   below the vocabulary's size, spans within the sequence, each sequence is emitted once, numbers are finite.
//!
//! Nothing unwinds across the border: a panic becomes the status `PANIC`, and the host refuses that object from then on.
//! Nothing is freed by the other side: results are written into the caller's memory or handed to the caller's sink.
//!
//! Not everything a Rust component can say crosses. A predictor's [facts](crate::Predictor::facts) and number of
//! parameters, and a task's [held-out regions](crate::Task::held_out), stay behind.
#![expect(unsafe_code, reason = "the plugin border is made of pointers")]

mod config;
mod export;
mod guard;
pub mod host;
mod items;
mod tensor;
mod text;

pub use dlm_plugin_abi as abi;

use crate::{Component, Result};

pub use config::{from_json as config_from_json, to_json as config_to_json};
pub use export::{
    Export, PANIC_PROBE, Plugin, PluginEntry, create, entry, host_cancelled, host_extension, host_log,
    object_of,
};

/// Sends a component through the border and back in one process: what comes back is called through the same tables of
/// functions, with the same checks, as one from a shared library.
///
/// # Errors
///
/// The border refuses the component.
///
/// # Examples
///
/// ```
/// # use dlm_sdk::prelude::*;
/// # struct Whole(TokenizerSpec);
/// # impl Tokenizer for Whole {
/// #     fn spec(&self) -> &TokenizerSpec { &self.0 }
/// #     fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
/// #         for sequence in sequences {
/// #             let end = sequence.bases().len() as u32;
/// #             if sink.emit(&[0], &[Span { start: 0, end }]).is_break() { return Err(Error::cancelled()); }
/// #         }
/// #         Ok(())
/// #     }
/// #     fn token(&self, id: TokenId) -> Option<&str> { (id == 0).then_some("ANYTHING") }
/// # }
/// let component = Component::Tokenizer(Box::new(Whole(TokenizerSpec::new("whole", 1))));
/// let Component::Tokenizer(back) = dlm_sdk::border::round_trip(component)? else { unreachable!() };
/// assert_eq!(back.batch(&[Sequence::new(b"ACGT")])?.row(0).ids, [0]);
/// # Ok::<(), Error>(())
/// ```
pub fn round_trip(component: Component) -> Result<Component> {
    let kind = component.kind();
    let object = object_of(component)?;
    // SAFETY: the object was made just now, by this library, of that kind.
    unsafe { host::component_of(object, kind, format!("{} behind the border", kind.name()), "no digest") }
}
