//! Reads numbers from a place in a file.

use std::io::{self, Read};

use dlm_sdk::{Error, Result};

use super::Element;

/// Bytes that are read at once.
const BLOCK: usize = 1 << 18;

/// Reads as many numbers as there is room for.
pub(super) fn numbers(mut reader: impl Read, element: Element, values: &mut [f32]) -> Result<()> {
    let Some(width) = element.width() else {
        return Err(Error::unsupported("its numbers are not floats of 32 or 16 bits"));
    };
    let mut buffer = vec![0; BLOCK.min(values.len() * width)];
    for values in values.chunks_mut(BLOCK / width) {
        let bytes = &mut buffer[..values.len() * width];
        reader.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                Error::invalid("the file ends within it").with_hint("copy or fetch it again")
            }
            _ => Error::io("it cannot be read", error),
        })?;
        element.decode(bytes, values);
    }
    Ok(())
}
