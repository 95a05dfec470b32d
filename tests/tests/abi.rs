//! The ABI's types equal the C header, and any change of either shows in review.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fmt::Write as _, fs, process::Command};

use dlm_sdk::border::abi;

/// A struct: its name in C, its size, and each field's name, offset and size.
struct Layout {
    name: &'static str,
    size: usize,
    fields: Vec<(&'static str, usize, usize)>,
}

/// Lists fields, and does not compile unless they are all of the struct's. A field that C calls otherwise is `rust = c`.
macro_rules! layouts {
    ($($type:ident $name:literal { $($field:ident $(= $c:literal)?),+ })+) => {
        vec![$({
            let _all = |it: &abi::$type| { let abi::$type { $($field: _),+ } = it; };
            Layout {
                name: $name,
                size: size_of::<abi::$type>(),
                fields: vec![$({
                    fn size<T, F>(_: fn(&T) -> &F) -> usize { size_of::<F>() }
                    let named: &[&'static str] = &[stringify!($field), $($c)?];
                    let offset = std::mem::offset_of!(abi::$type, $field);
                    (named[named.len() - 1], offset, size(|it: &abi::$type| &it.$field))
                }),+],
            }
        }),+]
    };
}

fn layouts() -> Vec<Layout> {
    layouts! {
        Str "dlm_str" { ptr, len }
        Bytes "dlm_bytes" { ptr, len }
        Span "dlm_span" { start, end }
        Error "dlm_error" { code, len, message }
        Device "DLDevice" { device_type, device_id }
        DataType "DLDataType" { code, bits, lanes }
        Tensor "DLTensor" { data, device, ndim, dtype, shape, strides, byte_offset }
        Host "dlm_host" { struct_size, abi_minor, ctx, log, cancelled, threads, extension }
        VTable "dlm_vtable" { struct_size, flags, destroy, extension }
        Object "dlm_object" { object = "self", vt }
        TokenizerSpec "dlm_tokenizer_spec" {
            struct_size, vocab_size, coverage, pad, unk, cls, sep, mask, name, fingerprint
        }
        TokenSink "dlm_token_sink" { struct_size, reserved, ctx, emit }
        TokenizerVTable "dlm_tokenizer_vt" { base, spec, tokenize, token }
        EncoderSpec "dlm_encoder_spec" {
            struct_size, hidden, layers, max_tokens, vocab_size, flags, prefix, suffix, tokenizer, parameters, name,
            fingerprint
        }
        EncoderVTable "dlm_encoder_vt" { base, spec, encode }
        LmVTable "dlm_lm_vt" { struct_size, causal, logits }
        LayersVTable "dlm_layers_vt" { struct_size, reserved, encode }
        Blob "dlm_blob" { struct_size, reserved, path, bytes }
        Parameter "dlm_parameter" { struct_size, flags, group, ndim, name, shape }
        TrainableVTable "dlm_trainable_vt" { struct_size, reserved, forward, parameters, read }
        TaskSpec "dlm_task_spec" {
            struct_size, target, outputs, sequence_len, metrics, citation, split_kind, flags, continuation, reserved,
            name, license, class_names, n_class_names, notes, n_notes
        }
        Cuts "dlm_cuts" { ends, n }
        Locus "dlm_locus" { chromosome, start, end, strand, reserved }
        Items "dlm_items" { struct_size, reserved, n, ids, seqs, cuts, groups, loci }
        Examples "dlm_examples" { struct_size, reserved, items, targets }
        ExampleSink "dlm_example_sink" { struct_size, reserved, ctx, push }
        TaskVTable "dlm_task_vt" { base, spec, load }
        PredictorVTable "dlm_predictor_vt" { base, predict }
        BaselineSpec "dlm_baseline_spec" { struct_size, control, flags, reserved, name }
        BaselineVTable "dlm_baseline_vt" { base, spec, fit }
        Component "dlm_component" { struct_size, kind, id, summary }
        Entry "dlm_entry" {
            magic, abi_major, abi_minor, struct_size, reserved, id, version, built_with, components, n_components, create
        }
    }
}

fn constants() -> Vec<(&'static str, i64)> {
    vec![
        ("DLM_MAGIC", i64::from(abi::MAGIC)),
        ("DLM_ABI_MAJOR", i64::from(abi::ABI_MAJOR)),
        ("DLM_ABI_MINOR", i64::from(abi::ABI_MINOR)),
        ("DLM_OK", i64::from(abi::OK)),
        ("DLM_INVALID", i64::from(abi::INVALID)),
        ("DLM_UNSUPPORTED", i64::from(abi::UNSUPPORTED)),
        ("DLM_IO", i64::from(abi::IO)),
        ("DLM_INTERNAL", i64::from(abi::INTERNAL)),
        ("DLM_PANIC", i64::from(abi::PANIC)),
        ("DLM_CANCELLED", i64::from(abi::CANCELLED)),
        ("DLM_ERROR_CAP", abi::ERROR_CAP as i64),
        ("DLM_COVERAGE_PARTITION", i64::from(abi::COVERAGE_PARTITION)),
        ("DLM_COVERAGE_OVERLAP", i64::from(abi::COVERAGE_OVERLAP)),
        ("DLM_COVERAGE_SPARSE", i64::from(abi::COVERAGE_SPARSE)),
        ("DLM_NO_TOKEN", i64::from(abi::NO_TOKEN)),
        ("DLM_CAUSAL", i64::from(abi::CAUSAL)),
        ("DLM_POOLER", i64::from(abi::POOLER)),
        ("DLM_PARAM_DECAY", i64::from(abi::PARAM_DECAY)),
        ("DLM_TARGET_BINARY", i64::from(abi::TARGET_BINARY)),
        ("DLM_TARGET_MULTICLASS", i64::from(abi::TARGET_MULTICLASS)),
        ("DLM_TARGET_MULTILABEL", i64::from(abi::TARGET_MULTILABEL)),
        ("DLM_TARGET_REGRESSION", i64::from(abi::TARGET_REGRESSION)),
        ("DLM_SPLIT_KIND_PAPER", i64::from(abi::SPLIT_KIND_PAPER)),
        ("DLM_SPLIT_KIND_GROUPED", i64::from(abi::SPLIT_KIND_GROUPED)),
        ("DLM_SPLIT_KIND_GIVEN", i64::from(abi::SPLIT_KIND_GIVEN)),
        ("DLM_STRAND_SPECIFIC", i64::from(abi::STRAND_SPECIFIC)),
        ("DLM_SPLIT_TRAIN", i64::from(abi::SPLIT_TRAIN)),
        ("DLM_SPLIT_VALIDATION", i64::from(abi::SPLIT_VALIDATION)),
        ("DLM_SPLIT_TEST", i64::from(abi::SPLIT_TEST)),
        ("DLM_CONTROL_CONTEXT_FREE", i64::from(abi::CONTROL_CONTEXT_FREE)),
        ("DLM_CONTROL_LOCAL", i64::from(abi::CONTROL_LOCAL)),
        ("DLM_CONTROL_ARTEFACT", i64::from(abi::CONTROL_ARTEFACT)),
        ("DLM_SEEDED", i64::from(abi::SEEDED)),
        ("DLM_TOKENIZER", i64::from(abi::TOKENIZER)),
        ("DLM_ENCODER", i64::from(abi::ENCODER)),
        ("DLM_TASK", i64::from(abi::TASK)),
        ("DLM_BASELINE", i64::from(abi::BASELINE)),
    ]
}

const TEXTS: [(&str, &str); 4] = [
    ("DLM_EXT_LM", abi::EXT_LM),
    ("DLM_EXT_LAYERS", abi::EXT_LAYERS),
    ("DLM_EXT_TRAINABLE", abi::EXT_TRAINABLE),
    ("DLM_HOST_EXT_ORT", abi::HOST_EXT_ORT),
];

/// What the types of this side say.
fn of_rust() -> String {
    let mut text = String::new();
    for Layout { name, size, fields } in layouts() {
        writeln!(text, "{name} {size}").unwrap();
        for (field, offset, size) in fields {
            writeln!(text, "  {field} {offset} {size}").unwrap();
        }
    }
    for (name, value) in constants() {
        writeln!(text, "{name} {value}").unwrap();
    }
    for (name, value) in TEXTS {
        writeln!(text, "{name} {value}").unwrap();
    }
    text
}

/// A program that prints the same of the header.
fn program() -> String {
    let mut text = "#include <stdio.h>\n#include \"dlm_plugin.h\"\nint main(void) {\n".to_owned();
    for Layout { name, fields, .. } in layouts() {
        writeln!(text, "printf(\"{name} %zu\\n\", sizeof({name}));").unwrap();
        for (field, ..) in fields {
            writeln!(
                text,
                "printf(\"  {field} %zu %zu\\n\", offsetof({name}, {field}), sizeof((({name} *)0)->{field}));"
            )
            .unwrap();
        }
    }
    for (name, _) in constants() {
        writeln!(text, "printf(\"{name} %lld\\n\", (long long)({name}));").unwrap();
    }
    for (name, _) in TEXTS {
        writeln!(text, "printf(\"{name} %s\\n\", {name});").unwrap();
    }
    text + "return 0;\n}\n"
}

#[test]
fn every_struct_is_laid_out_as_in_the_header() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("dlm_plugin.h"), abi::HEADER).unwrap();
    fs::write(folder.path().join("layout.c"), program()).unwrap();
    for standard in ["-std=c99", "-std=c11", "-std=c17"] {
        let flags = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "layout.c", "-o", "layout"];
        let Ok(compiled) = Command::new("cc").current_dir(folder.path()).arg(standard).args(flags).output()
        else {
            println!("skipped: there is no C compiler (cc)");
            return;
        };
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        let printed = Command::new(folder.path().join("layout")).output().unwrap();
        assert_eq!(String::from_utf8(printed.stdout).unwrap(), of_rust());
    }
}

#[test]
fn every_change_of_the_abi_shows() {
    insta::assert_snapshot!("layout", of_rust());
    insta::assert_snapshot!("header", abi::HEADER);
}
