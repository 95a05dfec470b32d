/* A plugin with a component of each kind that breaks no rule; with -DBREAK=RULE it breaks that rule.
 *
 * Built by the tests: cc -std=c99 -fPIC -fvisibility=hidden -shared -I HEADER -o libplugin.so plugin.c [-DBREAK=T4] */
#define _POSIX_C_SOURCE 200809L
#include "dlm_plugin.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NONE, L1, L2, L3, L4, L5, C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, T1, T2, T3, T4, T5, T6, T7, T8, T9,
       E2, E3, E4, E5, E6, E7, E8, E9, E10, E12, G1, G2, K1, K2, K3, K4, K5, K6, B1, B2, B3, B4, B5, ABORT, HANG, NAN_STATES, CRASH,
       EXITS, PANICS, PAST, NAN_SCORES, CREATE_ABORTS, LOAD_ABORTS, SHORT, TASK_ABORTS };
#ifndef BREAK
#define BREAK NONE
#endif
#define STR(text) { text, sizeof(text) - 1 }
/* With -DGROWN every struct and table is as a later minor version has it: longer, with a size that says so. */
#ifdef GROWN
#define LATER(type) struct { type now; void *later[4]; }
#else
#define GROWN 0
#define LATER(type) struct { type now; }
#endif
#define VOCABULARY 6
#define HIDDEN 4

static dlm_status fail(dlm_error *err, dlm_status code, const char *text) {
  if (BREAK == C5) err->code = code; /* without a look whether it is there */
  if (err) {
    size_t len = strlen(text);
    err->code = code;
    err->len = (uint32_t)len;
    memcpy(err->message, text, len);
  }
  return code;
}

static int is(dlm_str text, const char *wanted) {
  if (BREAK == C1) return text.len >= strlen(wanted) && memcmp(text.ptr, wanted, strlen(wanted)) == 0;
  return text.len == strlen(wanted) && memcmp(text.ptr, wanted, text.len) == 0;
}

/* Writes no further than the host knows. */
static dlm_status write_out(void *out, void *value, size_t size) {
  uint32_t known;
  memcpy(&known, out, sizeof known);
  if (BREAK == C6 || known > size) known = (uint32_t)size;
  memcpy(value, &known, sizeof known);
  memcpy(out, value, known);
  return DLM_OK;
}

static void pause_for(long milliseconds) {
  struct timespec time = { milliseconds / 1000, (milliseconds % 1000) * 1000000 };
  nanosleep(&time, NULL);
}

/* ---- tokenizer: single bases ------------------------------------------------------------------------------------- */

typedef struct { int destroyed; } instance;
static int destroyed;

static void destroy_bases(void *self) {
  destroyed++;
  if (BREAK != C9) free(self);
}

static const void *any_extension(void *self, dlm_str id) {
  static const dlm_lm_vt table = { sizeof table, 0, NULL };
  (void)self, (void)id;
  return &table;
}

static dlm_status bases_spec(void *self, dlm_tokenizer_spec *out, dlm_error *err) {
  dlm_tokenizer_spec spec = { 0, VOCABULARY, DLM_COVERAGE_PARTITION, 5, 0, DLM_NO_TOKEN, DLM_NO_TOKEN, DLM_NO_TOKEN, STR("bases"), STR("") };
  if (BREAK == C10 && ((instance *)self)->destroyed != destroyed) return fail(err, DLM_INTERNAL, "another one was destroyed");
  return write_out(out, &spec, sizeof spec);
}

static uint32_t id_of(uint8_t base) {
  if (BREAK != T5 && base >= 'a' && base <= 'z') base = (uint8_t)(base - 32);
  return base == 'A' ? 1 : base == 'C' ? 2 : base == 'G' ? 3 : base == 'T' ? 4 : 0;
}

static void *sleeper(void *nothing) {
  pause_for(20000);
  return nothing;
}

static dlm_status bases_tokenize(void *self, const dlm_bytes *seqs, size_t n, const dlm_token_sink *sink, dlm_error *err) {
  static int calls;
  size_t row, place;
  (void)self;
  if (BREAK == ABORT) abort();
  if (BREAK == CRASH) *(volatile int *)8 = 1;
  if (BREAK == HANG) for (;;) pause_for(1000);
  if (BREAK == EXITS) exit(3);
  if (BREAK == PANICS) return fail(err, DLM_PANIC, "src/lib.rs:7: the index is out of bounds");
  if (BREAK == C12 && n > 500) {
    int i;
    for (i = 0; i < 8; i++) {
      pthread_t thread;
      pthread_create(&thread, NULL, sleeper, NULL);
    }
  }
  calls++;
  for (row = 0; row < n; row++) {
    size_t len = seqs[row].len;
    uint32_t *ids = malloc((len + 1) * sizeof *ids);
    dlm_span *spans = malloc((len + 1) * sizeof *spans);
    int32_t stop;
    if (BREAK == T9 && len > 1000000) {
      free(ids), free(spans);
      return fail(err, DLM_INVALID, "a sequence is too long");
    }
    for (place = 0; place < len; place++) {
      ids[place] = id_of(seqs[row].ptr[place]);
      spans[place].start = (uint32_t)place;
      spans[place].end = (uint32_t)place + 1;
    }
    if (BREAK == T2 && len > 6) ids[5] = VOCABULARY;
    if (BREAK == T3 && len > 6) spans[5].end++;
    if (BREAK == T4 && len > 6 && ids[6] > 0) ids[6] = 1 + ids[6] % 4;
    if (BREAK == T6 && n > 1 && len == 2) ids[0] = 0;
    if (BREAK == T7 && calls % 2 && len == 7) ids[0] = 0;
    stop = BREAK == T1 && len == 0 ? 0 : sink->emit(sink->ctx, ids, spans, len);
    free(ids), free(spans);
    if (stop && BREAK != T8) return fail(err, DLM_CANCELLED, "stopped on request");
  }
  return DLM_OK;
}

static dlm_status bases_token(void *self, uint32_t id, dlm_str *out, dlm_error *err) {
  static const dlm_str texts[VOCABULARY] = { STR("[UNK]"), STR("A"), STR("C"), STR("G"), STR("T"), STR("[PAD]") };
  (void)self;
  if (id >= VOCABULARY) return fail(err, DLM_INVALID, "there is no such id");
  *out = texts[id];
  return DLM_OK;
}

static const LATER(dlm_tokenizer_vt) BASES = { { { BREAK == SHORT ? sizeof(dlm_vtable) : sizeof BASES, 0, destroy_bases,
                                                  BREAK == C8 ? any_extension : NULL },
                                               bases_spec, bases_tokenize, BREAK == C7 ? NULL : bases_token } };

/* ---- encoder: a token's row of a table, and the mean of its sequence's rows --------------------------------------- */

static void destroy_nothing(void *self) { (void)self; }

static float table(int64_t id, int64_t unit) { return (float)((id * 7 + unit * 3) % 11) / 11.0f; }

static dlm_status averages_spec(void *self, dlm_encoder_spec *out, dlm_error *err) {
  dlm_encoder_spec spec = { 0, HIDDEN, 1, 64, VOCABULARY, 0, DLM_NO_TOKEN, DLM_NO_TOKEN, STR("bases"), VOCABULARY * HIDDEN, STR("averages"), STR("") };
  (void)self, (void)err;
  if (BREAK == E8) spec.flags = DLM_CAUSAL;
  if (BREAK == E10) spec.vocab_size = VOCABULARY - 1;
  return write_out(out, &spec, sizeof spec);
}

static int holds(const DLTensor *tensor, uint8_t code, uint8_t bits) {
  return tensor->dtype.code == code && tensor->dtype.bits == bits && tensor->dtype.lanes == 1;
}

static dlm_status averages_encode(void *self, const DLTensor *ids, const DLTensor *mask, DLTensor *hidden, dlm_error *err) {
  static int calls;
  const int64_t *id = ids->data, *real = mask->data;
  int64_t rows = ids->shape[0], columns = ids->ndim > 1 ? ids->shape[1] : 0, row, column, unit;
  float *out = hidden->data;
  (void)self;
  calls++;
  if (ids->ndim != 2 || mask->ndim != 2 || hidden->ndim != 3 || hidden->shape[2] != HIDDEN || mask->shape[0] != rows ||
      mask->shape[1] != columns || hidden->shape[0] != rows || hidden->shape[1] != columns)
    return fail(err, DLM_INVALID, "wrong shapes");
  if ((!holds(ids, 0, 64) || !holds(mask, 0, 64) || !holds(hidden, 2, 32)) && BREAK != E12) return fail(err, DLM_INVALID, "wrong types");
  if (columns > 64 && BREAK != E3) return fail(err, DLM_INVALID, "rows of more than 64 tokens");
  for (row = 0; row < rows; row++) {
    for (unit = 0; unit < HIDDEN; unit++) {
      float sum = 0, count = 0;
      for (column = 0; column < columns; column++) {
        int64_t at = id[row * columns + column];
        if ((at < 0 || at >= (BREAK == E10 ? VOCABULARY - 1 : VOCABULARY)) && BREAK != E3) return fail(err, DLM_INVALID, "an id past the vocabulary");
        if (real[row * columns + column]) sum += table(at, unit), count++;
      }
      if (BREAK == E4) count = (float)columns;
      for (column = 0; column < columns; column++) {
        float value = table(id[row * columns + column], unit) + (count ? sum / count : 0);
        if (BREAK == E2 && column == 3) continue;
        if (BREAK == NAN_STATES) value = value / 0.0f - value / 0.0f;
        if (BREAK == E5) value += (float)row;
        if (BREAK == E6) value += 1e-6f * (float)(calls % 7);
        out[(row * columns + column) * HIDDEN + unit] = value;
      }
    }
  }
  if (BREAK == PAST) out[rows * columns * HIDDEN] = 0;
  if (BREAK == E9 && rows == 3 && columns == 7) ((int64_t *)ids->data)[2] = (id[2] + 1) % VOCABULARY;
  return DLM_OK;
}

#ifdef GRAPH
/* Handed over too: the graph of the file GRAPH, and the table. */
static dlm_status forward(void *self, dlm_blob *graph, dlm_error *err) {
  dlm_blob blob = { 0, 0, STR(GRAPH), { NULL, 0 } };
  (void)self, (void)err;
  return write_out(graph, &blob, sizeof blob);
}

static dlm_status parameters(void *self, const dlm_parameter *const **out, size_t *n, dlm_error *err) {
  static const int64_t shape[2] = { VOCABULARY, HIDDEN };
  static const LATER(dlm_parameter) parameter = { { sizeof parameter, DLM_PARAM_DECAY, 0, 2, STR("table"), shape } };
  static const dlm_parameter *const list[1] = { &parameter.now };
  (void)self, (void)err;
  *out = list;
  *n = BREAK == G1 ? 0 : 1;
  return DLM_OK;
}

static dlm_status read_parameter(void *self, size_t index, DLTensor *value, dlm_error *err) {
  int64_t id, unit;
  (void)self;
  if (index != 0) return fail(err, DLM_INVALID, "there is one parameter");
  for (id = 0; id < VOCABULARY; id++)
    for (unit = 0; unit < HIDDEN; unit++) ((float *)value->data)[id * HIDDEN + unit] = table(id, unit) + (BREAK == G2 ? 0.001f : 0);
  return DLM_OK;
}

static const LATER(dlm_trainable_vt) TRAINABLE = { { sizeof TRAINABLE, 0, forward, parameters, read_parameter } };
#endif

/* One layer over the embeddings, which are the table's rows. */
static dlm_status averages_layer(void *self, const DLTensor *ids, const DLTensor *mask, uint32_t layer, DLTensor *hidden, dlm_error *err) {
  const int64_t *id = ids->data;
  int64_t place, unit, n = ids->shape[0] * ids->shape[1];
  float *out = hidden->data;
  if (layer > 1) return fail(err, DLM_INVALID, "there is one layer");
  if (layer == 1) {
    dlm_status status = averages_encode(self, ids, mask, hidden, err);
    if (BREAK == E7 && status == DLM_OK) out[0] += 0.01f;
    return status;
  }
  for (place = 0; place < n; place++)
    for (unit = 0; unit < HIDDEN; unit++) out[place * HIDDEN + unit] = table(id[place], unit);
  return DLM_OK;
}

static const LATER(dlm_layers_vt) LAYERS = { { sizeof LAYERS, 0, averages_layer } };

static const void *averages_extension(void *self, dlm_str id) {
  (void)self;
  if (id.len == strlen(DLM_EXT_LAYERS) && memcmp(id.ptr, DLM_EXT_LAYERS, id.len) == 0) return &LAYERS;
#ifdef GRAPH
  if (id.len == strlen(DLM_EXT_TRAINABLE) && memcmp(id.ptr, DLM_EXT_TRAINABLE, id.len) == 0) return &TRAINABLE;
#endif
  return NULL;
}

#ifndef ENCODE_NULL
#define ENCODE_NULL 0 /* 1: the host runs the graph */
#endif
static const LATER(dlm_encoder_vt) AVERAGES = { { { sizeof AVERAGES, 0, destroy_nothing, averages_extension }, averages_spec,
                                                ENCODE_NULL ? NULL : averages_encode } };

/* ---- task: does the sequence begin with GG? ----------------------------------------------------------------------- */

static dlm_status begins_spec(void *self, dlm_task_spec *out, dlm_error *err) {
  dlm_task_spec spec;
  dlm_str metrics = STR("mcc,accuracy"), wrong = STR("pearson"), name = STR("begins"), license = STR("CC0-1.0");
  (void)self, (void)err;
  memset(&spec, 0, sizeof spec);
  spec.target = DLM_TARGET_BINARY;
  spec.outputs = 2;
  spec.sequence_len = 20;
  spec.metrics = BREAK == K4 ? wrong : metrics;
  spec.split_kind = DLM_SPLIT_KIND_GROUPED;
  spec.name = name;
  spec.license = license;
  return write_out(out, &spec, sizeof spec);
}

static dlm_status begins_load(void *self, uint32_t split, const dlm_example_sink *sink, dlm_error *err) {
  static uint32_t loads;
  uint64_t state = split * 7919u + 17u, ids[40], groups[40];
  uint8_t text[40][20];
  dlm_bytes seqs[40];
  float targets[40];
  LATER(dlm_items) items;
  LATER(dlm_examples) examples;
  size_t i, j;
  (void)self;
  if (BREAK == TASK_ABORTS) abort();
  loads++;
  if (split < 1 || split > 3) return fail(err, DLM_INVALID, "there is no such split");
  if (BREAK == K1) state += loads;
  for (i = 0; i < 40; i++) {
    for (j = 0; j < 20; j++) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      text[i][j] = (uint8_t)"ACGT"[state >> 62];
    }
    targets[i] = (float)(i % 2);
    text[i][0] = text[i][1] = i % 2 ? 'G' : 'A';
    if (BREAK == K2) targets[i] = 0;
    ids[i] = BREAK == K6 ? i : 1000 * split + i;
    groups[i] = BREAK == K3 ? i : 1000 * split + i;
    seqs[i].ptr = text[i];
    seqs[i].len = 20;
  }
  memset(&items, 0, sizeof items);
  items.now.struct_size = sizeof items;
  items.now.n = 40;
  items.now.ids = ids;
  items.now.seqs = seqs;
  items.now.groups = groups;
  memset(&examples, 0, sizeof examples);
  examples.now.struct_size = sizeof examples;
  examples.now.items = &items.now;
  examples.now.targets = targets;
  if (sink->push(sink->ctx, &examples.now)) {
    if (BREAK == K5) sink->push(sink->ctx, &examples.now);
    return fail(err, DLM_CANCELLED, "stopped on request");
  }
  return DLM_OK;
}

static const LATER(dlm_task_vt) BEGINS = { { { sizeof BEGINS, 0, destroy_nothing, NULL }, begins_spec, begins_load } };

/* ---- baseline: the share of G ------------------------------------------------------------------------------------- */

static uint64_t seeds[1024];
static size_t fits;

static dlm_status share_predict(void *self, const dlm_items *items, DLTensor *scores, dlm_error *err) {
  float *out = scores->data;
  size_t i, j;
  (void)err;
  for (i = 0; i < items->n; i++) {
    float share = 0, positive;
    for (j = 0; j < items->seqs[i].len; j++) share += items->seqs[i].ptr[j] == 'G';
    if (BREAK == B4 && items->seqs[i].len == 1) *(volatile int *)8 = 1;
    share = items->seqs[i].len ? share / (float)items->seqs[i].len : 0;
    positive = 2 * (share - 0.34f) + 0.5f;
    if (BREAK == B1) positive = 1 - positive;
    if (BREAK == B2) positive += 0.01f * (float)(*(uint64_t *)self % 5);
    if (BREAK == B5) positive += 0.1f / (float)items->n;
    positive = positive < 0 ? 0 : positive > 1 ? 1 : positive;
    if (BREAK == NAN_SCORES) positive = positive / 0.0f - positive / 0.0f;
    out[2 * i] = BREAK == B3 ? positive : 1 - positive;
    out[2 * i + 1] = positive;
  }
  return DLM_OK;
}

static const LATER(dlm_predictor_vt) SHARE_PREDICTOR = { { { sizeof SHARE_PREDICTOR, 0, destroy_nothing, NULL }, share_predict } };

static dlm_status share_spec(void *self, dlm_baseline_spec *out, dlm_error *err) {
  dlm_baseline_spec spec = { 0, DLM_CONTROL_CONTEXT_FREE, 0, 0, STR("share") };
  (void)self, (void)err;
  return write_out(out, &spec, sizeof spec);
}

static dlm_status share_fit(void *self, const dlm_task_spec *task, const dlm_examples *train, const dlm_examples *validation, uint64_t seed,
                            dlm_object *predictor, dlm_error *err) {
  (void)self, (void)train, (void)validation;
  if (task->target != DLM_TARGET_BINARY) return fail(err, DLM_UNSUPPORTED, "only binary tasks");
  seeds[fits % 1024] = seed;
  predictor->self = &seeds[fits++ % 1024];
  predictor->vt = &SHARE_PREDICTOR.now.base;
  return DLM_OK;
}

static const LATER(dlm_baseline_vt) SHARE = { { { sizeof SHARE, 0, destroy_nothing, NULL }, share_spec, share_fit } };

/* ---- entry --------------------------------------------------------------------------------------------------------- */

static dlm_status create(const dlm_host *host, uint32_t kind, dlm_str id, dlm_str config, dlm_object *out, dlm_error *err) {
  (void)host;
  if (BREAK == C11 && kind == UINT32_MAX) abort();
  if (!((kind == DLM_TOKENIZER || BREAK == C2) && is(id, "bases")) && !(kind == DLM_ENCODER && is(id, "averages")) &&
      !(kind == DLM_TASK && is(id, "begins")) && !(kind == DLM_BASELINE && is(id, "share")))
    return fail(err, DLM_INVALID, BREAK == C4 ? "" : "there is no such component");
  if (config.len && !(config.len == 2 && memcmp(config.ptr, "{}", 2) == 0) && BREAK != C3) {
    char text[256];
    snprintf(text, sizeof text, "it takes no options, and was given %.*s", (int)(config.len < 200 ? config.len : 200), config.ptr);
    return fail(err, DLM_INVALID, text);
  }
  if (BREAK == CREATE_ABORTS && is(id, "averages")) abort();
  out->self = NULL;
  if (is(id, "bases")) {
    instance *made = calloc(1, BREAK == C9 ? 1 << 18 : sizeof *made);
    if (BREAK == C9) memset(made, 1, 1 << 18);
    made->destroyed = destroyed;
    out->self = made;
    out->vt = &BASES.now.base;
  } else if (is(id, "averages")) {
    out->vt = &AVERAGES.now.base;
  } else if (is(id, "begins")) {
    out->vt = &BEGINS.now.base;
  } else {
    out->vt = &SHARE.now.base;
  }
  return DLM_OK;
}

static const LATER(dlm_component) COMPONENTS[] = {
  { { sizeof COMPONENTS[0], DLM_TOKENIZER, STR("bases"), STR("single bases") } },
  { { sizeof COMPONENTS[0], DLM_ENCODER, STR("averages"), STR("means of a table's rows") } },
  { { sizeof COMPONENTS[0], DLM_TASK, STR("begins"), STR("does it begin with GG?") } },
  { { sizeof COMPONENTS[0], DLM_BASELINE, STR("share"), STR("the share of G") } },
};
static const dlm_component *const LIST[] = { &COMPONENTS[0].now, &COMPONENTS[1].now, &COMPONENTS[2].now, &COMPONENTS[3].now };
#define ENTRY { DLM_MAGIC, DLM_ABI_MAJOR, DLM_ABI_MINOR + 9 * GROWN, sizeof ENTRIES[0], 0, STR("org.example.bad"), STR("1.0.0"), STR("C"), \
                LIST, 4, create }
static const LATER(dlm_entry) ENTRIES[2] = { { ENTRY }, { ENTRY } };

extern void a_symbol_that_nobody_has(void);

__attribute__((constructor)) static void at_load(void) {
  if (BREAK == LOAD_ABORTS) abort();
  if (BREAK == L4) pause_for(300);
  if (BREAK == L5) printf("hello\n"), fflush(stdout);
#ifdef CALL_MISSING
  a_symbol_that_nobody_has();
#endif
}

#ifdef EXPORT_MORE
DLM_EXPORT int dlm_helper(void) { return 1; }
#endif

DLM_EXPORT const dlm_entry *dlm_plugin_entry_v1(void) {
  static int calls;
  return &ENTRIES[BREAK == L2 ? calls++ % 2 : 0].now;
}
