/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks in a handler while the thread does what has hung or killed profilers.
 * Two threads storm; a monotonic timer each delivers 2,500 signals a second to
 * them; a third thread refreshes, as the worker does. The run ends when the
 * number of signals that 5,000 a second make has been delivered: a hang is then
 * a run that does not end, and the storm's own rounds are asserted too.
 *
 * With ThreadSanitizer (SIGNALS_COME_LATE) a signal waits for the next call
 * that the sanitizer intercepts: its context is out of date, so that stacks are
 * broken, and may be one of code that is gone. Storms that unload code walk
 * without signals there, and what the sanitizers keep back of freed memory
 * (KEEPS_MEMORY) is not held against us.
 *
 * usage: hazards STORM SECONDS [PLUGIN...]
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/unwind/unwind.h"
#include "tests/e2e/unwind/hazards.h"

#define STORMERS 2u
#define SIGNALS_A_SECOND 5000u
#define FRAMES 128u
#define FLOOD SIGUSR2

/* KB: allocators and counters of the kernel move that much, a leak would not
 * stop there. */
#define GROWTH_MOST 1024

/* A walk that waits for something never ends; slow machines take a while. */
#define PATIENCE 20

struct storm {
    const char *name;
    void (*round)(void);
    size_t stack_size; /* of the storming threads, 0: the default */
    bool walks_in_malloc;
    bool unloads;
    bool is_whole; /* its stacks can be told: less than 1 % may be broken */
};

static void storm_dlopen(void);
static void storm_walk(void);
static void storm_malloc(void);
static void storm_same_place(void);

static const struct storm storms[] = {
    { .name = "dlopen",
      .round = storm_dlopen,
      .unloads = true,
      .is_whole = true },
    { .name = "throw", .round = storm_throw, .is_whole = true },
    { .name = "malloc",
      .round = storm_malloc,
      .walks_in_malloc = true,
      .unloads = true,
      .is_whole = true },
    { .name = "walk", .round = storm_walk, .is_whole = true },
    { .name = "bare", .round = storm_bare },
    { .name = "junk", .round = storm_junk },
    { .name = "fiber", .round = storm_fiber, .is_whole = true },
    { .name = "small", .round = storm_throw, .stack_size = SMALL_STACK },
    { .name = "generated", .round = storm_generated, .is_whole = true },
    { .name = "nested", .round = storm_nested, .is_whole = true },
    { .name = "asm", .round = storm_asm },
    { .name = "same-place",
      .round = storm_same_place,
      .unloads = true,
      .is_whole = true },
};

static const evprof_unwinder_t *unwinder;
static const struct storm *storm;
static char **plugins;
static size_t plugin_count;
static atomic_bool is_over;
static atomic_bool has_failed;
static atomic_ulong delivered;
static atomic_ulong broken;
static atomic_ulong frames;
static atomic_ulong rounds[STORMERS];
static atomic_ulong hooked;
static atomic_ulong same_place;

static _Thread_local evprof_stack_bounds_t own_bounds
    __attribute__((tls_model("initial-exec")));
static _Thread_local bool is_in_hook __attribute__((tls_model("initial-exec")));
static pthread_mutex_t hook_lock = PTHREAD_MUTEX_INITIALIZER;

static void
fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", storm == NULL ? "" : storm->name, what);
    atomic_store(&has_failed, true);
}

static void
on_flood(int number, siginfo_t *info, void *context)
{
    uintptr_t pcs[FRAMES];
    evprof_walk_t walk = { .pcs = pcs, .max = FRAMES, .bounds = own_bounds };
    int saved = errno;
    (void)number;
    (void)info;
    errno = 12345;
    unwinder->walk_context(&walk, context);
    if (walk.count == 0 || walk.count > FRAMES || errno != 12345) {
        abort();
    }
    errno = saved;
    atomic_fetch_add(&frames, walk.count);
    atomic_fetch_add(&broken, (walk.flags & EVPROF_WALK_BROKEN) != 0);
    atomic_fetch_add(&delivered, 1);
}

/* Walks under a lock of its own, as heap profilers do. */
void
on_malloc(void)
{
    if (storm == NULL || !storm->walks_in_malloc || is_in_hook ||
        atomic_load(&is_over)) {
        return;
    }
    uintptr_t pcs[FRAMES];
    evprof_walk_t walk = { .pcs = pcs, .max = FRAMES };
    is_in_hook = true;
    pthread_mutex_lock(&hook_lock);
    evprof_walk_here(unwinder, &walk, 0);
    pthread_mutex_unlock(&hook_lock);
    atomic_fetch_add(&hooked, 1);
    is_in_hook = false;
}

/* Loads a plugin, works in it, unloads it; where its code was. */
static void *
use_plugin(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        fail(dlerror());
        return NULL;
    }
    void *symbol = dlsym(handle, "plugin_work");
    long (*work)(long depth) = NULL;
    memcpy(&work, &symbol, sizeof(work));
    for (int i = 0; i < 20; i++) {
        work(12);
    }
    dlclose(handle);
    return symbol;
}

static void
storm_dlopen(void)
{
    for (size_t i = 0; i < plugin_count; i++) {
        use_plugin(plugins[i]);
    }
}

/* One thread at a time, so that one plugin takes the other's place. */
static void
storm_same_place(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    void *first = use_plugin(plugins[0]);
    void *second = use_plugin(plugins[1]);
    pthread_mutex_unlock(&lock);
    atomic_fetch_add(&same_place, first == second);
}

static void
storm_walk(void)
{
    uintptr_t pcs[FRAMES];
    evprof_walk_t walk = { .pcs = pcs, .max = FRAMES, .bounds = own_bounds };
    evprof_walk_here(unwinder, &walk, 0);
    if (walk.count < 2 || walk.flags != 0) {
        abort();
    }
}

static void
storm_malloc(void)
{
    for (size_t size = 16; size < 4096; size *= 2) {
        free(malloc(size));
    }
    storm_dlopen();
}

static void
find_own_bounds(void)
{
    pthread_attr_t attr;
    void *low = NULL;
    size_t size = 0;
    pthread_getattr_np(pthread_self(), &attr);
    pthread_attr_getstack(&attr, &low, &size);
    pthread_attr_destroy(&attr);
    own_bounds =
        (evprof_stack_bounds_t){ (uintptr_t)low, (uintptr_t)low + size };
}

static timer_t
start_flood(void)
{
    struct sigevent event;
    struct itimerspec when;
    timer_t timer;
    memset(&event, 0, sizeof(event));
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = FLOOD;
    event._sigev_un._tid = (int)syscall(SYS_gettid);
    memset(&when, 0, sizeof(when));
    when.it_interval.tv_nsec = 1000000000L / (SIGNALS_A_SECOND / STORMERS);
    when.it_value = when.it_interval;
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 ||
        timer_settime(timer, 0, &when, NULL) != 0) {
        perror("timer");
        abort();
    }
    return timer;
}

static bool
is_flooded(void)
{
    return !SIGNALS_COME_LATE || !storm->unloads;
}

/* What stands for the signals of a round. */
static void
walk_instead(void)
{
    for (int i = 0; i < 16; i++) {
        storm_walk();
        atomic_fetch_add(&delivered, 1);
    }
}

static void *
storming(void *arg)
{
    atomic_ulong *done = arg;
    timer_t timer = NULL;
    find_own_bounds();
    if (is_flooded()) {
        timer = start_flood();
    }
    while (!atomic_load(&is_over) && !atomic_load(&has_failed)) {
        storm->round();
        if (!is_flooded()) {
            walk_instead();
        }
        atomic_fetch_add(done, 1);
    }
    if (is_flooded()) {
        timer_delete(timer);
    }
    return NULL;
}

static void *
refreshing(void *arg)
{
    const struct timespec tick = { .tv_nsec = 2000000 };
    (void)arg;
    while (!atomic_load(&is_over)) {
        if (evprof_unwind_is_stale() && evprof_unwind_refresh() != 0) {
            fail("refresh");
        }
        nanosleep(&tick, NULL);
    }
    return NULL;
}

static long
resident_kb(void)
{
    long pages = 0;
    long resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL || fscanf(f, "%ld %ld", &pages, &resident) != 2) {
        fail("statm");
    }
    if (f != NULL) {
        fclose(f);
    }
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Waits until `wanted` signals were delivered; false: the storm has stalled. */
static bool
wait_for(unsigned long wanted, double seconds)
{
    const struct timespec tick = { .tv_nsec = 10000000 };
    double end = now() + seconds * PATIENCE;
    while (atomic_load(&delivered) < wanted) {
        if (now() > end || atomic_load(&has_failed)) {
            return false;
        }
        nanosleep(&tick, NULL);
    }
    return true;
}

static void
judge(double elapsed, long grown_kb)
{
    unsigned long signals = atomic_load(&delivered);
    unsigned long lost = atomic_load(&broken);
    printf("%-10s %lu signals in %.1f s, %.1f frames each, %.3f %% broken, "
           "rounds",
           storm->name, signals, elapsed,
           (double)atomic_load(&frames) / (double)signals,
           100.0 * (double)lost / (double)signals);
    for (size_t i = 0; i < STORMERS; i++) {
        printf(" %lu", atomic_load(&rounds[i]));
        if (atomic_load(&rounds[i]) < 20) {
            fail("a thread made no progress");
        }
    }
    printf(", %ld KB more\n", grown_kb);
    if (storm->is_whole && !SIGNALS_COME_LATE && lost * 100 > signals) {
        fail("more than 1 % of the stacks are broken");
    }
    if (storm->walks_in_malloc && atomic_load(&hooked) < 1000) {
        fail("the allocator has hardly walked");
    }
    if (storm->round == storm_same_place && atomic_load(&same_place) == 0) {
        fail("no plugin took the other's place");
    }
    if (!KEEPS_MEMORY && grown_kb > GROWTH_MOST) {
        fail("memory has grown");
    }
}

static void
start_storm(pthread_t *threads)
{
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    if (storm->stack_size != 0) {
        /* A throw and a walk fill most of it. The frame of a signal lies on it
         * too, whose size is the CPU's affair. */
        size_t frame = (size_t)sysconf(_SC_MINSIGSTKSZ);
        pthread_attr_setstacksize(&attr, storm->stack_size + frame);
    }
    for (size_t i = 0; i < STORMERS; i++) {
        if (pthread_create(&threads[i], &attr, storming, &rounds[i]) != 0) {
            fail("pthread_create");
        }
    }
    pthread_attr_destroy(&attr);
    pthread_create(&threads[STORMERS], NULL, refreshing, NULL);
}

static void
run_storm(double seconds)
{
    pthread_t threads[STORMERS + 1];
    unsigned long wanted = (unsigned long)(seconds * (double)SIGNALS_A_SECOND);
    double begin = now();
    start_storm(threads);
    bool is_alive = wait_for(wanted / 5, seconds);
    long before = resident_kb();
    is_alive = is_alive && wait_for(wanted, seconds);
    long after = resident_kb();
    if (!is_alive) {
        fail("stalled");
        exit(1);
    }
    double elapsed = now() - begin;
    atomic_store(&is_over, true);
    for (size_t i = 0; i <= STORMERS; i++) {
        pthread_join(threads[i], NULL);
    }
    judge(elapsed, after - before);
}

static int
prepare(int argc, char **argv)
{
    struct sigaction action;
    plugins = argv + 3;
    plugin_count = (size_t)argc - 3;
    for (size_t i = 0; i < plugin_count; i++) {
        if (dlopen(plugins[i], RTLD_NOLOAD | RTLD_NOW) != NULL) {
            fprintf(stderr, "%s was loaded before\n", plugins[i]);
            return 1;
        }
    }
    unwinder = evprof_unwinder_find("auto");
    evprof_error_t err = { 0 };
    if (evprof_unwinder_prepare(unwinder) != 0 ||
        evprof_unwind_check_exceptions(&err) != 0) {
        fprintf(stderr, "not ready: %s\n", err.message);
        return 1;
    }
    memset(&action, 0, sizeof(action));
    action.sa_sigaction = on_flood;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    return sigaction(FLOOD, &action, NULL);
}

int
main(int argc, char **argv)
{
    for (size_t i = 0; argc >= 3 && i < sizeof(storms) / sizeof(storms[0]);
         i++) {
        if (strcmp(storms[i].name, argv[1]) == 0) {
            if (prepare(argc, argv) != 0) {
                return 1;
            }
            storm = &storms[i];
            watch_malloc();
            run_storm(strtod(argv[2], NULL));
            return atomic_load(&has_failed) ? 1 : 0;
        }
    }
    fprintf(stderr, "usage: hazards STORM SECONDS [PLUGIN...]\n");
    return 2;
}
