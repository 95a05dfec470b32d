//! `PromScan`: which window of ten kilobases holds the transcription start site (Sanabria et al., Nature Machine
//! Intelligence 2024).
//!
//! The 10,000 bases around a start, 5,000 before it in reading direction, are read through windows of 1,001 bases, one
//! every 300. A window is positive if it holds the start: those that begin 4,200, 4,500 and 4,800 bases in, three of 30.
//! Only the start in the centre counts; another start that lies in a window does not make it positive, and the card says
//! how many negatives hold one.
//!
//! Neighbouring windows share seven tenths of their bases. Drawn apart at random (`split=paper`), nearly every test window
//! has a twin in train. `split=grouped`, the default, keeps all windows of a promoter together, and promoters whose
//! stretches touch; `split=chromosome` keeps whole chromosomes together.

mod build;
mod settings;

pub use settings::Settings;

use dlm_dataset::FromGenome;
use dlm_sdk::prelude::*;

register! {
    task "promscan", "which 1,001-base window of ten kilobases holds the transcription start site",
    options: settings::OPTIONS,
    create: |config, _registry| PromScan::new(&Settings::from_config(config)?)
}

/// Windows around transcription start sites.
#[derive(Debug)]
pub struct PromScan(FromGenome);

impl PromScan {
    /// Reads genome and promoters and cuts the windows.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) if a file is wrong or a split would lack a class.
    pub fn new(settings: &Settings) -> Result<Self> {
        let built = build::build(settings)?;
        let name = if settings.reading { "promscan,strand=reading" } else { "promscan" };
        let mut spec = TaskSpec::new(name, Target::Binary, settings.split.kind());
        spec.class_names = vec!["elsewhere".into(), "start".into()];
        spec.sequence_length = Some(build::WIDTH as u32);
        spec.strand_specific = settings.reading;
        spec.citation = "Sanabria et al., Nat Mach Intell 2024 (task); EPDnew (promoters)".into();
        spec.license = "that of the files it is made from: human genome builds are in the public domain; EPDnew is free for \
                        academic use, as its source states"
            .into();
        Ok(Self(FromGenome::new(spec, built.sets, built.notes)))
    }
}

impl Task for PromScan {
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
