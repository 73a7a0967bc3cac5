/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_parallel: workers draw iterations from one counter in portions that take
 * about 100 us each, so that drawing costs little and the end is even.
 */
#include <stdlib.h>

#include "adapters/testing/state.h"

/* A portion's length in nanoseconds, and the most iterations in it. */
#define PORTION_NS 100000
#define MAX_PORTION 10000

struct evprof_pb {
    void (*body)(evprof_pb_t *pb, void *arg);
    void *arg;
    atomic_llong *drawn; /* iterations handed out to all workers */
    long long total;
    long long portion;
    long long left; /* of this worker's portion */
    pthread_t thread;
};

bool
evprof_pb_next(evprof_pb_t *pb)
{
    if (pb->left == 0) {
        long long end = atomic_fetch_add(pb->drawn, pb->portion) + pb->portion;
        if (end <= pb->total) {
            pb->left = pb->portion;
        } else if (end < pb->total + pb->portion) {
            pb->left = pb->total + pb->portion - end;
        } else {
            return false;
        }
    }
    pb->left--;
    return true;
}

static void *
work(void *arg)
{
    evprof_pb_t *pb = arg;
    pb->body(pb, pb->arg);
    return NULL;
}

static long long
portion_of(const evprof_bench_t *m)
{
    long long portion = 1;
    if (m->previous_n > 0 && m->previous_ns > 0) {
        portion = PORTION_NS * m->previous_n / m->previous_ns;
    }
    return portion < 1 ? 1 : portion > MAX_PORTION ? MAX_PORTION : portion;
}

void
evprof_run_parallel(evprof_tb_t *b, void (*body)(evprof_pb_t *pb, void *arg),
                    void *arg)
{
    struct evprof_tb_state *s = b->state;
    if (b->n == 0) {
        return;
    }
    size_t count = (size_t)s->bench.parallelism * (size_t)evprof_test_run.procs;
    evprof_pb_t *workers = calloc(count, sizeof(*workers));
    if (workers == NULL) {
        evprof_fatal(b, "out of memory");
        return;
    }
    atomic_llong drawn = 0;
    for (size_t i = 0; i < count; i++) {
        workers[i] = (evprof_pb_t){ .body = body,
                                    .arg = arg,
                                    .drawn = &drawn,
                                    .total = b->n,
                                    .portion = portion_of(&s->bench) };
        workers[i].thread = evprof_testing_thread(work, &workers[i]);
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    free(workers);
    if (atomic_load(&drawn) <= b->n && !evprof_failed(b)) {
        evprof_fatal(b, "run_parallel: body returned although "
                        "evprof_pb_next() was not yet false");
    }
}

void
evprof_set_parallelism(evprof_tb_t *b, int threads_per_cpu)
{
    if (threads_per_cpu >= 1) {
        b->state->bench.parallelism = threads_per_cpu;
    }
}
