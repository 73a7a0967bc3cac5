/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The link to the program is the first thing that a process loses with its
 * first thread. The usual name is preferred while it works: it is the one that
 * others know, and that emulators answer for the program they run.
 */
#include "core/base/self.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *
evprof_self_path(char *out, const char *name)
{
    char first;
    const int saved = errno;
    const char *folder = readlink("/proc/self/exe", &first, 1) < 0
                             ? "/proc/thread-self"
                             : "/proc/self";
    (void)snprintf(out, EVPROF_SELF_SIZE, "%s/%s", folder, name);
    errno = saved;
    return out;
}

bool
evprof_self_has_seccomp(void)
{
    char text[4096];
    int fd = open(EVPROF_SELF("status"), O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0) {
        close(fd);
    }
    if (n <= 0) {
        return false;
    }
    text[n] = '\0';
    const char *at = strstr(text, "\nSeccomp:");
    return at != NULL && strtol(at + sizeof("\nSeccomp:") - 1, NULL, 10) != 0;
}
