//! Two habits of naming one chromosome: `chr1` and `1`.

use crate::{Error, ErrorKind, Result};

/// Returns the other spelling of a chromosome's name: with `chr` or without, `chrM` for `MT`.
///
/// # Examples
///
/// ```
/// use dlm_genome::names::other_spelling;
///
/// assert_eq!(other_spelling("chr21"), "21");
/// assert_eq!(other_spelling("X"), "chrX");
/// assert_eq!(other_spelling("chrM"), "MT");
/// ```
pub fn other_spelling(name: &str) -> String {
    match name.strip_prefix("chr") {
        Some("M") => "MT".to_owned(),
        Some(rest) => rest.to_owned(),
        None if name == "MT" => "chrM".to_owned(),
        None => format!("chr{name}"),
    }
}

/// Checks that a table of intervals and a genome spell names alike: at least one of the table's names exists, and none
/// exists only in the other spelling.
///
/// # Errors
///
/// Names the first name that has no sequence under its own spelling but one under the other, or, if nothing fits at
/// all, the first name of the table.
///
/// # Examples
///
/// ```
/// use dlm_genome::names::check;
///
/// check(["chr1", "chr21"], ["chr21"].as_slice())?;
/// let error = check(["chr21"], ["21"].as_slice()).unwrap_err();
/// assert_eq!(error.hint(), Some("the genome says '21': write names the same way in both files"));
/// # Ok::<(), dlm_genome::Error>(())
/// ```
pub fn check<'t>(table: impl IntoIterator<Item = &'t str>, genome: &[impl AsRef<str>]) -> Result<()> {
    let has = |name: &str| genome.iter().any(|known| known.as_ref() == name);
    let known = || genome.iter().map(AsRef::as_ref);
    let mut first = None;
    let mut any = false;
    for name in table {
        if has(name) {
            any = true;
        } else if has(&other_spelling(name)) {
            return Err(unknown(name, known()));
        } else {
            first = first.or(Some(name));
        }
    }
    match first {
        Some(name) if !any => Err(unknown(name, known())),
        _ => Ok(()),
    }
}

/// Says that there is no such sequence, and which there are.
pub(crate) fn unknown<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Error {
    let error = Error::new(ErrorKind::UnknownName, format!("no sequence is named '{name}'"));
    let other = other_spelling(name);
    let known: Vec<_> = known.collect();
    if known.contains(&other.as_str()) {
        return error.with_hint(format!("the genome says '{other}': write names the same way in both files"));
    }
    let more = if known.len() > 5 { format!(" and {} more", known.len() - 5) } else { String::new() };
    error.with_hint(format!("it has {}{more}", known[..known.len().min(5)].join(", ")))
}
