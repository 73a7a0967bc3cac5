/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that was written for one thread, or that closes all descriptors it
 * finds, takes the numbers of descriptors for its own: it closes 0 and expects
 * the next open() to return it. A thread of ours that opens a file at that
 * moment would get it instead. And where two threads share a table, the kernel
 * counts references in each call that takes a descriptor, which costs a
 * program with one thread 30 ns a call.
 */
#include "adapters/preload/descriptor_table.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <mqueue.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Called by its number, since seccomp filters and older libcs know it by no
 * other name. */
static bool
close_from_to(unsigned from, unsigned to, unsigned flags)
{
    return syscall(SYS_close_range, from, to, flags) == 0;
}

/* A message queue may be among the descriptors that are copied, which are those
 * below `first` and the rest of the 64 that it is one of. When a process closes
 * any descriptor of a queue, the kernel takes back the process's mq_notify().
 */
static bool
has_queue(unsigned first)
{
    struct mq_attr attributes;
    unsigned fd = 0;
    while (fd <= (first | 63U) &&
           syscall(SYS_mq_getsetattr, fd, NULL, &attributes) != 0) {
        fd++;
    }
    return fd <= (first | 63U);
}

/* Where there is no /dev/null, as in a chroot, what can be neither read nor
 * written. */
static int
open_nothing(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    return fd >= 0 ? fd : open("/", O_PATH | O_CLOEXEC);
}

bool
evprof_preload_part_table(int socket)
{
    const unsigned first = (unsigned)(socket + 1); /* that is not wanted */
    if (has_queue(first)) {
        return false;
    }
    /* What is above the socket is not copied, or closed before the call
     * returns. What is below it is closed at once: a copy would keep a
     * connection open that the program closes. */
    if (!close_from_to(first, ~0U, CLOSE_RANGE_UNSHARE)) {
        return false;
    }
    if (socket > 0) {
        (void)close_from_to(0, first - 2, 0);
    }
    int fd;
    do {
        fd = open_nothing();
    } while (fd >= 0 && fd <= 2);
    if (fd > 2) {
        (void)close(fd);
    }
    return true;
}
