//! Intervals of classes, found by where they lie.

use std::collections::{BTreeMap, BTreeSet};

use coitrees::{BasicCOITree, GenericInterval as _, Interval as Node, IntervalTree as _};
use dlm_genome::{Interval, IntervalSet, chrom_hmm, repeat_masker};
use dlm_sdk::{Error, Result, Strand};

use super::{GenePart, Overlap, Promoter, elements, repeats};

/// Classes of intervals over a genome, with strands where they have some.
///
/// Intervals of one class are united before they are looked up, so that no base counts twice.
#[derive(Clone)]
pub struct Track {
    name: String,
    classes: Vec<String>,
    /// The data of a node is three times the class, plus 0 for either strand, 1 for the forward and 2 for the reverse.
    trees: BTreeMap<String, BasicCOITree<u32, u32>>,
}

impl std::fmt::Debug for Track {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Track")
            .field("name", &self.name)
            .field("classes", &self.classes)
            .finish_non_exhaustive()
    }
}

impl Track {
    /// Creates a track of intervals, each of a class. Classes are sorted by a number at their beginning, then by text.
    ///
    /// # Errors
    ///
    /// An interval cannot be read, or ends past 2³¹ bases.
    ///
    /// # Examples
    ///
    /// ```
    /// use dlm_analysis::annotation::Track;
    /// use dlm_genome::Interval;
    ///
    /// let rows = [("LINE", 10, 20), ("LINE", 15, 25), ("SINE", 24, 30)];
    /// let rows = rows.map(|(class, start, end)| Ok((Interval::new("chr1", start, end)?, class.to_owned())));
    /// let track = Track::new("repeats", rows)?;
    /// let overlap = track.over("chr1", 20, 30);
    /// assert_eq!((overlap.share(0), overlap.share(1), overlap.majority()), (0.5, 0.6, Some(1)));
    /// # Ok::<(), dlm_sdk::Error>(())
    /// ```
    pub fn new(
        name: impl Into<String>,
        rows: impl IntoIterator<Item = dlm_genome::Result<(Interval, String)>>,
    ) -> Result<Self> {
        let mut of_class: BTreeMap<(u64, String), Vec<Interval>> = BTreeMap::new();
        for row in rows {
            let (interval, class) = row?;
            if i32::try_from(interval.end()).is_err() {
                return Err(Error::unsupported(format!("{interval} ends past 2^31 bases")));
            }
            of_class.entry((number(&class), class)).or_default().push(interval);
        }
        let mut nodes: BTreeMap<String, Vec<Node<u32>>> = BTreeMap::new();
        for (class, intervals) in of_class.values().enumerate() {
            let of_strand =
                |strand| intervals.iter().filter(move |interval| interval.strand() == Some(strand));
            let sets: [IntervalSet; 3] = [
                intervals.iter().collect(),
                of_strand(Strand::Forward).collect(),
                of_strand(Strand::Reverse).collect(),
            ];
            for (kind, set) in sets.iter().enumerate() {
                for stretch in set.intervals() {
                    let node = Node::new(
                        stretch.start() as i32,
                        stretch.end() as i32 - 1,
                        3 * class as u32 + kind as u32,
                    );
                    match nodes.get_mut(stretch.chromosome()) {
                        Some(nodes) => nodes.push(node),
                        None => {
                            nodes.insert(stretch.chromosome().to_owned(), vec![node]);
                        }
                    }
                }
            }
        }
        let trees = nodes.into_iter().map(|(name, nodes)| (name, BasicCOITree::new(&nodes))).collect();
        let classes = of_class.into_keys().map(|(_, class)| class).collect();
        Ok(Self { name: name.into(), classes, trees })
    }

    /// Creates a track of repeats by class, those with `?` pooled with those without.
    ///
    /// # Errors
    ///
    /// A row cannot be read.
    pub fn repeats(
        rows: impl IntoIterator<Item = dlm_genome::Result<repeat_masker::Record>>,
    ) -> Result<Self> {
        let of = |row: repeat_masker::Record| (row.interval().clone(), row.class().to_owned());
        Self::new("repeats", rows.into_iter().map(|row| row.map(of)))
    }

    /// Creates a track of repeats that are likely to be whole, by the lengths of Sanabria et al. (2024): `LINE1` of 6 kb ± 300,
    /// `LTR` above 1 kb, `Alu` of 300 ± 30 bases.
    ///
    /// # Errors
    ///
    /// A row cannot be read.
    pub fn unfragmented(
        rows: impl IntoIterator<Item = dlm_genome::Result<repeat_masker::Record>>,
    ) -> Result<Self> {
        let of = |row: repeat_masker::Record| {
            Some((row.interval().clone(), repeats::unfragmented(&row)?.to_owned()))
        };
        Self::new("unfragmented repeats", rows.into_iter().filter_map(|row| row.map(of).transpose()))
    }

    /// Creates a track of chromatin states, named by number and name, `1_Active_Promoter`, or `state 1` if the file has no
    /// names.
    ///
    /// # Errors
    ///
    /// A row cannot be read.
    pub fn chromatin(rows: impl IntoIterator<Item = dlm_genome::Result<chrom_hmm::Segment>>) -> Result<Self> {
        let class = |row: &chrom_hmm::Segment| match row.name() {
            Some(name) => format!("{}_{name}", row.state()),
            None => format!("{STATE}{}", row.state()),
        };
        Self::new(
            "chromatin",
            rows.into_iter().map(|row| row.map(|row| (row.interval().clone(), class(&row)))),
        )
    }

    /// Creates a track of genes with their strand, of the one class `gene`: features of the kind `gene`, or where a file has none,
    /// transcripts.
    ///
    /// # Errors
    ///
    /// A feature has no gene.
    pub fn genes(parts: &[GenePart]) -> Result<Self> {
        Self::new("genes", elements::bodies(parts).map(|interval| Ok((interval, "gene".to_owned()))))
    }

    /// Creates a track of the parts of genes, so that a base has one part at most: promoter before UTR before exon before
    /// intron. What has none is intergenic.
    ///
    /// # Errors
    ///
    /// A promoter cannot be placed.
    pub fn elements(parts: &[GenePart], promoter: Promoter) -> Result<Self> {
        Self::new("gene elements", elements::elements(parts, promoter)?.into_iter().map(Ok))
    }

    /// Returns what the track is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the names of the classes, in the order of [`Overlap`]'s numbers.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Returns whether the track has an interval on a sequence.
    pub fn covers(&self, chromosome: &str) -> bool {
        self.trees.contains_key(chromosome)
    }

    /// Counts how many bases of a stretch each class covers; the stretch is 0-based and half-open.
    pub fn over(&self, chromosome: &str, start: u64, end: u64) -> Overlap {
        let mut overlap = Overlap::default();
        self.add(chromosome, start, end, &mut overlap);
        overlap
    }

    /// Adds what each class covers of a stretch to what it covered of others, for instance of other occurrences of a token.
    pub fn add(&self, chromosome: &str, start: u64, end: u64, overlap: &mut Overlap) {
        overlap.bases += end.saturating_sub(start);
        overlap.covered.resize(self.classes.len().max(overlap.covered.len()), [0; 3]);
        let (Ok(first), Ok(last)) = (i32::try_from(start), i32::try_from(end)) else { return };
        if let Some(tree) = self.trees.get(chromosome).filter(|_| first < last) {
            tree.query(first, last - 1, |node| {
                let bases = node.last().min(last - 1) - node.first().max(first) + 1;
                let data = *node.metadata();
                overlap.covered[data as usize / 3][data as usize % 3] += bases as u64;
            });
        }
    }

    /// Returns the sequences that have intervals.
    pub fn chromosomes(&self) -> BTreeSet<&str> {
        self.trees.keys().map(String::as_str).collect()
    }
}

/// What a chromatin state without a name is called, before its number.
const STATE: &str = "state ";

/// Returns the number that a text begins with; texts without one come last.
fn number(text: &str) -> u64 {
    let text = text.strip_prefix(STATE).unwrap_or(text);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text[..digits].parse().unwrap_or(u64::MAX)
}
