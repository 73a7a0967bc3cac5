/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_BLOCKED_H
#define EVPROF_SAMPLE_BLOCKED_H

/*
 * Finds which threads wait for which lock, which thread holds it, and circles
 * of such waits. A lock wrapper tells what its thread waits for where waits are
 * recorded; otherwise it is the futex that the thread sleeps on and the
 * function of libc that it is in, so threads that got stuck before the first
 * look are found too.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/sample/contention.h"
#include "core/sample/dump.h"

/* Why a wait is reported: the gravest reason that applies. */
enum evprof_blocked_why {
    EVPROF_BLOCKED_WAITS, /* as threads do */
    EVPROF_BLOCKED_LONG,  /* longer than was asked */
    EVPROF_BLOCKED_ENDED, /* for a thread that has ended */
    EVPROF_BLOCKED_CYCLE, /* for a thread that waits for it, or for itself */
    EVPROF_BLOCKED_WHYS
};

#define EVPROF_BLOCKED_NOBODY SIZE_MAX

typedef struct evprof_blocked {
    size_t thread;              /* index in the dump */
    enum evprof_wait_kind kind; /* MUTEX, RWLOCK or JOIN */
    uintptr_t object;           /* the lock; for a join nothing */
    pid_t holder;               /* who has it, or is joined; 0: unknown */
    size_t holder_thread;       /* index in the dump, or NOBODY */
    int64_t waited_ns;          /* so far; at least, unless `is_exact` */
    bool is_exact;
    enum evprof_blocked_why why;
    size_t cycle; /* number from 1 of the circle; 0: it is in none */
} evprof_blocked_t;

/*
 * Finds them in a dump, by their index in it. Waits for locks of at least
 * `long_ns` are LONG. Each that is more than a wait was looked at twice, with
 * the same result. `*out` is from malloc. On any thread of ours. EVPROF_ENOMEM.
 */
int evprof_blocked_find(const evprof_dump_t *dump, int64_t long_ns,
                        evprof_blocked_t **out, size_t *count);

/* What is waited for in one word: "mutex", "rwlock", "thread". */
const char *evprof_blocked_kind(const evprof_blocked_t *blocked);

#endif
