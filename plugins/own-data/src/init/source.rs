//! Reads examples from what people have.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
};

use dlm_dataset::{Table, bases, fasta, table::Row, text};
use dlm_genome::{Genome, Interval, names};
use dlm_sdk::{Error, Locus, Result};
use regex::Regex;

use super::{Entry, Init};
use crate::{folder::split, labels::TargetKind, locus};

/// Reads all files; the second holds negatives.
pub(super) fn read(settings: &Init, files: &[&Path]) -> Result<Vec<Entry>> {
    let genome = settings.genome.as_ref().map(Genome::open).transpose()?;
    let mut entries = Vec::new();
    for (index, path) in files.iter().enumerate() {
        let fixed = (files.len() == 2).then(|| ["positive", "negative"][index]);
        let reading = Reading { settings, path, index, fixed, genome: genome.as_ref() };
        let before = entries.len();
        entries.extend(match kind(path) {
            Some(Format::Table) => reading.table()?,
            Some(Format::Fasta) => reading.fasta()?,
            Some(Format::Bed) => reading.bed()?,
            None => {
                return Err(Error::invalid(format!(
                    "{}: the name says no format that is read",
                    path.display()
                ))
                .with_hint(
                    "names end in .csv, .tsv, .fa, .fasta, .fna, .bed or .narrowPeak, and .gz behind",
                ));
            }
        });
        if entries.len() == before {
            return Err(Error::invalid(format!("{}: it holds no example", path.display())));
        }
    }
    Ok(entries)
}

enum Format {
    Table,
    Fasta,
    Bed,
}

fn kind(path: &Path) -> Option<Format> {
    let name = path.to_string_lossy().to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    match name.rsplit_once('.')?.1 {
        "csv" | "tsv" | "txt" => Some(Format::Table),
        "fa" | "fasta" | "fna" => Some(Format::Fasta),
        "bed" | "narrowpeak" => Some(Format::Bed),
        _ => None,
    }
}

/// One file and what is known about it.
struct Reading<'a> {
    settings: &'a Init,
    path: &'a Path,
    index: usize,
    /// The label of all its examples.
    fixed: Option<&'static str>,
    genome: Option<&'a Genome>,
}

impl Reading<'_> {
    fn wrong(&self, line: u64, message: impl AsRef<str>, hint: impl Into<String>) -> Error {
        Error::invalid(format!("{}: line {line}: {}", self.path.display(), message.as_ref()))
            .with_hint(hint.into())
    }

    fn table(&self) -> Result<Vec<Entry>> {
        let mut table = Table::open(self.path)?;
        let label = match (self.fixed, &self.settings.label) {
            (Some(_), _) => None,
            (None, Some(column)) => Some(table.column(&[column])?),
            (None, None) => Some(table.column(&["label", "labels"])?),
        };
        let sequence = table.optional(&["sequence", "seq"])?;
        let name = table.optional(&["name", "id"])?;
        let split_column = table.optional(&["split"])?;
        let group = table.optional(&["group"])?;
        let place = table.optional(&["locus"])?;
        let chromosome = table.optional(&["chromosome", "chrom", "chr", "region"])?;
        let (start, end) = (table.optional(&["start"])?, table.optional(&["end"])?);
        let strand = table.optional(&["strand"])?;
        if sequence.is_none()
            && (chromosome.is_none() || start.is_none() || end.is_none() || self.genome.is_none())
        {
            table.column(&["sequence", "seq"]).map_err(|error| {
                error.with_hint("without sequences, give chromosome, start and end columns and --genome FILE")
            })?;
        }
        let mut entries = Vec::new();
        let mut row = Row::default();
        while table.read(&mut row)? {
            let field = |column: Option<usize>| {
                column.map(|column| row.field(column)).filter(|text| !text.is_empty())
            };
            let line = row.line();
            let locus = match (field(place), field(chromosome), field(start), field(end)) {
                (Some(text), ..) => Some(locus::read(text).ok_or_else(|| {
                    self.wrong(line, format!("{text:?} is no locus"), "a locus reads chr21:1000-1300(+)")
                })?),
                (None, Some(chromosome), Some(start), Some(end)) => {
                    Some(self.locus(line, chromosome, start, end, field(strand).unwrap_or("."))?)
                }
                _ => None,
            };
            let mut bases = Vec::new();
            match (sequence, &locus) {
                (Some(column), _) => bases::append(row.field(column), &mut bases)
                    .map_err(|(message, hint)| self.wrong(line, message, hint))?,
                (None, Some(locus)) => bases = self.cut(line, locus)?,
                (None, None) => {
                    return Err(self.wrong(line, "it has neither sequence nor place", "fill the columns"));
                }
            }
            let split = match field(split_column) {
                None => None,
                Some(word) => Some(split(word).ok_or_else(|| {
                    let hint = "splits are train, validation (or dev, valid, val) and test";
                    self.wrong(line, format!("{word:?} is no split"), hint)
                })?),
            };
            // A chromosome without a place still groups.
            let group =
                field(group).or_else(|| field(chromosome).filter(|_| locus.is_none())).map(Into::into);
            entries.push(Entry {
                name: field(name).unwrap_or_default().into(),
                bases,
                label: self.fixed.unwrap_or_else(|| label.map_or("", |label| row.field(label))).into(),
                split,
                group,
                locus,
                place: (self.index, line),
            });
        }
        Ok(entries)
    }

    fn fasta(&self) -> Result<Vec<Entry>> {
        let pattern = self.settings.label.as_deref().map(|text| {
            Regex::new(text).ok().filter(|regex| regex.captures_len() > 1).ok_or_else(|| {
                Error::invalid(format!("{text:?} is no regular expression with a group"))
                    .with_hint("the first group is the label, as in 'class=([^ ]+)'")
            })
        });
        let pattern = pattern.transpose()?;
        let entry = |record: fasta::Record| {
            let header = record.header.as_str();
            let value = |key: &str| {
                let words = header.split([' ', '\t', ';', '|']);
                words
                    .filter_map(|word| word.split_once('='))
                    .find(|(name, _)| *name == key)
                    .map(|(_, value)| value)
            };
            let found = match (self.fixed, &pattern) {
                (Some(fixed), _) => Some(fixed),
                (None, Some(pattern)) => {
                    pattern.captures(header).and_then(|found| found.get(1)).map(|found| found.as_str())
                }
                (None, None) => {
                    value("label").or_else(|| header.rsplit_once('|').map(|(_, label)| label.trim()))
                }
            };
            let label = found.ok_or_else(|| {
                let hint = "headers hold label=VALUE or end in |VALUE, or --label says how to find it; or give the \
                            other class with --negatives FILE";
                self.wrong(record.line, "the header has no label", hint)
            })?;
            let split = match value("split") {
                None => None,
                Some(word) => Some(split(word).ok_or_else(|| {
                    self.wrong(
                        record.line,
                        format!("{word:?} is no split"),
                        "splits are train, validation and test",
                    )
                })?),
            };
            Ok(Entry {
                name: header.split_whitespace().next().unwrap_or_default().into(),
                label: label.into(),
                split,
                group: value("group").map(Into::into),
                locus: None,
                place: (self.index, record.line),
                bases: record.bases,
            })
        };
        fasta::read(self.path)?.into_iter().map(entry).collect()
    }

    fn bed(&self) -> Result<Vec<Entry>> {
        let regression = self.settings.target == Some(TargetKind::Regression);
        let column = match self.settings.label.as_deref() {
            Some("name") => 3,
            Some("score") => 4,
            None => 3 + usize::from(regression),
            Some(other) => {
                return Err(Error::invalid(format!("BED has no column {other:?} that could be the label"))
                    .with_hint("--label is name or score"));
            }
        };
        let mut entries = Vec::new();
        for (line, row) in (1..).zip(BufReader::new(text::open(self.path)?).lines()) {
            let row = row.map_err(|error| text::explain(self.path, &error))?;
            if row.trim().is_empty() || ["#", "track", "browser"].iter().any(|start| row.starts_with(start)) {
                continue;
            }
            let fields: Vec<&str> = row.split('\t').map(str::trim).collect();
            let [chromosome, start, end, ..] = fields[..] else {
                let message = format!("it has {} columns parted by tabs, not three or more", fields.len());
                return Err(self.wrong(line, message, "BED is chromosome, start, end, name, score, strand"));
            };
            let locus = self.locus(line, chromosome, start, end, fields.get(5).copied().unwrap_or("."))?;
            let label = match self.fixed {
                Some(fixed) => fixed,
                None => fields.get(column).copied().ok_or_else(|| {
                    let hint = "column 4 is the label, or give the other class with --negatives FILE";
                    self.wrong(line, format!("it has no column {}, which is the label", column + 1), hint)
                })?,
            };
            entries.push(Entry {
                name: fields.get(3).copied().unwrap_or_default().into(),
                bases: self.cut(line, &locus)?,
                label: label.into(),
                split: None,
                group: None,
                locus: Some(locus),
                place: (self.index, line),
            });
        }
        Ok(entries)
    }

    fn locus(&self, line: u64, chromosome: &str, start: &str, end: &str, strand: &str) -> Result<Locus> {
        let number = |text: &str| {
            text.parse::<u64>().map_err(|_| {
                self.wrong(line, format!("{text:?} is no position"), "positions are whole numbers")
            })
        };
        let (start, end) = (number(start)?, number(end)?);
        if start >= end {
            let hint = "positions are half-open and counted from zero";
            return Err(self.wrong(line, format!("the interval {start} to {end} holds no base"), hint));
        }
        let strand =
            locus::strand(strand).map_err(|message| self.wrong(line, message, "a strand is +, - or ."))?;
        Ok(Locus { chromosome: self.spelling(chromosome).into(), start, end, strand })
    }

    /// Returns a chromosome's name as the genome spells it, with `chr` or without.
    fn spelling(&self, name: &str) -> String {
        let other = names::other_spelling(name);
        match self.genome {
            Some(genome) if genome.get(name).is_none() && genome.get(&other).is_some() => other,
            _ => name.to_owned(),
        }
    }

    /// Cuts an interval from the genome.
    fn cut(&self, line: u64, locus: &Locus) -> Result<Vec<u8>> {
        let genome = self.genome.ok_or_else(|| {
            Error::invalid(format!("{}: intervals need a genome", self.path.display()))
                .with_hint("say where the FASTA file is with --genome FILE")
        })?;
        let cut = Interval::new(&*locus.chromosome, locus.start, locus.end)
            .and_then(|interval| genome.sequence(&interval.with_strand(locus.strand)));
        cut.map_err(|error| {
            self.wrong(line, error.to_string(), error.hint().unwrap_or("check genome and build").to_owned())
        })
    }
}
