/* SPDX-License-Identifier: Apache-2.0 */
/* The list is separated by colons or blanks, and an entry of ours is known by
 * its last part. */
#include "adapters/preload/environment.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define OWN_NAME "libevprof_preload.so"

static bool
is_own(const char *entry, size_t len)
{
    size_t own = strlen(OWN_NAME);
    const char *end = entry + len;
    for (const char *at = entry; at + own <= end; at++) {
        if ((at == entry || at[-1] == '/') && strncmp(at, OWN_NAME, own) == 0 &&
            memchr(at, '/', (size_t)(end - at)) == NULL) {
            return true;
        }
    }
    return false;
}

void
evprof_preload_leave_environment(void)
{
    const char *list = getenv("LD_PRELOAD");
    char *kept = list == NULL ? NULL : malloc(strlen(list) + 1);
    size_t at = 0;
    if (kept == NULL) {
        return;
    }
    while (*list != '\0') {
        size_t len = strcspn(list, ": ");
        if (len > 0 && !is_own(list, len)) {
            at += at > 0;
            memcpy(kept + at, list, len);
            at += len;
            kept[at] = ':';
        }
        list += len + (list[len] != '\0');
    }
    kept[at] = '\0';
    if (at > 0) {
        setenv("LD_PRELOAD", kept, 1);
    } else {
        unsetenv("LD_PRELOAD");
    }
    free(kept);
}
