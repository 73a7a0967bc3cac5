/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of threads: chunks of them are mapped when needed and never unmapped,
 * so that an index and a generation name a thread for ever and a handler can
 * look at any record. The registry's lock guards the free list and the list of
 * FOUND records; nothing is allocated by malloc inside or outside of it, as
 * pthread_create may be called by an allocator.
 *
 * A thread's end is noticed by the destructor of a pthread key, which asks to
 * be called again until the last round, so that destructors of others still run
 * as a registered thread.
 */
#include "core/sample/threads.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/own_thread.h"
#include "core/sample/fork.h"
#include "core/sample/sig_labels.h"
#include "core/sample/sig_threads.h"

/* The round of key destructors in which a thread's record ends. */
enum { END_ROUND = PTHREAD_DESTRUCTOR_ITERATIONS - 1 };

/* The main thread's stack where it has no limit: only loads above the stack
 * pointer are made, so the lower bound merely has to be low enough. */
#define MAIN_STACK_MAX ((rlim_t)1 << 30)

_Thread_local evprof_thread_t *evprof_thread_current
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* Past the last destructor: no record is made again. */
static _Thread_local bool is_gone __attribute__((tls_model("initial-exec")));
/* Rounds of destructors seen. */
static _Thread_local int end_round __attribute__((tls_model("initial-exec")));

static struct {
    evprof_lock_t lock;
    _Atomic uint32_t live; /* records in state LIVE or FOUND */
    evprof_thread_t *free;
    evprof_thread_t *found;
    _Atomic(evprof_thread_hook_t *) hooks;
    _Atomic uint32_t key_state; /* 0: none, 1: being made, 2: made, 3: failed */
    pthread_key_t key;
} registry;

/* Calls the hooks that are registered for that moment. */
#define RUN_HOOKS(moment, ...)                                                 \
    for (evprof_thread_hook_t *hook = atomic_load(&registry.hooks); hook;      \
         hook = hook->next) {                                                  \
        if (hook->moment) {                                                    \
            hook->moment(__VA_ARGS__);                                         \
        }                                                                      \
    }

/* A child of a fork must be repaired first: a record taken before that would be
 * lost. */
static void
lock_registry(void)
{
    (void)evprof_sample_fork_mend();
    evprof_lock_enter(&registry.lock);
}

static void
unlock_registry(void)
{
    evprof_lock_leave(&registry.lock);
}

uint32_t
evprof_thread_limit(void)
{
    return atomic_load(&evprof_thread_end);
}

uint32_t
evprof_thread_count(void)
{
    return atomic_load(&registry.live);
}

/* The live record of kernel id `tid`, or NULL. */
static const evprof_thread_t *
find_live(pid_t tid)
{
    const uint32_t limit = evprof_thread_limit();
    for (uint32_t i = 0; i < limit; i++) {
        const evprof_thread_t *thread = evprof_thread_at(i);
        if (atomic_load(&thread->tid) == tid &&
            atomic_load(&thread->state) != EVPROF_THREAD_FREE) {
            return thread;
        }
    }
    return NULL;
}

/* Unused pages of a chunk are zero, so its records need no initialisation. */
static evprof_thread_t *
add_record(void)
{
    const uint32_t index = evprof_thread_limit();
    const uint32_t chunk = index / EVPROF_THREAD_CHUNK;
    if (chunk >= EVPROF_THREAD_CHUNKS) {
        return NULL;
    }
    if (index % EVPROF_THREAD_CHUNK == 0) {
        void *memory =
            mmap(NULL, EVPROF_THREAD_CHUNK * sizeof(evprof_thread_t),
                 PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            return NULL;
        }
        atomic_store_explicit(&evprof_thread_chunks[chunk], memory,
                              memory_order_release);
    }
    evprof_thread_t *thread =
        &atomic_load(&evprof_thread_chunks[chunk])[index % EVPROF_THREAD_CHUNK];
    thread->index = index;
    /* Sequentially consistent, see set_live(). */
    atomic_store(&evprof_thread_end, index + 1);
    return thread;
}

/* A record in state FREE that is on no list; under the registry's lock. */
static evprof_thread_t *
take_record(void)
{
    evprof_thread_t *thread = registry.free;
    if (thread != NULL) {
        registry.free = thread->next;
        thread->next = NULL;
    } else {
        thread = add_record();
    }
    return thread;
}

/* Under the registry's lock; the record's state is FREE already. */
static void
give_record(evprof_thread_t *thread)
{
    thread->next = registry.free;
    registry.free = thread;
}

static void
unlink_found(const evprof_thread_t *thread)
{
    for (evprof_thread_t **at = &registry.found; *at; at = &(*at)->next) {
        if (*at == thread) {
            *at = thread->next;
            return;
        }
    }
}

/* Ends a record: no timer, another generation. */
static void
end_record(evprof_thread_t *thread)
{
    evprof_lock_enter(&thread->lock);
    const uint32_t state = atomic_load(&thread->state);
    RUN_HOOKS(end, thread);
    atomic_store(&thread->state, EVPROF_THREAD_FREE);
    atomic_store(&thread->tid, 0);
    atomic_store(&thread->flags, 0);
    atomic_fetch_add(&thread->generation, 1);
    thread->bounds = (evprof_stack_bounds_t){ 0, 0 };
    thread->creator_count = 0;
    thread->labels.place = NULL;
    thread->depth = 0;
    evprof_lock_leave(&thread->lock);
    if (state >= EVPROF_THREAD_LIVE) {
        atomic_fetch_sub(&registry.live, 1);
    }
}

/* ---- Ends of threads ---- */

static void
end_thread(void *arg)
{
    evprof_thread_t *thread = arg;
    if (++end_round < END_ROUND &&
        pthread_setspecific(registry.key, thread) == 0) {
        return;
    }
    RUN_HOOKS(leave, thread);
    evprof_thread_current = NULL;
    is_gone = true;
    end_record(thread);
    lock_registry();
    unlink_found(thread); /* the one that forked stands there, see fork */
    give_record(thread);
    unlock_registry();
}

/* The first caller makes the key, often a constructor of another library;
 * pthread_once would take a lock of the kind that we wrap. */
static bool
has_key(void)
{
    uint32_t state = 0;
    if (atomic_compare_exchange_strong(&registry.key_state, &state, 1)) {
        const bool is_made = pthread_key_create(&registry.key, end_thread) == 0;
        atomic_store(&registry.key_state, is_made ? 2 : 3);
    }
    return atomic_load(&registry.key_state) == 2;
}

/* ---- Beginnings ---- */

evprof_thread_t *
evprof_thread_prepare(size_t skip)
{
    evprof_thread_t *creator = evprof_thread_self();
    lock_registry();
    evprof_thread_t *thread = take_record();
    unlock_registry();
    if (thread == NULL) {
        return NULL;
    }
    atomic_store(&thread->state, EVPROF_THREAD_STARTING);
    thread->labels.inherited = evprof_sig_labels();
    uintptr_t pcs[EVPROF_THREAD_CREATOR_DEPTH];
    evprof_walk_t walk = { .pcs = pcs, .max = EVPROF_THREAD_CREATOR_DEPTH };
    if (creator != NULL) {
        walk.bounds = creator->bounds;
    }
    evprof_walk_here(evprof_unwinder_find("auto"), &walk, skip);
    walk.count =
        evprof_unwind_mark_own(pcs, walk.count, EVPROF_THREAD_CREATOR_DEPTH);
    /* A dump may still be reading the record of the thread before. */
    evprof_lock_enter(&thread->lock);
    memcpy(thread->creator, pcs, walk.count * sizeof(*pcs));
    thread->creator_count = (uint32_t)walk.count;
    evprof_lock_leave(&thread->lock);
    return thread;
}

void
evprof_thread_announce(evprof_thread_t *thread, const void *caller)
{
    RUN_HOOKS(create, thread, caller);
}

void
evprof_thread_abandon(evprof_thread_t *thread)
{
    end_record(thread);
    lock_registry();
    give_record(thread);
    unlock_registry();
}

/* The main thread's strings of the kernel lie above its first frame. */
static evprof_stack_bounds_t
main_bounds(void)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t top = (uintptr_t)getauxval(AT_EXECFN);
    if (top == 0) {
        return (evprof_stack_bounds_t){ 0, 0 };
    }
    struct rlimit limit = { .rlim_cur = RLIM_INFINITY };
    (void)getrlimit(RLIMIT_STACK, &limit);
    if (limit.rlim_cur > MAIN_STACK_MAX) {
        limit.rlim_cur = MAIN_STACK_MAX;
    }
    const uintptr_t high = (top + page) & ~(page - 1);
    return (evprof_stack_bounds_t){ high - (uintptr_t)limit.rlim_cur, high };
}

/* Asks glibc, which may allocate: only for threads that we started, before they
 * run anything of the application's. */
static evprof_stack_bounds_t
own_bounds(void)
{
    evprof_stack_bounds_t bounds = { 0, 0 };
    pthread_attr_t attr;
    void *low;
    size_t size;
    if (pthread_getattr_np(pthread_self(), &attr) == 0) {
        if (pthread_attr_getstack(&attr, &low, &size) == 0) {
            bounds.low = (uintptr_t)low;
            bounds.high = (uintptr_t)low + size;
        }
        pthread_attr_destroy(&attr);
    }
    return bounds;
}

static pid_t
own_tid(void)
{
    return (pid_t)syscall(SYS_gettid);
}

/* The FOUND record of `tid`, or NULL; under the registry's lock. */
static evprof_thread_t *
found_record(pid_t tid)
{
    evprof_thread_t *thread = registry.found;
    while (thread != NULL && atomic_load(&thread->tid) != tid) {
        thread = thread->next;
    }
    return thread;
}

/* Frees the FOUND record of a thread that turns out to have one of its own, or
 * to be gone. */
void
evprof_thread_drop_found(pid_t tid)
{
    lock_registry();
    evprof_thread_t *thread = found_record(tid);
    if (thread != NULL) {
        unlink_found(thread);
        RUN_HOOKS(drop, thread);
        end_record(thread);
        give_record(thread);
    }
    unlock_registry();
}

/* The record counts from here on, and is sampled by whatever samples now. */
static void
set_live(evprof_thread_t *thread, uint32_t state)
{
    /* Sequentially consistent: a sampler publishes that it is on and then looks
     * for records; a thread publishes its record and then looks for samplers.
     */
    atomic_store(&thread->state, state);
    atomic_fetch_add(&registry.live, 1);
    RUN_HOOKS(live, thread);
}

/* A server may block all signals in its threads. SIGPROF is unblocked for us,
 * unless the program has a handler of its own for it. */
static void
let_sigprof_in(void)
{
    struct sigaction current;
    if (sigaction(SIGPROF, NULL, &current) == 0 &&
        ((current.sa_flags & SA_SIGINFO) || current.sa_handler == SIG_DFL)) {
        sigset_t ours;
        sigemptyset(&ours);
        sigaddset(&ours, SIGPROF);
        pthread_sigmask(SIG_UNBLOCK, &ours, NULL);
    }
}

void
evprof_thread_enter(evprof_thread_t *thread)
{
    evprof_thread_current = thread;
    thread->depth++;
    const pid_t tid = own_tid();
    atomic_store(&thread->tid, tid);
    thread->bounds = own_bounds();
    evprof_sig_labels_set(thread->labels.inherited);
    thread->labels.place = evprof_sig_labels_place();
    if (has_key()) {
        (void)pthread_setspecific(registry.key, thread);
    }
    let_sigprof_in();
    evprof_thread_drop_found(tid);
    RUN_HOOKS(enter, thread);
    thread->depth--;
    set_live(thread, EVPROF_THREAD_LIVE);
}

/* Takes over the record that a scan made for the calling thread, or makes one.
 * It may run inside an allocator, so glibc is not asked for the bounds. */
evprof_thread_t *
evprof_thread_self(void)
{
    if (evprof_thread_current || is_gone) {
        return evprof_thread_current;
    }
    const pid_t tid = own_tid();
    const bool is_main = tid == getpid();
    lock_registry();
    evprof_thread_t *thread = found_record(tid);
    const bool is_new = thread == NULL;
    if (is_new) {
        thread = take_record();
    } else if (!is_main) {
        unlink_found(thread);
    }
    if (thread != NULL && is_new) {
        /* Known from here on, or a scan would make another record of it. */
        atomic_store(&thread->tid, tid);
        atomic_store(&thread->state, EVPROF_THREAD_STARTING);
    }
    if (thread != NULL && is_new && is_main) {
        thread->next = registry.found;
        registry.found = thread;
    }
    unlock_registry();
    if (thread == NULL) {
        return NULL;
    }
    evprof_thread_current = thread;
    evprof_lock_enter(&thread->lock);
    thread->labels.place = evprof_sig_labels_place();
    evprof_lock_leave(&thread->lock);
    if (!is_main && has_key()) {
        (void)pthread_setspecific(registry.key, thread);
    }
    if (is_new) {
        thread->bounds = is_main ? main_bounds() : thread->bounds;
        set_live(thread, is_main ? EVPROF_THREAD_FOUND : EVPROF_THREAD_LIVE);
    } else if (!is_main) {
        atomic_store(&thread->state, EVPROF_THREAD_LIVE);
    }
    return thread;
}

int
evprof_thread_add_found(pid_t tid, uint64_t start_time)
{
    lock_registry();
    /* It may have entered since the scan looked: it stores its id first and
     * then asks under the lock whether it was found. */
    if (find_live(tid)) {
        unlock_registry();
        return EVPROF_OK;
    }
    evprof_thread_t *thread = take_record();
    if (thread != NULL) {
        atomic_store(&thread->tid, tid);
        thread->start_time = start_time;
        thread->bounds =
            tid == getpid() ? main_bounds() : (evprof_stack_bounds_t){ 0, 0 };
        thread->next = registry.found;
        registry.found = thread;
        atomic_store(&thread->state, EVPROF_THREAD_FOUND);
        atomic_fetch_add(&registry.live, 1);
    }
    unlock_registry();
    return thread ? EVPROF_OK : EVPROF_ENOMEM;
}

void
evprof_thread_add_hook(evprof_thread_hook_t *hook)
{
    hook->next = atomic_load(&registry.hooks);
    while (!atomic_compare_exchange_weak(&registry.hooks, &hook->next, hook)) {
    }
}

size_t
evprof_thread_creator(evprof_thread_t *thread, uintptr_t *pcs, size_t max)
{
    evprof_lock_enter(&thread->lock);
    const size_t count =
        thread->creator_count < max ? thread->creator_count : max;
    memcpy(pcs, thread->creator, count * sizeof(*pcs));
    evprof_lock_leave(&thread->lock);
    return count;
}

const evprof_label_set_t *
evprof_thread_labels(evprof_thread_t *thread, uint32_t generation)
{
    const evprof_label_set_t *labels = NULL;
    evprof_lock_enter(&thread->lock);
    if (atomic_load(&thread->state) >= EVPROF_THREAD_LIVE &&
        atomic_load(&thread->generation) == generation &&
        thread->labels.place != NULL) {
        labels =
            atomic_load_explicit(thread->labels.place, memory_order_acquire);
    }
    evprof_lock_leave(&thread->lock);
    return labels;
}

evprof_stack_bounds_t
evprof_thread_bounds(evprof_thread_t *thread, uint32_t generation)
{
    evprof_stack_bounds_t bounds = { 0, 0 };
    evprof_lock_enter(&thread->lock);
    if (atomic_load(&thread->generation) == generation) {
        bounds = thread->bounds;
    }
    evprof_lock_leave(&thread->lock);
    return bounds;
}

/* Lists and locks are as some thread of the parent's left them; records and
 * their number are whole at any moment. */
static void
fork_child(void)
{
    evprof_thread_t *self = evprof_thread_current;
    uint32_t making = 1;
    atomic_compare_exchange_strong(&registry.key_state, &making, 0);
    registry.free = NULL;
    registry.found = NULL;
    for (uint32_t i = evprof_thread_limit(); i-- > 0;) {
        evprof_thread_t *thread = evprof_thread_at(i);
        evprof_lock_reset(&thread->lock);
        if (thread != self) {
            end_record(thread);
            give_record(thread);
        }
    }
    if (self != NULL) {
        /* It is the main thread of this process now. */
        atomic_store(&self->tid, own_tid());
        atomic_store(&self->state, EVPROF_THREAD_FOUND);
        self->start_time = 0;
        self->next = NULL;
        registry.found = self;
    }
    atomic_store(&registry.live, self != NULL ? 1 : 0);
    evprof_lock_reset(&registry.lock);
}

__attribute__((constructor(102))) static void
watch_forks(void)
{
    static evprof_fork_hook_t hook = { .child = fork_child,
                                       .rank = EVPROF_FORK_RECORDS };
    evprof_sample_on_fork(&hook);
}

/* Marks the calling thread as one of the library's own. */
static void
mark_ours(void)
{
    evprof_thread_t *thread = evprof_thread_self();
    if (thread != NULL) {
        atomic_fetch_or(&thread->flags, EVPROF_THREAD_OURS);
    }
    for (evprof_thread_hook_t *hook = atomic_load(&registry.hooks); hook;
         hook = hook->next) {
        if (hook->ours) {
            hook->ours();
        }
    }
}

/* Whatever makes a thread of ours, it is marked before it does anything. */
__attribute__((constructor(101))) static void
watch_own_threads(void)
{
    evprof_own_thread_on_begin(mark_ours);
}

void
evprof_thread_join_ours(pthread_t thread)
{
    evprof_thread_t *self = evprof_thread_self();
    if (self != NULL) {
        self->depth++;
    }
    pthread_join(thread, NULL);
    if (self != NULL) {
        self->depth--;
    }
}
