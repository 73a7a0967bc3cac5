/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All memory that was ever allocated, freed or not: the columns of "heap" with
 * another one shown first. Its settings are those of "heap".
 */
#include <evprof/module.h>

#include "core/heap/heap.h"
#include "core/runtime/heap_services.h"

static int
allocs_init(const void *conf, void **state, evprof_error_t *err)
{
    (void)conf;
    *state = NULL;
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
allocs_snapshot(void *state, const evprof_ask_t *ask, evprof_builder_t *out,
                evprof_error_t *err)
{
    (void)state;
    return evprof_heap_snapshot(ask, EVPROF_LOSS_OF_ALLOCS, out, err);
}

static int
allocs_text(void *state, const evprof_ask_t *ask, const evprof_writer_t *out,
            evprof_error_t *err)
{
    (void)state;
    return evprof_heap_text(ask, EVPROF_LOSS_OF_ALLOCS, out, err);
}

static long
allocs_count(void *state)
{
    (void)state;
    return evprof_heap_count();
}

static void
allocs_fini(void *state)
{
    (void)state;
    evprof_heap_close();
}

const evprof_module_t evprof_profile_allocs = {
    .abi = EVPROF_MODULE_ABI,
    .name = "allocs",
    .summary = "All memory allocated since the start, freed or not.",
    .flags = EVPROF_MODULE_DELTA,
    .file_flag = "memprofile",
    .file_help = "write what was allocated to `file`",
    .init = allocs_init,
    .snapshot = allocs_snapshot,
    .count = allocs_count,
    .text = allocs_text,
    .fini = allocs_fini,
};
