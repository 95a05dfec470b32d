//! FASTA files of examples, whose headers hold more than a name.
//!
//! ```text
//! >chr1:1000-1200 label=1 split=train
//! ACGTACGT
//! ACGT
//! ```

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
};

use dlm_sdk::{Error, Result};

use crate::{bases, text};

/// A record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// The whole header, without its `>`.
    pub header: String,
    /// The bases in upper case; ambiguous IUPAC codes are N.
    pub bases: Vec<u8>,
    /// The line of its header, counted from one.
    pub line: u64,
}

/// Reads a file, plain or gzipped; names may repeat.
///
/// # Errors
///
/// [`Io`](dlm_sdk::ErrorKind::Io) if it cannot be read, [`Invalid`](dlm_sdk::ErrorKind::Invalid), naming file and line,
/// for bases before the first header, a record without bases, or what is no base.
pub fn read(path: &Path) -> Result<Vec<Record>> {
    let wrong = |line: u64, message: &str, hint: &'static str| {
        Error::invalid(format!("{}: line {line}: {message}", path.display())).with_hint(hint)
    };
    let closed = |records: &[Record]| match records.last() {
        Some(record) if record.bases.is_empty() => {
            Err(wrong(record.line, "the record has no bases", "remove the header"))
        }
        _ => Ok(()),
    };
    let mut records: Vec<Record> = Vec::new();
    for (line, row) in (1..).zip(BufReader::new(text::open(path)?).lines()) {
        let row = row.map_err(|error| text::explain(path, &error))?;
        let row = row.trim();
        if let Some(header) = row.strip_prefix('>') {
            closed(&records)?;
            records.push(Record { header: header.to_owned(), bases: Vec::new(), line });
        } else if !row.is_empty() {
            let Some(record) = records.last_mut() else {
                return Err(wrong(line, "bases before the first header", "a FASTA file begins with >"));
            };
            bases::append(row, &mut record.bases).map_err(|(message, hint)| wrong(line, &message, hint))?;
        }
    }
    closed(&records)?;
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(content: &str) -> Result<Vec<Record>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.fa");
        std::fs::write(&path, content).unwrap();
        read(&path)
    }

    #[test]
    fn records_keep_header_and_line() {
        let records = reading(">a label=1\nAC\n\ngt\n>a|0\r\nR\r\n").unwrap();
        assert_eq!(records[0], Record { header: "a label=1".into(), bases: b"ACGT".to_vec(), line: 1 });
        assert_eq!(records[1], Record { header: "a|0".into(), bases: b"N".to_vec(), line: 5 });
    }

    #[test]
    fn faults_name_the_line() {
        let fault = |content| {
            let message = reading(content).unwrap_err().to_string();
            message[message.find("x.fa").unwrap()..].to_owned()
        };
        assert_eq!(fault("AC\n"), "x.fa: line 1: bases before the first header");
        assert_eq!(fault(">a\n>b\nAC\n"), "x.fa: line 1: the record has no bases");
        assert_eq!(fault(">a\nAC\n>b"), "x.fa: line 3: the record has no bases");
        assert_eq!(fault(">a\nA C\n"), "x.fa: line 2: base 2: ' ' is no base");
    }
}
