/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unwinders side by side in one process: interleaved rounds, the median of
 * which is printed. Then what the tables cost: size, build time, memory.
 */
#define UNW_LOCAL_ONLY
#include <libunwind.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#include "core/objects/objects.h"
#include "core/unwind/row_rules.h"
#include "core/unwind/sig_arch.h"
#include "core/unwind/sig_map.h"
#include "core/unwind/sig_step.h"
#include "core/unwind/tables.h"
#include "core/unwind/unwind.h"
#include "tests/bench/unwind/chain.h"

#define ROUNDS 9u
#define FRAMES 128u
#define TEXT_OF(name) #name
#define SYMBOL_TEXT(name) TEXT_OF(name)

enum walker {
    WALK_FP,
    WALK_TABLES,
    WALK_UNW_BACKTRACE,
    WALK_LIBGCC,
    WALK_UNW_STEP,
    WALK_COUNT
};

static const char *const walker_names[WALK_COUNT] = {
    "frame pointers (evprof fp)",
    "call-frame tables (evprof)",
    "unw_backtrace",
    "_Unwind_Backtrace (libgcc)",
    "unw_step",
};

static const evprof_unwinder_t *fp;
static const evprof_unwinder_t *tables;
static const evprof_unwinder_t *libunwind;
static int (*unw_backtrace_fn)(void **buffer, int size);
static evprof_stack_bounds_t bounds;
static uintptr_t pcs[FRAMES];
static void *addresses[FRAMES];

static double
now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* What all threads have worked: steadier than time on a busy machine. */
static double
worked_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int
compare_doubles(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* The value at `share` of the sorted values. */
static double
quantile(double *values, size_t count, double share)
{
    qsort(values, count, sizeof(*values), compare_doubles);
    return values[(size_t)((double)(count - 1) * share)];
}

struct gcc_walk {
    size_t count;
};

static _Unwind_Reason_Code
gcc_frame(struct _Unwind_Context *context, void *arg)
{
    struct gcc_walk *walk = arg;
    if (walk->count == FRAMES) {
        return _URC_END_OF_STACK;
    }
    pcs[walk->count++] = _Unwind_GetIP(context);
    return _URC_NO_REASON;
}

/* One walk; how many frames it found. */
static size_t
walk_once(enum walker which, const ucontext_t *context)
{
    evprof_walk_t walk = { .pcs = pcs, .max = FRAMES, .bounds = bounds };
    struct gcc_walk gcc = { 0 };
    switch (which) {
    case WALK_FP:
        fp->walk_context(&walk, context);
        return walk.count;
    case WALK_TABLES:
        tables->walk_context(&walk, context);
        return walk.count;
    case WALK_UNW_BACKTRACE:
        return (size_t)unw_backtrace_fn(addresses, FRAMES);
    case WALK_LIBGCC:
        _Unwind_Backtrace(gcc_frame, &gcc);
        return gcc.count;
    default:
        libunwind->walk_context(&walk, context);
        return walk.count;
    }
}

struct speed {
    bool only_fp;
    size_t frames[WALK_COUNT];
    double ns[WALK_COUNT]; /* a walk, median */
    double p50;            /* of single walks by tables */
    double p99;
};

static void
measure_single(struct speed *speed, const ucontext_t *context)
{
    static double each[20000];
    const size_t count = sizeof(each) / sizeof(each[0]);
    for (size_t i = 0; i < count; i++) {
        double begin = now_ns();
        walk_once(WALK_TABLES, context);
        each[i] = now_ns() - begin;
    }
    speed->p50 = quantile(each, count, 0.5);
    speed->p99 = quantile(each, count, 0.99);
}

static void
measure(void *ctx)
{
    struct speed *speed = ctx;
    double ns[WALK_COUNT][ROUNDS];
    ucontext_t context;
    getcontext(&context);
    for (size_t round = 0; round < ROUNDS; round++) {
        for (int which = 0; which < WALK_COUNT; which++) {
            if ((which == WALK_FP) != speed->only_fp) {
                continue;
            }
            size_t times = which == WALK_UNW_STEP ? 100 : 2000;
            speed->frames[which] = walk_once((enum walker)which, &context);
            double begin = now_ns();
            for (size_t i = 0; i < times; i++) {
                walk_once((enum walker)which, &context);
            }
            ns[which][round] = (now_ns() - begin) / (double)times;
        }
    }
    for (int which = 0; which < WALK_COUNT; which++) {
        if ((which == WALK_FP) == speed->only_fp) {
            speed->ns[which] = quantile(ns[which], ROUNDS, 0.5);
        }
    }
    if (!speed->only_fp) {
        measure_single(speed, &context);
    }
}

static void
bench_speed(void)
{
    static const int depths[] = { 6, 21, 56 };
    printf("ns a frame, whole stacks, first frame included (frames)\n");
    for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
        struct speed speed = { .only_fp = false };
        struct speed keep = { .only_fp = true };
        chain_omit(depths[i], measure, &speed);
        chain_keep(depths[i], measure, &keep);
        speed.ns[WALK_FP] = keep.ns[WALK_FP];
        speed.frames[WALK_FP] = keep.frames[WALK_FP];
        for (int which = 0; which < WALK_COUNT; which++) {
            printf("  %-28s %8.1f (%zu)\n", walker_names[which],
                   speed.ns[which] / (double)speed.frames[which],
                   speed.frames[which]);
        }
        printf("  one walk by tables: p50 %.0f ns, p99 %.0f ns\n", speed.p50,
               speed.p99);
    }
}

/* A made-up stack of call sites of one object, none of which was seen before.
 */
struct fake {
    uintptr_t words[16384];
    evprof_regs_t regs;
};

static bool
is_plain(unsigned code)
{
    return (code & (EVPROF_CODE_RULE | EVPROF_CODE_FP)) == 0 &&
           (code & EVPROF_CODE_SIZE_MOST) < 128;
}

/* The address just behind the start of a row whose rule is about rsp. */
static uintptr_t
random_site(const evprof_segment_t *segment, unsigned *code)
{
    const evprof_table_t *table = segment->table;
    for (;;) {
        size_t bucket = (size_t)random() % table->bucket_count;
        uint32_t first = evprof_table_first(table, bucket);
        uint32_t count = evprof_table_first(table, bucket + 1) - first;
        if (count == 0) {
            continue;
        }
        uint32_t row = evprof_table_row(evprof_table_rows(table),
                                        first + (uint32_t)random() % count);
        *code = evprof_row_code(table, row);
        if (is_plain(*code)) {
            return segment->start + (bucket << EVPROF_BUCKET_SHIFT) +
                   (row >> EVPROF_ROW_CODE_BITS) + 1;
        }
    }
}

static void
fake_make(struct fake *fake, const evprof_segment_t *segment, size_t frames)
{
    unsigned code = 0;
    size_t at = 0;
    memset(&fake->regs, 0, sizeof(fake->regs));
    fake->regs.pc = random_site(segment, &code);
    fake->regs.r[EVPROF_REG_SP] = (uintptr_t)fake->words;
    fake->regs.known = EVPROF_REGS_ALL;
    for (size_t i = 1; i < frames; i++) {
        at += code & EVPROF_CODE_SIZE_MOST;
        uintptr_t site = random_site(segment, &code);
        fake->words[at - 1] = site;
    }
    fake->words[at + (code & EVPROF_CODE_SIZE_MOST) - 1] = 0;
}

static void
bench_cold(const evprof_segment_t *segment)
{
    enum { STACKS = 400 };
    static double leaf[STACKS];
    static double whole[STACKS];
    struct fake *fake = malloc(sizeof(*fake));
    size_t frames = 0;
    for (size_t i = 0; i < STACKS; i++) {
        fake_make(fake, segment, 60);
        evprof_walk_t walk = {
            .pcs = pcs,
            .max = FRAMES,
            .bounds = { (uintptr_t)fake->words,
                        (uintptr_t)(fake->words + 16384) },
        };
        double begin = now_ns();
        walk.max = 2;
        tables->walk_regs(&walk, &fake->regs, 0);
        leaf[i] = now_ns() - begin;
        walk.max = FRAMES;
        begin = now_ns();
        tables->walk_regs(&walk, &fake->regs, 0);
        whole[i] = now_ns() - begin;
        frames += walk.count;
    }
    double each = (double)frames / STACKS;
    printf("cold: %.0f random call sites of libLLVM-14 a stack, never seen "
           "before: %.0f ns a frame\n",
           each, quantile(whole, STACKS, 0.5) / each);
    printf("leaf by call-frame instructions, first touch: p50 %.0f ns, p99 "
           "%.0f ns\n",
           quantile(leaf, STACKS, 0.5), quantile(leaf, STACKS, 0.99));
    free(fake);
}

/* The same leaves again: what a hot function costs. */
static void
bench_leaf(const evprof_segment_t *segment, const char *what)
{
    enum { LEAVES = 512, REPEATS = 20 };
    static double each[LEAVES];
    struct fake *fake = malloc(sizeof(*fake));
    evprof_pinned_t pinned = evprof_map_pin();
    for (size_t i = 0; i < LEAVES; i++) {
        fake_make(fake, segment, 2);
        double begin = now_ns();
        for (size_t k = 0; k < REPEATS; k++) {
            evprof_stepper_t stepper = {
                .map = pinned.map,
                .window = { (uintptr_t)fake->words,
                            (uintptr_t)(fake->words + 16384),
                            (uintptr_t)(fake->words + 16384) },
                .regs = fake->regs,
                .is_exact = true,
            };
            evprof_step_raw(&stepper);
        }
        each[i] = (now_ns() - begin) / REPEATS;
    }
    evprof_map_unpin(pinned);
    printf("leaf by call-frame instructions, again, %s: p50 %.0f ns, p99 "
           "%.0f ns\n",
           what, quantile(each, LEAVES, 0.5), quantile(each, LEAVES, 0.99));
    free(fake);
}

static void
bench_tables(void)
{
    const evprof_objects_t *objects = evprof_objects_acquire();
    printf("tables: %% of code, rows, ms to build and CPU ms of all threads "
           "(median of 5)\n");
    for (size_t i = 0; i < objects->count; i++) {
        const evprof_object_t *object = &objects->items[i];
        if (object->path[0] == '[') {
            continue;
        }
        double ms[5];
        double worked[5];
        size_t size = 0;
        size_t rows = 0;
        for (size_t k = 0; k < 5; k++) {
            evprof_table_job_t job = { .object = object,
                                       .is_main = i == objects->main_index };
            double begin = now_ns();
            double before = worked_ns();
            evprof_tables_build(&job, 1);
            ms[k] = (now_ns() - begin) / 1e6;
            worked[k] = (worked_ns() - before) / 1e6;
            size = job.table == NULL ? 0 : evprof_table_size(job.table);
            rows = job.table == NULL ? 0 : job.table->row_count;
            evprof_table_free(job.table);
        }
        double text = (double)(object->limit - object->start);
        printf("  %5.2f %% of %7.2f MB %7zu rows %7.2f ms %7.2f  %s\n",
               100 * (double)size / text, text / 1e6, rows,
               quantile(ms, 5, 0.5), quantile(worked, 5, 0.5),
               strrchr(object->path, '/') + 1);
    }
    evprof_objects_release(objects);
}

static long
resident_kb(void)
{
    long pages = 0;
    long resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f != NULL) {
        if (fscanf(f, "%ld %ld", &pages, &resident) != 2) {
            resident = 0;
        }
        fclose(f);
    }
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

struct crowd {
    pthread_barrier_t barrier;
    enum walker which;
    bool walks;
};

static void
crowd_leaf(void *ctx)
{
    struct crowd *crowd = ctx;
    ucontext_t context;
    getcontext(&context);
    if (crowd->walks) {
        uintptr_t own[FRAMES];
        void *own_addresses[FRAMES];
        evprof_walk_t walk = { .pcs = own, .max = FRAMES };
        if (crowd->which == WALK_TABLES) {
            tables->walk_context(&walk, &context);
        } else {
            unw_backtrace_fn(own_addresses, FRAMES);
        }
    }
}

static void *
crowd_thread(void *arg)
{
    struct crowd *crowd = arg;
    for (int depth = 1; depth < 60; depth++) {
        chain_omit(depth, crowd_leaf, crowd);
    }
    pthread_barrier_wait(&crowd->barrier);
    pthread_barrier_wait(&crowd->barrier);
    return NULL;
}

/* KB resident while 100 threads have walked. */
static long
crowd_kb(enum walker which, bool walks)
{
    enum { THREADS = 100 };
    static pthread_t threads[THREADS];
    struct crowd crowd = { .which = which, .walks = walks };
    pthread_barrier_init(&crowd.barrier, NULL, THREADS + 1);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, crowd_thread, &crowd);
    }
    pthread_barrier_wait(&crowd.barrier);
    long out = resident_kb();
    pthread_barrier_wait(&crowd.barrier);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&crowd.barrier);
    return out;
}

static void
bench_memory(void)
{
    crowd_kb(WALK_TABLES, false);
    long idle = crowd_kb(WALK_TABLES, false);
    long ours = crowd_kb(WALK_TABLES, true);
    long theirs = crowd_kb(WALK_UNW_BACKTRACE, true);
    printf("memory a thread that walked: tables %.1f KB, unw_backtrace %.1f "
           "KB\n",
           (double)(ours - idle) / 100, (double)(theirs - idle) / 100);
}

static void
prepare(void)
{
    fp = evprof_unwinder_find("fp");
    tables = evprof_unwinder_find("tables");
    libunwind = evprof_unwinder_find("libunwind");
    dlopen("libLLVM-14.so.1", RTLD_LAZY | RTLD_LOCAL);
    void *handle = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
    void *symbol = handle == NULL ? NULL : dlsym(handle, "unw_backtrace");
    double begin = now_ns();
    evprof_unwinder_prepare(tables);
    printf("all objects: %.1f ms to prepare\n", (now_ns() - begin) / 1e6);
    if (symbol == NULL || evprof_unwinder_prepare(libunwind) != 0) {
        fprintf(stderr, "libunwind.so.8 is missing\n");
        exit(1);
    }
    memcpy(&unw_backtrace_fn, &symbol, sizeof(symbol));
    pthread_attr_t attr;
    void *low = NULL;
    size_t size = 0;
    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstack(&attr, &low, &size);
    pthread_attr_destroy(&attr);
    bounds = (evprof_stack_bounds_t){ (uintptr_t)low, (uintptr_t)low + size };
}

static const evprof_segment_t *
find_large(const evprof_map_t *map, bool is_permanent)
{
    const evprof_segment_t *out = NULL;
    for (size_t i = 0; i < map->count; i++) {
        const evprof_segment_t *segment = &map->segments[i];
        if (segment->table != NULL && segment->is_permanent == is_permanent &&
            (out == NULL ||
             segment->limit - segment->start > out->limit - out->start)) {
            out = segment;
        }
    }
    return out;
}

int
main(void)
{
    prepare();
    bench_speed();
    evprof_pinned_t pinned = evprof_map_pin();
    const evprof_segment_t *large = find_large(pinned.map, false);
    if (large != NULL) {
        bench_cold(large);
        bench_leaf(large, "a plugin's");
    }
    bench_leaf(find_large(pinned.map, true), "libc's");
    evprof_map_unpin(pinned);
    bench_tables();
    bench_memory();
    return 0;
}
