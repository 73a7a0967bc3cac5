/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list is separated by colons or blanks, and an entry of ours is known by
 * its last part. The environment is changed where it stands: bash has functions
 * of its own by the names of setenv() and unsetenv(), which know variables of
 * the shell only.
 */
#include "adapters/preload/environment.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* ---- Sanitizers ---- */

bool
evprof_preload_is_sanitizer(const char *library)
{
    static const char *const names[] = { "libasan.so", "libhwasan.so",
                                         "libtsan.so", "libclang_rt." };
    size_t i = 0;
    while (i < sizeof(names) / sizeof(names[0]) &&
           strncmp(library, names[i], strlen(names[i])) != 0) {
        i++;
    }
    return i < sizeof(names) / sizeof(names[0]);
}

bool
evprof_preload_has_sanitizer(const char *list)
{
    while (list != NULL && *list != '\0') {
        size_t len = strcspn(list, ": ");
        const char *leaf = list + len;
        while (leaf > list && leaf[-1] != '/') {
            leaf--;
        }
        if (evprof_preload_is_sanitizer(leaf)) {
            return true;
        }
        list += len + (list[len] != '\0');
    }
    return false;
}

const char *
evprof_preload_value(char *const environment[], const char *name)
{
    size_t len = strlen(name);
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, name, len) == 0 &&
            (*environment)[len] == '=') {
            return *environment + len + 1;
        }
    }
    return NULL;
}

/* ---- Leaving ---- */

/* Takes the entries of ours out of a list, in its place. */
static void
leave_list(char *list)
{
    char *out = list;
    const char *at = list;
    while (*at != '\0') {
        size_t len = strcspn(at, ": ");
        const char *next = at + len + (at[len] != '\0');
        if (len > 0 && !is_own(at, len)) {
            if (out != list) {
                *out++ = ':';
            }
            memmove(out, at, len);
            out += len;
        }
        at = next;
    }
    *out = '\0';
}

void
evprof_preload_leave_environment(void)
{
    static const char name[] = "LD_PRELOAD=";
    char **to = environ;
    for (char **at = environ; at != NULL && *at != NULL; at++) {
        bool is_list = strncmp(*at, name, sizeof(name) - 1) == 0;
        if (is_list) {
            leave_list(*at + sizeof(name) - 1);
        }
        if (!is_list || (*at)[sizeof(name) - 1] != '\0') {
            *to++ = *at;
        }
    }
    if (to != NULL) {
        *to = NULL;
    }
}
