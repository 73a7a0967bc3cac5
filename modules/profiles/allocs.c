/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All memory that was ever allocated, freed or not: the columns of "heap" with
 * another one shown first. Its settings are those of "heap".
 */
#include <evprof/module.h>

#include "core/heap/heap.h"
#include "core/heap/missing.h"
#include "core/runtime/heap_services.h"

typedef struct allocs_conf {
    int on_missing; /* of enum evprof_heap_on_missing */
} allocs_conf_t;

static const evprof_directive_t directives[] = {
    EVPROF_HEAP_ON_MISSING(offsetof(allocs_conf_t, on_missing)),
    EVPROF_DIRECTIVE_END,
};

static int
open_heap(evprof_error_t *err)
{
    int status = evprof_heap_open(NULL, &evprof_runtime_heap_services, err);
    if (status != EVPROF_OK) {
        return status;
    }
    status = evprof_heap_check_accumulates(err);
    if (status != EVPROF_OK) {
        evprof_heap_close();
    }
    return status;
}

static int
allocs_init(const void *conf, void **state, evprof_error_t *err)
{
    const allocs_conf_t *allocs = conf;
    *state = NULL;
    int status = open_heap(err);
    return status == EVPROF_ENOTSUP && allocs->on_missing == EVPROF_HEAP_EMPTY
               ? evprof_heap_missing_new(err, state, err)
               : status;
}

static int
allocs_snapshot(void *state, const evprof_ask_t *ask, evprof_builder_t *out,
                evprof_error_t *err)
{
    return evprof_heap_state_snapshot(state, ask, EVPROF_LOSS_OF_ALLOCS, out,
                                      err);
}

static int
allocs_text(void *state, const evprof_ask_t *ask, const evprof_writer_t *out,
            evprof_error_t *err)
{
    return evprof_heap_state_text(state, ask, EVPROF_LOSS_OF_ALLOCS, out, err);
}

const evprof_module_t evprof_profile_allocs = {
    .abi = EVPROF_MODULE_ABI,
    .name = "allocs",
    .summary = "All memory allocated since the start, freed or not.",
    .flags = EVPROF_MODULE_DELTA,
    .file_flag = "memprofile",
    .file_help = "write what was allocated to `file`",
    .directives = directives,
    .conf_size = sizeof(allocs_conf_t),
    .init = allocs_init,
    .snapshot = allocs_snapshot,
    .count = evprof_heap_state_count,
    .text = allocs_text,
    .fini = evprof_heap_state_close,
};
