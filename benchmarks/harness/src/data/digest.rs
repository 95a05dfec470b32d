//! Digests of files.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use md5::Md5;
use sha2::{Digest as _, Sha256};

const BUFFER: usize = 1 << 20;

/// The digests of a file and its size.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Digests {
    pub(crate) sha256: String,
    pub(crate) md5: String,
    pub(crate) bytes: u64,
}

/// Reads a file once and returns its digests. The check is asked a few times a second whether to go on.
pub(crate) fn digests(path: &Path, check: &dyn Fn() -> dlm_sdk::Result<()>) -> dlm_sdk::Result<Digests> {
    let fail = |error: io::Error| dlm_sdk::Error::io(format!("{}: cannot be read", path.display()), error);
    let mut file = File::open(path).map_err(fail)?;
    let (mut sha256, mut md5, mut bytes) = (Sha256::new(), Md5::new(), 0);
    let mut buffer = vec![0; BUFFER];
    loop {
        check()?;
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => {
                sha256.update(&buffer[..n]);
                md5.update(&buffer[..n]);
                bytes += n as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(fail(error)),
        }
    }
    Ok(Digests {
        sha256: dlm_sdk::hexadecimal(&sha256.finalize()),
        md5: dlm_sdk::hexadecimal(&md5.finalize()),
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_of_known_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        let digests = digests(&path, &|| Ok(())).unwrap();
        assert_eq!(digests.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(digests.md5, "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(digests.bytes, 3);
    }
}
