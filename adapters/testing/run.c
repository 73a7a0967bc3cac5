/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sub-tests and sub-benchmarks: a body may run further bodies below its own
 * name, of its own kind. This file lies above test.c and bench.c, so that what
 * both stand on need not know them.
 */
#include "adapters/testing/state.h"

bool
evprof_run(evprof_tb_t *tb, const char *name,
           void (*fn)(evprof_tb_t *tb, void *arg), void *arg)
{
    atomic_store(&tb->state->has_sub, true);
    return tb->state->is_benchmark
               ? evprof_run_sub_benchmark(tb->state, name, fn, arg)
               : evprof_run_sub_test(tb->state, name, fn, arg);
}
