/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_MEMORY_FILE_H
#define TESTS_MEMORY_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

/* Enough for the path below. */
#define MEMORY_FILE_PATH 64

/* Makes a file of `len` bytes that is on no disk. Writes its path, and returns
 * the descriptor that keeps it, the caller's; aborts where it cannot. */
static inline int
memory_file(const void *bytes, size_t len, char path[MEMORY_FILE_PATH])
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    if (fd < 0 || write(fd, bytes, len) != (ssize_t)len) {
        abort();
    }
    snprintf(path, MEMORY_FILE_PATH, "/proc/self/fd/%d", fd);
    return fd;
}

#endif
