//! Tasks.

use std::{
    any::Any,
    ffi::c_void,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use super::{
    super::{
        abi,
        items::held_examples,
        text::{read, text, texts},
    },
    absent,
    object::ForeignObject,
    table,
};
use crate::{
    Error, ExampleSink, Examples, Result, Split, SplitKind, Target, Task, TaskSpec, metrics::Metric,
};

type LoadFn = unsafe extern "C" fn(*mut c_void, u32, *const abi::ExampleSink, *mut abi::Error) -> abi::Status;

/// A plugin's task.
pub(super) struct ForeignTask {
    object: ForeignObject,
    spec: TaskSpec,
    load: LoadFn,
}

impl ForeignTask {
    pub(super) fn new(object: ForeignObject) -> Result<Self> {
        // SAFETY: an object of this kind has this table.
        let vt: abi::TaskVTable = unsafe { table(object.table(), object.label()) }?;
        let spec = vt.spec.ok_or_else(|| absent(object.label(), "spec"))?;
        let load = vt.load.ok_or_else(|| absent(object.label(), "load"))?;
        let none = abi::Str::new("");
        let mut out = abi::TaskSpec {
            struct_size: size_of::<abi::TaskSpec>() as u32,
            target: 0,
            outputs: 0,
            sequence_len: 0,
            metrics: none,
            citation: none,
            split_kind: abi::SPLIT_KIND_GIVEN,
            flags: 0,
            continuation: 0,
            reserved: 0,
            name: none,
            license: none,
            class_names: std::ptr::null(),
            n_class_names: 0,
            notes: std::ptr::null(),
            n_notes: 0,
        };
        // SAFETY: the plugin's function with its own object and structs that outlive the call.
        object.call("spec", |err| unsafe { spec(object.pointer(), &raw mut out, err) })?;
        // SAFETY: a local struct whose texts live until destroy.
        let mut spec =
            unsafe { task_spec(&raw const out) }.map_err(|error| error.within(object.label().to_owned()))?;
        if spec.name.is_empty() {
            object.label().clone_into(&mut spec.name);
        }
        Ok(Self { object, spec, load })
    }

    fn check(&self, examples: Examples<'_>) -> Result<(), String> {
        for (id, row) in examples.items.ids.iter().zip(examples.targets.rows()) {
            let classes = self.spec.target.classes();
            let good = |value: &f32| match classes {
                Some(classes) => *value >= 0.0 && value.fract() == 0.0 && (*value as usize) < classes,
                None => value.is_finite(),
            };
            if let Some(value) = row.iter().find(|value| !good(value)) {
                return Err(format!("the target {value} for example {id}"));
            }
        }
        Ok(())
    }
}

/// Reads a task's spec.
///
/// # Safety
///
/// `spec` is NULL or follows the header.
pub(in crate::border) unsafe fn task_spec(spec: *const abi::TaskSpec) -> Result<TaskSpec> {
    // SAFETY: the caller's promise.
    let it = unsafe { read(spec, "the task's struct") }?;
    let outputs = it.outputs as usize;
    let target = match it.target {
        abi::TARGET_BINARY if outputs == 2 => Target::Binary,
        abi::TARGET_MULTICLASS if outputs >= 2 => Target::Multiclass(outputs),
        abi::TARGET_MULTILABEL if outputs >= 1 => Target::Multilabel(outputs),
        abi::TARGET_REGRESSION if outputs >= 1 => Target::Regression(outputs),
        other => return Err(Error::invalid(format!("target {other} with {outputs} outputs is none"))),
    };
    let split = match it.split_kind {
        abi::SPLIT_KIND_PAPER => SplitKind::Paper,
        abi::SPLIT_KIND_GROUPED => SplitKind::Grouped,
        abi::SPLIT_KIND_GIVEN => SplitKind::Given,
        other => return Err(Error::invalid(format!("{other} is no kind of split"))),
    };
    // SAFETY: the caller's promise.
    let owned = |item: abi::Str, what: &str| unsafe { text(item, what) }.map(str::to_owned);
    let mut spec = TaskSpec::new(owned(it.name, "the task's name")?, target, split);
    let metrics = owned(it.metrics, "the task's metrics")?;
    if !metrics.is_empty() {
        spec.metrics = metrics.split(',').map(|id| id.trim().parse::<Metric>()).collect::<Result<_>>()?;
    }
    spec.sequence_length = (it.sequence_len > 0).then_some(it.sequence_len);
    spec.continuation = (it.continuation > 0).then_some(it.continuation);
    spec.strand_specific = it.flags & abi::STRAND_SPECIFIC != 0;
    spec.citation = owned(it.citation, "the task's citation")?;
    spec.license = owned(it.license, "the task's licence")?;
    // SAFETY: the caller's promise.
    spec.class_names = unsafe { texts(it.class_names, it.n_class_names, "the classes' names") }?;
    // SAFETY: the caller's promise.
    spec.notes = unsafe { texts(it.notes, it.n_notes, "the task's notes") }?;
    Ok(spec)
}

/// What a load's pushes come to.
struct Receiver<'c> {
    task: &'c ForeignTask,
    sink: &'c mut dyn ExampleSink,
    stopped: bool,
    wrong: Option<String>,
    thrown: Option<Box<dyn Any + Send>>,
}

impl Receiver<'_> {
    unsafe fn take(&mut self, examples: *const abi::Examples) -> Result<(), String> {
        if self.stopped {
            return Err("more examples after the sink had asked to stop".into());
        }
        let (task, sink) = (self.task, &mut *self.sink);
        let width = task.spec.target.width();
        let push = |examples: Examples<'_>| {
            task.check(examples)?;
            Ok(catch_unwind(AssertUnwindSafe(|| sink.push(examples))))
        };
        // SAFETY: the plugin's promise about examples.
        let pushed: Result<_, String> =
            unsafe { held_examples(examples, width, push) }.map_err(|error| error.chain())?;
        match pushed? {
            Ok(flow) => self.stopped = flow.is_break(),
            Err(panic) => {
                self.thrown = Some(panic);
                self.stopped = true;
            }
        }
        Ok(())
    }
}

unsafe extern "C" fn push(ctx: *mut c_void, examples: *const abi::Examples) -> i32 {
    // SAFETY: a plugin passes the sink's own context during the call that it was given for.
    let receiver = unsafe { &mut *ctx.cast::<Receiver<'_>>() };
    if receiver.wrong.is_none() {
        // SAFETY: the plugin's promise about examples.
        receiver.wrong = unsafe { receiver.take(examples) }.err();
    }
    i32::from(receiver.stopped || receiver.wrong.is_some())
}

impl Task for ForeignTask {
    fn spec(&self) -> &TaskSpec {
        &self.spec
    }

    fn load(&self, split: Split, sink: &mut dyn ExampleSink) -> Result<()> {
        let mut receiver = Receiver { task: self, sink, stopped: false, wrong: None, thrown: None };
        let lent = abi::ExampleSink {
            struct_size: size_of::<abi::ExampleSink>() as u32,
            reserved: 0,
            ctx: (&raw mut receiver).cast(),
            push: Some(push),
        };
        let number = match split {
            Split::Train => abi::SPLIT_TRAIN,
            Split::Validation => abi::SPLIT_VALIDATION,
            Split::Test => abi::SPLIT_TEST,
        };
        let answer = self.object.call("load", |err| {
            // SAFETY: the plugin's function with its own object; the sink outlives the call.
            unsafe { (self.load)(self.object.pointer(), number, &raw const lent, err) }
        });
        if let Some(panic) = receiver.thrown {
            resume_unwind(panic);
        }
        match receiver.wrong {
            Some(what) => Err(self.object.wrong("load", what)),
            None => answer,
        }
    }
}
