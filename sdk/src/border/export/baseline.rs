//! Baselines and their predictors.

use std::{
    ffi::c_void,
    sync::{Mutex, PoisonError},
};

use ndarray::Ix2;

use super::{
    super::{
        abi,
        guard::guard,
        host::task_spec,
        items::{HeldItems, held_examples},
        tensor::view_mut,
        text::write_out,
    },
    head, object as object_from, owned,
};
use crate::{Baseline, BaselineSpec, Control, Error, Examples, Predictor};

/// A baseline and the texts it lends.
struct Owned {
    inner: Box<dyn Baseline>,
    spec: BaselineSpec,
}

/// A predictor, for one thread at a time.
struct OwnedPredictor(Mutex<Box<dyn Predictor>>);

static TABLE: abi::BaselineVTable =
    abi::BaselineVTable { base: head::<Owned, abi::BaselineVTable>(None), spec: Some(spec), fit: Some(fit) };
static PREDICTOR: abi::PredictorVTable =
    abi::PredictorVTable { base: head::<OwnedPredictor, abi::PredictorVTable>(None), predict: Some(predict) };

pub(super) fn object(inner: Box<dyn Baseline>) -> abi::Object {
    let spec = inner.spec().clone();
    object_from(Owned { inner, spec }, (&raw const TABLE).cast())
}

unsafe extern "C" fn spec(
    object: *mut c_void,
    out: *mut abi::BaselineSpec,
    err: *mut abi::Error,
) -> abi::Status {
    guard(err, || {
        // SAFETY: the host's promise about objects.
        let spec = &unsafe { owned::<Owned>(object) }?.spec;
        let value = abi::BaselineSpec {
            struct_size: 0,
            control: match spec.control {
                Control::ContextFree => abi::CONTROL_CONTEXT_FREE,
                Control::Local => abi::CONTROL_LOCAL,
                Control::Artefact => abi::CONTROL_ARTEFACT,
            },
            flags: if spec.seeded { abi::SEEDED } else { 0 },
            reserved: 0,
            name: abi::Str::new(&spec.name),
        };
        // SAFETY: the host's promise about out-parameters.
        unsafe { write_out(out, value) }
    })
}

unsafe extern "C" fn fit(
    object: *mut c_void,
    task: *const abi::TaskSpec,
    train: *const abi::Examples,
    validation: *const abi::Examples,
    seed: u64,
    predictor: *mut abi::Object,
    err: *mut abi::Error,
) -> abi::Status {
    guard(err, || {
        // SAFETY: the host's promise about objects.
        let owned = unsafe { owned::<Owned>(object) }?;
        if predictor.is_null() {
            return Err(Error::invalid("the predictor to fill is NULL"));
        }
        // SAFETY: the host's promise about structs.
        let task = unsafe { task_spec(task) }?;
        let width = task.target.width();
        let inner = &owned.inner;
        let with_both = |train: Examples<'_>| {
            if validation.is_null() {
                return inner.fit(&task, train, None, seed);
            }
            let fit = |validation: Examples<'_>| inner.fit(&task, train, Some(validation), seed);
            // SAFETY: the host's promise about examples.
            unsafe { held_examples(validation, width, fit) }.flatten()
        };
        // SAFETY: the host's promise about examples.
        let fitted = unsafe { held_examples(train, width, with_both) }.flatten()?;
        let fitted = object_from(OwnedPredictor(Mutex::new(fitted)), (&raw const PREDICTOR).cast());
        // SAFETY: the host's promise about out-parameters.
        unsafe { predictor.write(fitted) };
        Ok(())
    })
}

unsafe extern "C" fn predict(
    object: *mut c_void,
    items: *const abi::Items,
    scores: *mut abi::Tensor,
    err: *mut abi::Error,
) -> abi::Status {
    guard(err, || {
        // SAFETY: the host's promise about objects.
        let owned = unsafe { owned::<OwnedPredictor>(object) }?;
        // SAFETY: the host's promise about items.
        let items = unsafe { HeldItems::new(items) }?;
        // SAFETY: the host's promise about tensors.
        let scores = unsafe { view_mut::<f32, Ix2>(scores, 2, "scores") }?;
        if scores.nrows() != items.items().len() {
            let n = items.items().len();
            return Err(Error::invalid(format!("{n} items, and scores for {}", scores.nrows())));
        }
        owned.0.lock().unwrap_or_else(PoisonError::into_inner).predict(items.items(), scores)
    })
}
