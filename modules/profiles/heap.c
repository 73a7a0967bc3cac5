/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory in use by the stack that allocated it, sampled by jemalloc every
 * `sample_interval` bytes on average and scaled up. What a program allocated
 * before the profiler was made is not seen.
 */
#include <string.h>

#include <evprof/module.h>

#include "core/heap/heap.h"
#include "core/heap/missing.h"
#include "core/runtime/heap_services.h"

typedef struct heap_conf {
    const char *mallctl_prefix;
    long long sample_interval;
    long max_stacks;
    const evprof_unwinder_t *unwinder; /* NULL: the best there is */
    int on_missing;                    /* of enum evprof_heap_on_missing */
} heap_conf_t;

static const char *
set_interval(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    const char *problem = evprof_set_size(cf, d, conf);
    const heap_conf_t *heap = conf;
    if (problem != NULL) {
        return problem;
    }
    if ((heap->sample_interval & (heap->sample_interval - 1)) != 0) {
        return "must be a power of two";
    }
    return NULL;
}

/* Stacks are taken by the allocating thread and not in a handler, so libunwind
 * may be chosen here. */
static const char *
set_unwinder(evprof_conf_t *cf, const evprof_directive_t *d, void *conf)
{
    const char *name = evprof_conf_arg(cf, 0);
    heap_conf_t *heap = conf;
    (void)d;
    if (strcmp(name, "fp") == 0) {
        return "cannot be \"fp\": jemalloc has no frame pointers to begin at";
    }
    heap->unwinder = evprof_unwinder_find(name);
    return heap->unwinder != NULL
               ? NULL
               : evprof_conf_fragment(cf,
                                      "knows no unwinder \"%s\", only auto, "
                                      "tables and libunwind",
                                      name);
}

static const evprof_directive_t directives[] = {
    { .name = "sample_interval",
      .args = "SIZE",
      .help = "Mean bytes between sampled allocations, a power of two; unset, "
              "what jemalloc was started with (512k). Fixed once sampling was "
              "on.",
      .by_default = NULL,
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(heap_conf_t, sample_interval),
      .min = 2,
      .max = 1LL << 40,
      .set = set_interval },
    { .name = "max_stacks",
      .args = "NUMBER",
      .help =
          "Distinct stacks that are kept whole, about 1 KB each in jemalloc; "
          "later ones are shortened, totals stay exact.",
      .by_default = EVPROF_HEAP_MAX_STACKS_TEXT,
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(heap_conf_t, max_stacks),
      .min = 16,
      .max = 1 << 20,
      .set = evprof_set_number },
    { .name = "unwinder",
      .args = "auto|tables|libunwind",
      .help = "How callers are found: by call-frame tables, or by libunwind, "
              "which is slower by far and keeps 260 KB a thread; auto takes "
              "the tables.",
      .by_default = "auto",
      .min_args = 1,
      .max_args = 1,
      .set = set_unwinder },
    { .name = "mallctl_prefix",
      .args = "PREFIX",
      .help = "What the names of a bundled jemalloc begin with, such as "
              "\"_rjem_\".",
      .by_default = "\"\"",
      .min_args = 1,
      .max_args = 1,
      .offset = offsetof(heap_conf_t, mallctl_prefix),
      .set = evprof_set_string },
    EVPROF_HEAP_ON_MISSING(offsetof(heap_conf_t, on_missing)),
    EVPROF_DIRECTIVE_END,
};

static int
heap_init(const void *conf, void **state, evprof_error_t *err)
{
    const heap_conf_t *heap = conf;
    evprof_heap_options_t options = {
        .mallctl_prefix = heap->mallctl_prefix,
        .sample_interval = heap->sample_interval,
        .max_stacks = heap->max_stacks,
        .unwinder = heap->unwinder,
    };
    *state = NULL;
    int status = evprof_heap_open(&options, &evprof_runtime_heap_services, err);
    return status == EVPROF_ENOTSUP && heap->on_missing == EVPROF_HEAP_EMPTY
               ? evprof_heap_missing_new(err, state, err)
               : status;
}

static int
heap_snapshot(void *state, const evprof_ask_t *ask, evprof_builder_t *out,
              evprof_error_t *err)
{
    return evprof_heap_state_snapshot(state, ask, EVPROF_LOSS_OF_HEAP, out,
                                      err);
}

static int
heap_text(void *state, const evprof_ask_t *ask, const evprof_writer_t *out,
          evprof_error_t *err)
{
    return evprof_heap_state_text(state, ask, EVPROF_LOSS_OF_HEAP, out, err);
}

const evprof_module_t evprof_profile_heap = {
    .abi = EVPROF_MODULE_ABI,
    .name = "heap",
    .summary = "Memory in use, by the stacks that allocated it.",
    .flags = EVPROF_MODULE_DELTA,
    .directives = directives,
    .conf_size = sizeof(heap_conf_t),
    .init = heap_init,
    .snapshot = heap_snapshot,
    .count = evprof_heap_state_count,
    .text = heap_text,
    .status = evprof_heap_state_status,
    .fini = evprof_heap_state_close,
};
