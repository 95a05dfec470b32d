//! Transcription start sites: where genes begin.

use std::{path::Path, sync::Arc};

use dlm_sdk::Strand;

use crate::{
    Error, ErrorKind, Interval, Lengths, Result, bed, gff, sga,
    table::{bad, position},
};

/// A transcription start site: the first transcribed base, 0-based, and the direction of transcription.
///
/// # Examples
///
/// On the reverse strand a gene starts at its last base:
///
/// ```
/// use dlm_genome::{Tss, bed};
///
/// let text = &b"chr21\t100\t400\tAPP\t0\t-\n"[..];
/// let row = bed::Reader::new(text, "genes.bed")?.next().unwrap()?;
/// assert_eq!(Tss::from_bed(&row)?.position(), 399);
/// # Ok::<(), dlm_genome::Error>(())
/// ```
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Tss {
    chromosome: Arc<str>,
    position: u64,
    strand: Strand,
    name: Option<String>,
}

impl Tss {
    /// Creates a start site.
    pub fn new(chromosome: impl Into<Arc<str>>, position: u64, strand: Strand, name: Option<String>) -> Self {
        Self { chromosome: chromosome.into(), position, strand, name }
    }

    /// Takes the start of a BED row: of a site or of a whole gene.
    ///
    /// # Errors
    ///
    /// The row has no strand.
    pub fn from_bed(row: &bed::Record) -> Result<Self> {
        Self::of(row.interval(), row.name())
    }

    /// Takes the start of a row of EPDnew's BED files.
    ///
    /// EPDnew writes a promoter as the 60 bases from 49 before the start to 10 behind it, in reading direction, and marks
    /// the start by the thick part (columns 7 and 8), which begins there on the forward strand and ends there on the
    /// reverse strand. Rows of one base are the start itself.
    ///
    /// # Errors
    ///
    /// The row has no strand, is neither 1 nor 60 bases long, or its thick part says something else.
    ///
    /// # Examples
    ///
    /// ```
    /// use dlm_genome::{Tss, bed};
    ///
    /// let text = &b"chr1 959207 959267 NOC2L_1 900 - 959207 959217\nchr1 960583 960643 KLHL17_1 900 + 960632 960643\n"[..];
    /// let mut rows = bed::Reader::new(text, "epd.bed")?;
    /// assert!(Tss::from_epd(&rows.next().unwrap()?).is_err());
    /// assert_eq!(Tss::from_epd(&rows.next().unwrap()?)?.position(), 960_632);
    /// # Ok::<(), dlm_genome::Error>(())
    /// ```
    pub fn from_epd(row: &bed::Record) -> Result<Self> {
        const UPSTREAM: u64 = 49;
        const LENGTH: u64 = 60;
        let interval = row.interval();
        if interval.len() == 1 {
            return Self::from_bed(row);
        }
        if interval.len() != LENGTH {
            return Err(bad(format!("row has {} bases, not the 1 or {LENGTH} of EPDnew", interval.len()))
                .with_hint(
                    "a table of genes is read as one: its first base in reading direction is the start",
                ));
        }
        let mut site = Self::of(interval, row.name())?;
        let thick = match row.further() {
            [start, end, ..] => Some((position(start, "thick start")?, position(end, "thick end")?)),
            _ => None,
        };
        let marked = match site.strand {
            Strand::Forward => {
                site.position = interval.start() + UPSTREAM;
                thick.map(|(start, _)| start)
            }
            Strand::Reverse => {
                site.position = interval.end() - 1 - UPSTREAM;
                thick.and_then(|(_, end)| end.checked_sub(1))
            }
        };
        match marked {
            Some(marked) if marked != site.position => Err(bad(format!(
                "thick part marks base {marked}, and the row's ends base {} as the start",
                site.position
            ))),
            _ => Ok(site),
        }
    }

    /// Takes the start of a gene or transcript.
    ///
    /// # Errors
    ///
    /// The feature has no strand.
    pub fn from_feature(feature: &gff::Feature) -> Result<Self> {
        Self::of(feature.interval(), feature.name())
    }

    pub(crate) fn of(interval: &Interval, name: Option<&str>) -> Result<Self> {
        let (position, strand) = match interval.strand() {
            Some(Strand::Forward) => (interval.start(), Strand::Forward),
            Some(Strand::Reverse) => (interval.end() - 1, Strand::Reverse),
            None => {
                return Err(bad("row has no strand, so nobody knows where it starts")
                    .with_hint("column 6 of a table of start sites must be + or -"));
            }
        };
        Ok(Self { chromosome: interval.shared_chromosome(), position, strand, name: name.map(str::to_owned) })
    }

    /// Reads a BED file of start sites or genes, in the order of the file, checked against a genome if one is given.
    ///
    /// # Errors
    ///
    /// A row is bad, has no strand, or leaves its sequence, see [`bed::Reader::within`](crate::Table::within).
    pub fn read_bed(path: impl AsRef<Path>, lengths: Option<&Lengths>) -> Result<Vec<Self>> {
        let mut reader = bed::Reader::open(path)?;
        if let Some(lengths) = lengths {
            reader = reader.within(lengths.clone());
        }
        let mut sites = Vec::new();
        while let Some(row) = reader.next().transpose()? {
            sites.push(Self::from_bed(&row).map_err(|error| reader.place(error))?);
        }
        Ok(sites)
    }

    /// Reads a table of EPDnew promoters, BED or SGA as the name ends, in the order of the file, checked against a genome
    /// if one is given. Of an SGA file only rows whose feature is `TSS` are taken.
    ///
    /// # Errors
    ///
    /// As [`read_bed`](Self::read_bed), and see [`from_epd`](Self::from_epd).
    pub fn read_epd(path: impl AsRef<Path>, lengths: Option<&Lengths>) -> Result<Vec<Self>> {
        let path = path.as_ref();
        let stem =
            path.extension().filter(|end| end.eq_ignore_ascii_case("gz")).and_then(|_| path.file_stem());
        let name = stem.map_or(path, Path::new);
        let mut sites = Vec::new();
        if name.extension().is_some_and(|end| end.eq_ignore_ascii_case("sga")) {
            let mut reader = sga::Reader::open(path)?;
            if let Some(lengths) = lengths {
                reader = reader.within(lengths.clone());
            }
            while let Some(row) = reader.next().transpose()? {
                if row.feature() == "TSS" {
                    sites.push(row.tss().map_err(|error| reader.place(error))?);
                }
            }
        } else {
            let mut reader = bed::Reader::open(path)?;
            if let Some(lengths) = lengths {
                reader = reader.within(lengths.clone());
            }
            while let Some(row) = reader.next().transpose()? {
                sites.push(Self::from_epd(&row).map_err(|error| reader.place(error))?);
            }
        }
        Ok(sites)
    }

    /// Reads the starts of the features of one kind, such as `gene` or `transcript`, from a GFF3 or GTF file.
    ///
    /// # Errors
    ///
    /// As [`read_bed`](Self::read_bed); also, there is no feature of that kind.
    pub fn read_gff(path: impl AsRef<Path>, kind: &str, lengths: Option<&Lengths>) -> Result<Vec<Self>> {
        let mut reader = gff::Reader::open(&path)?;
        if let Some(lengths) = lengths {
            reader = reader.within(lengths.clone());
        }
        let mut sites = Vec::new();
        while let Some(feature) = reader.next().transpose()? {
            if feature.kind() == kind {
                sites.push(Self::from_feature(&feature).map_err(|error| reader.place(error))?);
            }
        }
        if sites.is_empty() {
            return Err(Error::new(ErrorKind::Empty, format!("has no feature of kind '{kind}'"))
                .at_path(path.as_ref())
                .with_hint("column 3 names the kinds, such as gene or transcript"));
        }
        Ok(sites)
    }

    /// Returns the name of the sequence.
    pub fn chromosome(&self) -> &str {
        &self.chromosome
    }

    /// Returns the first transcribed base, 0-based.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Returns the direction of transcription.
    pub fn strand(&self) -> Strand {
        self.strand
    }

    /// Returns the name, if there is one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the window from `upstream` bases before the site to `downstream` bases from the site on, the site
    /// itself the first of them, along the direction of transcription; `None` if it would start before the sequence.
    ///
    /// A window of -249..+50, the site being 0, is `window(249, 51)`; its length is the sum of both.
    ///
    /// # Examples
    ///
    /// ```
    /// use dlm_genome::{Strand, Tss};
    ///
    /// let forward = Tss::new("chr21", 1000, Strand::Forward, None);
    /// assert_eq!(forward.window(249, 51).unwrap().to_string(), "chr21:751-1051(+)");
    /// let reverse = Tss::new("chr21", 1000, Strand::Reverse, None);
    /// assert_eq!(reverse.window(249, 51).unwrap().to_string(), "chr21:950-1250(-)");
    /// ```
    pub fn window(&self, upstream: u64, downstream: u64) -> Option<Interval> {
        let (start, end) = match self.strand {
            Strand::Forward => (self.position.checked_sub(upstream)?, self.position.checked_add(downstream)?),
            Strand::Reverse => {
                let after = self.position.checked_add(1)?;
                (after.checked_sub(downstream)?, after.checked_add(upstream)?)
            }
        };
        Interval::new(self.chromosome.clone(), start, end)
            .ok()
            .map(|window| window.with_strand(Some(self.strand)))
    }
}
