//! Reads transcription start sites and merges those of one promoter.
//!
//! The table is BED with six columns; its rows are start sites of one base, or whole genes, whose start is their first
//! base in reading direction:
//!
//! ```text
//! chr21  5011798  5011799  ENSG00000279493|artifact|L2  0  +
//! ```
//!
//! The name is the gene, up to the first `|`; what follows up to the next `|` is its type, if it has one.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    path::Path,
};

use dlm_dataset::text;
use dlm_sdk::{Error, Result, Strand};

/// Rows with one name whose starts are further apart than this are different genes (`Y_RNA` is the name of hundreds).
pub(crate) const ONE_GENE: u64 = 100_000;

/// A start site.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Start {
    pub(crate) position: u64,
    pub(crate) strand: Strand,
    pub(crate) gene: String,
    pub(crate) kind: String,
    pub(crate) line: usize,
}

/// The start sites of each chromosome, as the table calls it.
pub(crate) type Table = BTreeMap<String, Vec<Start>>;

/// Reads a table whose first base has a number, the origin: 0 in BED, 1 in tables made from GTF, where the last base
/// is part of the interval.
///
/// # Errors
///
/// [`Io`](dlm_sdk::ErrorKind::Io) if it cannot be read, [`Invalid`](dlm_sdk::ErrorKind::Invalid), naming file and line.
pub(crate) fn read(path: &Path, origin: u64) -> Result<Table> {
    let mut table = Table::new();
    let mut any = false;
    for (line, row) in (1..).zip(BufReader::new(text::open(path)?).lines()) {
        let row = row.map_err(|error| text::explain(path, &error))?;
        let skipped = ["#", "track", "browser"].iter().any(|start| row.starts_with(start));
        if skipped || row.trim().is_empty() {
            continue;
        }
        let (chromosome, start) = parse(&row, line, origin).map_err(|(message, hint)| {
            Error::invalid(format!("{}: line {line}: {message}", path.display())).with_hint(hint)
        })?;
        table.entry(chromosome).or_default().push(start);
        any = true;
    }
    if any { Ok(table) } else { Err(Error::invalid(format!("{}: it holds no start site", path.display()))) }
}

fn parse(row: &str, line: usize, origin: u64) -> Result<(String, Start), (String, &'static str)> {
    let fields: Vec<&str> = row.split('\t').map(str::trim).collect();
    let [chromosome, start, end, name, _, strand, ..] = fields[..] else {
        let message = format!("it has {} columns parted by tabs, not six", fields.len());
        return Err((message, "the columns of BED6 are chromosome, start, end, name, score, strand"));
    };
    let number = |text: &str| {
        text.parse::<u64>()
            .map_err(|_| (format!("{text:?} is no position"), "columns 2 and 3 are whole numbers"))
    };
    let (first, last) = (number(start)?, number(end)?);
    let hint = "say origin=1 if positions count from one, as in GTF, and origin=0 if they count from zero, as in BED";
    // Half-open and counted from zero; a table made from GTF may write a single base as [n, n] or as [n, n + 1).
    let (first, end) = match (first.checked_sub(origin), origin) {
        (None, _) => return Err((format!("the start {first} lies before the first base, {origin}"), hint)),
        (Some(from_zero), 0) => (from_zero, last),
        (Some(from_zero), _) => (from_zero, if last == first + 1 { first } else { last }),
    };
    if first >= end {
        return Err((format!("the interval {start} to {last} holds no base"), hint));
    }
    let (position, strand) = match strand {
        "+" => (first, Strand::Forward),
        "-" => (end - 1, Strand::Reverse),
        other => {
            return Err((
                format!("{other:?} is no strand"),
                "a promoter has a direction: column 6 is + or -",
            ));
        }
    };
    let mut parts = name.split('|');
    let gene = parts.next().unwrap_or_default().to_owned();
    let kind = parts.next().unwrap_or_default().to_owned();
    Ok((chromosome.to_owned(), Start { position, strand, gene, kind, line }))
}

/// Merges the starts of a gene, and the starts within a distance of each other on one strand, to the one that is read
/// first; starts of one promoter may differ by transcript. Returns them by position.
pub(crate) fn merge(starts: &[Start], distance: u64) -> Vec<Start> {
    let by_gene = |start: &Start| match start.gene.as_str() {
        "" | "." => (start.strand, format!(" {}", start.line)),
        gene => (start.strand, gene.to_owned()),
    };
    let genes = merge_by(starts.to_vec(), by_gene, ONE_GENE);
    let mut promoters = merge_by(genes, |start| (start.strand, String::new()), distance);
    promoters.sort_by_key(|start| (start.position, start.strand));
    promoters
}

/// Merges what has one key and lies in a chain of steps of at most a distance.
fn merge_by(starts: Vec<Start>, key: impl Fn(&Start) -> (Strand, String), distance: u64) -> Vec<Start> {
    let mut by_key: BTreeMap<(Strand, String), Vec<Start>> = BTreeMap::new();
    for start in starts {
        by_key.entry(key(&start)).or_default().push(start);
    }
    let mut merged = Vec::new();
    for mut starts in by_key.into_values() {
        starts.sort_by_key(|start| (start.position, start.line));
        if starts[0].strand == Strand::Reverse {
            starts.reverse();
        }
        let mut last: Option<u64> = None;
        for start in starts {
            if last.is_none_or(|last| start.position.abs_diff(last) > distance) {
                merged.push(start.clone());
            }
            last = Some(start.position);
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(content: &str, origin: u64) -> Result<Table> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tss.bed");
        std::fs::write(&path, content).unwrap();
        read(&path, origin)
    }

    fn positions(table: &Table) -> Vec<u64> {
        table["chr1"].iter().map(|start| start.position).collect()
    }

    #[test]
    fn both_origins_name_the_same_bases() {
        let bed = table("chr1\t10\t11\tA|lncRNA|L2\t0\t+\nchr1\t10\t11\tB\t0\t-\nchr1\t5\t20\tC\t0\t-\n", 0)
            .unwrap();
        let gtf = table("chr1\t11\t11\tA\t0\t+\nchr1\t11\t12\tB\t0\t-\nchr1\t6\t20\tC\t0\t-\n", 1).unwrap();
        assert_eq!(positions(&bed), [10, 10, 19]);
        assert_eq!(positions(&gtf), positions(&bed));
        assert_eq!((bed["chr1"][0].gene.as_str(), bed["chr1"][0].kind.as_str()), ("A", "lncRNA"));
    }

    #[test]
    fn faults_name_the_line() {
        let fault = |content: &str, origin| {
            let message = table(content, origin).unwrap_err().to_string();
            message[message.find("tss.bed").unwrap()..].to_owned()
        };
        assert_eq!(fault("#x\nchr1\t1\t2\n", 0), "tss.bed: line 2: it has 3 columns parted by tabs, not six");
        assert_eq!(fault("chr1\tx\t2\tA\t0\t+\n", 0), "tss.bed: line 1: \"x\" is no position");
        assert_eq!(fault("chr1\t2\t2\tA\t0\t+\n", 0), "tss.bed: line 1: the interval 2 to 2 holds no base");
        assert_eq!(
            fault("chr1\t0\t2\tA\t0\t+\n", 1),
            "tss.bed: line 1: the start 0 lies before the first base, 1"
        );
        assert_eq!(fault("chr1\t1\t2\tA\t0\t.\n", 0), "tss.bed: line 1: \".\" is no strand");
        assert_eq!(fault("#x\n\n", 0), "tss.bed: it holds no start site");
    }

    #[test]
    fn starts_merge_to_the_one_read_first() {
        let rows = [
            ("A", 1_000, "+"),
            ("A", 9_000, "+"),
            ("B", 9_200, "+"),
            ("C", 9_200, "-"),
            ("C", 9_500, "-"),
            ("Y_RNA", 20_000, "+"),
            ("Y_RNA", 900_000, "+"),
            (".", 40_000, "+"),
            (".", 50_000, "+"),
        ];
        let row =
            |(gene, at, strand): &(&str, u32, &str)| format!("chr1\t{at}\t{}\t{gene}\t0\t{strand}", at + 1);
        let content = rows.iter().map(row).collect::<Vec<_>>().join("\n");
        let starts = &table(&content, 0).unwrap()["chr1"];
        let merged: Vec<u64> = merge(starts, 300).iter().map(|start| start.position).collect();
        assert_eq!(merged, [1_000, 9_200, 9_500, 20_000, 40_000, 50_000, 900_000]);
        let merged: Vec<u64> = merge(&starts[5..], 300).iter().map(|start| start.position).collect();
        assert_eq!(merged, [20_000, 40_000, 50_000, 900_000]);
        let near =
            table("chr1\t100\t101\tA\t0\t+\nchr1\t350\t351\tB\t0\t+\nchr1\t640\t641\tC\t0\t+\n", 0).unwrap();
        assert_eq!(merge(&near["chr1"], 300).len(), 1, "a chain of near starts is one promoter");
    }
}
