//! Tables with a header line: CSV, or TSV where the name says so.
//!
//! ```text
//! sequence,label
//! TCCTCCCGGACGGCAAGGATG,1
//! ```
//!
//! Columns are found by name, each under several spellings. Blank lines are skipped; blanks around fields are no part
//! of them; a byte order mark is not part of the first name.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use csv::{ErrorKind, StringRecord, Trim};
use dlm_sdk::{Error, Result, spec::nearest};

use crate::text;

/// A table that is read row by row.
pub struct Table {
    path: PathBuf,
    headers: Vec<String>,
    reader: csv::Reader<Box<dyn Read + Send>>,
}

/// A row of a table.
#[derive(Clone, Debug, Default)]
pub struct Row {
    record: StringRecord,
    line: u64,
}

impl Table {
    /// Opens a table, plain or gzipped; a name that ends in `.tsv` or `.txt` (or either with `.gz`) says that tabs
    /// part its columns.
    ///
    /// # Errors
    ///
    /// [`Io`](dlm_sdk::ErrorKind::Io) if it cannot be read, [`Invalid`](dlm_sdk::ErrorKind::Invalid) if it is empty or
    /// two columns have one name.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.to_string_lossy();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        let tabs = [".tsv", ".txt"].iter().any(|end| name.ends_with(end));
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(if tabs { b'\t' } else { b',' })
            .trim(Trim::All)
            .flexible(true)
            .from_reader(text::open(path)?);
        let headers = reader.headers().map_err(|error| explain(path, 1, &error))?;
        let headers: Vec<String> = headers.iter().map(ToOwned::to_owned).collect();
        let at = path.display();
        if headers.iter().all(String::is_empty) {
            return Err(Error::invalid(format!("{at}: the file is empty")));
        }
        if let Some(twice) = headers.iter().enumerate().find(|(i, name)| headers[..*i].contains(name)) {
            return Err(Error::invalid(format!("{at}: line 1: two columns are called {:?}", twice.1)));
        }
        Ok(Self { path: path.to_owned(), headers, reader })
    }

    /// Returns the names of the columns.
    pub fn headers(&self) -> &[String] {
        &self.headers
    }

    /// Returns the path it was opened with.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Finds a column under one of several names, in any case, if it is there.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) if two columns qualify.
    pub fn optional(&self, names: &[&str]) -> Result<Option<usize>> {
        let mut found = (0..self.headers.len())
            .filter(|&index| names.iter().any(|name| name.eq_ignore_ascii_case(&self.headers[index])));
        let first = found.next();
        if let (Some(a), Some(b)) = (first, found.next()) {
            return Err(self.error(
                1,
                format!("columns {:?} and {:?} mean the same", self.headers[a], self.headers[b]),
                Some("remove one of them"),
            ));
        }
        Ok(first)
    }

    /// Finds a column under one of several names.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid), naming the columns that are there, if none or two qualify.
    pub fn column(&self, names: &[&str]) -> Result<usize> {
        self.optional(names)?.ok_or_else(|| {
            let near = self.headers.iter().find(|header| nearest(header, names.iter().copied()).is_some());
            let hint = match near {
                Some(near) => format!("did you mean the column {near:?}?"),
                None => format!("its columns are {}", self.headers.join(", ")),
            };
            let wanted = names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(" or ");
            self.error(1, format!("no column is called {wanted}"), Some(&hint))
        })
    }

    /// Reads the next row; `false` at the end.
    ///
    /// # Errors
    ///
    /// [`Invalid`](dlm_sdk::ErrorKind::Invalid) for a row with too few or too many fields or text that is no UTF-8,
    /// [`Io`](dlm_sdk::ErrorKind::Io) if the file cannot be read on.
    pub fn read(&mut self, row: &mut Row) -> Result<bool> {
        let more = self.reader.read_record(&mut row.record);
        let within: usize = row.record.iter().map(|field| field.matches('\n').count()).sum();
        row.line = self.reader.position().line().saturating_sub(1 + within as u64);
        let more = more.map_err(|error| explain(&self.path, row.line, &error))?;
        let (fields, wanted) = (row.record.len(), self.headers.len());
        if more && fields != wanted {
            let plural = if fields == 1 { "field" } else { "fields" };
            let message = format!("it has {fields} {plural}, the header {wanted}");
            return Err(self.wrong(row, message, Some("quote fields that hold the separator")));
        }
        Ok(more)
    }

    /// Creates an error about a line of this table.
    pub fn error(&self, line: u64, message: impl AsRef<str>, hint: Option<&str>) -> Error {
        let error = Error::invalid(format!("{}: line {line}: {}", self.path.display(), message.as_ref()));
        match hint {
            Some(hint) => error.with_hint(hint.to_owned()),
            None => error,
        }
    }

    /// Creates an error about a row of this table.
    pub fn wrong(&self, row: &Row, message: impl AsRef<str>, hint: Option<&str>) -> Error {
        self.error(row.line(), message, hint)
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table")
            .field("path", &self.path)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

impl Row {
    /// Returns a field, without blanks around it.
    ///
    /// # Panics
    ///
    /// If the table has no such column.
    pub fn field(&self, column: usize) -> &str {
        &self.record[column]
    }

    /// Returns the line it begins on, counted from one.
    pub fn line(&self) -> u64 {
        self.line
    }
}

fn explain(path: &Path, line: u64, error: &csv::Error) -> Error {
    let at = path.display();
    match error.kind() {
        ErrorKind::Io(error) => text::explain(path, error),
        ErrorKind::Utf8 { .. } => Error::invalid(format!("{at}: line {line}: is not UTF-8 text")),
        other => Error::invalid(format!("{at}: line {line}: {other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(name: &str, content: &[u8]) -> Result<Vec<(u64, String)>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let mut table = Table::open(&path)?;
        let column = table.column(&["sequence", "seq"])?;
        let mut row = Row::default();
        let mut rows = Vec::new();
        while table.read(&mut row)? {
            rows.push((row.line(), row.field(column).to_owned()));
        }
        Ok(rows)
    }

    fn failure(content: &[u8]) -> String {
        let message = all("x.csv", content).unwrap_err().to_string();
        message[message.find("x.csv").unwrap()..].to_owned()
    }

    #[test]
    fn rows_know_their_lines() {
        let rows = all("x.csv", b"\xef\xbb\xbfSeq,label\r\nACGT,1\r\n\r\n\"GG\",0\r\n").unwrap();
        assert_eq!(rows, [(2, "ACGT".to_owned()), (4, "GG".to_owned())]);
        let rows = all("x.csv", b"seq,note\nA,\"two\nlines\"\nC,\n").unwrap();
        assert_eq!(rows, [(2, "A".to_owned()), (4, "C".to_owned())]);
        let rows = all("x.tsv", b"label\tsequence\n1\tACGT").unwrap();
        assert_eq!(rows, [(2, "ACGT".to_owned())]);
    }

    #[test]
    fn faults_name_file_and_line() {
        assert_eq!(failure(b""), "x.csv: the file is empty");
        assert_eq!(failure(b"seq,seq\n"), "x.csv: line 1: two columns are called \"seq\"");
        assert_eq!(
            failure(b"seq,sequence\n"),
            "x.csv: line 1: columns \"seq\" and \"sequence\" mean the same"
        );
        assert_eq!(failure(b"text,label\n"), "x.csv: line 1: no column is called \"sequence\" or \"seq\"");
        assert_eq!(failure(b"seq,label\nA,1\nC\n"), "x.csv: line 3: it has 1 field, the header 2");
        assert_eq!(failure(b"seq,label\nA,\xff\n"), "x.csv: line 2: is not UTF-8 text");
    }
}
