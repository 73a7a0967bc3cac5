/* SPDX-License-Identifier: Apache-2.0 */
/* A source as a user or a file of sources may write it: read as an address,
 * shown without its password, held against an exception for proxies, and as the
 * target of a redirect. */
#include <stdlib.h>
#include <string.h>

#include "adapters/fetch/proxy.h"
#include "adapters/fetch/target.h"
#include "adapters/fetch/url.h"
#include "tests/fuzz/fuzz.h"

static void
follow(const evprof_target_t *from, const char *location)
{
    evprof_target_t to;
    if (evprof_target_redirect(from, location, &to, NULL) == 0) {
        /* Credentials may not come along to another origin. */
        if (strcmp(from->origin, to.origin) != 0 && from->user != NULL &&
            to.user != NULL && strchr(location, '@') == NULL) {
            abort();
        }
        evprof_target_free(&to);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    evprof_target_t t;
    char *text = malloc(size + 1);
    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    free(evprof_url_redact(text));
    if (evprof_target_parse(text, size % 3 == 0 ? 7 : -1, -1, &t, NULL) == 0) {
        if (t.url == NULL || t.shown == NULL || t.origin == NULL ||
            t.timeout_s <= 0) {
            abort();
        }
        evprof_no_proxy(text, t.host, t.port);
        follow(&t, text);
        evprof_target_t symbol;
        if (evprof_target_symbol(&t, &symbol, NULL) == 0) {
            /* The profile's credentials go there. */
            if (strcmp(t.origin, symbol.origin) != 0) {
                abort();
            }
            evprof_target_free(&symbol);
        }
        evprof_target_free(&t);
    }
    if (evprof_target_parse("http://me:pw@h:1/a/b", -1, -1, &t, NULL) == 0) {
        follow(&t, text);
        evprof_target_free(&t);
    }
    free(text);
    return 0;
}
