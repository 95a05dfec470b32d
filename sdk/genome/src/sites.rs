//! The start sites of a table that lie on a genome.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use crate::{Error, ErrorKind, Genome, Result, Tss, fasta::Record, lengths, names};

/// The start sites of a table by the sequences of a genome, whichever way each of the two spells `chr1`.
#[derive(Clone, Debug)]
pub struct Sites<'g> {
    /// The sequences that were asked for and have sites, in the order of the genome, each with its sites by position;
    /// the sites carry the genome's spelling.
    pub chromosomes: Vec<(&'g Record, Vec<Tss>)>,
    /// How many rows the table has.
    pub rows: usize,
    /// How many of them lie on sequences that the genome lacks or nobody asked for.
    pub elsewhere: usize,
    /// Names that the table spells in the other habit, as `chr1 for 1`.
    pub respelled: BTreeSet<String>,
}

impl<'g> Sites<'g> {
    /// Reads a table of EPDnew promoters, see [`Tss::read_epd`], and finds its sites on a genome; `wanted` names the
    /// sequences to take, in either spelling, none of them all.
    ///
    /// # Errors
    ///
    /// The table is wrong, a wanted sequence is not there, a site lies past the end of its sequence, or no site lies on
    /// any wanted one.
    ///
    /// # Examples
    ///
    /// ```
    /// use dlm_genome::{Genome, Sites};
    ///
    /// let genome = Genome::read(&b">21\nACGTACGT\n"[..], "toy.fa")?;
    /// let folder = tempfile::tempdir()?;
    /// let table = folder.path().join("p.bed");
    /// std::fs::write(&table, "chr21\t5\t6\ta\t0\t-\nchr1\t1\t2\tb\t0\t+\nchr21\t2\t3\tc\t0\t+\n")?;
    /// let sites = Sites::read(&table, &genome, &[])?;
    /// let (record, of_21) = &sites.chromosomes[0];
    /// assert_eq!((record.name(), of_21.len(), of_21[0].position()), ("21", 2, 2));
    /// assert_eq!((sites.rows, sites.elsewhere), (3, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read(path: impl AsRef<Path>, genome: &'g Genome, wanted: &[String]) -> Result<Self> {
        let path = path.as_ref();
        let mut chosen = BTreeSet::new();
        for name in wanted {
            let known = genome.spelling(name);
            chosen.insert(known.ok_or_else(|| names::unknown(name, genome.names()))?);
        }
        let table = Tss::read_epd(path, None)?;
        let rows = table.len();
        let (mut respelled, mut elsewhere) = (BTreeSet::new(), 0);
        let mut by_name: BTreeMap<&str, Vec<Tss>> = BTreeMap::new();
        for site in table {
            let name = genome.spelling(site.chromosome());
            let Some(name) = name.filter(|name| chosen.is_empty() || chosen.contains(name)) else {
                elsewhere += 1;
                continue;
            };
            if name != site.chromosome() {
                respelled.insert(format!("{} for {name}", site.chromosome()));
            }
            let own = site.name().map(str::to_owned);
            by_name.entry(name).or_default().push(Tss::new(name, site.position(), site.strand(), own));
        }
        let mut chromosomes = Vec::new();
        for record in genome.records() {
            let Some(mut sites) = by_name.remove(record.name()) else { continue };
            sites.sort_by_key(|site| (site.position(), site.strand() as u8));
            let length = record.bases().len() as u64;
            if let Some(site) = sites.last().filter(|site| site.position() >= length)
                && let Some(place) = site.window(0, 1)
            {
                let error = lengths::past_end(&place, length).at_path(Arc::from(path));
                return Err(match site.name() {
                    Some(name) => error.in_record(name),
                    None => error,
                });
            }
            chromosomes.push((record, sites));
        }
        if chromosomes.is_empty() {
            let some: Vec<_> = genome.names().take(5).collect();
            return Err(Error::new(ErrorKind::UnknownName, "no site lies on a sequence that was asked for")
                .at_path(path)
                .with_hint(format!("the genome has {}", some.join(", "))));
        }
        Ok(Self { chromosomes, rows, elsewhere, respelled })
    }
}
