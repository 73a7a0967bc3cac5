/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of the system calls that a server's threads wait in. Not all of them
 * exist on every machine: aarch64 has only the newer ones.
 */
#include <stddef.h>
#include <sys/syscall.h>

#include "core/sample/thread_info.h"

#define CALL(name)                                                             \
    {                                                                          \
        SYS_##name, #name                                                      \
    }

static const struct call {
    long number;
    const char *name;
} calls[] = {
#ifdef SYS_epoll_wait
    CALL(epoll_wait),     CALL(poll),
    CALL(select),         CALL(accept),
    CALL(pause),
#endif
    CALL(futex),          CALL(epoll_pwait),
#ifdef SYS_epoll_pwait2
    CALL(epoll_pwait2),
#endif
    CALL(ppoll),          CALL(pselect6),
    CALL(nanosleep),      CALL(clock_nanosleep),
    CALL(read),           CALL(readv),
    CALL(pread64),        CALL(preadv),
    CALL(write),          CALL(writev),
    CALL(pwrite64),       CALL(pwritev),
    CALL(recvfrom),       CALL(recvmsg),
    CALL(recvmmsg),       CALL(sendto),
    CALL(sendmsg),        CALL(sendmmsg),
    CALL(sendfile),       CALL(splice),
    CALL(accept4),        CALL(connect),
    CALL(openat),         CALL(close),
    CALL(fsync),          CALL(fdatasync),
    CALL(flock),          CALL(fcntl),
    CALL(ioctl),          CALL(wait4),
    CALL(waitid),         CALL(rt_sigtimedwait),
    CALL(rt_sigsuspend),  CALL(io_getevents),
#ifdef SYS_io_uring_enter
    CALL(io_uring_enter),
#endif
#ifdef SYS_futex_waitv
    CALL(futex_waitv),
#endif
    CALL(semtimedop),     CALL(msgrcv),
    CALL(msgsnd),         CALL(restart_syscall),
};

const char *
evprof_syscall_name(long number)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (calls[i].number == number) {
            return calls[i].name;
        }
    }
    return NULL;
}
