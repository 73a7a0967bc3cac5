/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glibc keeps the kernel id of the owner in a mutex and that of the writer in a
 * read-write lock, and a joiner sleeps on the id of the thread it waits for.
 * The places are those of every version since 2.25. Memory is read through the
 * kernel, since a lock may be gone by the time it is looked at; readers of a
 * read-write lock are not known by name.
 */
#include "core/sample/blocked.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <evprof/status.h>

#include "core/base/clock.h"
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

/* Finds the kind of wait by the name of libc's function. */
static bool
kind_of(const char *name, enum evprof_wait_kind *out)
{
    static const struct {
        const char *begin;
        enum evprof_wait_kind kind;
    } functions[] = {
        { "pthread_mutex_lock", EVPROF_WAIT_MUTEX },
        { "pthread_mutex_timedlock", EVPROF_WAIT_MUTEX },
        { "pthread_mutex_clocklock", EVPROF_WAIT_MUTEX },
        { "pthread_rwlock_", EVPROF_WAIT_RWLOCK },
        { "pthread_join", EVPROF_WAIT_JOIN },
        { "pthread_timedjoin_np", EVPROF_WAIT_JOIN },
        { "pthread_clockjoin_np", EVPROF_WAIT_JOIN },
    };
    name += strspn(name, "_");
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        if (strncmp(name, functions[i].begin, strlen(functions[i].begin)) ==
            0) {
            *out = functions[i].kind;
            return true;
        }
    }
    return false;
}

static bool
kind_by_stack(const evprof_stack_t *stack, enum evprof_wait_kind *out)
{
    for (size_t i = 0; i < stack->count && i < FRAMES_LOOKED_AT; i++) {
        Dl_info info;
        uintptr_t pc = stack->pcs[i] - (i > 0 || !stack->leaf_is_exact);
        // NOLINTNEXTLINE(performance-no-int-to-ptr)
        if (dladdr((void *)pc, &info) != 0 && info.dli_sname != NULL &&
            kind_of(info.dli_sname, out)) {
            return true;
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

static bool
look(const evprof_dump_thread_t *thread, wait_t *out)
{
    const evprof_thread_t *record = evprof_thread_find(thread->tid);
    if (record == NULL || !ask_wrapper(record, out)) {
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

static size_t
index_of(const evprof_dump_t *dump, pid_t tid)
{
    for (size_t i = 0; tid != 0 && i < dump->count; i++) {
        if (dump->threads[i].tid == tid) {
            return i;
        }
    }
    return EVPROF_BLOCKED_NOBODY;
}

static bool
has_ended(pid_t tid)
{
    int saved = errno;
    bool is_gone = syscall(SYS_tgkill, getpid(), tid, 0) != 0 && errno == ESRCH;
    errno = saved;
    return is_gone;
}

static evprof_blocked_t
describe(const evprof_dump_t *dump, size_t thread, const wait_t *wait,
         int64_t long_ns)
{
    int64_t now_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    evprof_blocked_t out = {
        .thread = thread,
        .kind = wait->kind,
        .object = wait->object,
        .holder = wait->holder,
        .holder_thread = index_of(dump, wait->holder),
        .waited_ns = wait->since_ns != 0 ? now_ns - wait->since_ns
                                         : dump->threads[thread].still_ns,
        .is_exact = wait->since_ns != 0,
    };
    bool is_lock = wait->kind != EVPROF_WAIT_JOIN;
    if (is_lock && wait->holder != 0 && has_ended(wait->holder)) {
        out.why = EVPROF_BLOCKED_ENDED;
    } else if (is_lock && out.waited_ns >= long_ns) {
        out.why = EVPROF_BLOCKED_LONG;
    }
    return out;
}

/* The index of the thread's wait; the number of waits when it waits for no
 * known thread. */
static size_t
wait_of(const evprof_blocked_t *waits, size_t count, size_t thread)
{
    size_t i = 0;
    while (i < count && waits[i].thread != thread) {
        i++;
    }
    return i;
}

/* Follows the chain of owners from wait `from`; true when it comes back to it.
 * */
static bool
leads_back(const evprof_blocked_t *waits, size_t count, size_t from)
{
    size_t at = from;
    for (size_t steps = 0; steps < count; steps++) {
        at = waits[at].holder_thread == EVPROF_BLOCKED_NOBODY
                 ? count
                 : wait_of(waits, count, waits[at].holder_thread);
        if (at == count || at == from) {
            return at == from;
        }
    }
    return false;
}

static void
mark_cycles(evprof_blocked_t *waits, size_t count)
{
    size_t cycles = 0;
    for (size_t i = 0; i < count; i++) {
        if (waits[i].cycle != 0 || !leads_back(waits, count, i)) {
            continue;
        }
        cycles++;
        for (size_t at = i; waits[at].cycle == 0;
             at = wait_of(waits, count, waits[at].holder_thread)) {
            waits[at].cycle = cycles;
            waits[at].why = EVPROF_BLOCKED_CYCLE;
        }
    }
}

/* Threads are looked at one after the other, so a second look keeps only the
 * waits that both found. */
static size_t
keep_lasting(const evprof_dump_t *dump, evprof_blocked_t *waits, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        wait_t again;
        if (look(&dump->threads[waits[i].thread], &again) &&
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
    evprof_blocked_t *waits = calloc(dump->count + 1, sizeof(*waits));
    size_t found = 0;
    if (waits == NULL) {
        return EVPROF_ENOMEM;
    }
    for (size_t i = 0; i < dump->count; i++) {
        wait_t wait;
        if (look(&dump->threads[i], &wait)) {
            waits[found++] = describe(dump, i, &wait, long_ns);
        }
    }
    found = keep_lasting(dump, waits, found);
    mark_cycles(waits, found);
    *out = waits;
    *count = found;
    return EVPROF_OK;
}
