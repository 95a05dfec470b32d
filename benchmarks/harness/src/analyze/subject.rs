//! What every section is a function of.

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
};

use dlm_genome::{Interval, IntervalSet, bed, output};
use dlm_nn::{folder::Folder, preset};
use dlm_sdk::{Encoder, Error, Result, Tokenizer};
use dlm_train::{
    data::{Corpus, HoldOut, Source},
    pretrain::Record,
};
use serde::Serialize;

use super::{Findings, Options};
use crate::{
    context::{Context, Progress},
    finetune::Saved,
};

/// The share at the end of each sequence that is taken for held out where nothing says better.
const HELD_OUT: f64 = 0.1;

/// What every section is a function of: a model, a genome, annotations, and where findings go.
#[derive(Debug)]
pub struct Subject<'a> {
    pub(super) context: &'a Context,
    pub(super) model: Option<&'a str>,
    pub(super) genome: Option<&'a Path>,
    pub(super) annotations: Option<&'a Path>,
    pub(super) options: &'a Options,
    /// The folder of the whole analysis.
    pub(super) root: &'a Path,
    /// The folder of this section.
    pub(super) folder: PathBuf,
    /// The data files that were written, and what they hold.
    pub(super) files: RefCell<Vec<(String, String)>>,
}

impl<'a> Subject<'a> {
    /// Returns what every command shares: registry, flags, cancellation. Long work calls its `check` often.
    pub fn context(&self) -> &'a Context {
        self.context
    }

    /// Returns limits and settings.
    pub fn options(&self) -> &'a Options {
        self.options
    }

    /// Returns the seed of every random choice, for [`dlm_sdk::random::Stream`].
    pub fn seed(&self) -> u64 {
        self.options.seed
    }

    /// Opens a bar on standard error.
    pub fn progress(&self, what: &str, length: Option<u64>) -> Progress {
        self.context.progress(what, length)
    }

    /// Returns the model as it was named.
    ///
    /// # Errors
    ///
    /// No model was named.
    pub fn model(&self) -> Result<&'a str> {
        self.model.ok_or_else(|| Error::invalid("no model is named").with_hint("name one by --model"))
    }

    /// Returns the model's folder, if it is one in the layout of Hugging Face: `config.json`, weights, a tokenizer.
    pub fn model_folder(&self) -> Option<&'a Path> {
        self.model.map(Path::new).filter(|path| Folder::is_one(path))
    }

    /// Returns what a fine-tuned model's folder says of it; `None` of any other model.
    ///
    /// # Errors
    ///
    /// The folder's description is damaged.
    pub(crate) fn finetuned(&self) -> Result<Option<(&'a Path, Saved)>> {
        let folder = self.model.map(Path::new).filter(|path| path.join("finetuned.json").is_file());
        folder.map(|folder| Ok((folder, Saved::read(folder)?))).transpose()
    }

    /// Opens the model as an encoder, on the device of the options.
    ///
    /// # Errors
    ///
    /// No model was named, there is none of that name, or it was fine-tuned and has lost what it was pretrained for.
    pub fn encoder(&self) -> Result<Box<dyn Encoder>> {
        let model = self.model()?;
        if self.finetuned()?.is_some() {
            return Err(Error::unsupported(format!("{model} is a fine-tuned model"))
                .with_hint("this section looks at pretrained models; dlm analyze inside looks at both"));
        }
        match self.options.device.as_str() {
            "cpu" => self.context.registry().encoder(model),
            device => self.context.sharing("device", device).registry().encoder(model),
        }
    }

    /// Returns the spec of the model's tokenizer.
    ///
    /// # Errors
    ///
    /// As [`encoder`](Self::encoder).
    pub fn tokenizer_spec(&self) -> Result<String> {
        if let Some((folder, saved)) = self.finetuned()? {
            let file = folder.join(&saved.tokenizer);
            return Ok(match file.to_str() {
                Some(path) if saved.tokenizer.starts_with("./") => path.to_owned(),
                _ => saved.tokenizer,
            });
        }
        Ok(self.encoder()?.spec().tokenizer.clone())
    }

    /// Opens the model's tokenizer.
    ///
    /// # Errors
    ///
    /// As [`encoder`](Self::encoder).
    pub fn tokenizer(&self) -> Result<Box<dyn Tokenizer>> {
        self.context.registry().tokenizer(&self.tokenizer_spec()?)
    }

    /// Returns the FASTA file of the genome.
    ///
    /// # Errors
    ///
    /// None was named.
    pub fn genome(&self) -> Result<&'a Path> {
        self.genome.ok_or_else(|| {
            Error::invalid("no genome is named").with_hint("name a FASTA file by --genome; dlm data list")
        })
    }

    /// Returns the folder of annotations, if one was named.
    pub fn annotations(&self) -> Option<&'a Path> {
        self.annotations
    }

    /// Returns the folder of this section, which exists; what lies in it from a run that was stopped may be used again.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns a folder that all sections share, and makes it. It may be deleted between runs.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub fn work(&self) -> Result<PathBuf> {
        let work = self.root.join("work");
        std::fs::create_dir_all(&work).map_err(|error| crate::files::write_error(&work, error))?;
        Ok(work)
    }

    /// Names a data file of this section, `about` saying what it holds; the caller writes it.
    pub fn file(&self, name: &str, about: &str) -> PathBuf {
        let mut files = self.files.borrow_mut();
        files.retain(|(known, _)| known != name);
        files.push((name.to_owned(), about.to_owned()));
        self.folder.join(name)
    }

    /// Writes a data file of this section.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn write(&self, name: &str, about: &str, bytes: impl AsRef<[u8]>) -> Result<()> {
        output::write(self.file(name, about), bytes).map_err(crate::files::file_error)
    }

    /// Writes rows as comma-separated values, the names of the fields first.
    ///
    /// # Errors
    ///
    /// A row is no flat record, or the file cannot be written.
    pub fn write_csv<T: Serialize>(&self, name: &str, about: &str, rows: &[T]) -> Result<()> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let written = rows.iter().try_for_each(|row| writer.serialize(row));
        let bytes = written
            .map_err(|error| Error::internal(format!("{name}: a row cannot be written")).with_source(error))
            .and_then(|()| writer.into_inner().map_err(|error| Error::internal(error.to_string())))?;
        self.write(name, about, bytes)
    }

    /// Returns the stretches that the model has not learned from, and a sentence that says where they were taken from.
    ///
    /// # Errors
    ///
    /// The BED file cannot be read.
    pub fn hold_out(&self) -> Result<(HoldOut, String)> {
        if let Some(path) = &self.options.held_out {
            let rows = bed::Reader::open(path)?
                .map(|row| Ok(row?.interval().clone()))
                .collect::<Result<Vec<Interval>>>()?;
            let set: IntervalSet = rows.iter().collect();
            let about = format!("the stretches of {} were held out", path.display());
            return Ok((HoldOut::Intervals(set), about));
        }
        let text = |folder: &Path| std::fs::read_to_string(folder.join("pretraining.json")).ok();
        let record = self.model_folder().and_then(text).and_then(|text| Record::from_json(&text).ok());
        let preset = record.and_then(|record| preset::get(&record.preset).ok());
        Ok(match preset {
            Some(preset) => {
                let share = preset.windows.held_out.value;
                let about = format!(
                    "the last {:.0} % of each sequence were taken for held out, as preset {} has it unless a file \
                     says otherwise",
                    100.0 * share,
                    preset.name
                );
                (HoldOut::Last(share), about)
            }
            None => (
                HoldOut::Last(HELD_OUT),
                format!(
                    "nothing says what the model has not learned from; the last {:.0} % of each sequence were taken, \
                     which it may well have seen",
                    100.0 * HELD_OUT
                ),
            ),
        })
    }

    /// Tokenizes the genome into the shared folder, or takes the tokens that lie there, and divides it into what was
    /// learned from and what was held out.
    ///
    /// # Errors
    ///
    /// The genome cannot be read, or the tokenizer lacks `[CLS]`, `[SEP]`, `[PAD]` or `[MASK]`.
    pub fn corpus(&self, tokenizer: &dyn Tokenizer, hold_out: &HoldOut) -> Result<Corpus> {
        let fasta = [self.genome()?.to_owned()];
        let progress = self.progress("tokenizing", None);
        let source = Source {
            fasta: &fasta,
            tokenizer,
            windows_of: None,
            hold_out,
            excluded: &IntervalSet::default(),
        };
        Corpus::open(source, &self.work()?, |bases| {
            progress.add(bases);
            self.context.check()
        })
    }

    /// Writes what was found: the plots, and the list of files.
    pub(super) fn keep(&self, findings: &mut Findings) -> Result<()> {
        for panel in &findings.panels {
            output::write(self.folder.join(&panel.file), &panel.svg).map_err(crate::files::file_error)?;
        }
        findings.files.clone_from(&self.files.borrow());
        Ok(())
    }
}
