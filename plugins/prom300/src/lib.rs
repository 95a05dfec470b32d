//! Prom300: promoters against sequences made from them (Sanabria et al., Nature Machine Intelligence 2024).
//!
//! A *promoter* is 300 bases around a transcription start site, from 249 before it to 50 behind it. The paper cuts it into
//! tokens, lays these in eight chunks, and shuffles the tokens of six of them: the shuffled promoter is the negative. Both
//! classes then hold the same tokens, so that counting tokens tells nothing, and what is left is the order of tokens.
//!
//! # What the paper's form gives away
//!
//! A byte-pair tokenizer would never cut the shuffled sequence into the tokens it was made of. Whoever joins the tokens,
//! cuts the sequence afresh and compares the cuts knows the class, with no model (the control `canonical` does it). A
//! score on this form may mean that a model learned promoters, or that it learned what its tokenizer can write. So there
//! are forms beside it:
//!
//! | `form=` | negatives | token boundaries |
//! |---|---|---|
//! | `paper` | tokens of 6 of 8 chunks shuffled | fixed: models see the shuffled tokens |
//! | `retokenized` | the same sequences | none: models cut both classes afresh |
//! | `dinucleotide` | the promoter shuffled with all its dinucleotide counts | none |
//! | `genomic` | a window of the same chromosome, 5 kb from any start | none |
//!
//! # Tokens
//!
//! `shuffle=bpe` shuffles the tokens of `tokenizer=`. They are those of the genome (`tokens=genome`): the window is cut
//! together with 2,000 bases on either side, and tokens that lie whole within it are taken, so that a promoter may be some
//! bases shorter than 300. `tokens=window` cuts the window alone. `shuffle=kmer:k` cuts the window into k-mers.
//!
//! # Splits
//!
//! A promoter and its negative always stay together. `split=grouped` (the default) also keeps promoters within 10 kb
//! together, `split=chromosome` whole chromosomes, `split=paper` nothing more than the pair is drawn apart: as published,
//! single examples are drawn at random, so that twins are torn apart.

mod build;
mod negative;
mod settings;
mod window;

pub use settings::{Form, Settings, Shuffle, Tokens};

use dlm_dataset::FromGenome;
use dlm_sdk::prelude::*;

register! {
    task "prom300", "300 bases around transcription start sites against themselves, shuffled",
    options: settings::OPTIONS,
    create: |config, registry| {
        let settings = Settings::from_config(config)?;
        let tokenizer = settings.tokenizer_spec()?.map(|spec| registry.tokenizer(&spec)).transpose()?;
        Prom300::new(&settings, tokenizer.as_deref())
    }
}

/// Promoters against sequences made from them.
#[derive(Debug)]
pub struct Prom300(FromGenome);

impl Prom300 {
    /// Reads genome and promoters, cuts the windows and makes the negatives; forms that shuffle tokens need a tokenizer.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) if a file is wrong, a tokenizer is missing, or a split would lack a class;
    /// [`Unsupported`](ErrorKind::Unsupported) for a tokenizer whose tokens do not tile the sequence.
    pub fn new(settings: &Settings, tokenizer: Option<&dyn Tokenizer>) -> Result<Self> {
        let built = build::build(settings, tokenizer)?;
        let mut spec = TaskSpec::new(settings.name(), Target::Binary, settings.split.kind());
        spec.class_names = vec!["shuffled".into(), "promoter".into()];
        if settings.form == Form::Genomic {
            spec.class_names[0] = "genomic".into();
        }
        spec.strand_specific = settings.reading;
        spec.citation = "Sanabria et al., Nat Mach Intell 2024 (task); EPDnew (promoters)".into();
        spec.license = "that of the files it is made from: human genome builds are in the public domain; EPDnew is free for \
                        academic use, as its source states"
            .into();
        Ok(Self(FromGenome::new(spec, built.sets, built.notes)))
    }
}

impl Task for Prom300 {
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
