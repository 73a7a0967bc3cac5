/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libevent 2.1 closes a connection's socket before it removes the socket's
 * events, which may be some turns of the loop later. Until then it assumes that
 * the number is registered with epoll, and does not register a new descriptor
 * that gets this number: that descriptor's events would never come.
 */
#include "adapters/evhttp/stale_events.h"

#include <fcntl.h>
#include <unistd.h>

static int
is_of_descriptor(const struct event_base *base, const struct event *event,
                 void *fd)
{
    (void)base;
    return event_get_fd(event) == *(const int *)fd;
}

int
evprof_stale_leave(struct event_base *base, int *fd)
{
    while (event_base_foreach_event(base, is_of_descriptor, fd) != 0) {
        int next = fcntl(*fd, F_DUPFD_CLOEXEC, *fd + 1);
        if (next < 0) {
            return -1;
        }
        close(*fd);
        *fd = next;
    }
    return 0;
}
