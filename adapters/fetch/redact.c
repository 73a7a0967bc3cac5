/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Showing an address without its password. Apart from the rest, because the
 * tool prints addresses also when nothing that could fetch them is loaded.
 */
#include "adapters/fetch/redact.h"

#include <string.h>

#include "core/base/buf.h"

char *
evprof_url_redact(const char *url)
{
    const char *start = strstr(url, "://");
    start = start == NULL ? url : start + 3;
    size_t len = strcspn(start, "/?#");
    /* The last @ ends the user information: passwords may hold others. */
    const char *at = memrchr(start, '@', len);
    const char *colon =
        at == NULL ? NULL : memchr(start, ':', (size_t)(at - start));
    evprof_buf_t out = { 0 };
    if (colon == NULL) {
        evprof_buf_puts(&out, url);
    } else {
        evprof_buf_add(&out, url, (size_t)(colon + 1 - url));
        evprof_buf_printf(&out, "xxxxx%s", at);
    }
    return out.data;
}
