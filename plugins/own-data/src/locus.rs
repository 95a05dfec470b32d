//! Loci as text: `chr21:1000-1300(+)`, half-open and counted from zero.

use dlm_sdk::{Locus, Strand};

/// Writes a locus.
pub(crate) fn write(locus: &Locus) -> String {
    let strand = locus.strand.map_or_else(String::new, |strand| format!("({})", strand.symbol()));
    format!("{}:{}-{}{strand}", locus.chromosome, locus.start, locus.end)
}

/// Reads a locus.
pub(crate) fn read(text: &str) -> Option<Locus> {
    let (chromosome, range) = text.rsplit_once(':')?;
    let (range, strand) = match range.strip_suffix(')') {
        None => (range, None),
        Some(range) => {
            let (range, symbol) = range.split_once('(')?;
            (range, Some(strand(symbol).ok()??))
        }
    };
    let (start, end) = range.split_once('-')?;
    let (start, end) = (start.parse().ok()?, end.parse().ok()?);
    (start < end && !chromosome.is_empty()).then(|| Locus {
        chromosome: chromosome.into(),
        start,
        end,
        strand,
    })
}

/// Reads a strand; `.` is none.
pub(crate) fn strand(symbol: &str) -> Result<Option<Strand>, String> {
    match symbol {
        "+" => Ok(Some(Strand::Forward)),
        "-" => Ok(Some(Strand::Reverse)),
        "." | "" => Ok(None),
        _ => Err(format!("{symbol:?} is no strand")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locus_reads_as_written() {
        for text in ["chr21:1000-1300(+)", "HLA:A:0-5(-)", "21:7-9"] {
            assert_eq!(write(&read(text).unwrap()), text);
        }
        for text in ["chr21", "chr21:5-5", ":1-2", "c:1-x", "c:1-2(*)", "c:1-2(.)"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
