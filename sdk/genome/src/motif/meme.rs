//! Motifs in MEME's text format, minimal or whole.
//!
//! ```text
//! MEME version 4                                                   first line
//! ALPHABET= ACGT
//! Background letter frequencies
//! A 0.303 C 0.183 G 0.209 T 0.306
//! MOTIF MA0139.1 CTCF
//! letter-probability matrix: alength= 4 w= 19 nsites= 912 E= 0     then a row a column
//!   0.095290  0.318729  0.083242  0.502738
//!   ..
//! ```
//!
//! A file may hold several motifs. Lines that are none of these are passed over: whole outputs of MEME hold much else.

use std::{io::Read, path::Path};

use super::{Background, Motif};
use crate::{
    Error, ErrorKind, Position, Result,
    bed::number,
    scanner::Scanner,
    table::{bad, shown, text},
};

/// How many sites a motif is taken to come from whose header names none, as in MEME.
const DEFAULT_SITES: u64 = 20;
const MATRIX: &str = "letter-probability matrix:";

/// The motifs of a file, and its background if it names one.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// The motifs in the order of the file.
    pub motifs: Vec<Motif>,
    /// The background that the motifs were found against.
    pub background: Option<Background>,
}

/// Opens a file, plain, gzip or bgzip.
///
/// # Errors
///
/// See [`read`].
pub fn open(path: impl AsRef<Path>) -> Result<File> {
    parse(Scanner::open(path.as_ref())?)
}

/// Reads motifs from a stream; the name is what errors call it.
///
/// # Errors
///
/// Names the file and the line: the first line is not MEME's, the alphabet is not DNA, a matrix is cut off, has a row
/// that is not four frequencies with a sum of one, or the file holds no matrix.
///
/// # Examples
///
/// ```
/// use dlm_genome::motif::meme;
///
/// let text = b"MEME version 4\nALPHABET= ACGT\nMOTIF M1 toy\n\
///     letter-probability matrix: alength= 4 w= 2 nsites= 20\n0.5 0.5 0 0\n0 0 0 1\n";
/// let file = meme::read(&text[..], "toy.meme")?;
/// assert_eq!((file.motifs[0].width(), file.motifs[0].sites()), (2, 20));
///
/// let error = meme::read(&text[..text.len() - 8], "toy.meme").unwrap_err();
/// assert_eq!(error.to_string(), "toy.meme: line 5: record 'M1': matrix ends after 1 of 2 rows");
/// # Ok::<(), dlm_genome::Error>(())
/// ```
pub fn read(reader: impl Read, name: impl AsRef<Path>) -> Result<File> {
    parse(Scanner::new(reader, name)?)
}

/// Where the reader is in a file.
#[derive(Default)]
struct State {
    seen_version: bool,
    motif: Option<(String, Option<String>)>,
    matrix: Option<Matrix>,
    background: Option<Vec<(u8, f64)>>,
    file_background: Option<Background>,
    motifs: Vec<Motif>,
}

struct Matrix {
    rows: Vec<[f64; 4]>,
    width: Option<usize>,
    sites: u64,
}

fn parse<R: Read>(mut scanner: Scanner<R>) -> Result<File> {
    let mut state = State::default();
    let mut last = 1;
    loop {
        let path = scanner.path().clone();
        let Some((line, bytes)) = scanner.line()? else { break };
        last = line;
        text(bytes)
            .and_then(|line| state.take(line.trim()))
            .map_err(|error| state.name(error).at_path(path).at(Position::Line(line)))?;
    }
    let path = scanner.path().clone();
    state.end_matrix().map_err(|error| state.name(error).at_path(path.clone()).at(Position::Line(last)))?;
    if state.motifs.is_empty() {
        return Err(Error::new(ErrorKind::Empty, "holds no motif")
            .at_path(path)
            .with_hint(format!("it is read as MEME text, where a matrix starts with '{MATRIX}'")));
    }
    Ok(File { motifs: state.motifs, background: state.file_background })
}

impl State {
    fn name(&self, error: Error) -> Error {
        match &self.motif {
            Some((id, _)) => error.in_record(shown(id)),
            None => error,
        }
    }

    fn take(&mut self, line: &str) -> Result<()> {
        if !self.seen_version {
            self.seen_version = line.starts_with("MEME version");
            return match line {
                _ if self.seen_version || line.is_empty() => Ok(()),
                _ => Err(bad(format!("'{}' is not the first line of MEME text", shown(line)))
                    .with_hint("it starts with 'MEME version'; count matrices are read as JASPAR")),
            };
        }
        if let Some(matrix) = &mut self.matrix {
            if line.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
                return matrix.add(line);
            }
            if matrix.rows.is_empty() && line.is_empty() {
                return Ok(());
            }
            self.end_matrix()?;
        }
        if let Some(letters) = &mut self.background
            && !line.is_empty()
        {
            add_letters(letters, line)?;
            if letters.len() == 4 {
                letters.sort_by_key(|(letter, _)| *letter);
                if letters.iter().map(|(letter, _)| *letter).ne(*b"ACGT") {
                    return Err(bad("background does not name A, C, G and T"));
                }
                self.file_background = Some(Background::new(std::array::from_fn(|base| letters[base].1))?);
                self.background = None;
            }
            return Ok(());
        }
        if let Some(alphabet) = line.strip_prefix("ALPHABET=") {
            if alphabet.trim() != "ACGT" {
                return Err(bad(format!("alphabet '{}' is not ACGT", shown(alphabet.trim()))));
            }
        } else if line.starts_with("Background letter frequencies") {
            self.background = Some(Vec::new());
        } else if let Some(names) = line.strip_prefix("MOTIF ") {
            let mut words = names.split_whitespace();
            let id = words.next().ok_or_else(|| bad("motif has no id"))?;
            self.motif = Some((id.to_owned(), words.next().map(str::to_owned)));
        } else if let Some(header) = line.strip_prefix(MATRIX) {
            if self.motif.is_none() {
                return Err(bad("matrix comes before a line that starts with MOTIF"));
            }
            self.matrix = Some(Matrix::new(header)?);
        }
        Ok(())
    }

    fn end_matrix(&mut self) -> Result<()> {
        let Some(matrix) = self.matrix.take() else { return Ok(()) };
        if matrix.rows.is_empty() || matrix.width.is_some_and(|width| matrix.rows.len() < width) {
            let of = matrix.width.map_or_else(String::new, |width| format!(" of {width}"));
            return Err(bad(format!("matrix ends after {}{of} rows", matrix.rows.len())));
        }
        let Some((id, name)) = &self.motif else { return Ok(()) };
        self.motifs.push(Motif::from_frequencies(id, name.as_deref(), &matrix.rows, matrix.sites)?);
        Ok(())
    }
}

impl Matrix {
    fn new(header: &str) -> Result<Self> {
        let value = |key: &str| {
            let at = header.find(key)?;
            header[at + key.len()..].split_whitespace().next()
        };
        let whole = |key: &str, what: &str| value(key).map(|word| number(word, what)).transpose();
        if let Some(letters) = whole("alength=", "alength")?
            && letters != 4.0
        {
            return Err(bad(format!("matrix has {letters} letters a row, not four")));
        }
        let width = whole(" w=", "w")?;
        if let Some(width) = width
            && !(1.0..=super::matrix::MAX_WIDTH as f64).contains(&width)
        {
            return Err(bad(format!("width {width} is not 1 to {}", super::matrix::MAX_WIDTH)));
        }
        let sites = match whole("nsites=", "nsites")? {
            Some(sites) if (1.0..1e15).contains(&sites) => sites as u64,
            Some(0.0) | None => DEFAULT_SITES,
            Some(sites) => return Err(bad(format!("nsites {sites} is no number of sites"))),
        };
        Ok(Self { rows: Vec::new(), width: width.map(|width| width as usize), sites })
    }

    fn add(&mut self, line: &str) -> Result<()> {
        let numbers =
            line.split_whitespace().map(|word| number(word, "frequency")).collect::<Result<Vec<_>>>()?;
        let Ok(row) = <[f64; 4]>::try_from(numbers) else {
            return Err(bad(format!("row '{}' is not four frequencies", shown(line))));
        };
        if self.rows.len() >= self.width.unwrap_or(super::matrix::MAX_WIDTH) {
            return Err(bad(format!("matrix has more than its {} rows", self.rows.len())));
        }
        self.rows.push(row);
        Ok(())
    }
}

/// Adds `A 0.3 C 0.2 ..`.
fn add_letters(letters: &mut Vec<(u8, f64)>, line: &str) -> Result<()> {
    let words: Vec<_> = line.split_whitespace().collect();
    for pair in words.chunks(2) {
        let [letter, frequency] = pair else {
            return Err(bad(format!("background '{}' is not letters and frequencies", shown(line))));
        };
        let [letter] = letter.as_bytes() else {
            return Err(bad(format!("'{}' is no letter of the alphabet", shown(letter))));
        };
        letters.push((*letter, number(frequency, "frequency")?));
    }
    if letters.len() > 4 {
        return Err(bad("background names more than four letters"));
    }
    Ok(())
}
