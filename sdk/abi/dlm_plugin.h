/* dlm_plugin.h -- the stable C ABI between a DNA-language-model host and its plugins. Version 1.0.
 *
 * Three rules carry the interface:
 *   1. Nobody frees what they did not allocate. Results are written into host memory or handed to a host sink.
 *   2. Pointers passed to a call are borrowed and end with the call, unless a comment says "until destroy".
 *   3. Structs only grow at the end. `struct_size` says how much of one its writer knows. In an out-parameter the
 *      caller sets `struct_size` first and the callee writes no further than that.
 *
 * Thread tags. [any] may be called from several threads at once. [one] is called by one thread at a time, not always
 * the same one. No function may unwind or longjmp through its caller. */
#ifndef DLM_PLUGIN_H
#define DLM_PLUGIN_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

#define DLM_MAGIC 0x31414E44u /* "DNA1" read as little-endian: wrong byte order cannot match */
#define DLM_ABI_MAJOR 1       /* a new major is a new entry symbol */
#define DLM_ABI_MINOR 0       /* a new minor only appends fields and extensions */
#define DLM_HAS(p, T, field) ((p)->struct_size >= offsetof(T, field) + sizeof(((T *)0)->field))

#if defined(_WIN32)
#define DLM_EXPORT __declspec(dllexport)
#else
#define DLM_EXPORT __attribute__((visibility("default")))
#endif

/* ---- values ------------------------------------------------------------------------------------------------ */

typedef struct dlm_str   { const char    *ptr; size_t len; } dlm_str;   /* UTF-8, not NUL-terminated */
typedef struct dlm_bytes { const uint8_t *ptr; size_t len; } dlm_bytes; /* one sequence: ASCII bases, any case */
typedef struct dlm_span  { uint32_t start, end; } dlm_span;             /* bases a token covers, half-open */

typedef int32_t dlm_status; /* plain integers cross the border, never enums */
#define DLM_OK          0
#define DLM_INVALID     1 /* the caller's input is wrong */
#define DLM_UNSUPPORTED 2
#define DLM_IO          3
#define DLM_INTERNAL    4 /* the plugin's bug or its dependency's failure */
#define DLM_PANIC       5 /* caught unwinding; the host drops the instance */
#define DLM_CANCELLED   6 /* a sink or `cancelled` asked to stop */

#define DLM_ERROR_CAP 1016
typedef struct dlm_error { dlm_status code; uint32_t len; char message[DLM_ERROR_CAP]; } dlm_error;
/* The host owns it, usually on its stack, and sets code = len = 0. The callee fills it when it returns non-zero. */

#ifndef DLPACK_DLPACK_H_ /* DLPack 1.x `DLTensor`, bit for bit */
typedef struct { int32_t device_type, device_id; } DLDevice;
typedef struct { uint8_t code, bits; uint16_t lanes; } DLDataType;
typedef struct { void *data; DLDevice device; int32_t ndim; DLDataType dtype; int64_t *shape, *strides; uint64_t byte_offset; } DLTensor;
#endif
/* In version 1 every tensor is on the CPU, row-major (strides == NULL), with byte_offset 0 and `data` aligned for its
 * element type (non-null unless it has no elements). Tensors marked const are read-only. */

/* ---- host -------------------------------------------------------------------------------------------------- */

typedef struct dlm_host {
  uint32_t struct_size, abi_minor;
  void *ctx;
  void         (*log)(void *ctx, uint32_t level /* 1 error .. 5 trace */, dlm_str message);  /* [any] */
  int32_t      (*cancelled)(void *ctx);                                                         /* [any] */
  uint32_t     (*threads)(void *ctx);                   /* [any] how many threads a call may use, at least 1 */
  const void * (*extension)(void *ctx, dlm_str id);   /* [any] NULL when unknown */
} dlm_host; /* outlives every object made with it */

#define DLM_HOST_EXT_ORT "dlm.host.ort/1" /* -> const OrtApiBase *: share the host's ONNX Runtime */

/* ---- objects ----------------------------------------------------------------------------------------------- */

typedef struct dlm_vtable { /* every vtable starts with this */
  uint32_t struct_size, flags;
  void         (*destroy)(void *self);                   /* [one] */
  const void * (*extension)(void *self, dlm_str id);   /* [any] optional; the answer lives until destroy */
} dlm_vtable;

typedef struct dlm_object { void *self; const dlm_vtable *vt; } dlm_object; /* `vt` is static */

/* ---- tokenizer --------------------------------------------------------------------------------------------- */

#define DLM_COVERAGE_PARTITION 0 /* spans tile the sequence (BPE, non-overlapping k-mers, single bases) */
#define DLM_COVERAGE_OVERLAP   1 /* spans may overlap (DNABERT k-mers) */
#define DLM_COVERAGE_SPARSE    2 /* some bases belong to no token */
#define DLM_NO_TOKEN UINT32_MAX

typedef struct dlm_tokenizer_spec {
  uint32_t struct_size, vocab_size, coverage;
  uint32_t pad, unk, cls, sep, mask; /* ids, or DLM_NO_TOKEN */
  dlm_str name;        /* for tables; until destroy */
  dlm_str fingerprint; /* changes whenever some sequence's tokens would; empty: the host digests file and configuration; until destroy */
} dlm_tokenizer_spec;

typedef struct dlm_token_sink {
  uint32_t struct_size, reserved;
  void *ctx;
  int32_t (*emit)(void *ctx, const uint32_t *ids, const dlm_span *spans, size_t n); /* non-zero: stop, return CANCELLED */
} dlm_token_sink;

typedef struct dlm_tokenizer_vt {
  dlm_vtable base;
  dlm_status (*spec)(void *self, dlm_tokenizer_spec *out, dlm_error *err);                                        /* [any] */
  dlm_status (*tokenize)(void *self, const dlm_bytes *seqs, size_t n, const dlm_token_sink *sink, dlm_error *err); /* [any] emit once per sequence, in order; no special tokens */
  dlm_status (*token)(void *self, uint32_t id, dlm_str *out, dlm_error *err);                                     /* [any] text lives until destroy */
} dlm_tokenizer_vt;

/* ---- encoder ----------------------------------------------------------------------------------------------- */

#define DLM_CAUSAL 1u /* a token sees only what came before it */
#define DLM_POOLER 2u /* the weights hold a trained pooler */
typedef struct dlm_encoder_spec {
  uint32_t struct_size, hidden, layers, max_tokens /* 0: any */, vocab_size;
  uint32_t flags;          /* DLM_CAUSAL, DLM_POOLER */
  uint32_t prefix, suffix; /* ids the host adds to each row, or DLM_NO_TOKEN */
  dlm_str tokenizer;   /* id of the tokenizer it was trained with; until destroy */
  uint64_t parameters; /* how many weights, 0: unknown */
  dlm_str name;        /* for tables; until destroy */
  dlm_str fingerprint; /* changes whenever a hidden state would; empty: the host digests file and configuration; until destroy */
} dlm_encoder_spec;

typedef struct dlm_encoder_vt {
  dlm_vtable base;
  dlm_status (*spec)(void *self, dlm_encoder_spec *out, dlm_error *err);                 /* [any] */
  dlm_status (*encode)(void *self, const DLTensor *ids, const DLTensor *mask, /* i64 [B,T] */
                         DLTensor *hidden /* f32 [B,T,H], to fill */, dlm_error *err);       /* [one] may be NULL where dlm.trainable/1 is offered: the host runs the graph */
} dlm_encoder_vt;

#define DLM_EXT_LM "dlm.lm/1" /* -> const dlm_lm_vt *: vocabulary logits, for perplexity and masked prediction */
typedef struct dlm_lm_vt {
  uint32_t struct_size, causal;
  dlm_status (*logits)(void *self, const DLTensor *ids, const DLTensor *mask, DLTensor *logits /* f32 [B,T,V] */, dlm_error *err); /* [one] */
} dlm_lm_vt;

#define DLM_EXT_LAYERS "dlm.layers/1" /* -> const dlm_layers_vt *: hidden states after a layer, 0 the embeddings */
typedef struct dlm_layers_vt {
  uint32_t struct_size, reserved;
  dlm_status (*encode)(void *self, const DLTensor *ids, const DLTensor *mask, uint32_t layer, DLTensor *hidden /* f32 [B,T,H] */, dlm_error *err); /* [one] */
} dlm_layers_vt;

/* Fine-tuning by the host. The plugin hands over one inference graph in standard ONNX operators and its weights:
 *   forward:  (input_ids, attention_mask, every parameter by name) -> hidden, and where it can hidden.0 .. hidden.L, logits
 * The host derives the gradient graph, and owns the task head, the loss, the optimiser, precision, checkpoints and early stopping. */
#define DLM_EXT_TRAINABLE "dlm.trainable/1" /* -> const dlm_trainable_vt * */
#define DLM_PARAM_DECAY 1u
typedef struct dlm_blob { uint32_t struct_size, reserved; dlm_str path; dlm_bytes bytes; } dlm_blob; /* exactly one is non-empty */
typedef struct dlm_parameter {
  uint32_t struct_size, flags, group /* 0 embeddings, 1.. layers: layer-wise learning rates, freezing */, ndim;
  dlm_str name;
  const int64_t *shape;
} dlm_parameter;
typedef struct dlm_trainable_vt {
  uint32_t struct_size, reserved;
  dlm_status (*forward)(void *self, dlm_blob *graph, dlm_error *err);                                      /* [one] until destroy */
  dlm_status (*parameters)(void *self, const dlm_parameter *const **out, size_t *n, dlm_error *err);       /* [one] until destroy */
  dlm_status (*read)(void *self, size_t index, DLTensor *value /* f32, to fill */, dlm_error *err);          /* [one] */
} dlm_trainable_vt;

/* ---- task -------------------------------------------------------------------------------------------------- */

#define DLM_TARGET_BINARY     1
#define DLM_TARGET_MULTICLASS 2
#define DLM_TARGET_MULTILABEL 3
#define DLM_TARGET_REGRESSION 4
#define DLM_SPLIT_KIND_PAPER   1 /* as the publication did it */
#define DLM_SPLIT_KIND_GROUPED 2 /* no leakage group in two splits */
#define DLM_SPLIT_KIND_GIVEN   3 /* as the released files give it */
#define DLM_STRAND_SPECIFIC 1u   /* the answer changes under reverse complement */
#define DLM_SPLIT_TRAIN      1
#define DLM_SPLIT_VALIDATION 2
#define DLM_SPLIT_TEST       3

typedef struct dlm_task_spec {
  uint32_t struct_size, target, outputs /* classes, labels or values; 2 for binary */, sequence_len /* 0: varies */;
  dlm_str metrics;  /* host metric ids, comma-separated, the primary one first: "mcc,f1,auroc"; empty: the target's own; until destroy */
  dlm_str citation; /* until destroy */
  uint32_t split_kind, flags /* DLM_STRAND_SPECIFIC */, continuation /* k, if the classes are the k-mers that may follow; else 0 */, reserved;
  dlm_str name, license;      /* until destroy */
  const dlm_str *class_names; /* in the order of the score columns, or NULL; until destroy */
  size_t n_class_names;
  const dlm_str *notes;       /* what belongs beside every score, or NULL; until destroy */
  size_t n_notes;
} dlm_task_spec;

typedef struct dlm_cuts { const uint32_t *ends; size_t n; } dlm_cuts; /* ends of the tokens, in bases */
typedef struct dlm_locus { dlm_str chromosome; uint64_t start, end; int32_t strand /* 1, -1, 0 */, reserved; } dlm_locus;
typedef struct dlm_items {
  uint32_t struct_size, reserved;
  size_t n;
  const uint64_t  *ids;
  const dlm_bytes *seqs;
  const dlm_cuts  *cuts;   /* where the task fixes the tokenization; or NULL */
  const uint64_t  *groups; /* leakage groups */
  const dlm_locus *loci;   /* or NULL */
} dlm_items;
typedef struct dlm_examples {
  uint32_t struct_size, reserved;
  const dlm_items *items;
  const float *targets; /* n class indices for binary and multi-class, n x outputs otherwise */
} dlm_examples;

typedef struct dlm_example_sink {
  uint32_t struct_size, reserved;
  void *ctx;
  int32_t (*push)(void *ctx, const dlm_examples *examples); /* non-zero: stop, return CANCELLED */
} dlm_example_sink;

typedef struct dlm_task_vt {
  dlm_vtable base;
  dlm_status (*spec)(void *self, dlm_task_spec *out, dlm_error *err);                                     /* [any] */
  dlm_status (*load)(void *self, uint32_t split, const dlm_example_sink *sink, dlm_error *err);           /* [any] same examples, same order, every time */
} dlm_task_vt;

/* ---- baseline ---------------------------------------------------------------------------------------------- */

typedef struct dlm_predictor_vt {
  dlm_vtable base;
  dlm_status (*predict)(void *self, const dlm_items *items, DLTensor *scores /* f32 [N,outputs] */, dlm_error *err); /* [one] */
} dlm_predictor_vt;

#define DLM_CONTROL_CONTEXT_FREE 1 /* sees frequencies alone */
#define DLM_CONTROL_LOCAL        2 /* sees the order of neighbouring bases */
#define DLM_CONTROL_ARTEFACT     3 /* sees what the making of the data gave away */
#define DLM_SEEDED 1u              /* another seed may give another predictor */
typedef struct dlm_baseline_spec {
  uint32_t struct_size, control, flags, reserved;
  dlm_str name; /* until destroy */
} dlm_baseline_spec;

typedef struct dlm_baseline_vt {
  dlm_vtable base;
  dlm_status (*spec)(void *self, dlm_baseline_spec *out, dlm_error *err);                                 /* [any] */
  dlm_status (*fit)(void *self, const dlm_task_spec *task, const dlm_examples *train, const dlm_examples *validation /* or NULL */,
                    uint64_t seed, dlm_object *predictor, dlm_error *err); /* [any] same seed, same predictor */
} dlm_baseline_vt;

/* A row of scores holds probabilities, both of a binary task's (classes sum to one, labels lie in 0 .. 1), or values. */

/* ---- entry ------------------------------------------------------------------------------------------------- */

#define DLM_TOKENIZER 1
#define DLM_ENCODER   2
#define DLM_TASK      3
#define DLM_BASELINE  4

typedef struct dlm_component { uint32_t struct_size, kind; dlm_str id, summary; } dlm_component;

typedef struct dlm_entry {
  uint32_t magic; uint16_t abi_major, abi_minor; uint32_t struct_size, reserved; /* these 16 bytes never change, in any version */
  dlm_str id, version, built_with;
  const dlm_component *const *components; size_t n_components;
  dlm_status (*create)(const dlm_host *host, uint32_t kind, dlm_str id, dlm_str config_json /* an object of texts; "argument" is what follows the id */, dlm_object *out, dlm_error *err); /* [any] */
} dlm_entry; /* static: it and all it points to live as long as the process */

DLM_EXPORT const dlm_entry *dlm_plugin_entry_v1(void); /* [any] the one symbol a plugin exports */

#ifdef __cplusplus
}
#endif
#endif
