/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that sleep, or wait for the network, for the execution trace alone: a
 * profile of waiting for others has no use for them. Without a trace each is a
 * jump into libc. All of them may be called by a signal's handler, so libc's
 * functions are found before main() runs.
 *
 * What the call returns, errno and cancellation pass through: a cancelled wait
 * has no end in the trace but that of its thread.
 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>

#include <evprof/export.h>

#include "core/interpose/real.h"
#include "core/interpose/wait.h"
#include "core/sample/contention.h"
#include "core/sample/hooks.h"

typedef int nanosleep_fn(const struct timespec *, struct timespec *);
typedef int clock_nanosleep_fn(clockid_t, int, const struct timespec *,
                               struct timespec *);
typedef int poll_fn(struct pollfd *, nfds_t, int);
typedef int select_fn(int, fd_set *, fd_set *, fd_set *, struct timeval *);
typedef int epoll_fn(int, struct epoll_event *, int, int);

/* clock_nanosleep and nanosleep have older versions that lie in librt. */
static evprof_real_t real_nanosleep = EVPROF_REAL(nanosleep, NULL);
static evprof_real_t real_clock_nanosleep = EVPROF_REAL(clock_nanosleep, NULL);
static evprof_real_t real_poll = EVPROF_REAL(poll, NULL);
static evprof_real_t real_select = EVPROF_REAL(select, NULL);
static evprof_real_t real_epoll = EVPROF_REAL(epoll_wait, NULL);

__attribute__((constructor(101))) static void
find_sleeps(void)
{
    static evprof_real_t *const reals[] = { &real_nanosleep,
                                            &real_clock_nanosleep, &real_poll,
                                            &real_select, &real_epoll };
    evprof_real_find_all(reals, sizeof(reals) / sizeof(reals[0]));
}

EVPROF_API EVPROF_HOOK int
nanosleep(const struct timespec *duration, struct timespec *rest)
{
    nanosleep_fn *real = (nanosleep_fn *)evprof_real(&real_nanosleep);
    if (!evprof_wait_is_watched()) {
        return real(duration, rest);
    }
    EVPROF_RETURN_WAIT_ERRNO(EVPROF_WAIT_SLEEP, NULL,
                             __builtin_return_address(0), real(duration, rest));
}

EVPROF_API EVPROF_HOOK int
clock_nanosleep(clockid_t clock, int flags, const struct timespec *until,
                struct timespec *rest)
{
    clock_nanosleep_fn *real =
        (clock_nanosleep_fn *)evprof_real(&real_clock_nanosleep);
    if (!evprof_wait_is_watched()) {
        return real(clock, flags, until, rest);
    }
    EVPROF_RETURN_WAIT(EVPROF_WAIT_SLEEP, NULL, __builtin_return_address(0),
                       real(clock, flags, until, rest));
}

EVPROF_API EVPROF_HOOK int
poll(struct pollfd *fds, nfds_t count, int timeout)
{
    poll_fn *real = (poll_fn *)evprof_real(&real_poll);
    if (timeout == 0 || !evprof_wait_is_watched()) {
        return real(fds, count, timeout);
    }
    EVPROF_RETURN_WAIT_ERRNO(EVPROF_WAIT_NETWORK, fds,
                             __builtin_return_address(0),
                             real(fds, count, timeout));
}

EVPROF_API EVPROF_HOOK int
select(int count, fd_set *reads, fd_set *writes, fd_set *others,
       struct timeval *timeout)
{
    select_fn *real = (select_fn *)evprof_real(&real_select);
    if (!evprof_wait_is_watched()) {
        return real(count, reads, writes, others, timeout);
    }
    EVPROF_RETURN_WAIT_ERRNO(count == 0 ? EVPROF_WAIT_SLEEP
                                        : EVPROF_WAIT_NETWORK,
                             reads, __builtin_return_address(0),
                             real(count, reads, writes, others, timeout));
}

EVPROF_API EVPROF_HOOK int
epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
    epoll_fn *real = (epoll_fn *)evprof_real(&real_epoll);
    if (timeout == 0 || !evprof_wait_is_watched()) {
        return real(fd, events, max, timeout);
    }
    EVPROF_RETURN_WAIT_ERRNO(EVPROF_WAIT_NETWORK, events,
                             __builtin_return_address(0),
                             real(fd, events, max, timeout));
}
