//! Encoders.

use std::{ffi::c_void, path::PathBuf};

use ndarray::{Array3, ArrayD, ArrayViewMut3, ArrayViewMutD};

use super::{
    super::{
        abi,
        tensor::{Filled, Lent},
        text::{read, slice, text},
    },
    absent,
    object::ForeignObject,
    table,
};
use crate::{
    Encoder, EncoderSpec, Error, Graph, LanguageModel, Parameter, Result, TokenId, TokenTensor, Trainable,
};

/// More than the width of any hidden state.
const MOST_HIDDEN: u32 = 1 << 20;
/// More than the axes of any weight.
const MOST_AXES: u32 = 8;

type EncodeFn = unsafe extern "C" fn(
    *mut c_void,
    *const abi::Tensor,
    *const abi::Tensor,
    *mut abi::Tensor,
    *mut abi::Error,
) -> abi::Status;
type ReadFn = unsafe extern "C" fn(*mut c_void, usize, *mut abi::Tensor, *mut abi::Error) -> abi::Status;

/// A plugin's encoder.
pub(super) struct ForeignEncoder {
    object: ForeignObject,
    spec: EncoderSpec,
    encode: Option<EncodeFn>,
    layers: Option<abi::LayersVTable>,
    logits: Option<EncodeFn>,
    training: Option<Training>,
}

/// What a plugin hands over for fine-tuning.
struct Training {
    graph: Graph,
    parameters: Vec<Parameter>,
    read: ReadFn,
}

impl ForeignEncoder {
    pub(super) fn new(object: ForeignObject, digest: &str) -> Result<Self> {
        // SAFETY: an object of this kind has this table.
        let vt: abi::EncoderVTable = unsafe { table(object.table(), object.label()) }?;
        let spec = vt.spec.ok_or_else(|| absent(object.label(), "spec"))?;
        let mut out = abi::EncoderSpec {
            struct_size: size_of::<abi::EncoderSpec>() as u32,
            hidden: 0,
            layers: 0,
            max_tokens: 0,
            vocab_size: 0,
            flags: 0,
            prefix: abi::NO_TOKEN,
            suffix: abi::NO_TOKEN,
            tokenizer: abi::Str::new(""),
            parameters: 0,
            name: abi::Str::new(""),
            fingerprint: abi::Str::new(""),
        };
        // SAFETY: the plugin's function with its own object and structs that outlive the call.
        object.call("spec", |err| unsafe { spec(object.pointer(), &raw mut out, err) })?;
        let spec = read_spec(&object, &out, digest)?;
        // SAFETY: the ids and tables of the header.
        let layers: Option<abi::LayersVTable> = unsafe { object.extension(abi::EXT_LAYERS) }?;
        // SAFETY: as above.
        let model: Option<abi::LmVTable> = unsafe { object.extension(abi::EXT_LM) }?;
        let logits = match model {
            Some(model) => Some(model.logits.ok_or_else(|| absent(object.label(), "logits"))?),
            None => None,
        };
        let training = Training::of(&object)?;
        if vt.encode.is_none() && training.is_none() {
            let error = absent(object.label(), "encode");
            return Err(error.with_hint("it may be NULL where dlm.trainable/1 is offered"));
        }
        Ok(Self { object, spec, encode: vt.encode, layers, logits, training })
    }

    /// Calls a function that fills `[batch, tokens, width]`, and checks what it wrote.
    fn fill(
        &self,
        function: &str,
        tokens: TokenTensor<'_>,
        mut out: ArrayViewMut3<'_, f32>,
        call: impl FnOnce(
            *const abi::Tensor,
            *const abi::Tensor,
            *mut abi::Tensor,
            *mut abi::Error,
        ) -> abi::Status,
    ) -> Result<()> {
        let (ids, mask) = (tokens.ids.as_standard_layout(), tokens.mask.as_standard_layout());
        let shape = |of: &ndarray::CowArray<'_, i64, ndarray::Ix2>| [of.nrows(), of.ncols()];
        let missing = || Error::internal("a batch has no memory of one piece");
        let mut lent_ids = Lent::read(ids.as_slice().ok_or_else(missing)?, &shape(&ids));
        let mut lent_mask = Lent::read(mask.as_slice().ok_or_else(missing)?, &shape(&mask));
        let mut filled = Filled::new(out.shape());
        let mut lent_out = filled.lend();
        let (ids, mask, mut written) = (lent_ids.tensor(), lent_mask.tensor(), lent_out.tensor());
        self.object.call(function, |err| call(&raw const ids, &raw const mask, &raw mut written, err))?;
        let mut filled: Array3<f32> =
            filled.into_array().ok_or_else(|| self.object.wrong(function, "past the end of its output"))?;
        for ((row, column), &real) in tokens.mask.indexed_iter() {
            let mut states = filled.slice_mut(ndarray::s![row, column, ..]);
            if real != 0 {
                if let Some(value) = states.iter().find(|value| !value.is_finite()) {
                    let what = format!("{value} at row {row}, token {column}, or did not write there");
                    return Err(self.object.wrong(function, what));
                }
            } else {
                states.mapv_inplace(|value| if value.is_finite() { value } else { 0.0 });
            }
        }
        out.assign(&filled);
        Ok(())
    }
}

fn read_spec(object: &ForeignObject, out: &abi::EncoderSpec, digest: &str) -> Result<EncoderSpec> {
    let inside = |error: Error| error.within(object.label().to_owned());
    // SAFETY: texts of a spec live until destroy.
    let name = unsafe { text(out.name, "its name") }.map_err(inside)?;
    // SAFETY: as above.
    let tokenizer = unsafe { text(out.tokenizer, "its tokenizer") }.map_err(inside)?;
    // SAFETY: as above.
    let own = unsafe { text(out.fingerprint, "its fingerprint") }.map_err(inside)?;
    if out.hidden == 0 || out.hidden > MOST_HIDDEN || out.vocab_size == 0 {
        let what = format!("a width of {} and a vocabulary of {}", out.hidden, out.vocab_size);
        return Err(object.wrong("spec", what));
    }
    if tokenizer.is_empty() {
        return Err(object.wrong("spec", "no tokenizer"));
    }
    let id = |id: u32| -> Result<Option<TokenId>> {
        match id {
            abi::NO_TOKEN => Ok(None),
            id if id < out.vocab_size => Ok(Some(id)),
            id => Err(object.wrong("spec", format!("the id {id} past the vocabulary of {}", out.vocab_size))),
        }
    };
    let name = if name.is_empty() { object.label() } else { name };
    let mut spec = EncoderSpec::new(name, tokenizer, out.vocab_size, out.hidden as usize);
    spec.layers = out.layers as usize;
    spec.max_tokens = (out.max_tokens > 0).then_some(out.max_tokens as usize);
    spec.prefix = id(out.prefix)?;
    spec.suffix = id(out.suffix)?;
    spec.causal = out.flags & abi::CAUSAL != 0;
    spec.pooler = out.flags & abi::POOLER != 0;
    spec.parameters = (out.parameters > 0).then_some(out.parameters);
    spec.fingerprint = if own.is_empty() { digest.to_owned() } else { own.to_owned() };
    Ok(spec)
}

impl Training {
    fn of(object: &ForeignObject) -> Result<Option<Self>> {
        // SAFETY: the id and table of the header.
        let vt: Option<abi::TrainableVTable> = unsafe { object.extension(abi::EXT_TRAINABLE) }?;
        let Some(vt) = vt else { return Ok(None) };
        let missing = |function| absent(object.label(), function);
        let forward = vt.forward.ok_or_else(|| missing("forward"))?;
        let parameters = vt.parameters.ok_or_else(|| missing("parameters"))?;
        let read = vt.read.ok_or_else(|| missing("read"))?;
        let mut blob = abi::Blob {
            struct_size: size_of::<abi::Blob>() as u32,
            reserved: 0,
            path: abi::Str::new(""),
            bytes: abi::Bytes::new(&[]),
        };
        // SAFETY: the plugin's function with its own object and a struct that outlives the call.
        object.call("forward", |err| unsafe { forward(object.pointer(), &raw mut blob, err) })?;
        let inside = |error: Error| error.within(object.label().to_owned());
        // SAFETY: a graph lives until destroy.
        let path = unsafe { text(blob.path, "the graph's path") }.map_err(inside)?;
        // SAFETY: as above.
        let bytes = unsafe { slice(blob.bytes.ptr, blob.bytes.len, "the graph") }.map_err(inside)?;
        let graph = match (path.is_empty(), bytes.is_empty()) {
            (false, true) => Graph::Path(PathBuf::from(path)),
            (true, false) => Graph::Bytes(bytes.into()),
            _ => return Err(object.wrong("forward", "not exactly one of a path and bytes")),
        };
        let (mut list, mut n) = (std::ptr::null(), 0);
        object.call("parameters", |err| {
            // SAFETY: the plugin's function with its own object and variables that outlive the call.
            unsafe { parameters(object.pointer(), &raw mut list, &raw mut n, err) }
        })?;
        // SAFETY: the list lives until destroy.
        let pointers = unsafe { slice(list, n, "the list of parameters") }.map_err(inside)?;
        // SAFETY: as above, for each.
        let parameters =
            pointers.iter().map(|&it| unsafe { parameter(it) }.map_err(inside)).collect::<Result<_>>()?;
        Ok(Some(Self { graph, parameters, read }))
    }
}

unsafe fn parameter(pointer: *const abi::Parameter) -> Result<Parameter> {
    // SAFETY: the caller's promise of a struct that follows the header.
    let it = unsafe { read(pointer, "a parameter's struct") }?;
    // SAFETY: as above.
    let name = unsafe { text(it.name, "a parameter's name") }?;
    if name.is_empty() || it.ndim > MOST_AXES {
        return Err(Error::internal(format!("parameter {name:?} has {} axes", it.ndim)));
    }
    // SAFETY: as above.
    let lengths = unsafe { slice(it.shape, it.ndim as usize, "a parameter's shape") }?;
    let shape: Option<Vec<usize>> = lengths.iter().map(|&length| usize::try_from(length).ok()).collect();
    let sound = |shape: &Vec<usize>| {
        shape.iter().try_fold(4_usize, |n, &length| n.checked_mul(length)).is_some_and(|n| n < 1 << 40)
    };
    let shape = shape
        .filter(sound)
        .ok_or_else(|| Error::internal(format!("parameter {name} has the lengths {lengths:?}")))?;
    Ok(Parameter { name: name.to_owned(), shape, group: it.group, decay: it.flags & abi::PARAM_DECAY != 0 })
}

impl Encoder for ForeignEncoder {
    fn spec(&self) -> &EncoderSpec {
        &self.spec
    }

    fn encode(&mut self, tokens: TokenTensor<'_>, hidden: ArrayViewMut3<'_, f32>) -> Result<()> {
        let Some(encode) = self.encode else {
            let label = self.object.label();
            return Err(Error::unsupported(format!(
                "{label}: it hands over its graph and does not encode itself"
            )));
        };
        self.fill("encode", tokens, hidden, |ids, mask, out, err| {
            // SAFETY: the plugin's function with its own object; tensors outlive the call.
            unsafe { encode(self.object.pointer(), ids, mask, out, err) }
        })
    }

    fn encode_layer(
        &mut self,
        tokens: TokenTensor<'_>,
        layer: usize,
        hidden: ArrayViewMut3<'_, f32>,
    ) -> Result<()> {
        let inner = self.layers.and_then(|layers| layers.encode);
        match (inner, u32::try_from(layer)) {
            (Some(encode), Ok(number)) => {
                if layer > self.spec.layers {
                    return Err(Error::invalid(format!(
                        "layer {layer}, the encoder has {}",
                        self.spec.layers
                    )));
                }
                self.fill("encode layer", tokens, hidden, |ids, mask, out, err| {
                    // SAFETY: the plugin's function with its own object; tensors outlive the call.
                    unsafe { encode(self.object.pointer(), ids, mask, number, out, err) }
                })
            }
            _ if layer == self.spec.layers => self.encode(tokens, hidden),
            _ => Err(Error::unsupported(format!(
                "encoder {} gives only its last layer, not {layer}",
                self.spec.name
            ))),
        }
    }

    fn language_model(&mut self) -> Option<&mut dyn LanguageModel> {
        if self.logits.is_some() { Some(self) } else { None }
    }

    fn trainable(&mut self) -> Option<&mut dyn Trainable> {
        if self.training.is_some() { Some(self) } else { None }
    }
}

impl LanguageModel for ForeignEncoder {
    fn logits(&mut self, tokens: TokenTensor<'_>, logits: ArrayViewMut3<'_, f32>) -> Result<()> {
        let call = self.logits.ok_or_else(|| Error::unsupported("there is no language-model head"))?;
        self.fill("logits", tokens, logits, |ids, mask, out, err| {
            // SAFETY: the plugin's function with its own object; tensors outlive the call.
            unsafe { call(self.object.pointer(), ids, mask, out, err) }
        })
    }
}

impl Trainable for ForeignEncoder {
    fn parameters(&self) -> &[Parameter] {
        self.training.as_ref().map_or(&[], |training| &training.parameters)
    }

    fn read(&mut self, index: usize, mut value: ArrayViewMutD<'_, f32>) -> Result<()> {
        let Some(training) = &self.training else {
            return Err(Error::unsupported("it hands over no weights"));
        };
        let Some(parameter) = training.parameters.get(index) else {
            return Err(Error::invalid(format!("there is no parameter {index}")));
        };
        if value.shape() != parameter.shape {
            let (name, shape) = (&parameter.name, &parameter.shape);
            return Err(Error::invalid(format!("{name} is {shape:?}, not {:?}", value.shape())));
        }
        let mut filled = Filled::new(&parameter.shape);
        let mut lent = filled.lend();
        let mut tensor = lent.tensor();
        self.object.call("read", |err| {
            // SAFETY: the plugin's function with its own object; the tensor outlives the call.
            unsafe { (training.read)(self.object.pointer(), index, &raw mut tensor, err) }
        })?;
        let filled: ArrayD<f32> =
            filled.into_array().ok_or_else(|| self.object.wrong("read", "past the end of its output"))?;
        if let Some((place, number)) = filled.iter().enumerate().find(|(_, number)| !number.is_finite()) {
            let what = format!("{number} at element {place} of {}, or did not write it", parameter.name);
            return Err(self.object.wrong("read", what));
        }
        value.assign(&filled);
        Ok(())
    }

    fn forward(&self) -> Graph {
        self.training.as_ref().map_or_else(|| Graph::Bytes([].into()), |training| training.graph.clone())
    }
}
