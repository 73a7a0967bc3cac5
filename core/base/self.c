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

#include "core/base/read_file.h"

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

const char *
evprof_self_descriptor(char *out, int fd)
{
    (void)snprintf(out, EVPROF_SELF_SIZE, "/proc/thread-self/fd/%d", fd);
    return out;
}

bool
evprof_self_has_thread(pid_t tid)
{
    int saved = errno;
    bool is_there =
        syscall(SYS_tgkill, getpid(), tid, 0) == 0 || errno != ESRCH;
    errno = saved;
    return is_there;
}

bool
evprof_self_has_seccomp(void)
{
    char text[4096];
    (void)evprof_read_start(AT_FDCWD, EVPROF_SELF("status"), text,
                            sizeof(text));
    const char *at = strstr(text, "\nSeccomp:");
    return at != NULL && strtol(at + sizeof("\nSeccomp:") - 1, NULL, 10) != 0;
}
