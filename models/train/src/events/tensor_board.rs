//! Event files for TensorBoard.
//!
//! A file is a row of records: the length in eight bytes, a checksum of it, the bytes, a checksum of them. Checksums are
//! CRC-32C, turned by 15 bits and shifted, as TFRecord has them. The bytes are a protobuf message `Event`: a time (1), a
//! step (2), and the version of the file (3), a summary of numbers (5) or a note that the training starts anew (7), at
//! which TensorBoard forgets what an earlier file said about later steps.

use std::{
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use dlm_sdk::{Error, Result};

/// An event file of one run of a training.
#[derive(Debug)]
pub(super) struct TensorBoard {
    path: PathBuf,
    file: File,
}

impl TensorBoard {
    /// Begins a file for what comes after a step.
    pub(super) fn create(folder: &Path, step: u64) -> Result<Self> {
        let path = folder.join(format!("events.out.tfevents.{}.dlm.{}", now() as u64, std::process::id()));
        let file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(|error| Error::io(format!("{}: cannot be written", path.display()), error))?;
        let mut board = Self { path, file };
        board.record(&bytes(3, b"brain.Event:2"), 0)?;
        // SessionLog with status START.
        board.record(&bytes(7, &number(1, 1)), step + 1)?;
        Ok(board)
    }

    pub(super) fn write(&mut self, step: u64, numbers: &[(&str, f64)]) -> Result<()> {
        let mut summary = Vec::new();
        for (name, value) in numbers {
            let mut entry = bytes(1, name.as_bytes());
            entry.push(2 << 3 | 5);
            entry.extend((*value as f32).to_le_bytes());
            summary.extend(bytes(1, &entry));
        }
        self.record(&bytes(5, &summary), step)
    }

    fn record(&mut self, what: &[u8], step: u64) -> Result<()> {
        let mut event = vec![1 << 3 | 1];
        event.extend(now().to_le_bytes());
        event.extend(number(2, step));
        event.extend(what);
        self.file.write_all(&framed(&event)).and_then(|()| self.file.flush()).map_err(|error: io::Error| {
            Error::io(format!("{}: cannot be written", self.path.display()), error)
        })
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// A record with its length and checksums.
fn framed(event: &[u8]) -> Vec<u8> {
    let length = (event.len() as u64).to_le_bytes();
    [&length[..], &masked(&length).to_le_bytes(), event, &masked(event).to_le_bytes()].concat()
}

/// The checksum as TFRecord has it.
fn masked(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xA282_EAD8)
}

/// CRC-32 with Castagnoli's polynomial, bit by bit: the records are short.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(
            crc ^ u32::from(byte),
            |crc, _| {
                if crc & 1 == 1 { crc >> 1 ^ 0x82F6_3B78 } else { crc >> 1 }
            },
        )
    })
}

/// A field of a protobuf message that holds bytes.
fn bytes(field: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![field << 3 | 2];
    varint(&mut out, value.len() as u64);
    out.extend(value);
    out
}

/// A field of a protobuf message that holds a number.
fn number(field: u8, value: u64) -> Vec<u8> {
    let mut out = vec![field << 3];
    varint(&mut out, value);
    out
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of CRC-32C (Koopman 2002; RFC 3720, appendix B.4).
    #[test]
    fn the_checksum_is_castagnolis() {
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8A91_36AA);
    }

    /// An event of the time 2, step 300 and loss 1.5, as the `tensorboard` package writes it.
    #[test]
    fn a_record_has_the_bytes_of_tensor_boards_own_writer() {
        let mut entry = bytes(1, b"loss");
        entry.push(2 << 3 | 5);
        entry.extend(1.5_f32.to_le_bytes());
        let mut event = vec![9];
        event.extend(2.0_f64.to_le_bytes());
        event.extend(number(2, 300));
        event.extend(bytes(5, &bytes(1, &entry)));
        assert_eq!(framed(&event), include_bytes!("../../tests/golden/event.bin"));
    }

    #[test]
    fn a_file_begins_with_its_version() {
        let folder = tempfile::tempdir().unwrap();
        let mut board = TensorBoard::create(folder.path(), 4).unwrap();
        board.write(5, &[("loss", 1.0)]).unwrap();
        let content = std::fs::read(&board.path).unwrap();
        assert!(content.windows(13).any(|window| window == b"brain.Event:2"));
        assert_eq!(u64::from_le_bytes(content[..8].try_into().unwrap()), 26);
    }
}
