//! The entry of a plugin, and what it makes.

use std::{
    ffi::c_void,
    sync::{
        Once, OnceLock,
        atomic::{AtomicPtr, Ordering},
    },
};

use super::{
    super::{
        abi,
        config::from_json,
        guard::{guard, quiet_panics},
        text::text,
    },
    object_of,
};
use crate::{Component, Config, Error, Kind, OptionSpec, Result, spec::nearest};

/// A component that a plugin exports; written by [`export_plugin!`](crate::export_plugin).
#[derive(Clone, Copy, Debug)]
pub struct Export {
    /// What is made.
    pub kind: Kind,
    /// The id that specs begin with.
    pub id: &'static str,
    /// What it is, in a phrase.
    pub summary: &'static str,
    /// The options it knows.
    pub options: &'static [OptionSpec],
    /// Makes it.
    pub create: fn(&Config) -> Result<Component>,
}

/// What a plugin is; implemented by [`export_plugin!`](crate::export_plugin).
pub trait Plugin {
    /// The id, as in the manifest.
    const ID: &'static str;
    /// The version, as in the manifest.
    const VERSION: &'static str;
    /// What it can make.
    const EXPORTS: &'static [Export];
}

/// The place of a plugin's entry, which is made at the first call and lives as long as the process.
#[derive(Debug)]
pub struct PluginEntry(OnceLock<Static>);

#[derive(Debug)]
struct Static(abi::Entry);

// SAFETY: everything an entry points to is leaked and never written to again.
unsafe impl Send for Static {}
// SAFETY: as above.
unsafe impl Sync for Static {}

impl PluginEntry {
    /// Creates an empty place.
    #[expect(clippy::new_without_default, reason = "it is for statics")]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }
}

/// Returns a plugin's entry: the body of its one symbol.
pub fn entry<P: Plugin>(place: &'static PluginEntry) -> *const abi::Entry {
    let make = || {
        quiet_panics();
        let component = |export: &Export| {
            let component = abi::Component {
                struct_size: size_of::<abi::Component>() as u32,
                kind: number_of(export.kind),
                id: abi::Str::new(export.id),
                summary: abi::Str::new(export.summary),
            };
            &raw const *Box::leak(Box::new(component))
        };
        let components: &'static [*const abi::Component] =
            Box::leak(P::EXPORTS.iter().map(component).collect::<Vec<_>>().into_boxed_slice());
        Static(abi::Entry {
            magic: abi::MAGIC,
            abi_major: abi::ABI_MAJOR,
            abi_minor: abi::ABI_MINOR,
            struct_size: size_of::<abi::Entry>() as u32,
            reserved: 0,
            id: abi::Str::new(P::ID),
            version: abi::Str::new(P::VERSION),
            built_with: abi::Str::new(concat!("dlm-sdk ", env!("CARGO_PKG_VERSION"))),
            components: components.as_ptr(),
            n_components: components.len(),
            create: Some(create_of::<P>),
        })
    };
    &raw const place.0.get_or_init(make).0
}

pub(in crate::border) fn number_of(kind: Kind) -> u32 {
    match kind {
        Kind::Tokenizer => abi::TOKENIZER,
        Kind::Encoder => abi::ENCODER,
        Kind::Task => abi::TASK,
        Kind::Baseline => abi::BASELINE,
    }
}

unsafe extern "C" fn create_of<P: Plugin>(
    host: *const abi::Host,
    kind: u32,
    id: abi::Str,
    config_json: abi::Str,
    out: *mut abi::Object,
    err: *mut abi::Error,
) -> abi::Status {
    // SAFETY: the caller's arguments, passed on.
    unsafe { create(P::EXPORTS, host, kind, id, config_json, out, err) }
}

/// The id under which plugins on this SDK panic on purpose when they are asked for a component of kind `u32::MAX`: so a
/// checker sees that a panic of theirs becomes a status, and that they were not built with `panic = "abort"`.
pub const PANIC_PROBE: &str = "dlm.panic-probe/1";

fn panic_if_asked(kind: u32, id: &str) {
    assert!(kind != u32::MAX || id != PANIC_PROBE, "a panic that was asked for");
}

/// Makes one of the exported components: the body of an entry's `create`.
///
/// # Safety
///
/// The arguments follow the header's `create`.
pub unsafe fn create(
    exports: &[Export],
    host: *const abi::Host,
    kind: u32,
    id: abi::Str,
    config_json: abi::Str,
    out: *mut abi::Object,
    err: *mut abi::Error,
) -> abi::Status {
    guard(err, || {
        // SAFETY: the host's promise about texts.
        let id = unsafe { text(id, "a component's id") }?;
        // SAFETY: the host's promise about texts.
        let json = unsafe { text(config_json, "the configuration") }?;
        if out.is_null() {
            return Err(Error::invalid("the object to fill is NULL"));
        }
        panic_if_asked(kind, id);
        let of_kind = |export: &&Export| number_of(export.kind) == kind;
        let export = exports.iter().filter(of_kind).find(|export| export.id == id).ok_or_else(|| {
            let error = Error::invalid(format!("the plugin has no component {id:?} of kind {kind}"));
            match nearest(id, exports.iter().filter(of_kind).map(|export| export.id)) {
                Some(near) => error.with_hint(format!("did you mean {near:?}?")),
                None => error,
            }
        })?;
        meet(host);
        let config = from_json(id, json, export.options)?;
        let object = object_of((export.create)(&config)?)?;
        // SAFETY: the host's promise about out-parameters.
        unsafe { out.write(object) };
        Ok(())
    })
}

/// The host that made the first component.
static HOST: AtomicPtr<abi::Host> = AtomicPtr::new(std::ptr::null_mut());

/// Keeps the host, and takes no more threads than it offers: a plugin has a thread pool of its own.
fn meet(host: *const abi::Host) {
    static ONCE: Once = Once::new();
    if host.is_null() {
        return;
    }
    ONCE.call_once(|| {
        HOST.store(host.cast_mut(), Ordering::Release);
        // SAFETY: a host outlives every object made with it.
        let host = unsafe { &*host };
        if let Some(threads) = host.threads {
            // SAFETY: the host's function with its own context.
            let threads = unsafe { threads(host.ctx) }.max(1) as usize;
            // Where a pool is there already, this library is linked into the host, and shares it.
            let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
        }
    });
}

fn with_host<R>(call: impl FnOnce(&abi::Host, *mut c_void) -> R) -> Option<R> {
    // SAFETY: NULL, or a host that outlives every object made with it.
    let host = unsafe { HOST.load(Ordering::Acquire).as_ref() }?;
    Some(call(host, host.ctx))
}

/// Sends the host a message, level 1 (error) to 5 (trace). Without a host, nothing happens.
pub fn host_log(level: u32, message: &str) {
    with_host(|host, context| {
        if let Some(log) = host.log {
            // SAFETY: the host's function with its own context and a text that outlives the call.
            unsafe { log(context, level, abi::Str::new(message)) };
        }
    });
}

/// Returns what the host offers under the id of an extension, NULL where it offers nothing: `dlm.host.ort/1` is the
/// `OrtApiBase` of the host's ONNX Runtime. It lives as long as the process.
pub fn host_extension(id: &str) -> *const c_void {
    with_host(|host, context| {
        // SAFETY: the host's function with its own context and a text that outlives the call.
        host.extension.map(|extension| unsafe { extension(context, abi::Str::new(id)) })
    })
    .flatten()
    .unwrap_or(std::ptr::null())
}

/// Returns whether the host asks a long call to stop.
pub fn host_cancelled() -> bool {
    with_host(|host, context| {
        // SAFETY: the host's function with its own context.
        host.cancelled.is_some_and(|cancelled| unsafe { cancelled(context) } != 0)
    })
    .unwrap_or(false)
}
