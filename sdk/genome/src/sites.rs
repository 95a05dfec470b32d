//! The start sites of a table that lie on a genome.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use crate::{
    Error, ErrorKind, Genome, Result, Tss,
    chain::{Chains, Counts},
    fasta::Record,
    lengths, names,
};

/// The start sites of a table by the sequences of a genome, whichever way each of the two spells `chr1`.
#[derive(Clone, Debug)]
pub struct Sites<'g> {
    /// The sequences that were asked for and have sites, in the order of the genome, each with its sites by position;
    /// the sites carry the genome's spelling.
    pub chromosomes: Vec<(&'g Record, Vec<Tss>)>,
    /// How many rows the table has.
    pub rows: usize,
    /// How many of them lie on sequences that the genome lacks or nobody asked for, or nowhere in its build.
    pub elsewhere: usize,
    /// Names that the table spells in the other habit, as `chr1 for 1`.
    pub respelled: BTreeSet<String>,
    /// What became of the rows when they were lifted to the build of the genome, if they were.
    pub lifted: Option<Counts>,
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
        Self::read_lifted(path, None, genome, wanted)
    }

    /// Reads a table as [`read`](Self::read) does, of another build than the genome's if `chains` lead from its build to the
    /// genome's: each start is lifted as [`Chains::starts`] does it, and what became of them is [counted](Self::lifted).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read); also, no start has a place in the genome's build.
    pub fn read_lifted(
        path: impl AsRef<Path>,
        chains: Option<&Chains>,
        genome: &'g Genome,
        wanted: &[String],
    ) -> Result<Self> {
        let path = path.as_ref();
        let mut chosen = BTreeSet::new();
        for name in wanted {
            let known = genome.spelling(name);
            chosen.insert(known.ok_or_else(|| names::unknown(name, genome.names()))?);
        }
        let mut table = Tss::read_epd(path, None)?;
        let rows = table.len();
        let mut lifted = None;
        if let Some(chains) = chains {
            let (sites, counts) = chains.starts(table);
            if sites.is_empty() {
                return Err(Error::new(ErrorKind::Mismatch, format!("no start can be lifted: {counts}"))
                    .at_path(path)
                    .with_hint("the chains may lead from another build than that of the table"));
            }
            table = sites;
            lifted = Some(counts);
        }
        let (mut respelled, mut elsewhere) = (BTreeSet::new(), rows - table.len());
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
        Ok(Self { chromosomes, rows, elsewhere, respelled, lifted })
    }
}
