/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_INTERPOSE_TESTS_H
#define TESTS_UNIT_INTERPOSE_TESTS_H

/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sys/types.h>

#include "core/sample/contention.h"

/*
 * The wrappers are part of each of these programs, so its calls go through them
 * as those of any program that links the library. One program a family: what
 * one of them waits is not thinned out because of another.
 */

/* Some results are what a thread sanitizer is there to complain about, and some
 * calls it does not follow. */
#ifdef __SANITIZE_THREAD__
#define SKIP_WITH_TSAN() skip()
#else
#define SKIP_WITH_TSAN() ((void)0)
#endif

/* The address sanitizer does not follow the unwinding of a cancelled thread. */
#ifdef __SANITIZE_ADDRESS__
#define SKIP_WITH_ASAN() skip()
#else
#define SKIP_WITH_ASAN() ((void)0)
#endif

/* Everything is recorded, or nothing. */
void record_all(void);
void record_nothing(void);

/*
 * A function that appears as a leaf: it has these bytes for itself, so that a
 * return address tells it from its neighbours.
 */
#define LEAF_BYTES 2048
#define LEAF                                                                   \
    __attribute__((noinline, aligned(LEAF_BYTES), section(".text.leaves")))

/* Stands behind the last of them and keeps other functions off its bytes. */
#define LEAF_END                                                               \
    LEAF __attribute__((used)) static void end_of_leaves(void)                 \
    {                                                                          \
    }

/* Keeps a call from becoming the last act of its caller, whose frame would then
 * be gone. */
#define NO_TAIL_CALL() __asm__ volatile("")

/* Sums of the stacks whose leaf lies in `function`, a LEAF. */
typedef struct seen {
    int64_t stacks;
    int64_t count;
    int64_t delay_ns;
} seen_t;
seen_t seen_at_address(enum evprof_contention_kind kind, uintptr_t function);
#define seen_at(kind, function) seen_at_address((kind), (uintptr_t)(function))

int64_t clock_ns(void);

/* An absolute time that has passed, or will have in a few milliseconds. */
struct timespec soon(clockid_t clock);

/* A thread that says its kernel id, so that one can await its sleep. */
typedef struct sleeper {
    pthread_t thread;
    _Atomic pid_t tid;
    void *(*body)(void *arg);
    void *arg;
} sleeper_t;
void sleeper_start(sleeper_t *sleeper, void *(*body)(void *), void *arg);
void *sleeper_join(sleeper_t *sleeper);

/* Returns when the kernel has put the thread to sleep. */
void await_asleep(const sleeper_t *sleeper);

#endif
