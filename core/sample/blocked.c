/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glibc keeps the kernel id of the owner in a mutex and that of the writer in a
 * read-write lock, and a joiner sleeps on the id of the thread it waits for.
 * The places are those of every version since 2.25. Memory is read through the
 * kernel, since a lock may be gone by the time it is looked at; readers of a
 * read-write lock are not known by name.
 *
 * Which function of libc a thread is in is told by its place, and the places
 * are looked up when the program begins: a thread may be stuck in the middle
 * of dlopen(), and whoever asked the loader then would be stuck behind it.
 */
#include "core/sample/blocked.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <evprof/status.h>

#include "core/base/clock.h"
#include "core/base/hash.h"
#include "core/base/index.h"
#include "core/base/self.h"
#include "core/sample/proc.h"
#include "core/sample/threads.h"

/* Offsets in pthread_mutex_t and pthread_rwlock_t. */
enum {
    MUTEX_OWNER = 8,
    RWLOCK_PHASE = 8,
    RWLOCK_WRITERS = 12,
    RWLOCK_WRITER = 24
};

/* The function of libc that waits is looked for in so many innermost frames. */
#define FRAMES_LOOKED_AT 6u

/* What one look at a thread says it waits for. */
typedef struct wait {
    enum evprof_wait_kind kind;
    uintptr_t object;
    pid_t holder;
    int64_t since_ns; /* 0: unknown */
} wait_t;

const char *
evprof_blocked_kind(const evprof_blocked_t *blocked)
{
    return blocked->kind == EVPROF_WAIT_MUTEX    ? "mutex"
           : blocked->kind == EVPROF_WAIT_RWLOCK ? "rwlock"
                                                 : "thread";
}

/* Reads an owner's thread id out of a lock; 0 if the lock cannot be read. */
static pid_t
read_tid(uintptr_t address)
{
    int32_t value = 0;
    struct iovec local = { &value, sizeof(value) };
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    struct iovec remote = { (void *)address, sizeof(value) };
    int saved = errno;
    ssize_t got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
    errno = saved;
    return got == (ssize_t)sizeof(value) && value > 0 ? (pid_t)value : 0;
}

/* ---- What a thread waits for ---- */

/* Finds the wait by the lock wrapper that the thread is in. False: it is in
 * none, or in one of another kind. */
static bool
ask_wrapper(const evprof_thread_t *thread, wait_t *out)
{
    uintptr_t object =
        atomic_load_explicit(&thread->waits_for, memory_order_acquire);
    uint32_t kind =
        atomic_load_explicit(&thread->waits_kind, memory_order_relaxed);
    if (object == 0 ||
        (kind != EVPROF_WAIT_MUTEX && kind != EVPROF_WAIT_RWLOCK)) {
        return false;
    }
    *out = (wait_t){ .kind = (enum evprof_wait_kind)kind,
                     .object = object,
                     .since_ns = atomic_load_explicit(&thread->waits_since_ns,
                                                      memory_order_relaxed) };
    return true;
}

/* The address of the futex that the thread sleeps on; 0: it sleeps on none. */
static uintptr_t
read_futex(pid_t tid)
{
    char text[256];
    if (evprof_proc_read(tid, "syscall", text, sizeof(text)) <= 0) {
        return 0;
    }
    char *end;
    long call = strtol(text, &end, 10);
    return end != text && call == SYS_futex ? (uintptr_t)strtoull(end, NULL, 16)
                                            : 0;
}

static const struct {
    const char *name;
    enum evprof_wait_kind kind;
} functions[] = {
    { "pthread_mutex_lock", EVPROF_WAIT_MUTEX },
    { "pthread_mutex_timedlock", EVPROF_WAIT_MUTEX },
    { "pthread_mutex_clocklock", EVPROF_WAIT_MUTEX },
    { "pthread_rwlock_rdlock", EVPROF_WAIT_RWLOCK },
    { "pthread_rwlock_wrlock", EVPROF_WAIT_RWLOCK },
    { "pthread_rwlock_timedrdlock", EVPROF_WAIT_RWLOCK },
    { "pthread_rwlock_timedwrlock", EVPROF_WAIT_RWLOCK },
    { "pthread_rwlock_clockrdlock", EVPROF_WAIT_RWLOCK },
    { "pthread_rwlock_clockwrlock", EVPROF_WAIT_RWLOCK },
    { "pthread_join", EVPROF_WAIT_JOIN },
    { "pthread_timedjoin_np", EVPROF_WAIT_JOIN },
    { "pthread_clockjoin_np", EVPROF_WAIT_JOIN },
};

#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

/* Where a function's code is; both 0: there is none. */
typedef struct place {
    uintptr_t start;
    uintptr_t limit;
} place_t;

/* Of each function that of libc, and that which the program calls: the wrapper
 * is the only one to be seen where libc's own jumps on to another function. */
static place_t places_in_libc[FUNCTIONS];
static place_t places_in_front[FUNCTIONS];

static void
find_places(void *handle, place_t *places)
{
    for (size_t i = 0; i < FUNCTIONS; i++) {
        void *address = dlsym(handle, functions[i].name);
        Dl_info info;
        void *found = NULL;
        if (address != NULL &&
            dladdr1(address, &info, &found, RTLD_DL_SYMENT) != 0 &&
            found != NULL) {
            const ElfW(Sym) *symbol = found;
            places[i].start = (uintptr_t)info.dli_saddr;
            places[i].limit = places[i].start + symbol->st_size;
        }
    }
}

__attribute__((constructor(102))) static void
find_functions(void)
{
    /* Until glibc 2.34 they were in a library of their own. Not closed again:
     * dlclose() is ours, and libc stays anyway. */
    void *handle = dlopen("libpthread.so.0", RTLD_LAZY | RTLD_NOLOAD);
    if (handle == NULL) {
        handle = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    }
    if (handle != NULL) {
        find_places(handle, places_in_libc);
    }
    find_places(RTLD_DEFAULT, places_in_front);
}

static bool
is_at(const place_t *place, uintptr_t pc)
{
    return pc >= place->start && pc < place->limit;
}

static bool
kind_by_stack(const evprof_stack_t *stack, enum evprof_wait_kind *out)
{
    for (size_t i = 0; i < stack->count && i < FRAMES_LOOKED_AT; i++) {
        uintptr_t pc = stack->pcs[i] - (i > 0 || !stack->leaf_is_exact);
        for (size_t k = 0; k < FUNCTIONS; k++) {
            if (is_at(&places_in_libc[k], pc) ||
                is_at(&places_in_front[k], pc)) {
                *out = functions[k].kind;
                return true;
            }
        }
    }
    return false;
}

/* A read-write lock begins at a multiple of eight, so the futex tells which of
 * its words it is. */
static uintptr_t
lock_of(enum evprof_wait_kind kind, uintptr_t futex)
{
    if (kind != EVPROF_WAIT_RWLOCK) {
        return futex;
    }
    return futex - (futex % 8 == 0 ? RWLOCK_PHASE : RWLOCK_WRITERS);
}

static pid_t
holder_of(const wait_t *wait)
{
    switch (wait->kind) {
    case EVPROF_WAIT_MUTEX:
        return read_tid(wait->object + MUTEX_OWNER);
    case EVPROF_WAIT_RWLOCK:
        return read_tid(wait->object + RWLOCK_WRITER);
    default:
        return read_tid(wait->object);
    }
}

/* ---- Who is who ---- */

/* The threads of a dump by their kernel ids, and the records that they have:
 * with thousands of threads nobody is looked for one by one. */
typedef struct threads {
    const evprof_dump_t *dump;
    evprof_index_t by_tid;           /* row: its place in the dump */
    const evprof_thread_t **records; /* by that place; NULL: it has none */
} threads_t;

static size_t
place_of(const threads_t *threads, pid_t tid)
{
    uint64_t hash = evprof_hash_mix((uint64_t)tid);
    evprof_index_walk_t walk = evprof_index_walk(&threads->by_tid, hash);
    uint32_t row = evprof_index_next(&walk);
    while (row != EVPROF_INDEX_END && threads->dump->threads[row].tid != tid) {
        row = evprof_index_next(&walk);
    }
    return row == EVPROF_INDEX_END ? EVPROF_BLOCKED_NOBODY : row;
}

static void
free_threads(threads_t *threads)
{
    evprof_index_free(&threads->by_tid);
    free(threads->records);
}

/* EVPROF_ENOMEM. */
static int
know_threads(threads_t *threads, const evprof_dump_t *dump)
{
    *threads = (threads_t){ .dump = dump };
    threads->records = calloc(dump->count + 1, sizeof(*threads->records));
    int status = threads->records != NULL
                     ? evprof_index_reserve(&threads->by_tid, dump->count)
                     : EVPROF_ENOMEM;
    for (uint32_t i = 0; i < dump->count && status == EVPROF_OK; i++) {
        uint64_t hash = evprof_hash_mix((uint64_t)dump->threads[i].tid);
        status = evprof_index_add(&threads->by_tid, hash, i);
    }
    uint32_t limit = evprof_thread_limit();
    for (uint32_t i = 0; i < limit && status == EVPROF_OK; i++) {
        const evprof_thread_t *record = evprof_thread_at(i);
        size_t place = place_of(threads, atomic_load(&record->tid));
        if (place != EVPROF_BLOCKED_NOBODY &&
            atomic_load(&record->state) != EVPROF_THREAD_FREE) {
            threads->records[place] = record;
        }
    }
    if (status != EVPROF_OK) {
        free_threads(threads);
    }
    return status;
}

/* What the thread at that place of the dump waits for; false: for nothing that
 * is known. Its record may have become another thread's. */
static bool
look(const threads_t *threads, size_t place, wait_t *out)
{
    const evprof_dump_thread_t *thread = &threads->dump->threads[place];
    const evprof_thread_t *record = threads->records[place];
    if (record == NULL || atomic_load(&record->tid) != thread->tid ||
        !ask_wrapper(record, out)) {
        uintptr_t futex = read_futex(thread->tid);
        *out = (wait_t){ .object = futex };
        if (futex == 0 || !kind_by_stack(&thread->stack, &out->kind)) {
            return false;
        }
        out->object = lock_of(out->kind, futex);
    }
    out->holder = holder_of(out);
    return true;
}

/* ---- All of them ---- */

static evprof_blocked_t
describe(const threads_t *threads, size_t thread, const wait_t *wait,
         int64_t long_ns)
{
    int64_t now_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    evprof_blocked_t out = {
        .thread = thread,
        .kind = wait->kind,
        .object = wait->object,
        .holder = wait->holder,
        .holder_thread = wait->holder == 0 ? EVPROF_BLOCKED_NOBODY
                                           : place_of(threads, wait->holder),
        .waited_ns = wait->since_ns != 0
                         ? now_ns - wait->since_ns
                         : threads->dump->threads[thread].still_ns,
        .is_exact = wait->since_ns != 0,
    };
    bool is_lock = wait->kind != EVPROF_WAIT_JOIN;
    if (is_lock && wait->holder != 0 && !evprof_self_has_thread(wait->holder)) {
        out.why = EVPROF_BLOCKED_ENDED;
    } else if (is_lock && out.waited_ns >= long_ns) {
        out.why = EVPROF_BLOCKED_LONG;
    }
    return out;
}

/* `of` has the place of each thread's wait, `count` for those that do not wait.
 * Gives the wait of whoever holds what this one is for; `count`: nobody waits
 * there. */
static size_t
next_of(const evprof_blocked_t *wait, const size_t *of, size_t count)
{
    return wait->holder_thread == EVPROF_BLOCKED_NOBODY
               ? count
               : of[wait->holder_thread];
}

static void
mark_cycle(evprof_blocked_t *waits, size_t count, const size_t *of, size_t from,
           size_t cycle)
{
    for (size_t at = from; waits[at].cycle == 0;
         at = next_of(&waits[at], of, count)) {
        waits[at].cycle = cycle;
        waits[at].why = EVPROF_BLOCKED_CYCLE;
    }
}

/* Each wait leads to one other at most, so a walk either ends, or meets an
 * earlier one, or comes back to itself: there is a circle that nobody has seen.
 * Each wait is walked over once. */
static void
walk_all(evprof_blocked_t *waits, size_t count, const size_t *of,
         size_t *walked_by)
{
    size_t cycles = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        while (at < count && walked_by[at] == 0) {
            walked_by[at] = i + 1;
            at = next_of(&waits[at], of, count);
        }
        if (at < count && walked_by[at] == i + 1) {
            mark_cycle(waits, count, of, at, ++cycles);
        }
    }
}

/* `thread_count` is that of the dump. EVPROF_ENOMEM. */
static int
mark_cycles(evprof_blocked_t *waits, size_t count, size_t thread_count)
{
    size_t *of = calloc(thread_count + 1, sizeof(*of));
    size_t *walked_by = calloc(count + 1, sizeof(*walked_by));
    bool has_memory = of != NULL && walked_by != NULL;
    if (has_memory) {
        for (size_t i = 0; i < thread_count; i++) {
            of[i] = count;
        }
        for (size_t i = 0; i < count; i++) {
            of[waits[i].thread] = i;
        }
        walk_all(waits, count, of, walked_by);
    }
    free(of);
    free(walked_by);
    return has_memory ? EVPROF_OK : EVPROF_ENOMEM;
}

/* Threads are looked at one after the other, so a second look keeps only the
 * waits that both found. */
static size_t
keep_lasting(const threads_t *threads, evprof_blocked_t *waits, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        wait_t again;
        if (look(threads, waits[i].thread, &again) &&
            again.kind == waits[i].kind && again.object == waits[i].object &&
            again.holder == waits[i].holder) {
            waits[kept++] = waits[i];
        }
    }
    return kept;
}

int
evprof_blocked_find(const evprof_dump_t *dump, int64_t long_ns,
                    evprof_blocked_t **out, size_t *count)
{
    threads_t threads;
    evprof_blocked_t *waits = calloc(dump->count + 1, sizeof(*waits));
    size_t found = 0;
    int status = waits != NULL ? know_threads(&threads, dump) : EVPROF_ENOMEM;
    if (status != EVPROF_OK) {
        free(waits);
        return status;
    }
    for (size_t i = 0; i < dump->count; i++) {
        wait_t wait;
        if (look(&threads, i, &wait)) {
            waits[found++] = describe(&threads, i, &wait, long_ns);
        }
    }
    found = keep_lasting(&threads, waits, found);
    free_threads(&threads);
    status = mark_cycles(waits, found, dump->count);
    if (status != EVPROF_OK) {
        free(waits);
        return status;
    }
    *out = waits;
    *count = found;
    return EVPROF_OK;
}
