//! Whole sequences in memory.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use dlm_sdk::{Strand, dna};

use crate::{
    Build, Error, ErrorKind, Interval, Lengths, Result, TwoBit,
    fasta::{Options, Reader, Record},
    lengths, names, two_bit,
};

/// Sequences by name, in the order of their files.
///
/// # Examples
///
/// ```
/// use dlm_genome::{Genome, Interval};
///
/// let genome = Genome::read(&b">chr1\nACGTTN\n"[..], "toy.fa")?;
/// assert_eq!(genome.bases("chr1")?, b"ACGTTN");
/// assert_eq!(genome.slice(&Interval::new("chr1", 1, 4)?)?, b"CGT");
///
/// let error = genome.bases("1").unwrap_err();
/// assert_eq!(error.hint(), Some("the genome says 'chr1': write names the same way in both files"));
/// # Ok::<(), dlm_genome::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Genome {
    records: Vec<Record>,
    by_name: BTreeMap<String, usize>,
    files: Vec<PathBuf>,
}

impl Genome {
    /// Reads a FASTA file, plain, gzip or bgzip, or a 2bit file; the content tells, not the name.
    ///
    /// # Errors
    ///
    /// See [`Reader::read`] and [`TwoBit::new`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_all([path], Options::default())
    }

    /// Reads several files, FASTA or 2bit, into one genome.
    ///
    /// # Errors
    ///
    /// See [`Reader::read`] and [`TwoBit::new`]; also, a name stands in two files.
    pub fn open_all(paths: impl IntoIterator<Item = impl AsRef<Path>>, options: Options) -> Result<Self> {
        let mut genome = Self::default();
        for path in paths {
            let path = path.as_ref();
            if two_bit::is_two_bit(path)? {
                genome.unpack(&mut TwoBit::open(path)?, path, options)?;
            } else {
                genome.extend(&mut Reader::<File>::open(path)?.with_options(options), path)?;
            }
        }
        Ok(genome)
    }

    /// Reads a FASTA stream; the name is what errors call it.
    ///
    /// # Errors
    ///
    /// See [`Reader::read`].
    pub fn read(reader: impl Read, name: impl AsRef<Path>) -> Result<Self> {
        let mut genome = Self::default();
        genome.extend(&mut Reader::new(reader, &name)?, name.as_ref())?;
        Ok(genome)
    }

    fn extend<R: Read>(&mut self, reader: &mut Reader<R>, path: &Path) -> Result<()> {
        self.files.push(path.to_owned());
        for record in reader.records() {
            let mut record = record?;
            record.shrink();
            self.push(record, path)?;
        }
        Ok(())
    }

    fn unpack(&mut self, file: &mut TwoBit<File>, path: &Path, options: Options) -> Result<()> {
        self.files.push(path.to_owned());
        for (name, length) in file.sizes() {
            if length > options.longest() {
                let message = format!("has more than {} bases", options.longest());
                return Err(Error::new(ErrorKind::Bounds, message).at_path(path).in_record(name));
            }
            let bases = file.slice(&Interval::new(name.as_str(), 0, length)?)?;
            let soft_mask =
                if options.keeps_soft_mask() { file.soft_mask(&name)?.to_vec() } else { Vec::new() };
            self.push(Record::unpacked(name, bases, soft_mask), path)?;
        }
        Ok(())
    }

    fn push(&mut self, record: Record, path: &Path) -> Result<()> {
        let index = self.records.len();
        if self.by_name.insert(record.name().to_owned(), index).is_some() {
            return Err(Error::new(ErrorKind::DuplicateName, "stands in two of the files")
                .at_path(path)
                .in_record(record.name())
                .with_hint("name each sequence once"));
        }
        self.records.push(record);
        Ok(())
    }

    /// Names the files and the build for a card: `hg19.fa.gz, hg19 (GRCh37) by the lengths of its chromosomes`.
    pub fn described(&self) -> String {
        let files: Vec<_> = self
            .files
            .iter()
            .filter_map(|path| path.file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        let build = match Build::of(&self.lengths()) {
            Some(build) => format!("{} by the lengths of its chromosomes", build.name()),
            None => "a build that lengths do not tell".to_owned(),
        };
        format!("{}, {build}", files.join(" and "))
    }

    /// Returns the records in the order of their files.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Returns the records, without copying their bases.
    pub fn into_records(self) -> Vec<Record> {
        self.records
    }

    /// Returns the names in the order of their files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.records.iter().map(Record::name)
    }

    /// Returns a record by name, if there is one.
    pub fn get(&self, name: &str) -> Option<&Record> {
        self.by_name.get(name).map(|&index| &self.records[index])
    }

    /// Returns how the genome spells a name: as given, or else in the other habit, `chr1` for `1`.
    ///
    /// # Examples
    ///
    /// ```
    /// let genome = dlm_genome::Genome::read(&b">21\nACGT\n"[..], "toy.fa")?;
    /// assert_eq!(genome.spelling("chr21"), Some("21"));
    /// assert_eq!(genome.spelling("chr2"), None);
    /// # Ok::<(), dlm_genome::Error>(())
    /// ```
    pub fn spelling(&self, name: &str) -> Option<&str> {
        let record = self.get(name).or_else(|| self.get(&names::other_spelling(name)))?;
        Some(record.name())
    }

    /// Returns the bases of a sequence.
    ///
    /// # Errors
    ///
    /// There is no such sequence; the hint names the spelling that exists, such as `chr1` for `1`.
    pub fn bases(&self, name: &str) -> Result<&[u8]> {
        self.get(name).map(Record::bases).ok_or_else(|| {
            let error = names::unknown(name, self.names());
            match self.files.first() {
                Some(path) => error.at_path(path.as_path()),
                None => error,
            }
        })
    }

    /// Returns the bases of an interval as they stand in the file, whatever its strand.
    ///
    /// # Errors
    ///
    /// There is no such sequence, or the interval ends past its end.
    pub fn slice(&self, interval: &Interval) -> Result<&[u8]> {
        let bases = self.bases(interval.chromosome())?;
        bases
            .get(interval.start() as usize..interval.end() as usize)
            .ok_or_else(|| lengths::past_end(interval, bases.len() as u64))
    }

    /// Returns the bases of an interval in reading direction: reverse-complemented on the reverse strand.
    ///
    /// # Errors
    ///
    /// See [`slice`](Self::slice).
    pub fn sequence(&self, interval: &Interval) -> Result<Vec<u8>> {
        let bases = self.slice(interval)?;
        Ok(match interval.strand() {
            Some(Strand::Reverse) => dna::reverse_complement(bases),
            _ => bases.to_vec(),
        })
    }

    /// Returns the lengths of the sequences.
    pub fn lengths(&self) -> Lengths {
        self.records.iter().map(|record| (record.name(), record.bases().len() as u64)).collect()
    }

    /// Returns how many bases there are.
    pub fn total_bases(&self) -> u64 {
        self.records.iter().map(|record| record.bases().len() as u64).sum()
    }

    /// Returns how many ambiguous codes became N.
    pub fn ambiguous(&self) -> u64 {
        self.records.iter().map(Record::ambiguous).sum()
    }
}
