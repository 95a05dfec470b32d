//! VCF: what differs from the reference genome, and where.
//!
//! ```text
//! ##fileformat=VCFv4.3                              header lines start with #
//! #CHROM  POS   ID    REF  ALT   QUAL  FILTER  INFO
//! 20      14370 rs60  G    A,T   29    PASS    .    the base at 14,370, counted from one, may also be A or T
//! ```
//!
//! `REF` is what the genome has from `POS` on, `ALT` what stands there instead: bases, or something that is not spelled
//! out, such as `<DEL>`. A file made on another build gives itself away by a `REF` that the genome does not have:
//! [`Variant::check`] says so. Genotypes and annotations are not read.

use crate::{
    Error, ErrorKind, Genome, Interval, Result,
    table::{Line, Names, Table, bad, position, private, shown},
};

/// A VCF reader.
///
/// # Examples
///
/// ```
/// use dlm_genome::{Genome, vcf::{self, Alternate}};
///
/// let text = &b"##fileformat=VCFv4.3\nchr1\t3\trs1\tGT\tG,<DEL>\t.\tPASS\t.\n"[..];
/// let variant = vcf::Reader::new(text, "v.vcf")?.next().unwrap()?;
/// assert_eq!((variant.interval().to_string().as_str(), variant.reference()), ("chr1:2-4", &b"GT"[..]));
/// assert_eq!(variant.alternates(), [Alternate::Bases(b"G".to_vec()), Alternate::Other("<DEL>".to_owned())]);
/// assert!(variant.check(&Genome::read(&b">chr1\nACGTT\n"[..], "a.fa")?).is_ok());
/// assert!(variant.check(&Genome::read(&b">chr1\nACTTT\n"[..], "b.fa")?).is_err());
/// # Ok::<(), dlm_genome::Error>(())
/// ```
pub type Reader<R> = Table<R, Variant>;

/// A row of a VCF file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Variant {
    interval: Interval,
    id: Option<String>,
    reference: Vec<u8>,
    alternates: Vec<Alternate>,
}

/// What may stand there instead of the reference.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Alternate {
    /// Bases, upper case.
    Bases(Vec<u8>),
    /// A symbol such as `<DEL>`, a breakend, or `*` for what another variant deletes, as it stands.
    Other(String),
}

impl Variant {
    /// Returns the stretch that the reference bases cover.
    pub fn interval(&self) -> &Interval {
        &self.interval
    }

    /// Returns its id, unless that is `.`.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Returns the bases of the reference, upper case.
    pub fn reference(&self) -> &[u8] {
        &self.reference
    }

    /// Returns what may stand there instead; nothing if the column is `.`.
    pub fn alternates(&self) -> &[Alternate] {
        &self.alternates
    }

    /// Checks that a genome has the reference bases where the row says so.
    ///
    /// # Errors
    ///
    /// The genome has no such sequence, the variant lies past its end, or other bases stand there.
    pub fn check(&self, genome: &Genome) -> Result<()> {
        let found = genome.slice(&self.interval)?;
        if found == self.reference {
            return Ok(());
        }
        let text = |bases: &[u8]| shown(&String::from_utf8_lossy(bases));
        Err(Error::new(
            ErrorKind::Mismatch,
            format!("{} is {} in the genome, not {}", self.interval, text(found), text(&self.reference)),
        )
        .in_record(self.id().unwrap_or("."))
        .with_hint("variants and genome may be of different builds, such as hg19 and hg38"))
    }
}

impl private::Row for Variant {
    const FORMAT: &'static str = "VCF: at least eight columns separated by tabs";

    fn parse(line: &str, names: &mut Names) -> Result<Line<Self>> {
        if line.trim().is_empty() || line.starts_with('#') {
            return Ok(Line::Skip);
        }
        let fields: Vec<_> = line.split('\t').collect();
        let &[chromosome, start, id, reference, alternates, _, _, _, ..] = fields.as_slice() else {
            return Err(bad(format!("row has {} columns, not 8 or more", fields.len()))
                .with_hint("columns of VCF are separated by tabs"));
        };
        if chromosome.is_empty() {
            return Err(bad("name in column 1 is empty"));
        }
        let start = position(start, "position")?.checked_sub(1).ok_or_else(|| {
            bad("position 0 is before the first base").with_hint("VCF counts from one; 0 marks a telomere")
        })?;
        let reference = bases(reference).ok_or_else(|| {
            bad(format!("reference '{}' is not of A, C, G, T and N", shown(reference)))
                .with_hint("column 4 spells the bases of the genome; they are never '.'")
        })?;
        let alternates = match alternates {
            "." => Vec::new(),
            list => list.split(',').map(alternate).collect::<Result<_>>()?,
        };
        let interval = Interval::new(names.share(chromosome), start, start + reference.len() as u64)?;
        let id = Some(id).filter(|id| !matches!(*id, "." | "")).map(str::to_owned);
        Ok(Line::Row(Self { interval, id, reference, alternates }))
    }

    fn place(&self) -> &Interval {
        &self.interval
    }

    fn label(&self) -> Option<&str> {
        self.id()
    }
}

/// Returns bases in upper case, `None` for anything else.
fn bases(field: &str) -> Option<Vec<u8>> {
    let bases = field.to_ascii_uppercase().into_bytes();
    let known = bases.iter().all(|base| matches!(base, b'A' | b'C' | b'G' | b'T' | b'N'));
    (known && !bases.is_empty()).then_some(bases)
}

fn alternate(field: &str) -> Result<Alternate> {
    if let Some(bases) = bases(field) {
        return Ok(Alternate::Bases(bases));
    }
    let symbol = field.len() > 2 && field.starts_with('<') && field.ends_with('>');
    let single = field.len() > 1 && (field.starts_with('.') || field.ends_with('.'));
    if symbol || single || field == "*" || field.contains(['[', ']']) {
        return Ok(Alternate::Other(field.to_owned()));
    }
    Err(bad(format!("alternate '{}' is neither bases nor a symbol", shown(field)))
        .with_hint("column 5 is '.', or bases, symbols such as <DEL> and breakends, separated by commas"))
}
