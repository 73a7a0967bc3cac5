/* SPDX-License-Identifier: Apache-2.0 */
/* The list is separated by colons or blanks, and an entry of ours is known by
 * its last part. */
#include "adapters/preload/environment.h"

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

/* The first entry of the list that is ours, with its length; or NULL. */
static const char *
find_own(const char *list, size_t *len)
{
    while (list != NULL && *list != '\0') {
        *len = strcspn(list, ": ");
        if (*len > 0 && is_own(list, *len)) {
            return list;
        }
        list += *len + (list[*len] != '\0');
    }
    return NULL;
}

bool
evprof_preload_has_own(const char *list)
{
    size_t len;
    return find_own(list, &len) != NULL;
}

char *
evprof_preload_own_entry(const char *list)
{
    size_t len;
    const char *entry = find_own(list, &len);
    return entry == NULL ? NULL : strndup(entry, len);
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
