/* SPDX-License-Identifier: Apache-2.0 */
/* The measuring processes of bench_heap, one a figure. */
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <evprof/evprof.h>

#include "core/base/buf.h"
#include "core/profile/pprof.h"
#include "tests/bench/heap/bench_heap.h"

int mallctl(const char *name, void *old, size_t *old_len, void *set,
            size_t set_len);

enum { ALLOC_BYTES = 1, IN_USE_BYTES = 3 };

static int64_t
clock_ns(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t
now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

static evprof_t *
open_profiler(const char *options)
{
    char path[] = "/tmp/evprof-bench-XXXXXX";
    evprof_error_t err = { .message = "" };
    int fd = mkstemp(path);
    if (fd < 0 || dprintf(fd, "pprof { profile heap { %s } }\n", options) < 0) {
        return NULL;
    }
    evprof_t *prof = evprof_new(path, &err);
    if (prof == NULL) {
        (void)fprintf(stderr, "%s\n", err.message);
    }
    (void)close(fd);
    (void)unlink(path);
    return prof;
}

static int
write_heap(evprof_t *prof, evprof_buf_t *out)
{
    evprof_error_t err = { .message = "" };
    evprof_writer_t writer = evprof_writer_buf(out);
    int status =
        evprof_profile_write(evprof_lookup(prof, "heap"), &writer, 0, &err);
    if (status != 0) {
        (void)fprintf(stderr, "%s\n", err.message);
    }
    return status;
}

/* A small generator of our own: its state must not be allocated. */
static uint64_t
next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* From 16 bytes to 64 KiB, each power of two as likely as the next. */
static size_t
mixed_size(uint64_t *state)
{
    uint64_t random = next_random(state);
    size_t base = (size_t)16 << (random % 12);
    return base + (random >> 8) % base;
}

static int
run_accuracy(const char *interval)
{
    char options[64];
    (void)snprintf(options, sizeof(options), "sample_interval %s;", interval);
    evprof_t *prof = open_profiler(options);
    const size_t goal = (size_t)768 << 20;
    uint64_t state = (uint64_t)now_ns() | 1;
    size_t in_use = 0;
    size_t total = 0;
    evprof_buf_t bytes = { 0 };
    evprof_pprof_t *p = NULL;
    while (prof != NULL && in_use < goal) {
        size_t size = mixed_size(&state);
        void *volatile kept = malloc(size);
        void *volatile freed = malloc(size);
        in_use += malloc_usable_size(kept);
        total += malloc_usable_size(kept) + malloc_usable_size(freed);
        free(freed);
    }
    if (prof == NULL || write_heap(prof, &bytes) != 0 ||
        evprof_pprof_decode(bytes.data, bytes.len, (size_t)1 << 30, &p, NULL) !=
            0) {
        return EXIT_FAILURE;
    }
    double sums[4] = { 0 };
    for (size_t i = 0; i < p->sample_count; i++) {
        for (size_t k = 0; k < p->type_count && k < 4; k++) {
            sums[k] += (double)p->samples[i].values[k];
        }
    }
    printf("%f %f %zu\n", sums[IN_USE_BYTES] / (double)in_use - 1,
           sums[ALLOC_BYTES] / (double)total - 1, in_use);
    return EXIT_SUCCESS;
}

__attribute__((noinline)) static double
time_pairs(unsigned depth, size_t size, unsigned count)
{
    if (depth > 0) {
        double result = time_pairs(depth - 1, size, count);
        __asm__ volatile("");
        return result;
    }
    /* CPU time: who else runs on the machine must not count. */
    int64_t start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    for (unsigned i = 0; i < count; i++) {
        void *volatile block = malloc(size);
        free(block);
    }
    return (double)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - start) / count;
}

static void
one_frame(void **vec, unsigned *len, unsigned max_len)
{
    (void)max_len;
    vec[0] = __builtin_return_address(0);
    *len = 1;
}

static int
run_sample(const char *arg)
{
    static const char name[] = "experimental.hooks.prof_backtrace";
    unsigned depth = (unsigned)strtoul(arg, NULL, 10);
    void (*hooks[3])(void **, unsigned *, unsigned) = { NULL, NULL, one_frame };
    double best[3] = { 1e9, 1e9, 1e9 };
    size_t len = sizeof(hooks[0]);
    if (mallctl(name, &hooks[1], &len, NULL, 0) != 0 ||
        open_profiler("max_stacks 1000;") == NULL ||
        mallctl(name, &hooks[0], &len, NULL, 0) != 0) {
        return EXIT_FAILURE;
    }
    for (int round = 0; round < 10; round++) {
        for (size_t i = 0; i < 3; i++) {
            (void)mallctl(name, NULL, NULL, &hooks[i], sizeof(hooks[i]));
            double ns = time_pairs(depth - 3, 64, 20000);
            best[i] = ns < best[i] ? ns : best[i];
        }
    }
    printf("%f %f %f\n", best[0], best[1], best[2]);
    return EXIT_SUCCESS;
}

static int
run_pair(const char *arg)
{
    if (strcmp(arg, "on") == 0 && open_profiler("") == NULL) {
        return EXIT_FAILURE;
    }
    double best = 1e9;
    for (int round = 0; round < 20; round++) {
        double ns = time_pairs(0, 1024, 500000);
        best = ns < best ? ns : best;
    }
    printf("%f\n", best);
    return EXIT_SUCCESS;
}

/* ---- 64 k stacks ---- */

#define STACK_BITS 16

/* Which of two calls is made tells the stacks apart. */
__attribute__((noinline)) static void *
branch(unsigned bits, unsigned depth)
{
    void *volatile result;
    if (depth == 0) {
        return malloc(16);
    }
    if (bits % 2 == 0) {
        result = branch(bits / 2, depth - 1);
    } else {
        result = branch(bits / 2, depth - 1);
        __asm__ volatile("");
    }
    return result;
}

static atomic_int phase;

#define LATENCIES 2000000u
static uint32_t latencies[2][LATENCIES];
static size_t latency_count[2];

/* Whether the thread lost its processor since the last time it was asked. */
static bool
was_preempted(void)
{
    static long last;
    struct rusage usage;
    (void)getrusage(RUSAGE_THREAD, &usage);
    bool was = usage.ru_nivcsw != last;
    last = usage.ru_nivcsw;
    return was;
}

static void *
measure_malloc(void *arg)
{
    (void)arg;
    int now;
    while ((now = phase) < 2) {
        int64_t start = now_ns();
        void *volatile block = malloc(100);
        free(block);
        int64_t took = now_ns() - start;
        /* A busy machine takes the processor away; that is no stall of ours. */
        if (took > 50000 && was_preempted()) {
            continue;
        }
        if (latency_count[now] < LATENCIES) {
            latencies[now][latency_count[now]++] =
                took < UINT32_MAX ? (uint32_t)took : UINT32_MAX;
        }
    }
    return NULL;
}

static int
compare(const void *a, const void *b)
{
    const uint32_t *x = a;
    const uint32_t *y = b;
    return *x < *y ? -1 : *x > *y;
}

static int
run_dump(void)
{
    pthread_t thread;
    evprof_t *prof = open_profiler("max_stacks 131072;");
    for (unsigned i = 0; i < 1u << STACK_BITS; i++) {
        void *volatile kept = branch(i, STACK_BITS);
        (void)kept;
    }
    if (prof == NULL ||
        evprof_profile_count(evprof_lookup(prof, "heap")) < 1L << STACK_BITS) {
        (void)fprintf(stderr, "the stacks are not distinct: %ld\n",
                      evprof_profile_count(evprof_lookup(prof, "heap")));
    }
    if (pthread_create(&thread, NULL, measure_malloc, NULL) != 0) {
        return EXIT_FAILURE;
    }
    int64_t start = now_ns();
    evprof_buf_t warm = { 0 };
    while (now_ns() - start < 1000000000) {
        (void)usleep(10000);
    }
    phase = 1;
    for (int i = 0; i < 5; i++) {
        evprof_buf_clear(&warm);
        (void)write_heap(prof, &warm);
    }
    phase = 2;
    (void)pthread_join(thread, NULL);
    for (int i = 0; i < 2; i++) {
        size_t count = latency_count[i];
        qsort(latencies[i], count, sizeof(latencies[i][0]), compare);
        printf("%u %u ", latencies[i][count * 99 / 100],
               latencies[i][count - 1]);
    }
    printf("\n");
    return EXIT_SUCCESS;
}

int
bench_heap_child(const char *name, const char *arg)
{
    if (strcmp(name, "accuracy") == 0) {
        return run_accuracy(arg);
    }
    if (strcmp(name, "sample") == 0) {
        return run_sample(arg);
    }
    if (strcmp(name, "pair") == 0) {
        return run_pair(arg);
    }
    return run_dump();
}
