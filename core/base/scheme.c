/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/scheme.h"

#include <string.h>
#include <strings.h>

static const char *const names[] = {
    [EVPROF_SCHEME_NONE] = "",
    [EVPROF_SCHEME_HTTP] = "http",
    [EVPROF_SCHEME_HTTPS] = "https",
    [EVPROF_SCHEME_INSECURE] = "https+insecure",
    [EVPROF_SCHEME_UNIX] = "http+unix",
};

enum { COUNT = sizeof(names) / sizeof(names[0]) };

enum evprof_scheme
evprof_scheme_of(const char *url, size_t *len)
{
    for (unsigned i = EVPROF_SCHEME_NONE + 1; i < COUNT; i++) {
        size_t name_len = strlen(names[i]);
        if (strncasecmp(url, names[i], name_len) == 0 &&
            strncmp(url + name_len, "://", 3) == 0) {
            if (len != NULL) {
                *len = name_len + 3;
            }
            return (enum evprof_scheme)i;
        }
    }
    return EVPROF_SCHEME_NONE;
}

enum evprof_scheme
evprof_scheme_named(const char *name)
{
    unsigned i = COUNT - 1;
    while (i > EVPROF_SCHEME_NONE && strcmp(name, names[i]) != 0) {
        i--;
    }
    return (enum evprof_scheme)i;
}

const char *
evprof_scheme_name(enum evprof_scheme scheme)
{
    return names[scheme];
}
