//! Tokenizers.

use std::{
    any::Any,
    ffi::c_void,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use super::{
    super::{
        abi,
        text::{slice, text},
    },
    absent,
    object::ForeignObject,
    table,
};
use crate::{
    Coverage, Error, Result, Sequence, Span, SpecialTokens, TokenId, TokenSink, Tokenizer, TokenizerSpec,
};

/// A plugin's tokenizer.
pub(super) struct ForeignTokenizer {
    object: ForeignObject,
    spec: TokenizerSpec,
    tokenize: TokenizeFn,
    token: TokenFn,
}

type TokenizeFn = unsafe extern "C" fn(
    *mut c_void,
    *const abi::Bytes,
    usize,
    *const abi::TokenSink,
    *mut abi::Error,
) -> abi::Status;
type TokenFn = unsafe extern "C" fn(*mut c_void, u32, *mut abi::Str, *mut abi::Error) -> abi::Status;

impl ForeignTokenizer {
    pub(super) fn new(object: ForeignObject, digest: &str) -> Result<Self> {
        // SAFETY: an object of this kind has this table.
        let vt: abi::TokenizerVTable = unsafe { table(object.table(), object.label()) }?;
        let missing = |function| absent(object.label(), function);
        let spec = vt.spec.ok_or_else(|| missing("spec"))?;
        let tokenize = vt.tokenize.ok_or_else(|| missing("tokenize"))?;
        let token = vt.token.ok_or_else(|| missing("token"))?;
        let mut out = abi::TokenizerSpec {
            struct_size: size_of::<abi::TokenizerSpec>() as u32,
            vocab_size: 0,
            coverage: abi::COVERAGE_PARTITION,
            pad: abi::NO_TOKEN,
            unk: abi::NO_TOKEN,
            cls: abi::NO_TOKEN,
            sep: abi::NO_TOKEN,
            mask: abi::NO_TOKEN,
            name: abi::Str::new(""),
            fingerprint: abi::Str::new(""),
        };
        // SAFETY: the plugin's function with its own object and structs that outlive the call.
        object.call("spec", |err| unsafe { spec(object.pointer(), &raw mut out, err) })?;
        let spec = read_spec(&object, &out, digest)?;
        Ok(Self { object, spec, tokenize, token })
    }
}

fn read_spec(object: &ForeignObject, out: &abi::TokenizerSpec, digest: &str) -> Result<TokenizerSpec> {
    // SAFETY: texts of a spec live until destroy.
    let name =
        unsafe { text(out.name, "its name") }.map_err(|error| error.within(object.label().to_owned()))?;
    let name = if name.is_empty() { object.label() } else { name };
    let mut spec = TokenizerSpec::new(name, out.vocab_size);
    spec.coverage = match out.coverage {
        abi::COVERAGE_PARTITION => Coverage::Partition,
        abi::COVERAGE_OVERLAP => Coverage::Overlap,
        abi::COVERAGE_SPARSE => Coverage::Sparse,
        other => return Err(object.wrong("spec", format_args!("the unknown coverage {other}"))),
    };
    let id = |id: u32| (id != abi::NO_TOKEN).then_some(id);
    spec.special = SpecialTokens {
        pad: id(out.pad),
        unk: id(out.unk),
        cls: id(out.cls),
        sep: id(out.sep),
        mask: id(out.mask),
    };
    if out.vocab_size == 0 || out.vocab_size == abi::NO_TOKEN {
        return Err(object.wrong("spec", format_args!("a vocabulary of {} ids", out.vocab_size)));
    }
    if let Some(id) = spec.special.ids().find(|&id| id >= out.vocab_size) {
        return Err(object
            .wrong("spec", format_args!("the special id {id} past the vocabulary of {}", out.vocab_size)));
    }
    // SAFETY: as above.
    let own = unsafe { text(out.fingerprint, "its fingerprint") }
        .map_err(|error| error.within(object.label().to_owned()))?;
    spec.fingerprint = if own.is_empty() { digest.to_owned() } else { own.to_owned() };
    Ok(spec)
}

/// What a call's emits come to.
struct Receiver<'c> {
    sink: &'c mut dyn TokenSink,
    sequences: &'c [Sequence<'c>],
    spec: &'c TokenizerSpec,
    row: usize,
    stopped: bool,
    wrong: Option<String>,
    thrown: Option<Box<dyn Any + Send>>,
}

impl Receiver<'_> {
    /// Takes one row, and returns whether to stop.
    unsafe fn take(&mut self, ids: *const u32, spans: *const abi::Span, n: usize) -> Result<bool, String> {
        if self.stopped {
            return Err(format!("an emit for sequence {} after the sink had asked to stop", self.row));
        }
        let row = self.row;
        let sequence =
            self.sequences.get(row).ok_or_else(|| format!("more than {} rows", self.sequences.len()))?;
        let failed = |error: Error| format!("for sequence {row}: {error}");
        // SAFETY: the plugin passes arrays of `n` entries.
        let ids = unsafe { slice(ids, n, "ids") }.map_err(failed)?;
        // SAFETY: as above; the SDK's spans are laid out as the border's.
        let spans = unsafe { slice(spans.cast::<Span>(), n, "spans") }.map_err(failed)?;
        check_row(self.spec, ids, spans, sequence.bases().len())
            .map_err(|what| format!("for sequence {row}: {what}"))?;
        self.row += 1;
        let sink = &mut *self.sink;
        match catch_unwind(AssertUnwindSafe(|| sink.emit(ids, spans))) {
            Ok(flow) => self.stopped = flow.is_break(),
            Err(panic) => {
                self.thrown = Some(panic);
                self.stopped = true;
            }
        }
        Ok(self.stopped)
    }
}

fn check_row(spec: &TokenizerSpec, ids: &[TokenId], spans: &[Span], bases: usize) -> Result<(), String> {
    if let Some(id) = ids.iter().find(|&&id| id >= spec.vocab_size) {
        return Err(format!("id {id}, the vocabulary has {}", spec.vocab_size));
    }
    let (mut start, mut end) = (0, 0);
    for (index, span) in spans.iter().enumerate() {
        if span.start >= span.end || span.end as usize > bases {
            return Err(format!("token {index} covers {}..{} of {bases} bases", span.start, span.end));
        }
        let follows = match spec.coverage {
            Coverage::Partition => span.start == end,
            Coverage::Overlap | Coverage::Sparse => span.start >= start,
        };
        if !follows {
            return Err(format!("token {index} covers {}..{} after {start}..{end}", span.start, span.end));
        }
        (start, end) = (span.start, span.end);
    }
    if spec.coverage == Coverage::Partition && end as usize != bases {
        return Err(format!("tokens cover {end} of {bases} bases"));
    }
    Ok(())
}

unsafe extern "C" fn emit(ctx: *mut c_void, ids: *const u32, spans: *const abi::Span, n: usize) -> i32 {
    // SAFETY: a plugin passes the sink's own context during the call that it was given for.
    let receiver = unsafe { &mut *ctx.cast::<Receiver<'_>>() };
    if receiver.wrong.is_some() {
        return 1;
    }
    // SAFETY: the plugin's promise about arrays.
    match unsafe { receiver.take(ids, spans, n) } {
        Ok(stop) => i32::from(stop),
        Err(what) => {
            receiver.wrong = Some(what);
            1
        }
    }
}

impl Tokenizer for ForeignTokenizer {
    fn spec(&self) -> &TokenizerSpec {
        &self.spec
    }

    fn tokenize(&self, sequences: &[Sequence<'_>], sink: &mut dyn TokenSink) -> Result<()> {
        let bytes: Vec<abi::Bytes> = sequences.iter().map(|it| abi::Bytes::new(it.bases())).collect();
        let mut receiver =
            Receiver { sink, sequences, spec: &self.spec, row: 0, stopped: false, wrong: None, thrown: None };
        let lent = abi::TokenSink {
            struct_size: size_of::<abi::TokenSink>() as u32,
            reserved: 0,
            ctx: (&raw mut receiver).cast(),
            emit: Some(emit),
        };
        let answer = self.object.call("tokenize", |err| {
            // SAFETY: the plugin's function with its own object; sequences and sink outlive the call.
            unsafe {
                (self.tokenize)(self.object.pointer(), bytes.as_ptr(), bytes.len(), &raw const lent, err)
            }
        });
        if let Some(panic) = receiver.thrown {
            resume_unwind(panic);
        }
        if let Some(what) = receiver.wrong {
            return Err(self.object.wrong("tokenize", what));
        }
        answer?;
        if !receiver.stopped && receiver.row != sequences.len() {
            let what = format!("{} rows for {} sequences", receiver.row, sequences.len());
            return Err(self.object.wrong("tokenize", what));
        }
        Ok(())
    }

    fn token(&self, id: TokenId) -> Option<&str> {
        let mut out = abi::Str::new("");
        let object = self.object.pointer();
        // SAFETY: the plugin's function with its own object and a text that outlives the call.
        let call = |err| unsafe { (self.token)(object, id, &raw mut out, err) };
        self.object.call("token", call).ok()?;
        // SAFETY: a token's text lives until destroy, and `self` is not destroyed while it is borrowed.
        unsafe { text(out, "a token") }.ok()
    }
}
