//! Borrowed texts and arrays of the other side.

use super::abi;
use crate::{Error, Result};

/// The most entries of a list, and the most bytes of a text, that the other side may claim to have.
const MOST: usize = 1 << 40;

/// Borrows an array.
///
/// # Safety
///
/// `ptr` is NULL or points to `n` elements that nobody writes to during `'a`.
pub(super) unsafe fn slice<'a, T>(ptr: *const T, n: usize, what: &str) -> Result<&'a [T]> {
    if n == 0 {
        return Ok(&[]);
    }
    if ptr.is_null() || !ptr.is_aligned() || n > MOST / size_of::<T>().max(1) {
        return Err(Error::invalid(format!("{what}: {n} entries at a pointer that cannot hold them")));
    }
    // SAFETY: non-null, aligned and of `n` elements, as the caller promises.
    Ok(unsafe { std::slice::from_raw_parts(ptr, n) })
}

/// Borrows a text.
///
/// # Safety
///
/// It is NULL or points to `len` bytes that nobody writes to during `'a`.
pub(super) unsafe fn text<'a>(text: abi::Str, what: &str) -> Result<&'a str> {
    // SAFETY: the caller's promise.
    let bytes = unsafe { slice(text.ptr, text.len, what) }?;
    std::str::from_utf8(bytes)
        .map_err(|error| Error::invalid(format!("{what}: not UTF-8")).with_source(error))
}

/// Copies a list of texts.
///
/// # Safety
///
/// As [`slice`] and [`text`].
pub(super) unsafe fn texts(ptr: *const abi::Str, n: usize, what: &str) -> Result<Vec<String>> {
    // SAFETY: the caller's promise.
    let list = unsafe { slice(ptr, n, what) }?;
    // SAFETY: the caller's promise, for each.
    list.iter().map(|item| unsafe { text(*item, what) }.map(str::to_owned)).collect()
}

/// Writes a struct that begins with its size into the caller's, no further than the caller knows.
///
/// # Safety
///
/// `out` points to the caller's struct, whose first four bytes say how many bytes it has.
pub(super) unsafe fn write_out<T: Copy>(out: *mut T, value: T) -> Result<()> {
    if out.is_null() {
        return Err(Error::invalid("the struct to fill is NULL"));
    }
    // SAFETY: every struct with a size begins with it.
    let known = unsafe { out.cast::<u32>().read() } as usize;
    let n = known.min(size_of::<T>());
    if n < size_of::<u32>() {
        return Err(Error::invalid("the struct to fill says that it has no bytes"));
    }
    // SAFETY: both have `n` bytes, and a local value overlaps nothing of the caller.
    unsafe { std::ptr::copy_nonoverlapping((&raw const value).cast::<u8>(), out.cast::<u8>(), n) };
    // SAFETY: as the read above; it says how much was written.
    unsafe { out.cast::<u32>().write(n as u32) };
    Ok(())
}

/// Reads a struct that begins with its size, all fields of version 1.0 of which must be there.
///
/// # Safety
///
/// `ptr` is NULL or points to as many bytes as its first four say.
pub(super) unsafe fn read<T: Copy>(ptr: *const T, what: &str) -> Result<T> {
    if ptr.is_null() || !ptr.is_aligned() {
        return Err(Error::invalid(format!("{what} is NULL or not aligned")));
    }
    // SAFETY: every struct with a size begins with it.
    let known = unsafe { ptr.cast::<u32>().read() } as usize;
    if known < size_of::<T>() {
        return Err(Error::invalid(format!(
            "{what} says that it has {known} bytes, version 1.0 has {}",
            size_of::<T>()
        )));
    }
    // SAFETY: it has at least that many bytes.
    Ok(unsafe { ptr.read() })
}
