//! The folder of annotations: which file holds what, checked against the genome.
//!
//! | what | files, each plain or gzip | format |
//! |---|---|---|
//! | repeats | `rmsk*.txt` | UCSC's table of `RepeatMasker` |
//! | chromatin states | `*hmm*.bed`, `*segments*.bed` | `ChromHMM` segments of 4 or 9 columns |
//! | genes | `*.gtf`, `*.gff`, `*.gff3` | GTF or GFF3 |
//! | replication timing | a name with `repli` or `timing`, `.bedgraph`, `.bg`, `.bw`, `.bigwig` | bedGraph or bigWig |
//!
//! What is not there is absent with a reason. What is there and does not fit the genome is an error: names spelled
//! otherwise, ends past a sequence's end, a bigWig with other lengths, repeats or genes where the genome has N.

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
};

use dlm_analysis::annotation::{GenePart, Known, Promoter, Track};
use dlm_genome::{Interval, Lengths, Signal, chrom_hmm, gff, repeat_masker};
use dlm_sdk::{Error, Result};

use super::{Findings, Subject};
use crate::tokenizer::each_record;

/// What is known of the genome beside its sequence.
#[derive(Debug, Default)]
pub(super) struct Annotations {
    /// Repeats by class.
    pub(super) repeats: Option<Track>,
    /// Repeats that are likely to be whole.
    pub(super) whole: Option<Track>,
    /// Chromatin states.
    pub(super) chromatin: Option<Track>,
    /// Genes with their strand.
    pub(super) genes: Option<Track>,
    /// Promoters, UTRs, exons and introns.
    pub(super) elements: Option<Track>,
    /// How early a base is replicated.
    pub(super) replication: Option<RefCell<Signal>>,
    /// What is absent, and why.
    pub(super) absent: Vec<(&'static str, String)>,
    /// What each file was read as.
    pub(super) sources: Vec<(&'static str, String)>,
}

const REPEATS: &str = "repeat classes";
const CHROMATIN: &str = "chromatin states";
const GENES: &str = "genes and their parts";
const REPLICATION: &str = "replication timing";

impl Annotations {
    /// Reads the annotations of a subject.
    ///
    /// # Errors
    ///
    /// The genome or an annotation cannot be read, one does not fit the genome, or two files hold the same.
    pub(super) fn open(subject: &Subject<'_>) -> Result<Self> {
        let mut annotations = Self::default();
        let Some(folder) = subject.annotations() else {
            for what in [REPEATS, CHROMATIN, GENES, REPLICATION] {
                annotations
                    .absent
                    .push((what, "no annotations were named; name their folder by --annotations".into()));
            }
            return Ok(annotations);
        };
        let files = files(folder)?;
        let (lengths, known) = genome(subject)?;
        let progress = subject.progress("reading annotations", Some(4));
        if let Some(path) = annotations.one(&files, REPEATS, "rmsk.txt or rmsk.txt.gz", is_repeats)? {
            let rows = repeat_masker::Reader::open(&path)?
                .within(lengths.clone())
                .collect::<dlm_genome::Result<Vec<_>>>()?;
            known.check(&path.display().to_string(), rows.iter().map(repeat_masker::Record::interval))?;
            annotations.whole = Some(Track::unfragmented(rows.iter().cloned().map(Ok))?);
            annotations.repeats = Some(Track::repeats(rows.into_iter().map(Ok))?);
        }
        progress.add(1);
        subject.context().check()?;
        let wanted = "a ChromHMM BED file with hmm or segments in its name";
        if let Some(path) = annotations.one(&files, CHROMATIN, wanted, is_chromatin)? {
            annotations.chromatin =
                Some(Track::chromatin(chrom_hmm::Reader::open(&path)?.within(lengths.clone()))?);
        }
        progress.add(1);
        subject.context().check()?;
        if let Some(path) = annotations.one(&files, GENES, "a .gtf, .gff or .gff3 file", is_genes)? {
            let mut parts = Vec::new();
            for feature in gff::Reader::open(&path)?.within(lengths.clone()) {
                parts.extend(GenePart::of(&feature?));
            }
            if parts.is_empty() {
                return Err(Error::invalid(format!("{}: holds no gene, transcript or exon", path.display())));
            }
            known.check(&path.display().to_string(), parts.iter().map(GenePart::interval))?;
            annotations.genes = Some(Track::genes(&parts)?);
            annotations.elements = Some(Track::elements(&parts, Promoter::default())?);
        }
        progress.add(1);
        let wanted = "a bedGraph or bigWig file with repli or timing in its name";
        if let Some(path) = annotations.one(&files, REPLICATION, wanted, is_replication)? {
            let signal = Signal::open(&path)?;
            signal.check(&lengths)?;
            annotations.replication = Some(RefCell::new(signal));
        }
        progress.add(1);
        Ok(annotations)
    }

    /// Returns the tracks that are there, each with what its share in a token or window is called.
    pub(super) fn tracks(&self) -> Vec<&Track> {
        [&self.repeats, &self.chromatin, &self.genes, &self.elements].into_iter().flatten().collect()
    }

    /// Returns the mean timing of a stretch; `None` where nothing is known.
    ///
    /// # Errors
    ///
    /// The signal cannot be read.
    pub(super) fn timing(&self, interval: &Interval) -> Result<Option<f64>> {
        match &self.replication {
            None => Ok(None),
            Some(signal) => Ok(signal.borrow_mut().coverage(interval)?.mean()),
        }
    }

    /// Says what is absent, and which files were read.
    pub(super) fn tell(&self, findings: &mut Findings) {
        for (what, reason) in &self.absent {
            findings.absent(*what, reason.clone());
        }
        for (what, file) in &self.sources {
            findings.fact(format!("{what} from"), file);
        }
    }

    fn one(
        &mut self,
        files: &[PathBuf],
        what: &'static str,
        wanted: &str,
        is: fn(&str) -> bool,
    ) -> Result<Option<PathBuf>> {
        let name = |path: &PathBuf| {
            path.file_name().map_or_else(String::new, |name| name.to_string_lossy().to_lowercase())
        };
        let found: Vec<&PathBuf> =
            files.iter().filter(|path| is(name(path).trim_end_matches(".gz"))).collect();
        match found.as_slice() {
            [] => {
                self.absent.push((what, format!("the folder of annotations has none: {wanted}")));
                Ok(None)
            }
            [path] => {
                let shown =
                    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
                self.sources.push((what, shown));
                Ok(Some((*path).clone()))
            }
            [first, second, ..] => {
                Err(Error::invalid(format!("{} and {} both hold {what}", first.display(), second.display()))
                    .with_hint("leave one in the folder"))
            }
        }
    }
}

fn ends(name: &str, endings: &[&str]) -> bool {
    endings.iter().any(|ending| name.ends_with(ending))
}

fn is_repeats(name: &str) -> bool {
    name.starts_with("rmsk") && ends(name, &[".txt"])
}

fn is_chromatin(name: &str) -> bool {
    ends(name, &[".bed"]) && (name.contains("hmm") || name.contains("segments"))
}

fn is_genes(name: &str) -> bool {
    ends(name, &[".gtf", ".gff", ".gff3"])
}

fn is_replication(name: &str) -> bool {
    (name.contains("repli") || name.contains("timing")) && ends(name, &[".bedgraph", ".bg", ".bw", ".bigwig"])
}

/// Lists the files of a folder, sorted by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error| Error::io(format!("{}: cannot be read", folder.display()), error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        files.push(entry.map_err(failed)?.path());
    }
    files.retain(|path| path.is_file());
    files.sort();
    Ok(files)
}

/// Reads how long the sequences are, and where their bases are known.
fn genome(subject: &Subject<'_>) -> Result<(Lengths, Known)> {
    let mut lengths = Vec::new();
    let mut known = Known::default();
    each_record(subject.context(), "measuring the genome", &[subject.genome()?.to_owned()], |record| {
        lengths.push((record.name().to_owned(), record.bases().len() as u64));
        known.add(record.name(), record.bases())
    })?;
    Ok((lengths.into_iter().collect(), known))
}
