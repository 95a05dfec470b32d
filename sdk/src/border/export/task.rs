//! Tasks.

use std::{ffi::c_void, ops::ControlFlow};

use super::{
    super::{
        abi,
        guard::guard,
        items::with_examples,
        text::{read, write_out},
    },
    head, narrow, object as object_from, owned,
};
use crate::{Error, ExampleSink, Examples, Result, Split, SplitKind, Target, Task, TaskSpec};

/// A task and what it lends.
struct Owned {
    inner: Box<dyn Task>,
    lent: LentSpec,
}

static TABLE: abi::TaskVTable =
    abi::TaskVTable { base: head::<Owned, abi::TaskVTable>(None), spec: Some(spec), load: Some(load) };

pub(super) fn object(inner: Box<dyn Task>) -> Result<abi::Object> {
    let lent = LentSpec::new(inner.spec())?;
    Ok(object_from(Owned { inner, lent }, (&raw const TABLE).cast()))
}

/// A task's spec with the texts and lists that the border's struct points to.
pub(in crate::border) struct LentSpec {
    spec: TaskSpec,
    outputs: u32,
    metrics: String,
    class_names: Vec<abi::Str>,
    notes: Vec<abi::Str>,
}

impl LentSpec {
    pub(in crate::border) fn new(spec: &TaskSpec) -> Result<Self> {
        let spec = spec.clone();
        let texts = |list: &[String]| list.iter().map(|text| abi::Str::new(text)).collect();
        Ok(Self {
            outputs: narrow(spec.target.outputs(), "number of outputs")?,
            metrics: spec.metrics.iter().map(|metric| metric.id()).collect::<Vec<_>>().join(","),
            class_names: texts(&spec.class_names),
            notes: texts(&spec.notes),
            spec,
        })
    }

    /// Returns the border's struct; it is valid as long as this is.
    pub(in crate::border) fn spec(&self) -> abi::TaskSpec {
        let spec = &self.spec;
        abi::TaskSpec {
            struct_size: size_of::<abi::TaskSpec>() as u32,
            target: match spec.target {
                Target::Binary => abi::TARGET_BINARY,
                Target::Multiclass(_) => abi::TARGET_MULTICLASS,
                Target::Multilabel(_) => abi::TARGET_MULTILABEL,
                Target::Regression(_) => abi::TARGET_REGRESSION,
            },
            outputs: self.outputs,
            sequence_len: spec.sequence_length.unwrap_or(0),
            metrics: abi::Str::new(&self.metrics),
            citation: abi::Str::new(&spec.citation),
            split_kind: match spec.split {
                SplitKind::Paper => abi::SPLIT_KIND_PAPER,
                SplitKind::Grouped => abi::SPLIT_KIND_GROUPED,
                SplitKind::Given => abi::SPLIT_KIND_GIVEN,
            },
            flags: if spec.strand_specific { abi::STRAND_SPECIFIC } else { 0 },
            continuation: spec.continuation.unwrap_or(0),
            reserved: 0,
            name: abi::Str::new(&spec.name),
            license: abi::Str::new(&spec.license),
            class_names: self.class_names.as_ptr(),
            n_class_names: self.class_names.len(),
            notes: self.notes.as_ptr(),
            n_notes: self.notes.len(),
        }
    }
}

unsafe extern "C" fn spec(object: *mut c_void, out: *mut abi::TaskSpec, err: *mut abi::Error) -> abi::Status {
    guard(err, || {
        // SAFETY: the host's promise about objects.
        let value = unsafe { owned::<Owned>(object) }?.lent.spec();
        // SAFETY: the host's promise about out-parameters.
        unsafe { write_out(out, value) }
    })
}

/// The host's sink as the SDK's.
struct HostSink {
    sink: abi::ExampleSink,
    stopped: bool,
}

impl ExampleSink for HostSink {
    fn push(&mut self, examples: Examples<'_>) -> ControlFlow<()> {
        let stop = with_examples(examples, |examples| {
            // SAFETY: the host's function, with its own context and examples that outlive the call.
            self.sink.push.is_none_or(|push| unsafe { push(self.sink.ctx, examples) != 0 })
        });
        self.stopped |= stop;
        if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

unsafe extern "C" fn load(
    object: *mut c_void,
    split: u32,
    sink: *const abi::ExampleSink,
    err: *mut abi::Error,
) -> abi::Status {
    guard(err, || {
        // SAFETY: the host's promise about objects.
        let owned = unsafe { owned::<Owned>(object) }?;
        let split = match split {
            abi::SPLIT_TRAIN => Split::Train,
            abi::SPLIT_VALIDATION => Split::Validation,
            abi::SPLIT_TEST => Split::Test,
            other => return Err(Error::invalid(format!("there is no split {other}"))),
        };
        // SAFETY: the host's promise about structs.
        let sink = unsafe { read(sink, "the sink's struct") }?;
        let mut sink = HostSink { sink, stopped: false };
        owned.inner.load(split, &mut sink)?;
        if sink.stopped { Err(Error::cancelled()) } else { Ok(()) }
    })
}
