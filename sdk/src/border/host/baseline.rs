//! Baselines and their predictors.

use std::ffi::c_void;

use ndarray::{Array2, ArrayViewMut2};

use super::{
    super::{
        abi,
        export::LentSpec,
        items::{LentItems, with_examples},
        tensor::Filled,
        text::text,
    },
    absent,
    object::ForeignObject,
    table,
};
use crate::{Baseline, BaselineSpec, Control, Error, Examples, Items, Predictor, Result, TaskSpec};

type FitFn = unsafe extern "C" fn(
    *mut c_void,
    *const abi::TaskSpec,
    *const abi::Examples,
    *const abi::Examples,
    u64,
    *mut abi::Object,
    *mut abi::Error,
) -> abi::Status;
type PredictFn =
    unsafe extern "C" fn(*mut c_void, *const abi::Items, *mut abi::Tensor, *mut abi::Error) -> abi::Status;

/// A plugin's baseline.
pub(super) struct ForeignBaseline {
    object: ForeignObject,
    spec: BaselineSpec,
    fit: FitFn,
}

impl ForeignBaseline {
    pub(super) fn new(object: ForeignObject) -> Result<Self> {
        // SAFETY: an object of this kind has this table.
        let vt: abi::BaselineVTable = unsafe { table(object.table(), object.label()) }?;
        let spec = vt.spec.ok_or_else(|| absent(object.label(), "spec"))?;
        let fit = vt.fit.ok_or_else(|| absent(object.label(), "fit"))?;
        let mut out = abi::BaselineSpec {
            struct_size: size_of::<abi::BaselineSpec>() as u32,
            control: 0,
            flags: 0,
            reserved: 0,
            name: abi::Str::new(""),
        };
        // SAFETY: the plugin's function with its own object and structs that outlive the call.
        object.call("spec", |err| unsafe { spec(object.pointer(), &raw mut out, err) })?;
        let control = match out.control {
            abi::CONTROL_CONTEXT_FREE => Control::ContextFree,
            abi::CONTROL_LOCAL => Control::Local,
            abi::CONTROL_ARTEFACT => Control::Artefact,
            other => return Err(object.wrong("spec", format!("the unknown control {other}"))),
        };
        // SAFETY: texts of a spec live until destroy.
        let name =
            unsafe { text(out.name, "its name") }.map_err(|error| error.within(object.label().to_owned()))?;
        let mut spec = BaselineSpec::new(if name.is_empty() { object.label() } else { name }, control);
        spec.seeded = out.flags & abi::SEEDED != 0;
        Ok(Self { object, spec, fit })
    }
}

impl Baseline for ForeignBaseline {
    fn spec(&self) -> &BaselineSpec {
        &self.spec
    }

    fn fit(
        &self,
        task: &TaskSpec,
        train: Examples<'_>,
        validation: Option<Examples<'_>>,
        seed: u64,
    ) -> Result<Box<dyn Predictor>> {
        let lent = LentSpec::new(task)?;
        let spec = lent.spec();
        let mut object = abi::Object { object: std::ptr::null_mut(), vt: std::ptr::null() };
        let fit = |train: *const abi::Examples, validation: *const abi::Examples, out: *mut abi::Object| {
            self.object.call("fit", |err| {
                let of = self.object.pointer();
                // SAFETY: the plugin's function with its own object; everything lent outlives the call.
                unsafe { (self.fit)(of, &raw const spec, train, validation, seed, out, err) }
            })
        };
        let out = &raw mut object;
        with_examples(train, |train| match validation {
            None => fit(train, std::ptr::null(), out),
            Some(validation) => with_examples(validation, |validation| fit(train, validation, out)),
        })?;
        if object.vt.is_null() {
            return Err(self.object.wrong("fit", "no predictor"));
        }
        let label = format!("{}: predictor", self.object.label());
        // SAFETY: the plugin made this object just now, and nobody else destroys it.
        let object = unsafe { ForeignObject::new(object, label) }?;
        // SAFETY: what `fit` makes has this table.
        let vt: abi::PredictorVTable = unsafe { table(object.table(), object.label()) }?;
        let predict = vt.predict.ok_or_else(|| absent(object.label(), "predict"))?;
        Ok(Box::new(ForeignPredictor { object, predict, outputs: task.target.outputs() }))
    }
}

/// A plugin's predictor.
struct ForeignPredictor {
    object: ForeignObject,
    predict: PredictFn,
    outputs: usize,
}

impl Predictor for ForeignPredictor {
    fn predict(&mut self, items: Items<'_>, mut scores: ArrayViewMut2<'_, f32>) -> Result<()> {
        if scores.dim() != (items.len(), self.outputs) {
            let wanted = (items.len(), self.outputs);
            return Err(Error::invalid(format!("scores are {:?}, not {wanted:?}", scores.dim())));
        }
        let lent = LentItems::new(items);
        let given = lent.items();
        let mut filled = Filled::new(&[items.len(), self.outputs]);
        let mut out = filled.lend();
        let mut tensor = out.tensor();
        self.object.call("predict", |err| {
            // SAFETY: the plugin's function with its own object; items and scores outlive the call.
            unsafe { (self.predict)(self.object.pointer(), &raw const given, &raw mut tensor, err) }
        })?;
        let filled: Array2<f32> =
            filled.into_array().ok_or_else(|| self.object.wrong("predict", "past the end of its output"))?;
        if let Some(((row, column), value)) = filled.indexed_iter().find(|(_, value)| !value.is_finite()) {
            let what = format!("{value} for item {}, column {column}, or did not write it", items.ids[row]);
            return Err(self.object.wrong("predict", what));
        }
        scores.assign(&filled);
        Ok(())
    }
}
