/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_SIG_ALARM_H
#define EVPROF_SAMPLE_SIG_ALARM_H

#include <stdatomic.h>
#include <stdint.h>

/* What the handler below sets to 1 and wakes sleepers of. */
extern _Atomic uint32_t evprof_sig_alarm_word
    __attribute__((visibility("hidden")));

/* A handler that wakes a thread of ours, which does what the signal asks for.
 * Signal-safe, keeps errno. */
void evprof_sig_alarm(int signal);

#endif
