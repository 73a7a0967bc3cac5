/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both ways carry a token by which the handler knows its asks, and both come as
 * SI_TIMER: of the codes that a process may use for its own threads it is the
 * one that execve() drops from the queue, so that no signal of ours reaches the
 * program that comes after.
 */
#include "core/sample/ask.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/sample/sig_handler.h"
#include "core/sample/thread_info.h"

static int
status_of(int error)
{
    switch (error) {
    case EAGAIN:
    case ENOMEM:
        return EVPROF_ELIMIT;
    case EPERM:
    case ENOSYS:
    case EACCES:
        return EVPROF_ENOTSUP;
    default:
        return EVPROF_ENOENT;
    }
}

static const char no_slot[] = "no queued-signal slot was left";

const char *
evprof_ask_refusal(int status)
{
    return status == EVPROF_ELIMIT
               ? no_slot
               : "the process may not make timers or queue signals";
}

enum evprof_loss
evprof_ask_loss(const char *refusal)
{
    return refusal == no_slot ? EVPROF_LOSS_ASK_SLOTS : EVPROF_LOSS_ASK_REFUSED;
}

/* The thread's lock is held, so that its id cannot be reused by another
 * thread. */
static bool
is_meant(const evprof_thread_t *thread, uint32_t generation)
{
    return atomic_load(&thread->generation) == generation &&
           atomic_load(&thread->state) >= EVPROF_THREAD_LIVE;
}

static int
make_timer(enum evprof_tap_kind kind, const evprof_thread_t *thread,
           uint32_t generation, int *timer)
{
    const pid_t tid = atomic_load(&thread->tid);
    const uintptr_t token = evprof_sig_token(kind, thread, generation);
    struct sigevent event;
    memset(&event, 0, sizeof(event));
    memcpy(&event.sigev_value, &token, sizeof(token));
    event.sigev_signo = SIGPROF;
    event.sigev_notify = SIGEV_THREAD_ID;
    event._sigev_un._tid = tid;
    if (syscall(SYS_timer_create, evprof_thread_clock(tid), &event, timer) !=
        0) {
        *timer = -1;
        return status_of(errno);
    }
    const struct itimerspec soon = { .it_value = { .tv_nsec = 1 } };
    if (syscall(SYS_timer_settime, *timer, 0, &soon, NULL) != 0) {
        const int status = status_of(errno);
        evprof_ask_end(*timer);
        *timer = -1;
        return status;
    }
    return EVPROF_OK;
}

int
evprof_ask_runner(enum evprof_tap_kind kind, evprof_thread_t *thread,
                  uint32_t generation, int *timer)
{
    int status = EVPROF_ENOENT;
    *timer = -1;
    if (evprof_tap_session(kind) == 0) {
        return EVPROF_ESTATE;
    }
    const int saved = errno;
    evprof_lock_enter(&thread->lock);
    if (is_meant(thread, generation)) {
        status = make_timer(kind, thread, generation, timer);
    }
    evprof_lock_leave(&thread->lock);
    errno = saved;
    return status;
}

void
evprof_ask_end(int timer)
{
    const int saved = errno;
    if (timer >= 0) {
        (void)syscall(SYS_timer_delete, timer);
    }
    errno = saved;
}

static int
queue_signal(enum evprof_tap_kind kind, const evprof_thread_t *thread,
             uint32_t generation, int timer)
{
    const uintptr_t token = evprof_sig_token(kind, thread, generation);
    siginfo_t info;
    memset(&info, 0, sizeof(info));
    info.si_signo = SIGPROF;
    info.si_code = SI_TIMER;
    info.si_timerid = timer;
    memcpy(&info.si_value, &token, sizeof(token));
    return syscall(SYS_rt_tgsigqueueinfo, getpid(), atomic_load(&thread->tid),
                   SIGPROF, &info) == 0
               ? EVPROF_OK
               : status_of(errno);
}

static int
ask_by_signal(enum evprof_tap_kind kind, evprof_thread_t *thread,
              uint32_t generation, int timer)
{
    int status = EVPROF_ENOENT;
    if (evprof_tap_session(kind) == 0) {
        return EVPROF_ESTATE;
    }
    const int saved = errno;
    evprof_lock_enter(&thread->lock);
    if (is_meant(thread, generation)) {
        status = queue_signal(kind, thread, generation, timer);
    }
    evprof_lock_leave(&thread->lock);
    errno = saved;
    return status;
}

int
evprof_ask_sleeper(enum evprof_tap_kind kind, evprof_thread_t *thread,
                   uint32_t generation)
{
    return ask_by_signal(kind, thread, generation, 0);
}

int
evprof_ask_overdue(evprof_thread_t *thread, uint32_t generation)
{
    return ask_by_signal(EVPROF_TAP_CPU, thread, generation,
                         EVPROF_SIG_OVERDUE);
}
