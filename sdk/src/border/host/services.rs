//! What the host offers to plugins.

use std::ffi::c_void;

use super::super::{abi, guard::guard, text::text};

/// What a host does for its plugins. Several threads call it at once.
pub trait Services: Send + Sync {
    /// Takes a message of a plugin, level 1 (error) to 5 (trace).
    fn log(&self, level: u32, message: &str);

    /// Returns whether long calls should stop.
    fn cancelled(&self) -> bool;

    /// Returns how many threads a call may use.
    fn threads(&self) -> u32;

    /// Returns an extension by id, NULL when unknown.
    fn extension(&self, _id: &str) -> *const c_void {
        std::ptr::null()
    }
}

/// A host as plugins see it; it lives as long as the process.
#[derive(Clone, Copy, Debug)]
pub struct Host(&'static abi::Host);

// SAFETY: its context is a `Services`, which is shared between threads, and it is never written to.
unsafe impl Send for Host {}
// SAFETY: as above.
unsafe impl Sync for Host {}

impl Host {
    /// Makes a host that is never given back: objects may outlive everything but the process.
    pub fn new(services: Box<dyn Services>) -> Self {
        let context = Box::into_raw(Box::new(services));
        Self(Box::leak(Box::new(abi::Host {
            struct_size: size_of::<abi::Host>() as u32,
            abi_minor: u32::from(abi::ABI_MINOR),
            ctx: context.cast(),
            log: Some(log),
            cancelled: Some(cancelled),
            threads: Some(threads),
            extension: Some(extension),
        })))
    }

    /// Returns the border's struct.
    pub fn as_abi(self) -> &'static abi::Host {
        self.0
    }
}

unsafe fn services<'a>(ctx: *mut c_void) -> &'a dyn Services {
    // SAFETY: a plugin passes the host's own context, a box that is never dropped.
    &**unsafe { &*ctx.cast::<Box<dyn Services>>() }
}

unsafe extern "C" fn log(ctx: *mut c_void, level: u32, message: abi::Str) {
    guard(std::ptr::null_mut(), || {
        // SAFETY: a plugin passes a readable text.
        let message = unsafe { text(message, "a message") }?;
        // SAFETY: a plugin passes the host's context.
        unsafe { services(ctx) }.log(level, message);
        Ok(())
    });
}

unsafe extern "C" fn cancelled(ctx: *mut c_void) -> i32 {
    let mut answer = 0;
    guard(std::ptr::null_mut(), || {
        // SAFETY: a plugin passes the host's context.
        answer = i32::from(unsafe { services(ctx) }.cancelled());
        Ok(())
    });
    answer
}

unsafe extern "C" fn threads(ctx: *mut c_void) -> u32 {
    let mut answer = 1;
    guard(std::ptr::null_mut(), || {
        // SAFETY: a plugin passes the host's context.
        answer = unsafe { services(ctx) }.threads().max(1);
        Ok(())
    });
    answer
}

unsafe extern "C" fn extension(ctx: *mut c_void, id: abi::Str) -> *const c_void {
    let mut answer = std::ptr::null();
    guard(std::ptr::null_mut(), || {
        // SAFETY: a plugin passes a readable text.
        let id = unsafe { text(id, "an extension's id") }?;
        // SAFETY: a plugin passes the host's context.
        answer = unsafe { services(ctx) }.extension(id);
        Ok(())
    });
    answer
}
