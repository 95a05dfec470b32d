//! CTCF: which of its motif sites are bound (Sanabria et al., Nature Machine Intelligence 2024).
//!
//! CTCF is a protein that binds DNA at tens of thousands of sites and shapes how chromosomes fold. Its motif is 19 bases
//! long, and the genome has far more stretches that look like it than the protein binds. Given a site of the motif with
//! the bases around it, 1,000 in all, the task asks whether the protein was found there: whether the site shares a base
//! with a peak of a ChIP-seq experiment. Every example holds the motif, so that finding it tells nothing.
//!
//! # Sites
//!
//! The motif is scanned on both strands as FIMO does it (see [`dlm_genome::motif`]), against the background frequencies it
//! takes by default. The usual p < 0.0001 gives far more sites than the 85,000 of the paper, which are what FIMO is left
//! with when its store of 100,000 hits overflows and drops the weaker half. So `cut=auto` is `cut=stored:100000` on a
//! genome of at least 10^9 bases, and the cut that this comes to, p < 0.000007, on anything smaller, where no store
//! overflows.
//!
//! # Presets
//!
//! | | `preset=paper` | `preset=tutorial` |
//! |---|---|---|
//! | a site on both strands | one example | two |
//! | a site in several peaks | one example | one a peak |
//! | centre of the window | the site's middle base | one base further: the table's first base is number one |
//!
//! # Splits
//!
//! Windows of 1,000 bases overlap where sites are near. `split=grouped`, the default, keeps sites within 1 kb together,
//! `split=chromosome` whole chromosomes, and `split=paper` draws examples at random as published.
//!
//! A chromosome without a single peak says that the experiment left it out, not that nothing is bound there: that is an
//! error, unless `allow-empty=yes`.

mod build;
mod peaks;
mod settings;
mod sites;

pub use settings::{Cut, Preset, Settings};

use dlm_dataset::FromGenome;
use dlm_sdk::prelude::*;

register! {
    task "ctcf", "which sites of the CTCF motif are bound, from 1,000 bases around each",
    options: settings::OPTIONS,
    create: |config, _registry| Ctcf::new(&Settings::from_config(config)?)
}

/// Motif sites, bound or not.
#[derive(Debug)]
pub struct Ctcf(FromGenome);

impl Ctcf {
    /// Reads genome, motif and peaks, scans for sites and cuts the windows.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) if a file is wrong, a chromosome has no peak, or a split would lack a class.
    pub fn new(settings: &Settings) -> Result<Self> {
        let built = build::build(settings)?;
        let mut spec = TaskSpec::new(settings.name(), Target::Binary, settings.split.kind());
        spec.class_names = vec!["unbound".into(), "bound".into()];
        spec.sequence_length = Some(build::LENGTH as u32);
        spec.citation = "Sanabria et al., Nat Mach Intell 2024 (task); Grant, Bailey and Noble, Bioinformatics 2011 (scan); \
                         JASPAR (motif); ENCODE (peaks)"
            .into();
        spec.license = "that of the files it is made from: human genome builds are in the public domain; JASPAR is CC-BY-4.0; \
                        ENCODE may be used freely, its data policy asks to cite consortium, laboratory and accessions"
            .into();
        Ok(Self(FromGenome::new(spec, built.sets, built.notes)))
    }
}

impl Task for Ctcf {
    fn spec(&self) -> &TaskSpec {
        self.0.spec()
    }

    fn load(&self, split: Split, sink: &mut dyn ExampleSink) -> Result<()> {
        self.0.load(split, sink)
    }

    fn held_out(&self) -> Result<Vec<Locus>> {
        self.0.held_out()
    }
}
