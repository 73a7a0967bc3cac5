/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_OWN_DESCRIPTOR_H
#define EVPROF_BASE_OWN_DESCRIPTOR_H

/*
 * A descriptor of ours in a program that may close all it finds, and then have
 * another file at that number. It is told from that by the file's device and
 * inode, so it must be of a kind where each has its own: sockets, folders and
 * files, those in memory too; not of eventfd(), epoll or timerfd.
 */

#include <stdbool.h>
#include <sys/types.h>

typedef struct evprof_own_descriptor {
    int fd; /* -1: none */
    dev_t device;
    ino_t inode;
} evprof_own_descriptor_t;

/* Notes what `fd` is; -1 is none. MT-Safe, as is all below. */
evprof_own_descriptor_t evprof_own_descriptor(int fd);

/* Whether it still is what was noted. Async-signal-safe. */
bool evprof_own_descriptor_is_open(const evprof_own_descriptor_t *own);

/* Closes it, unless it is something else by now; it is none afterwards. */
void evprof_own_descriptor_close(evprof_own_descriptor_t *own);

#endif
