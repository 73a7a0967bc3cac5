/* SPDX-License-Identifier: Apache-2.0 */
/* The thread looks at the word before it sleeps, so no signal is missed. */
#include "core/sample/sig_alarm.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

_Atomic uint32_t evprof_sig_alarm_word;

void
evprof_sig_alarm(int signal)
{
    const int saved = errno;
    (void)signal;
    atomic_store_explicit(&evprof_sig_alarm_word, 1, memory_order_release);
    (void)syscall(SYS_futex, &evprof_sig_alarm_word, FUTEX_WAKE_PRIVATE,
                  INT_MAX, NULL, NULL, 0);
    errno = saved;
}
