/* An encoder that runs its graph itself: on the ONNX Runtime that the host hands over, without linking one.
 *
 * cc -std=c99 -fPIC -fvisibility=hidden -shared -DGRAPH='"model.onnx"' -I sdk/abi -o libplugin.so plugin.c
 *
 * ONNX Runtime only appends to its table of functions, so that a function's place in it never changes; with its C header
 * the places below are the names of OrtApi. */
#include "dlm_plugin.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STR(text) { text, sizeof(text) - 1 }
#define VERSION 17 /* the table of ONNX Runtime 1.17 and later */
enum { VOCABULARY = 6, HIDDEN = 8, LONGEST = 512 };
enum { INT64 = 7, FLOAT = 1, WARNING = 2, ARENA = 1, DEFAULT_MEMORY = 0 };

typedef struct { const void *(*GetApi)(uint32_t version); const char *(*GetVersionString)(void); } Base;
typedef void *Status; /* NULL where all is well */
typedef void (*Function)(void);
static const Function *API; /* the table */

#define CALL(place, types) ((Status (*) types)API[place])
#define MESSAGE ((const char *(*)(Status))API[2])
#define CREATE_ENVIRONMENT CALL(3, (int, const char *, void **))
#define CREATE_SESSION CALL(7, (const void *, const char *, const void *, void **))
#define RUN CALL(9, (void *, const void *, const char *const *, const void *const *, size_t, const char *const *, size_t, void **))
#define CREATE_OPTIONS CALL(10, (void **))
#define CREATE_TENSOR CALL(49, (const void *, void *, size_t, const int64_t *, size_t, int, void **))
#define CREATE_MEMORY CALL(69, (int, int, void **))
#define SHARE_THREADS CALL(120, (void *))
#define RELEASE(place, value) ((void (*)(void *))API[place])(value)
enum { ENVIRONMENT = 92, STATUS, MEMORY, SESSION, VALUE, OPTIONS = 100 };

typedef struct { void *environment, *options, *session, *memory; } encoder;

static dlm_status fail(dlm_error *err, dlm_status code, const char *text) {
  if (err) {
    size_t len = strlen(text);
    if (len > DLM_ERROR_CAP) len = DLM_ERROR_CAP;
    err->code = code;
    err->len = (uint32_t)len;
    memcpy(err->message, text, len);
  }
  return code;
}

/* Turns what ONNX Runtime answered into an answer of ours, and gives it back. */
static dlm_status told(Status status, dlm_error *err) {
  if (!status) return DLM_OK;
  fail(err, DLM_INTERNAL, MESSAGE(status));
  RELEASE(STATUS, status);
  return DLM_INTERNAL;
}

static int is(dlm_str text, const char *wanted) {
  return text.len == strlen(wanted) && memcmp(text.ptr, wanted, text.len) == 0;
}

static void destroy(void *self) {
  encoder *own = self;
  if (!own) return;
  if (own->memory) RELEASE(MEMORY, own->memory);
  if (own->session) RELEASE(SESSION, own->session);
  if (own->options) RELEASE(OPTIONS, own->options);
  if (own->environment) RELEASE(ENVIRONMENT, own->environment);
  free(own);
}

static dlm_status spec(void *self, dlm_encoder_spec *out, dlm_error *err) {
  dlm_encoder_spec value = { 0, HIDDEN, 1, LONGEST, VOCABULARY, 0, DLM_NO_TOKEN, DLM_NO_TOKEN, STR("my-model-bases"), 0,
                             STR("shared-runtime"), STR("") };
  size_t n = out->struct_size < sizeof value ? out->struct_size : sizeof value;
  (void)self, (void)err;
  value.struct_size = (uint32_t)n;
  memcpy(out, &value, n);
  return DLM_OK;
}

static int fits(const DLTensor *tensor, int32_t ndim, uint8_t code, uint8_t bits) {
  return tensor && tensor->ndim == ndim && tensor->dtype.code == code && tensor->dtype.bits == bits && tensor->dtype.lanes == 1;
}

static dlm_status encode(void *self, const DLTensor *ids, const DLTensor *mask, DLTensor *hidden, dlm_error *err) {
  static const char *const inputs[2] = { "input_ids", "attention_mask" };
  static const char *const outputs[1] = { "last_hidden_state" };
  encoder *own = self;
  void *values[2] = { NULL, NULL }, *result = NULL;
  dlm_status status;
  int64_t cells, i;
  if (!fits(ids, 2, 0, 64) || !fits(mask, 2, 0, 64) || !fits(hidden, 3, 2, 32) || ids->shape[0] != mask->shape[0] ||
      ids->shape[1] != mask->shape[1] || hidden->shape[0] != ids->shape[0] || hidden->shape[1] != ids->shape[1] ||
      hidden->shape[2] != HIDDEN)
    return fail(err, DLM_INVALID, "the tensors are not of the shapes and types that an encoder takes");
  if (ids->shape[1] > LONGEST) return fail(err, DLM_INVALID, "a row is longer than 512 tokens");
  cells = ids->shape[0] * ids->shape[1];
  for (i = 0; i < cells; i++)
    if (((const int64_t *)ids->data)[i] < 0 || ((const int64_t *)ids->data)[i] >= VOCABULARY)
      return fail(err, DLM_INVALID, "an id is not of the vocabulary");
  status = told(CREATE_TENSOR(own->memory, ids->data, (size_t)cells * 8, ids->shape, 2, INT64, &values[0]), err);
  if (!status) status = told(CREATE_TENSOR(own->memory, mask->data, (size_t)cells * 8, mask->shape, 2, INT64, &values[1]), err);
  /* The result is written where the host wants it. */
  if (!status)
    status = told(CREATE_TENSOR(own->memory, hidden->data, (size_t)cells * HIDDEN * 4, hidden->shape, 3, FLOAT, &result), err);
  if (!status) status = told(RUN(own->session, NULL, inputs, (const void *const *)values, 2, outputs, 1, &result), err);
  for (i = 0; i < 2; i++) if (values[i]) RELEASE(VALUE, values[i]);
  if (result) RELEASE(VALUE, result);
  return status;
}

static const dlm_encoder_vt ENCODER = { { sizeof ENCODER, 0, destroy, NULL }, spec, encode };

static dlm_status create(const dlm_host *host, uint32_t kind, dlm_str id, dlm_str config, dlm_object *out, dlm_error *err) {
  static const dlm_str extension = STR(DLM_HOST_EXT_ORT);
  const Base *base;
  encoder *own;
  dlm_status status;
  if (kind != DLM_ENCODER || !is(id, "shared-runtime")) return fail(err, DLM_INVALID, "there is no such component");
  if (config.len && !is(config, "{}")) {
    char text[256];
    snprintf(text, sizeof text, "it takes no options, and was given %.*s", (int)(config.len < 200 ? config.len : 200), config.ptr);
    return fail(err, DLM_INVALID, text);
  }
  base = DLM_HAS(host, dlm_host, extension) ? host->extension(host->ctx, extension) : NULL;
  if (!base) return fail(err, DLM_UNSUPPORTED, "the host shares no ONNX Runtime");
  API = base->GetApi(VERSION);
  if (!API) return fail(err, DLM_UNSUPPORTED, "the host's ONNX Runtime is older than 1.17");
  own = calloc(1, sizeof *own);
  if (!own) return fail(err, DLM_INTERNAL, "out of memory");
  /* There is one environment in a process: this is the host's, and so are its threads. */
  status = told(CREATE_ENVIRONMENT(WARNING, "shared-runtime", &own->environment), err);
  if (!status) status = told(CREATE_OPTIONS(&own->options), err);
  if (!status) status = told(SHARE_THREADS(own->options), err);
  if (!status) status = told(CREATE_SESSION(own->environment, GRAPH, own->options, &own->session), err);
  if (!status) status = told(CREATE_MEMORY(ARENA, DEFAULT_MEMORY, &own->memory), err);
  if (status) {
    destroy(own);
    return status;
  }
  out->self = own;
  out->vt = &ENCODER.base;
  return DLM_OK;
}

static const dlm_component COMPONENT = { sizeof COMPONENT, DLM_ENCODER, STR("shared-runtime"), STR("runs on the host's ONNX Runtime") };
static const dlm_component *const COMPONENTS[] = { &COMPONENT };
static const dlm_entry ENTRY = { DLM_MAGIC, DLM_ABI_MAJOR, DLM_ABI_MINOR, sizeof ENTRY, 0, STR("org.example.shared-runtime"),
                                 STR("1.0.0"), STR("C"), COMPONENTS, 1, create };

DLM_EXPORT const dlm_entry *dlm_plugin_entry_v1(void) { return &ENTRY; }
