/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_E2E_LOCKS_SLEEPERS_H
#define TESTS_E2E_LOCKS_SLEEPERS_H

/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

/* Functions under test have these bytes for themselves, also with the checks
 * of a sanitizer in them. */
#define FRAME_BYTES 2048
#define FRAME                                                                  \
    __attribute__((noinline, aligned(FRAME_BYTES), section(".text.frames")))

/* Stands behind the last of them in a file and keeps other functions off its
 * bytes. */
#define FRAME_END                                                              \
    FRAME __attribute__((used)) static void end_of_frames(void)                \
    {                                                                          \
    }

/* A thread that waits somewhere until it is let go. */
typedef struct worker {
    pthread_t thread;
    _Atomic pid_t tid;
    void (*body)(struct worker *self);
    sem_t go;
    atomic_bool is_over;
    _Atomic int interrupted; /* calls that said EINTR */
} worker_t;

/* The routine of a worker's thread, for who makes it himself. */
void *run_worker(void *worker);

/* A test that fails leaves its workers to the teardown, hence not on its stack:
 * stop_workers() lets all out of their waits, with a signal that take_wakes()
 * has to take before. */
worker_t *start_worker(void (*body)(worker_t *self));
int stop_workers(void **state);
int take_wakes(void **state);

/* Returns when the kernel has put it to sleep. */
void await_asleep(const worker_t *worker);

/* A worker in each of the calls of a server's threads that a signal ends with
 * EINTR; they count how often. */
enum { SLEEPING_CALLS = 5 };
void start_sleepers(worker_t *out[SLEEPING_CALLS]);

#endif
