//! Encoders.

use std::{
    ffi::c_void,
    sync::{Mutex, MutexGuard, PoisonError},
};

use ndarray::{ArrayView2, ArrayViewMut3, Ix2, Ix3};

use super::{
    super::{
        abi,
        guard::guard,
        tensor::{axes, view, view_mut},
        text::{text, write_out},
    },
    head, narrow, object as object_from, owned,
};
use crate::{Encoder, EncoderSpec, Error, Graph, Parameter, Result, TokenTensor};

/// An encoder and what it lends.
struct Owned {
    inner: Mutex<Box<dyn Encoder>>,
    spec: EncoderSpec,
    numbers: Numbers,
    language_model: bool,
    trainable: Option<Trainable>,
}

/// The spec's numbers in the border's width.
struct Numbers {
    hidden: u32,
    layers: u32,
    max_tokens: u32,
}

/// The graph and the list of parameters, in the border's form.
struct Trainable {
    graph: Graph,
    path: String,
    owned: Vec<(Parameter, Vec<i64>)>,
    _list: Vec<abi::Parameter>,
    pointers: Vec<*const abi::Parameter>,
}

static TABLE: abi::EncoderVTable = abi::EncoderVTable {
    base: head::<Owned, abi::EncoderVTable>(Some(extension)),
    spec: Some(spec),
    encode: Some(encode),
};
static LANGUAGE_MODEL: abi::LmVTable = language_model(0);
static CAUSAL_LANGUAGE_MODEL: abi::LmVTable = language_model(1);
static LAYERS: abi::LayersVTable = abi::LayersVTable {
    struct_size: size_of::<abi::LayersVTable>() as u32,
    reserved: 0,
    encode: Some(encode_layer),
};
static TRAINABLE: abi::TrainableVTable = abi::TrainableVTable {
    struct_size: size_of::<abi::TrainableVTable>() as u32,
    reserved: 0,
    forward: Some(forward),
    parameters: Some(parameters),
    read: Some(read_parameter),
};

const fn language_model(causal: u32) -> abi::LmVTable {
    abi::LmVTable { struct_size: size_of::<abi::LmVTable>() as u32, causal, logits: Some(logits) }
}

pub(super) fn object(mut inner: Box<dyn Encoder>) -> Result<abi::Object> {
    let spec = inner.spec().clone();
    let numbers = Numbers {
        hidden: narrow(spec.hidden, "width")?,
        layers: narrow(spec.layers, "number of layers")?,
        max_tokens: narrow(spec.max_tokens.unwrap_or(0), "most tokens")?,
    };
    let language_model = inner.language_model().is_some();
    let trainable = inner.trainable().map(|it| lend(it.parameters(), it.forward())).transpose()?;
    let owned = Owned { inner: Mutex::new(inner), spec, numbers, language_model, trainable };
    Ok(object_from(owned, (&raw const TABLE).cast()))
}

fn lend(parameters: &[Parameter], graph: Graph) -> Result<Trainable> {
    let path = match &graph {
        Graph::Path(path) => path
            .to_str()
            .ok_or_else(|| Error::invalid(format!("{}: the path is not UTF-8", path.display())))?
            .to_owned(),
        Graph::Bytes(_) => String::new(),
    };
    let with_shape =
        |it: &Parameter| (it.clone(), it.shape.iter().map(|&length| length as i64).collect::<Vec<_>>());
    let owned: Vec<(Parameter, Vec<i64>)> = parameters.iter().map(with_shape).collect();
    let lent = |(it, shape): &(Parameter, Vec<i64>)| abi::Parameter {
        struct_size: size_of::<abi::Parameter>() as u32,
        flags: if it.decay { abi::PARAM_DECAY } else { 0 },
        group: it.group,
        ndim: shape.len() as u32,
        name: abi::Str::new(&it.name),
        shape: shape.as_ptr(),
    };
    let list: Vec<abi::Parameter> = owned.iter().map(lent).collect();
    let pointers = list.iter().map(|it| &raw const *it).collect();
    Ok(Trainable { graph, path, owned, _list: list, pointers })
}

impl Owned {
    /// Takes the encoder. A panic in an earlier call was reported; the host does not come back after it.
    fn lock(&self) -> MutexGuard<'_, Box<dyn Encoder>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn trainable(&self) -> Result<&Trainable> {
        self.trainable.as_ref().ok_or_else(|| Error::unsupported("this encoder hands over no graph"))
    }

    /// Checks a batch against the spec: an author need not.
    fn check(&self, ids: ArrayView2<'_, i64>, mask: ArrayView2<'_, i64>) -> Result<()> {
        let spec = &self.spec;
        if ids.dim() != mask.dim() {
            return Err(Error::invalid(format!("ids are {:?}, the mask {:?}", ids.dim(), mask.dim())));
        }
        if let Some(most) = spec.max_tokens.filter(|&most| ids.ncols() > most) {
            return Err(Error::invalid(format!("rows of {} tokens, the encoder takes {most}", ids.ncols())));
        }
        match ids.iter().find(|id| !(0..i64::from(spec.vocab_size)).contains(id)) {
            Some(id) => Err(Error::invalid(format!("id {id}, the vocabulary has {}", spec.vocab_size))),
            None => Ok(()),
        }
    }

    /// Borrows a batch and the memory to fill, `[batch, tokens, width]`, and calls with them.
    unsafe fn with(
        &self,
        ids: *const abi::Tensor,
        mask: *const abi::Tensor,
        out: *mut abi::Tensor,
        width: usize,
        call: impl FnOnce(&mut dyn Encoder, TokenTensor<'_>, ArrayViewMut3<'_, f32>) -> Result<()>,
    ) -> Result<()> {
        // SAFETY: the host's promise about tensors.
        let ids = unsafe { view::<i64, Ix2>(ids, "ids") }?;
        // SAFETY: the host's promise about tensors.
        let mask = unsafe { view::<i64, Ix2>(mask, "mask") }?;
        // SAFETY: the host's promise about tensors.
        let out = unsafe { view_mut::<f32, Ix3>(out, 3, "output") }?;
        self.check(ids, mask)?;
        let wanted = (ids.nrows(), ids.ncols(), width);
        if out.dim() != wanted {
            return Err(Error::invalid(format!("the output is {:?}, not {wanted:?}", out.dim())));
        }
        call(&mut **self.lock(), TokenTensor { ids, mask }, out)
    }
}

unsafe extern "C" fn spec(
    object: *mut c_void,
    out: *mut abi::EncoderSpec,
    err: *mut abi::Error,
) -> abi::Status {
    guard(err, || {
        // SAFETY: the host's promise about objects.
        let Owned { spec, numbers, .. } = unsafe { owned::<Owned>(object) }?;
        let value = abi::EncoderSpec {
            struct_size: 0,
            hidden: numbers.hidden,
            layers: numbers.layers,
            max_tokens: numbers.max_tokens,
            vocab_size: spec.vocab_size,
            flags: if spec.causal { abi::CAUSAL } else { 0 } | if spec.pooler { abi::POOLER } else { 0 },
            prefix: spec.prefix.unwrap_or(abi::NO_TOKEN),
            suffix: spec.suffix.unwrap_or(abi::NO_TOKEN),
            tokenizer: abi::Str::new(&spec.tokenizer),
            parameters: spec.parameters.unwrap_or(0),
            name: abi::Str::new(&spec.name),
            fingerprint: abi::Str::new(&spec.fingerprint),
        };
        // SAFETY: the host's promise about out-parameters.
        unsafe { write_out(out, value) }
    })
}

unsafe extern "C" fn extension(object: *mut c_void, id: abi::Str) -> *const c_void {
    let mut table: *const c_void = std::ptr::null();
    guard(std::ptr::null_mut(), || {
        // SAFETY: the host's promise about objects.
        let owned = unsafe { owned::<Owned>(object) }?;
        // SAFETY: the host's promise about texts.
        table = match unsafe { text(id, "an extension's id") }? {
            abi::EXT_LM if owned.language_model && owned.spec.causal => {
                (&raw const CAUSAL_LANGUAGE_MODEL).cast()
            }
            abi::EXT_LM if owned.language_model => (&raw const LANGUAGE_MODEL).cast(),
            abi::EXT_LAYERS => (&raw const LAYERS).cast(),
            abi::EXT_TRAINABLE if owned.trainable.is_some() => (&raw const TRAINABLE).cast(),
            _ => std::ptr::null(),
        };
        Ok(())
    });
    table
}

unsafe extern "C" fn encode(
    object: *mut c_void,
    ids: *const abi::Tensor,
    mask: *const abi::Tensor,
    hidden: *mut abi::Tensor,
    err: *mut abi::Error,
) -> abi::Status {
    guard(err, || {
        // SAFETY: the host's promise about objects.
        let owned = unsafe { owned::<Owned>(object) }?;
        // SAFETY: the host's promise about tensors.
        unsafe { owned.with(ids, mask, hidden, owned.spec.hidden, |it, tokens, out| it.encode(tokens, out)) }
    })
}

unsafe extern "C" fn encode_layer(
    object: *mut c_void,
    ids: *const abi::Tensor,
    mask: *const abi::Tensor,
    layer: u32,
    hidden: *mut abi::Tensor,
    err: *mut abi::Error,
) -> abi::Status {
    guard(err, || {
        // SAFETY: the host's promise about objects.
        let owned = unsafe { owned::<Owned>(object) }?;
        let call = |it: &mut dyn Encoder, tokens: TokenTensor<'_>, out: ArrayViewMut3<'_, f32>| {
            it.encode_layer(tokens, layer as usize, out)
        };
        // SAFETY: the host's promise about tensors.
        unsafe { owned.with(ids, mask, hidden, owned.spec.hidden, call) }
    })
}

unsafe extern "C" fn logits(
    object: *mut c_void,
    ids: *const abi::Tensor,
    mask: *const abi::Tensor,
    logits: *mut abi::Tensor,
    err: *mut abi::Error,
) -> abi::Status {
    guard(err, || {
        // SAFETY: the host's promise about objects.
        let owned = unsafe { owned::<Owned>(object) }?;
        let call = |it: &mut dyn Encoder, tokens: TokenTensor<'_>, out: ArrayViewMut3<'_, f32>| {
            let model = it.language_model();
            model.ok_or_else(|| Error::unsupported("there is no language-model head"))?.logits(tokens, out)
        };
        // SAFETY: the host's promise about tensors.
        unsafe { owned.with(ids, mask, logits, owned.spec.vocab_size as usize, call) }
    })
}

unsafe extern "C" fn forward(
    object: *mut c_void,
    graph: *mut abi::Blob,
    err: *mut abi::Error,
) -> abi::Status {
    guard(err, || {
        // SAFETY: the host's promise about objects.
        let trainable = unsafe { owned::<Owned>(object) }?.trainable()?;
        let bytes: &[u8] = match &trainable.graph {
            Graph::Bytes(bytes) => bytes,
            Graph::Path(_) => &[],
        };
        let value = abi::Blob {
            struct_size: 0,
            reserved: 0,
            path: abi::Str::new(&trainable.path),
            bytes: abi::Bytes::new(bytes),
        };
        // SAFETY: the host's promise about out-parameters.
        unsafe { write_out(graph, value) }
    })
}

unsafe extern "C" fn parameters(
    object: *mut c_void,
    out: *mut *const *const abi::Parameter,
    n: *mut usize,
    err: *mut abi::Error,
) -> abi::Status {
    guard(err, || {
        // SAFETY: the host's promise about objects.
        let pointers = &unsafe { owned::<Owned>(object) }?.trainable()?.pointers;
        if out.is_null() || n.is_null() {
            return Err(Error::invalid("the list to fill is NULL"));
        }
        // SAFETY: the host's promise about out-parameters.
        unsafe { out.write(pointers.as_ptr()) };
        // SAFETY: the host's promise about out-parameters.
        unsafe { n.write(pointers.len()) };
        Ok(())
    })
}

unsafe extern "C" fn read_parameter(
    object: *mut c_void,
    index: usize,
    value: *mut abi::Tensor,
    err: *mut abi::Error,
) -> abi::Status {
    guard(err, || {
        // SAFETY: the host's promise about objects.
        let owned = unsafe { owned::<Owned>(object) }?;
        let known = owned.trainable()?.owned.get(index);
        let (parameter, _) = known.ok_or_else(|| Error::invalid(format!("there is no parameter {index}")))?;
        // SAFETY: the host's promise about tensors.
        let axes = unsafe { axes(value) };
        // SAFETY: the host's promise about tensors.
        let value = unsafe { view_mut::<f32, ndarray::IxDyn>(value, axes, "value") }?;
        if value.shape() != parameter.shape {
            let name = &parameter.name;
            return Err(Error::invalid(format!("{name} is {:?}, not {:?}", parameter.shape, value.shape())));
        }
        let mut encoder = owned.lock();
        let trainable = encoder.trainable();
        trainable.ok_or_else(|| Error::unsupported("this encoder hands over no weights"))?.read(index, value)
    })
}
