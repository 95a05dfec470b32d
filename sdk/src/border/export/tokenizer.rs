//! Tokenizers.

use std::{ffi::c_void, ops::ControlFlow};

use super::{
    super::{
        abi,
        guard::guard,
        text::{read, slice, write_out},
    },
    head, object as object_from, owned,
};
use crate::{Coverage, Error, Result, Sequence, Span, TokenId, TokenSink, Tokenizer, TokenizerSpec};

/// A tokenizer and the texts it lends.
struct Owned {
    inner: Box<dyn Tokenizer>,
    spec: TokenizerSpec,
}

static TABLE: abi::TokenizerVTable = abi::TokenizerVTable {
    base: head::<Owned, abi::TokenizerVTable>(None),
    spec: Some(spec),
    tokenize: Some(tokenize),
    token: Some(token),
};

pub(super) fn object(inner: Box<dyn Tokenizer>) -> abi::Object {
    let spec = inner.spec().clone();
    object_from(Owned { inner, spec }, (&raw const TABLE).cast())
}

unsafe extern "C" fn spec(
    object: *mut c_void,
    out: *mut abi::TokenizerSpec,
    err: *mut abi::Error,
) -> abi::Status {
    guard(err, || {
        // SAFETY: the host's promise about objects.
        let spec = &unsafe { owned::<Owned>(object) }?.spec;
        let id = |id: Option<TokenId>| id.unwrap_or(abi::NO_TOKEN);
        let value = abi::TokenizerSpec {
            struct_size: 0,
            vocab_size: spec.vocab_size,
            coverage: match spec.coverage {
                Coverage::Partition => abi::COVERAGE_PARTITION,
                Coverage::Overlap => abi::COVERAGE_OVERLAP,
                Coverage::Sparse => abi::COVERAGE_SPARSE,
            },
            pad: id(spec.special.pad),
            unk: id(spec.special.unk),
            cls: id(spec.special.cls),
            sep: id(spec.special.sep),
            mask: id(spec.special.mask),
            name: abi::Str::new(&spec.name),
            fingerprint: abi::Str::new(&spec.fingerprint),
        };
        // SAFETY: the host's promise about out-parameters.
        unsafe { write_out(out, value) }
    })
}

/// The host's sink as the SDK's.
struct HostSink {
    sink: abi::TokenSink,
    stopped: bool,
}

impl TokenSink for HostSink {
    fn emit(&mut self, ids: &[TokenId], spans: &[Span]) -> ControlFlow<()> {
        assert_eq!(ids.len(), spans.len(), "every token has a span");
        // SAFETY: the host's function, with its own context and arrays of one length that
        // outlive the call; the SDK's spans are laid out as the border's.
        let stop = self.sink.emit.is_none_or(|emit| unsafe {
            emit(self.sink.ctx, ids.as_ptr(), spans.as_ptr().cast(), ids.len()) != 0
        });
        self.stopped |= stop;
        if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

unsafe extern "C" fn tokenize(
    object: *mut c_void,
    seqs: *const abi::Bytes,
    n: usize,
    sink: *const abi::TokenSink,
    err: *mut abi::Error,
) -> abi::Status {
    guard(err, || {
        // SAFETY: the host's promise about objects.
        let owned = unsafe { owned::<Owned>(object) }?;
        // SAFETY: the host's promise about arrays.
        let list = unsafe { slice(seqs, n, "sequences") }?;
        // SAFETY: the host's promise about arrays, for each.
        let bases =
            |bytes: &abi::Bytes| unsafe { slice(bytes.ptr, bytes.len, "a sequence") }.map(Sequence::new);
        let sequences: Vec<Sequence<'_>> = list.iter().map(bases).collect::<Result<_>>()?;
        // SAFETY: the host's promise about structs.
        let sink = unsafe { read(sink, "the sink's struct") }?;
        let mut sink = HostSink { sink, stopped: false };
        owned.inner.tokenize(&sequences, &mut sink)?;
        if sink.stopped { Err(Error::cancelled()) } else { Ok(()) }
    })
}

unsafe extern "C" fn token(
    object: *mut c_void,
    id: u32,
    out: *mut abi::Str,
    err: *mut abi::Error,
) -> abi::Status {
    guard(err, || {
        // SAFETY: the host's promise about objects. The text is lent until destroy: no exclusive reference to the
        // tokenizer is made before.
        let owned = unsafe { owned::<Owned>(object) }?;
        let text = owned.inner.token(id).ok_or_else(|| Error::invalid(format!("there is no id {id}")))?;
        if out.is_null() {
            return Err(Error::invalid("the text to fill is NULL"));
        }
        // SAFETY: the host's promise about out-parameters.
        unsafe { out.write(abi::Str::new(text)) };
        Ok(())
    })
}
