//! A tokenizer of single bases on the ABI crate alone, built by a compiler far older than the workspace's.
#![warn(unsafe_op_in_unsafe_fn)]

use std::os::raw::c_void;

use dlm_plugin_abi as abi;

const TEXTS: [&str; 5] = ["[UNK]", "A", "C", "G", "T"];

fn fail(err: *mut abi::Error, code: abi::Status, text: &str) -> abi::Status {
    if !err.is_null() {
        let mut error = abi::Error::new();
        error.code = code;
        error.len = text.len() as u32;
        error.message[..text.len()].copy_from_slice(text.as_bytes());
        // SAFETY: the host's own error, for this call.
        unsafe { err.write(error) };
    }
    code
}

unsafe extern "C" fn destroy(_object: *mut c_void) {}

unsafe extern "C" fn spec(
    _object: *mut c_void,
    out: *mut abi::TokenizerSpec,
    _err: *mut abi::Error,
) -> abi::Status {
    // SAFETY: the struct begins with its size.
    let known = unsafe { out.cast::<u32>().read() } as usize;
    let n = known.min(std::mem::size_of::<abi::TokenizerSpec>());
    let value = abi::TokenizerSpec {
        struct_size: n as u32,
        vocab_size: TEXTS.len() as u32,
        coverage: abi::COVERAGE_PARTITION,
        pad: abi::NO_TOKEN,
        unk: 0,
        cls: abi::NO_TOKEN,
        sep: abi::NO_TOKEN,
        mask: abi::NO_TOKEN,
        name: abi::Str::new("old"),
        fingerprint: abi::Str::new(""),
    };
    // SAFETY: no further than the host knows.
    unsafe {
        std::ptr::copy_nonoverlapping((&value as *const abi::TokenizerSpec).cast::<u8>(), out.cast::<u8>(), n)
    };
    abi::OK
}

unsafe extern "C" fn tokenize(
    _object: *mut c_void,
    seqs: *const abi::Bytes,
    n: usize,
    sink: *const abi::TokenSink,
    err: *mut abi::Error,
) -> abi::Status {
    for row in 0..n {
        // SAFETY: the host's array.
        let sequence = unsafe { *seqs.add(row) };
        let bases: &[u8] = if sequence.len == 0 {
            &[]
        } else {
            // SAFETY: the host's bases.
            unsafe { std::slice::from_raw_parts(sequence.ptr, sequence.len) }
        };
        let id = |base: &u8| {
            b"ACGT".iter().position(|it| *it == base.to_ascii_uppercase()).map_or(0, |it| it as u32 + 1)
        };
        let ids: Vec<u32> = bases.iter().map(id).collect();
        let spans: Vec<abi::Span> =
            (0..ids.len() as u32).map(|start| abi::Span { start, end: start + 1 }).collect();
        // SAFETY: the host's sink.
        let sink = unsafe { *sink };
        match sink.emit {
            // SAFETY: as above.
            Some(emit) if unsafe { emit(sink.ctx, ids.as_ptr(), spans.as_ptr(), ids.len()) } == 0 => {}
            _ => return fail(err, abi::CANCELLED, "stopped on request"),
        }
    }
    abi::OK
}

unsafe extern "C" fn token(
    _object: *mut c_void,
    id: u32,
    out: *mut abi::Str,
    err: *mut abi::Error,
) -> abi::Status {
    match TEXTS.get(id as usize) {
        Some(text) => {
            // SAFETY: the host's text to fill.
            unsafe { out.write(abi::Str::new(text)) };
            abi::OK
        }
        None => fail(err, abi::INVALID, "there is no such id"),
    }
}

static TOKENIZER: abi::TokenizerVTable = abi::TokenizerVTable {
    base: abi::VTable {
        struct_size: std::mem::size_of::<abi::TokenizerVTable>() as u32,
        flags: 0,
        destroy: Some(destroy),
        extension: None,
    },
    spec: Some(spec),
    tokenize: Some(tokenize),
    token: Some(token),
};

unsafe fn text<'a>(text: abi::Str) -> &'a [u8] {
    // SAFETY: the host's text.
    if text.len == 0 {
        &[]
    } else {
        unsafe { std::slice::from_raw_parts(text.ptr, text.len) }
    }
}

unsafe extern "C" fn create(
    _host: *const abi::Host,
    kind: u32,
    id: abi::Str,
    config: abi::Str,
    out: *mut abi::Object,
    err: *mut abi::Error,
) -> abi::Status {
    // SAFETY: the host's texts.
    let (id, config) = unsafe { (text(id), text(config)) };
    if kind != abi::TOKENIZER || id != b"old" {
        return fail(err, abi::INVALID, "there is no such component");
    }
    if !config.is_empty() && config != b"{}" {
        let given = String::from_utf8_lossy(&config[..config.len().min(200)]).into_owned();
        return fail(err, abi::INVALID, &format!("it takes no options, and was given {given}"));
    }
    // SAFETY: the host's object to fill.
    unsafe {
        out.write(abi::Object {
            object: std::ptr::null_mut(),
            vt: (&TOKENIZER as *const abi::TokenizerVTable).cast(),
        })
    };
    abi::OK
}

struct Shared<T>(T);

// SAFETY: what it holds is static and never written to.
unsafe impl<T> Sync for Shared<T> {}

static COMPONENT: Shared<abi::Component> = Shared(abi::Component {
    struct_size: std::mem::size_of::<abi::Component>() as u32,
    kind: abi::TOKENIZER,
    id: abi::Str { ptr: "old".as_ptr(), len: 3 },
    summary: abi::Str { ptr: "old".as_ptr(), len: 3 },
});
static LIST: Shared<[*const abi::Component; 1]> = Shared([&COMPONENT.0]);
static ENTRY: Shared<abi::Entry> = Shared(abi::Entry {
    magic: abi::MAGIC,
    abi_major: abi::ABI_MAJOR,
    abi_minor: abi::ABI_MINOR,
    struct_size: std::mem::size_of::<abi::Entry>() as u32,
    reserved: 0,
    id: abi::Str { ptr: "org.example.old".as_ptr(), len: 15 },
    version: abi::Str { ptr: "1.0.0".as_ptr(), len: 5 },
    built_with: abi::Str { ptr: "rustc".as_ptr(), len: 5 },
    components: LIST.0.as_ptr(),
    n_components: 1,
    create: Some(create),
});

#[no_mangle]
pub extern "C" fn dlm_plugin_entry_v1() -> *const abi::Entry {
    &ENTRY.0
}
