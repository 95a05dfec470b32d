//! GFF3 and GTF: features of a genome in nine columns.
//!
//! ```text
//! chr21  HAVANA  gene  5011799  5017145  .  +  .  ID=ENSG..;gene_name=..        GFF3
//! chr21  HAVANA  gene  5011799  5017145  .  +  .  gene_id "ENSG.."; level 2;    GTF
//! ```
//!
//! The files count from one and include the end; intervals here count from zero and exclude it. The two formats differ in
//! the last column only, told apart row by row. Columns are taken apart by `noodles-gff`.

use dlm_sdk::Strand;
use noodles_gff::{
    self as noodles, feature::record::Strand as GivenStrand, record::attributes::field::Value,
};

use crate::{
    Interval, Result,
    table::{Line, Names, Table, bad, private, shown},
};

/// A GFF3 and GTF reader.
///
/// # Examples
///
/// ```
/// use dlm_genome::gff;
///
/// let text = &b"##gff-version 3\n21\tsrc\tgene\t11\t20\t.\t-\t.\tID=g1;Name=A%2CB\n"[..];
/// let feature = gff::Reader::new(text, "genes.gff3")?.next().unwrap()?;
/// assert_eq!(feature.interval().to_string(), "21:10-20(-)");
/// assert_eq!(feature.kind(), "gene");
/// assert_eq!(feature.attribute("Name"), Some("A,B"));
///
/// let text = &b"21\tsrc\tgene\t11\t20\t.\t-\t.\tgene_id \"g;1\"; level 2;\n"[..];
/// let feature = gff::Reader::new(text, "genes.gtf")?.next().unwrap()?;
/// assert_eq!(feature.attribute("gene_id"), Some("g;1"));
/// assert_eq!(feature.attribute("level"), Some("2"));
/// # Ok::<(), dlm_genome::Error>(())
/// ```
pub type Reader<R> = Table<R, Feature>;

/// A feature.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    interval: Interval,
    source: String,
    kind: String,
    score: Option<f64>,
    phase: Option<u8>,
    attributes: Vec<(String, String)>,
}

impl Feature {
    /// Returns where it lies, 0-based and half-open.
    pub fn interval(&self) -> &Interval {
        &self.interval
    }

    /// Returns who says so, column 2.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns what it is, column 3: `gene`, `transcript`, `exon` and so on.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns its score, column 6, if there is one.
    pub fn score(&self) -> Option<f64> {
        self.score
    }

    /// Returns how many bases of a coding feature come before its first whole codon, 0 to 2.
    pub fn phase(&self) -> Option<u8> {
        self.phase
    }

    /// Returns all attributes in the order of the file; a key may stand several times.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.attributes.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Returns the first value of an attribute.
    pub fn attribute(&self, key: &str) -> Option<&str> {
        self.attributes().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    /// Returns its name: the first of `gene_name`, `Name`, `gene_id`, `ID`.
    pub fn name(&self) -> Option<&str> {
        ["gene_name", "Name", "gene_id", "ID"].iter().find_map(|key| self.attribute(key))
    }
}

impl private::Row for Feature {
    const FORMAT: &'static str = "GFF3 or GTF: nine columns separated by tabs";

    fn parse(line: &str, names: &mut Names) -> Result<Line<Self>> {
        if line.trim_end() == "##FASTA" {
            return Ok(Line::End);
        }
        if line.trim().is_empty() || line.starts_with('#') {
            return Ok(Line::Skip);
        }
        let mut parsed = noodles::Line::default();
        noodles::io::Reader::new(line.trim_end_matches(' ').as_bytes())
            .read_line(&mut parsed)
            .map_err(|source| bad("row cannot be read").with_source(source))?;
        let Some(record) = parsed.as_record() else { return Ok(Line::Skip) };
        let record = record.map_err(|_| {
            bad("row has fewer than nine columns")
                .with_hint("GFF columns are separated by tabs; BED is read as BED")
        })?;
        let interval = interval(&record, line, names)?;
        let phase = record
            .phase()
            .transpose()
            .map_err(|source| bad("phase is none of 0, 1, 2 and .").with_source(source))?;
        let score =
            record.score().transpose().map_err(|source| bad("score is no number").with_source(source))?;
        Ok(Line::Row(Self {
            interval,
            source: record.source().to_string(),
            kind: record.ty().to_string(),
            score: score.map(f64::from),
            phase: phase.map(|phase| phase as u8),
            attributes: attributes(&record)?,
        }))
    }

    fn place(&self) -> &Interval {
        &self.interval
    }

    fn label(&self) -> Option<&str> {
        self.name()
    }
}

fn interval(record: &noodles::Record<'_>, line: &str, names: &mut Names) -> Result<Interval> {
    let field = |column: usize| shown(line.split('\t').nth(column).unwrap_or_default());
    let position = |result: std::io::Result<_>, what: &str, column: usize| {
        result.map(|position| usize::from(position) as u64).map_err(|source| {
            bad(format!("{what} '{}' is no position", field(column)))
                .with_hint("GFF positions count from one")
                .with_source(source)
        })
    };
    let start = position(record.start(), "start", 3)?;
    let end = position(record.end(), "end", 4)?;
    let chromosome = record.reference_sequence_name().to_string();
    if chromosome.is_empty() {
        return Err(bad("name in column 1 is empty"));
    }
    if end < start {
        return Err(bad(format!("end {end} lies before start {start}"))
            .with_hint("GFF wants start not above end on both strands"));
    }
    if end > i64::MAX as u64 {
        return Err(bad(format!("end '{}' is too large", field(4))));
    }
    let strand = match record.strand() {
        Ok(GivenStrand::Forward) => Some(Strand::Forward),
        Ok(GivenStrand::Reverse) => Some(Strand::Reverse),
        Ok(GivenStrand::None | GivenStrand::Unknown) => None,
        Err(source) => {
            return Err(bad(format!("strand '{}' is none of +, -, . and ?", field(6))).with_source(source));
        }
    };
    Ok(Interval::new(names.share(&chromosome), start - 1, end)?.with_strand(strand))
}

fn attributes(record: &noodles::Record<'_>) -> Result<Vec<(String, String)>> {
    let attributes = record.attributes();
    let text = String::from_utf8_lossy(attributes.as_ref()).into_owned();
    let separator = text.find(['=', ' ', '"']);
    if separator.is_some_and(|at| text.as_bytes()[at] != b'=') {
        return gtf_attributes(&text);
    }
    let mut pairs = Vec::new();
    for field in attributes.iter() {
        let (key, value) = field.map_err(|source| {
            bad("attributes are neither key=value nor key \"value\"").with_source(source)
        })?;
        let value = match value {
            Value::String(value) => value.to_string(),
            Value::Array(values) => {
                let values: Vec<_> = values.iter().map(|value| value.to_string()).collect();
                values.join(",")
            }
        };
        pairs.push((key.to_string().trim().to_owned(), value));
    }
    Ok(pairs)
}

/// Parses `key "value"; key number;`. A value in quotation marks may hold semicolons.
fn gtf_attributes(text: &str) -> Result<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start_matches([' ', ';']);
    while !rest.is_empty() {
        let fail = || bad(format!("attribute '{}' is no key and value", shown(rest)));
        let (key, value) = rest.split_once(' ').ok_or_else(fail)?;
        let value = value.trim_start();
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => {
                quoted.split_once('"').ok_or_else(|| fail().with_hint("a quotation mark is never closed"))?
            }
            None => value.split_once(';').unwrap_or((value, "")),
        };
        pairs.push((key.to_owned(), value.trim_end().to_owned()));
        rest = after.trim_start_matches([' ', ';']);
    }
    Ok(pairs)
}
