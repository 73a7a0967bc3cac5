/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_SIG_HANDLER_H
#define EVPROF_SAMPLE_SIG_HANDLER_H

/*
 * The SIGPROF handler and the state it shares with ordinary code. A signal is
 * ours when its value carries this process's cookie; all others go on to the
 * handler that was installed before. The value also names the tap and the
 * record of the thread it was meant for, so that the handler reads no
 * thread-local storage: a raw clone() may share that of another thread.
 */

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/sample/tap.h"

/* The handler's half of a tap; written while the session is 0. */
typedef struct evprof_sig_tap {
    _Atomic uint32_t session; /* 0: closed */
    _Atomic(const evprof_unwinder_t *) unwinder;
    _Atomic size_t depth;
    _Atomic uint64_t overrun;
    _Atomic uint64_t dropped;
    _Atomic uint64_t late;
    _Atomic uint64_t cut_short;
} evprof_sig_tap_t;

extern evprof_sig_tap_t evprof_sig_taps[EVPROF_TAP_KINDS];

/* The mark of signals that this process made; set before the handler is
 * installed. */
extern _Atomic uint32_t evprof_sig_cookie;

/* Between two expiries of a thread's CPU timer. */
extern _Atomic uint64_t evprof_sig_cpu_period_ns;

/* The handler that was installed before ours. */
extern _Atomic(void (*)(int)) evprof_sig_previous;
extern _Atomic(void (*)(int, siginfo_t *, void *)) evprof_sig_previous_info;

/* The value of a signal to `thread`: cookie, kind, generation, index. */
uint64_t evprof_sig_token(enum evprof_tap_kind kind,
                          const evprof_thread_t *thread, uint32_t generation);

/* The thread's CPU clock when its timer expired for the `fired`th time, ns: the
 * value of a record of EVPROF_TAP_CPU, whose weight are the expiries up to it.
 */
int64_t evprof_sig_last_expiry(const evprof_thread_t *thread, uint64_t fired);

/* Expiries up to `time_ns` on the thread's CPU clock, told by its timer or not;
 * it has or had one. Signal-safe. */
uint64_t evprof_sig_due(const evprof_thread_t *thread, uint64_t time_ns);

/* The number of the timer in a signal that no timer has sent: the thread is to
 * record what is due by its clock. */
#define EVPROF_SIG_OVERDUE (-1)

/* For sigaction(). */
void evprof_sig_handler(int signum, siginfo_t *info, void *context);

enum evprof_sig_status {
    EVPROF_SIG_TAKEN,
    EVPROF_SIG_DROPPED, /* no ring or no room */
    EVPROF_SIG_CLOSED,  /* counted as late */
};

struct evprof_ring_claim;

/*
 * Claims a ring for a record of `kind` and fills in all but the stack, its
 * value and weight. EVPROF_SIG_TAKEN: the caller walks into slot->record->pcs,
 * where there is room for `depth` frames, and ends the record; otherwise there
 * is nothing to end. Signal-safe.
 */
enum evprof_sig_status evprof_sig_record_begin(enum evprof_tap_kind kind,
                                               const evprof_thread_t *thread,
                                               struct evprof_ring_claim *slot,
                                               size_t *depth);

/* Ends the record with what a walk found, and hands it to the drainer.
 * Signal-safe. */
void evprof_sig_record_end(const struct evprof_ring_claim *slot,
                           const evprof_walk_t *walk, unsigned flags);

#endif
