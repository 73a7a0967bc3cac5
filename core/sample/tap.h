/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_TAP_H
#define EVPROF_SAMPLE_TAP_H

/*
 * A tap is one reason to take stacks: CPU timers, wall-clock signals, a dump of
 * all threads. Every tap writes records into the same pool of rings, from the
 * SIGPROF handler, and names a sink that the drainer thread calls for each of
 * its records. While a tap is open
 * its session number is not 0; records of an older session are thrown away, so
 * a signal that was still on its way when a tap closed adds nothing to the
 * next.
 */

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <evprof/status.h>

#include "core/sample/labelset.h"
#include "core/sample/threads.h"
#include "core/unwind/unwind.h"

enum evprof_tap_kind {
    EVPROF_TAP_CPU,
    EVPROF_TAP_WALL,
    EVPROF_TAP_THREADS,
    EVPROF_TAP_KINDS
};

/* The deepest stack a record can hold. */
#define EVPROF_TAP_DEPTH_MAX 512u

enum evprof_record_flag {
    EVPROF_RECORD_TRUNCATED = EVPROF_WALK_TRUNCATED,
    EVPROF_RECORD_BROKEN = EVPROF_WALK_BROKEN,
    EVPROF_RECORD_EXACT = 1u << 7, /* pcs[0] was running, see evprof_stack_t */
};

/* A stack on its way to the drainer. */
typedef struct evprof_record {
    uint32_t words; /* of the whole record, 8 bytes each */
    uint32_t session;
    uint8_t kind;
    uint8_t flags;  /* EVPROF_RECORD_* */
    uint16_t count; /* of pcs */
    int32_t tid;
    uint32_t thread; /* index of the thread's record */
    uint32_t generation;
    uint32_t epoch; /* of unloading, see core/objects/epoch.h */
    uint32_t unused;
    uint64_t weight; /* events it stands for: 1 + overruns + carried drops */
    int64_t value;   /* the tap's own; of asked records, see below; of CPU
                      * records, see evprof_sig_last_expiry() */
    int64_t at_ns;   /* CLOCK_MONOTONIC; of CPU records, else 0 */
    const evprof_label_set_t *labels; /* NULL: none */
    uintptr_t pcs[];
} evprof_record_t;

typedef struct evprof_tap {
    const evprof_unwinder_t *unwinder; /* signal-safe if signals are used */
    size_t depth;                      /* 1..EVPROF_TAP_DEPTH_MAX */
    bool uses_signals;                 /* installs the SIGPROF handler */
    /* Runs on the drainer or in evprof_tap_flush(), one call at a time over all
     * taps; the record is valid during the call. May allocate, must not wait.
     */
    void (*sink)(void *ctx, const evprof_record_t *record);
    /* Every EVPROF_DRAIN_TICK_NS or sooner, after the rings were emptied; may
     * be NULL. */
    void (*tick)(void *ctx);
    void *ctx;
} evprof_tap_t;

/*
 * Opens a tap: rings, drainer thread and handler exist when it returns. The tap
 * is copied. EVPROF_EBUSY: open already; EVPROF_EINVAL: an unwinder that is not
 * signal-safe with signals, or a bad depth; EVPROF_ENOMEM; EVPROF_EIO: a thread
 * or handler could not be made. Not in a handler.
 */
int evprof_tap_open(enum evprof_tap_kind kind, const evprof_tap_t *tap,
                    evprof_error_t *err);

/*
 * Closes the tap: no record of it is written afterwards, and all earlier ones
 * have reached the sink. The last tap to close ends the drainer. Does nothing
 * when it is closed.
 */
void evprof_tap_close(enum evprof_tap_kind kind);

/* The session number, 0: closed. One load; signal-safe. */
uint32_t evprof_tap_session(enum evprof_tap_kind kind);

/* The owner of the handler that replaced ours for SIGPROF since a tap
 * with signals was opened, as a part of a sentence; NULL: ours is in
 * place. Static. */
const char *evprof_tap_intruder(void);

typedef int evprof_sigaction_fn(int, const struct sigaction *,
                                struct sigaction *);

/* Says which function is sigaction() where a wrapper stands in front of it; for
 * a constructor. */
void evprof_tap_set_sigaction(evprof_sigaction_fn *real);

/*
 * What the program installs for SIGPROF while our handler is in place, as for
 * sigaction(): ours stays, and hands on what is not from a timer of ours, so
 * that a program whose handler means its end is not ended by our timers. False:
 * ours is not in place. Signal-safe.
 */
bool evprof_tap_take_action(const struct sigaction *action,
                            struct sigaction *before);

/* Empties the rings into the sinks on the calling thread. */
void evprof_tap_flush(void);

/* How often its thread had gone to sleep when an asked record was taken. */
static inline uint64_t
evprof_record_sleeps(const evprof_record_t *record)
{
    return (uint64_t)record->value;
}

/* The stack of a record, which may end in the mark of its epoch and then stands
 * in `room`, of EVPROF_TAP_DEPTH_MAX + 1 entries. */
evprof_stack_t evprof_record_stack(const evprof_record_t *record,
                                   uintptr_t *room);

/* Counts of a tap since it was opened; weights where it has weights. */
typedef struct evprof_tap_stats {
    uint64_t records;   /* that reached the sink */
    uint64_t weight;    /* of those records */
    uint64_t overrun;   /* part of weight: expiries that came as one signal */
    uint64_t dropped;   /* weight that found no room when it came */
    uint64_t truncated; /* records deeper than `depth` */
    uint64_t broken;    /* records whose walk lost the caller */
    uint64_t late;      /* signals that came when the tap was closed */
    uint64_t cut_short; /* system calls that a signal of it ended with EINTR */
} evprof_tap_stats_t;

/* Fills in the counts of a tap, open or closed. Each is read by itself.
 * MT-Safe. */
void evprof_tap_stats(enum evprof_tap_kind kind, evprof_tap_stats_t *out);

#endif
