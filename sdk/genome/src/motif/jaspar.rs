//! JASPAR's count matrices.
//!
//! ```text
//! >MA0139.1  CTCF                      id and name
//! A  [ 87 167 281  56 .. ]             counts of A by column; letter and brackets may be missing, then the order
//! C  [291 145  49 800 .. ]             of the rows is A, C, G, T
//! G  [ 76 414 449  21 .. ]
//! T  [459 187 134  36 .. ]
//! ```
//!
//! A file may hold several.

use std::{io::Read, path::Path};

use super::Motif;
use crate::{
    Error, ErrorKind, Result,
    bed::number,
    scanner::Scanner,
    table::{bad, shown, text},
};

/// Opens a file of count matrices, plain, gzip or bgzip.
///
/// # Errors
///
/// See [`read`].
pub fn open(path: impl AsRef<Path>) -> Result<Vec<Motif>> {
    parse(Scanner::open(path.as_ref())?)
}

/// Reads count matrices from a stream; the name is what errors call it.
///
/// # Errors
///
/// Names the file and the line: there is no header, a matrix has not four rows of one length, a count is no number, or
/// the file holds no matrix.
///
/// # Examples
///
/// ```
/// use dlm_genome::motif::jaspar;
///
/// let motifs = jaspar::read(&b">MA1 toy\n1 2\n3 2\n0 0\n0 0\n"[..], "toy.pfm")?;
/// assert_eq!((motifs[0].id(), motifs[0].name(), motifs[0].width()), ("MA1", Some("toy"), 2));
/// let error = jaspar::read(&b">MA1 toy\n1 2\n3 x\n"[..], "toy.pfm").unwrap_err();
/// assert_eq!(error.to_string(), "toy.pfm: line 3: count 'x' is no number");
/// # Ok::<(), dlm_genome::Error>(())
/// ```
pub fn read(reader: impl Read, name: impl AsRef<Path>) -> Result<Vec<Motif>> {
    parse(Scanner::new(reader, name)?)
}

/// A matrix whose rows are being read.
struct Open {
    line: u64,
    id: String,
    name: Option<String>,
    rows: Vec<(u8, Vec<f64>)>,
}

fn parse<R: Read>(mut scanner: Scanner<R>) -> Result<Vec<Motif>> {
    let mut motifs = Vec::new();
    let mut open: Option<Open> = None;
    loop {
        let path = scanner.path().clone();
        let place = |error: Error, line| error.at_path(path.clone()).at(crate::Position::Line(line));
        let Some((line, bytes)) = scanner.line()? else { break };
        let content = text(bytes).map_err(|error| place(error, line))?.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if let Some(header) = content.strip_prefix('>') {
            if let Some(last) = open.take() {
                let begun = last.line;
                motifs.push(last.close().map_err(|error| place(error, begun))?);
            }
            let mut words = header.split_whitespace();
            let Some(id) = words.next() else {
                return Err(place(bad("header has no id"), line));
            };
            let name = words.collect::<Vec<_>>().join(" ");
            let name = Some(name).filter(|name| !name.is_empty());
            open = Some(Open { line, id: id.to_owned(), name, rows: Vec::new() });
            continue;
        }
        let Some(open) = &mut open else {
            let error = bad("counts come before a header").with_hint("a matrix starts with '>' and its id");
            return Err(place(error, line));
        };
        open.add(content).map_err(|error| place(error, line))?;
    }
    let path = scanner.path().clone();
    if let Some(last) = open {
        let line = last.line;
        motifs
            .push(last.close().map_err(|error| error.at_path(path.clone()).at(crate::Position::Line(line)))?);
    }
    if motifs.is_empty() {
        return Err(Error::new(ErrorKind::Empty, "holds no motif")
            .at_path(path)
            .with_hint("it is read as JASPAR count matrices"));
    }
    Ok(motifs)
}

impl Open {
    fn add(&mut self, content: &str) -> Result<()> {
        let cleaned: String = content.chars().map(|c| if matches!(c, '[' | ']') { ' ' } else { c }).collect();
        let mut words = cleaned.split_whitespace().peekable();
        let letter = match words.peek().map(|word| word.as_bytes()) {
            Some([letter @ (b'A' | b'C' | b'G' | b'T')]) => {
                let letter = *letter;
                words.next();
                letter
            }
            _ => *b"ACGT".get(self.rows.len()).unwrap_or(&b'?'),
        };
        let counts = words.map(|word| number(word, "count")).collect::<Result<Vec<_>>>()?;
        if letter == b'?' {
            return Err(
                bad("matrix has more than four rows").with_hint("each matrix starts with '>' and its id")
            );
        }
        if self.rows.iter().any(|(other, _)| *other == letter) {
            return Err(bad(format!("matrix has two rows of {}", char::from(letter))));
        }
        if let Some((_, first)) = self.rows.first()
            && first.len() != counts.len()
        {
            return Err(bad(format!(
                "row has {} counts and the first row {}: '{}'",
                counts.len(),
                first.len(),
                shown(content)
            )));
        }
        self.rows.push((letter, counts));
        Ok(())
    }

    fn close(mut self) -> Result<Motif> {
        if self.rows.len() != 4 {
            return Err(bad(format!("matrix '{}' has {} rows, not four", shown(&self.id), self.rows.len())));
        }
        self.rows.sort_by_key(|(letter, _)| *letter);
        let width = self.rows[0].1.len();
        let columns: Vec<[f64; 4]> =
            (0..width).map(|column| std::array::from_fn(|base| self.rows[base].1[column])).collect();
        Motif::from_counts(&self.id, self.name.as_deref(), &columns)
    }
}
