/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The link to the program is the first thing that a process loses with its
 * first thread. The usual name is preferred while it works: it is the one that
 * others know, and that emulators answer for the program they run.
 */
#include "core/base/self.h"

#include <errno.h>
#include <stdio.h>

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
