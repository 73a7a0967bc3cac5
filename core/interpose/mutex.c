/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutexes. Locking and unlocking is what programs do most, so for those two the
 * switch is not a test but the target of a jump: libc's function, or the one
 * that measures. The jump must be one: a call would put a frame of ours between
 * the program and its leaf (CMakeLists.txt asks for -O2 in every build).
 *
 * Switched on, the lock is tried first and only a busy one is timed. Busy may
 * also mean that the caller has it already: the real function then says
 * EDEADLK, as it would have done at once.
 *
 * Mutexes are locked before our constructor ran: by constructors of others, by
 * malloc under the loader's lookups. Until then the functions are those that
 * glibc exports under a second name, which need no lookup.
 */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdbool.h>

#include <evprof/export.h>

#include "core/interpose/real.h"
#include "core/interpose/wait.h"
#include "core/sample/contention.h"
#include "core/sample/hooks.h"

typedef int one_arg_fn(pthread_mutex_t *);
typedef int timedlock_fn(pthread_mutex_t *, const struct timespec *);
typedef int clocklock_fn(pthread_mutex_t *, clockid_t, const struct timespec *);

/* Exported for old binaries only, hence the version; 2.17 is the first of
 * aarch64. */
#if defined(__x86_64__)
#define FIRST_VERSION "GLIBC_2.2.5"
#else
#define FIRST_VERSION "GLIBC_2.17"
#endif
one_arg_fn libc_mutex_lock;
one_arg_fn libc_mutex_trylock;
one_arg_fn libc_mutex_unlock;
__asm__(".symver libc_mutex_lock, __pthread_mutex_lock@" FIRST_VERSION);
__asm__(".symver libc_mutex_trylock, __pthread_mutex_trylock@" FIRST_VERSION);
__asm__(".symver libc_mutex_unlock, __pthread_mutex_unlock@" FIRST_VERSION);

static _Atomic(one_arg_fn *) real_lock = libc_mutex_lock;
static _Atomic(one_arg_fn *) real_trylock = libc_mutex_trylock;
static _Atomic(one_arg_fn *) real_unlock = libc_mutex_unlock;
/* Where calls go: the real functions or the measuring ones. */
static _Atomic(one_arg_fn *) lock_now = libc_mutex_lock;
static _Atomic(one_arg_fn *) unlock_now = libc_mutex_unlock;
static evprof_real_t timedlock = EVPROF_REAL(pthread_mutex_timedlock, NULL);
static evprof_real_t clocklock = EVPROF_REAL(pthread_mutex_clocklock, NULL);

static one_arg_fn *
get(_Atomic(one_arg_fn *) *function)
{
    return atomic_load_explicit(function, memory_order_relaxed);
}

static void
set(_Atomic(one_arg_fn *) *function, one_arg_fn *to)
{
    atomic_store_explicit(function, to, memory_order_relaxed);
}

/* Of glibc's `__kind`, in every version since 2.4. */
#define ROBUST_KIND 16

/*
 * Takes the mutex if it is free: EBUSY when it is not. The trylock of
 * glibc 2.36 leaves a robust mutex locked when it finds it not recoverable, and
 * the next lock hangs; so a robust one is only looked at.
 */
static int
try_lock(pthread_mutex_t *mutex)
{
    int kind = __atomic_load_n(&mutex->__data.__kind, __ATOMIC_RELAXED);
    if ((kind & ROBUST_KIND) == 0) {
        return get(&real_trylock)(mutex);
    }
    unsigned word =
        (unsigned)__atomic_load_n(&mutex->__data.__lock, __ATOMIC_RELAXED);
    bool is_free = word == 0 || (word & FUTEX_OWNER_DIED) != 0;
    return is_free ? get(&real_lock)(mutex) : EBUSY;
}

EVPROF_HOOK static int
measured_lock(pthread_mutex_t *mutex)
{
    int error = try_lock(mutex);
    if (error != EBUSY) {
        return error;
    }
    EVPROF_RETURN_WAIT(EVPROF_WAIT_MUTEX, mutex, __builtin_return_address(0),
                       get(&real_lock)(mutex));
}

EVPROF_HOOK static int
measured_unlock(pthread_mutex_t *mutex)
{
    evprof_unlock_t given = evprof_unlock_begin(mutex);
    int error = get(&real_unlock)(mutex);
    if (given.waited_ns > 0 && error == 0) {
        evprof_unlock_end(EVPROF_WAIT_MUTEX, mutex, &given,
                          __builtin_return_address(0));
    }
    return error;
}

static void
switch_mutexes(bool is_on)
{
    set(&lock_now, is_on ? measured_lock : get(&real_lock));
    set(&unlock_now, is_on ? measured_unlock : get(&real_unlock));
}

static void
find(_Atomic(one_arg_fn *) *function, const char *name)
{
    evprof_real_t real = { .name = name };
    set(function, (one_arg_fn *)evprof_real_find(&real));
}

/* 101 is the first priority that is not reserved: before the constructors of
 * the program and of the libraries that need us. */
__attribute__((constructor(101))) static void
find_mutex_functions(void)
{
    find(&real_lock, "pthread_mutex_lock");
    find(&real_trylock, "pthread_mutex_trylock");
    find(&real_unlock, "pthread_mutex_unlock");
    static evprof_real_t *const others[] = { &timedlock, &clocklock };
    evprof_real_find_all(others, sizeof(others) / sizeof(others[0]));
    evprof_contention_on_switch(switch_mutexes);
}

/* A sanitizer's bookkeeping at entry and exit would undo the tail calls. */
#define JUST_A_JUMP __attribute__((no_sanitize("thread")))

EVPROF_API EVPROF_HOOK JUST_A_JUMP int
pthread_mutex_lock(pthread_mutex_t *mutex)
{
    return get(&lock_now)(mutex);
}

EVPROF_API EVPROF_HOOK JUST_A_JUMP int
pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    return get(&unlock_now)(mutex);
}

/* It never waits, so there is nothing to measure. Waits for a mutex that it
 * took are charged to the unlock, which needs no owner. */
EVPROF_API EVPROF_HOOK JUST_A_JUMP int
pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    return get(&real_trylock)(mutex);
}

EVPROF_API EVPROF_HOOK int
pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until)
{
    timedlock_fn *real = (timedlock_fn *)evprof_real(&timedlock);
    if (!evprof_contention_is_on()) {
        return real(mutex, until);
    }
    int error = try_lock(mutex);
    if (error != EBUSY) {
        return error;
    }
    EVPROF_RETURN_WAIT(EVPROF_WAIT_MUTEX, mutex, __builtin_return_address(0),
                       real(mutex, until));
}

EVPROF_API EVPROF_HOOK int
pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock,
                        const struct timespec *until)
{
    clocklock_fn *real = (clocklock_fn *)evprof_real(&clocklock);
    if (!evprof_contention_is_on()) {
        return real(mutex, clock, until);
    }
    int error = try_lock(mutex);
    if (error != EBUSY) {
        return error;
    }
    EVPROF_RETURN_WAIT(EVPROF_WAIT_MUTEX, mutex, __builtin_return_address(0),
                       real(mutex, clock, until));
}
