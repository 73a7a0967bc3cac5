/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/web/guard.h"

#include <string.h>

#include "core/base/sender.h"

bool
evprof_guard_allows(const evprof_guard_t *guard,
                    const evprof_guarded_t *request)
{
    const evprof_own_names_t site = {
        .names = &guard->host,
        .name_count = guard->host[0] != '\0',
        .takes_addresses = !guard->is_loopback,
        .port = guard->port,
        .scheme = "http",
    };
    const evprof_sent_t sent = {
        .host = request->host,
        .origin = request->origin,
        .fetch_site = request->fetch_site,
        .is_link = request->is_navigation,
    };
    return request->host != NULL && request->host[0] != '\0' &&
           evprof_sender_of(&site, &sent) == EVPROF_SENDER_OURS;
}

bool
evprof_guard_is_token(const evprof_guard_t *guard, const char *text, size_t len)
{
    size_t wanted = strlen(guard->token);
    unsigned char difference = len == wanted ? 0 : 1;
    for (size_t i = 0; i < wanted && i < len; i++) {
        difference |= (unsigned char)(text[i] ^ guard->token[i]);
    }
    return difference == 0;
}

bool
evprof_guard_knows(const evprof_guard_t *guard, const evprof_guarded_t *request)
{
    static const char name[] = EVPROF_WEB_COOKIE "=";
    if (guard->is_loopback) {
        return true;
    }
    const char *at = request->cookie != NULL ? request->cookie : "";
    while (*at != '\0') {
        at += strspn(at, "; ");
        size_t len = strcspn(at, ";");
        if (strncmp(at, name, sizeof(name) - 1) == 0 &&
            evprof_guard_is_token(guard, at + sizeof(name) - 1,
                                  len - (sizeof(name) - 1))) {
            return true;
        }
        at += len;
    }
    return false;
}
