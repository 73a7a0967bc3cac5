/* SPDX-License-Identifier: Apache-2.0 */
/* A range is two numbers behind the last colon; unix sockets have none. */
#include "adapters/preload/listen_addresses.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Replaces each %p by the process; false when it does not fit. */
static bool
put_process(const char *pattern, char *out, size_t size)
{
    size_t at = 0;
    while (*pattern != '\0') {
        int len;
        if (strncmp(pattern, "%p", 2) == 0) {
            len = snprintf(out + at, size - at, "%d", (int)getpid());
            pattern += 2;
        } else {
            len = snprintf(out + at, size - at, "%c", *pattern++);
        }
        if (len < 0 || (size_t)len >= size - at) {
            return false;
        }
        at += (size_t)len;
    }
    return at > 0;
}

bool
evprof_preload_address(const char *pattern, unsigned i, char *out, size_t size)
{
    unsigned first;
    unsigned last;
    int used = 0;
    const char *colon = strrchr(pattern, ':');
    if (strncmp(pattern, "unix:", 5) == 0 || colon == NULL ||
        sscanf(colon + 1, "%5u-%5u%n", &first, &last, &used) != 2 ||
        colon[1 + used] != '\0') {
        return i == 0 && put_process(pattern, out, size);
    }
    int len = snprintf(out, size, "%.*s:%u", (int)(colon - pattern), pattern,
                       first + i);
    return first + i <= last && len > 0 && (size_t)len < size;
}
