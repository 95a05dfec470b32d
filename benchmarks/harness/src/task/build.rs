//! `dlm task build`: a task's examples in a folder, as they are scored.

use std::path::{Path, PathBuf};

use clap::Args;
use dlm_plugin_own_data::manifest_of;
use dlm_sdk::{Error, Examples, Locus, Result, Split, Target, Task, TaskSpec};
use parquet::{
    data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type},
    errors::ParquetError,
};

use super::Card;
use crate::{
    context::Context,
    files::Folder,
    tables::{ParquetFile, failed},
};

/// The file of the examples.
const EXAMPLES: &str = "examples.parquet";

const SCHEMA: &str = "
message examples {
    required int64 id (INTEGER(64, false));
    required binary split (UTF8);
    required binary label (UTF8);
    required int64 group (INTEGER(64, false));
    required binary locus (UTF8);
    required binary chromosome (UTF8);
    required int64 start;
    required int64 end;
    required binary strand (UTF8);
    required binary sequence (UTF8);
    required group cuts (LIST) { repeated group list { required int32 element (INTEGER(32, false)); } }
}";

/// What to build, and where.
#[derive(Args, Clone, Debug)]
pub struct BuildArgs {
    /// Task, such as prom300,promoters=F, promscan,promoters=F or ctcf,motif=F,peaks=F; see `dlm task list`
    #[arg(value_name = "TASK")]
    pub task: String,
    /// Folder to make; `--tasks FOLDER` then names the task
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
}

impl BuildArgs {
    pub(super) fn run(self, context: &Context) -> Result<()> {
        if self.output.join("task.toml").exists() {
            return Err(Error::invalid(format!("{}: holds a task already", self.output.display()))
                .with_hint("name another folder, or remove this one"));
        }
        let task = context.registry().task(&self.task)?;
        let manifest = manifest_of(task.spec(), EXAMPLES)?;
        let mut folder = Folder::make(&self.output)?;
        write(&*task, &folder.file(EXAMPLES), context)?;
        let card = Card::new(&self.task, &*task, || context.check())?;
        folder.write("card.txt", card.text())?;
        folder.write("task.toml", manifest)?;
        folder.keep();
        let place = self.output.display();
        context.print(&card, || format!("{}\nwrote {place}: use it as --tasks {place}\n", card.text()))
    }
}

fn write(task: &dyn Task, path: &Path, context: &Context) -> Result<()> {
    let mut file = ParquetFile::create(path, SCHEMA)?;
    for split in Split::ALL {
        context.check()?;
        let set = task.collect(split)?;
        let view = set.view();
        let examples = view.examples();
        if !examples.is_empty() {
            group(&mut file, task.spec(), split, examples).map_err(|error| failed(path, error))?;
        }
    }
    file.finish()
}

/// Writes a split as a row group.
fn group(
    file: &mut ParquetFile,
    spec: &TaskSpec,
    split: Split,
    examples: Examples<'_>,
) -> std::result::Result<(), ParquetError> {
    let items = examples.items;
    let n = examples.len();
    let text =
        |of: &dyn Fn(usize) -> String| (0..n).map(|index| ByteArray::from(of(index).as_str())).collect();
    let whole = |of: &dyn Fn(usize) -> u64| (0..n).map(|index| of(index).cast_signed()).collect();
    let locus = |index: usize| items.loci.map(|loci| &loci[index]);
    let place = |of: fn(&Locus) -> u64| whole(&|index| locus(index).map_or(0, of));
    let columns = [
        Column::Whole(whole(&|index| items.ids[index])),
        Column::Text(text(&|_| split.name().to_owned())),
        Column::Text(text(&|index| label(spec, examples, index))),
        Column::Whole(whole(&|index| items.groups[index])),
        Column::Text(text(&|index| locus(index).map_or_else(String::new, written))),
        Column::Text(text(&|index| {
            locus(index).map_or_else(String::new, |locus| locus.chromosome.to_string())
        })),
        Column::Whole(place(|locus| locus.start)),
        Column::Whole(place(|locus| locus.end)),
        Column::Text(text(&|index| strand(locus(index)))),
        Column::Text(items.sequences.iter().map(|sequence| ByteArray::from(sequence.bases())).collect()),
    ];
    let mut group = file.group()?;
    for column in &columns {
        let Some(mut writer) = group.next_column()? else { break };
        match column {
            Column::Whole(values) => writer.typed::<Int64Type>().write_batch(values, None, None)?,
            Column::Text(values) => writer.typed::<ByteArrayType>().write_batch(values, None, None)?,
        };
        writer.close()?;
    }
    // A list's first element starts a row, the others repeat; an empty list is one element that is not there.
    let (mut ends, mut definitions, mut repetitions) = (Vec::new(), Vec::new(), Vec::new());
    for index in 0..n {
        let cuts = items.cuts.map_or(&[][..], |cuts| cuts[index]);
        ends.extend(cuts.iter().map(|end| end.cast_signed()));
        definitions.extend(std::iter::repeat_n(i16::from(!cuts.is_empty()), cuts.len().max(1)));
        repetitions.push(0);
        repetitions.extend(std::iter::repeat_n(1, cuts.len().saturating_sub(1)));
    }
    if let Some(mut writer) = group.next_column()? {
        writer.typed::<Int32Type>().write_batch(&ends, Some(&definitions), Some(&repetitions))?;
        writer.close()?;
    }
    group.close().map(|_| ())
}

enum Column {
    Whole(Vec<i64>),
    Text(Vec<ByteArray>),
}

/// Writes a label as a task's folder has it.
fn label(spec: &TaskSpec, examples: Examples<'_>, index: usize) -> String {
    let name = |class: usize| spec.class_names.get(class).cloned().unwrap_or_else(|| class.to_string());
    let row = examples.targets.row(index);
    match spec.target {
        Target::Multilabel(_) => {
            let present = row.iter().enumerate().filter(|(_, value)| **value > 0.5);
            present.map(|(class, _)| name(class)).collect::<Vec<_>>().join(";")
        }
        Target::Regression(_) => row.iter().map(ToString::to_string).collect::<Vec<_>>().join(";"),
        _ => name(examples.class(index)),
    }
}

fn strand(locus: Option<&Locus>) -> String {
    locus.and_then(|locus| locus.strand).map_or_else(String::new, |strand| strand.symbol().to_string())
}

fn written(locus: &Locus) -> String {
    let strand = locus.strand.map_or_else(String::new, |strand| format!("({})", strand.symbol()));
    format!("{}:{}-{}{strand}", locus.chromosome, locus.start, locus.end)
}
