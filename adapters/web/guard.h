/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_WEB_GUARD_H
#define EVPROF_WEB_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Decides which requests are served: only those that no page of another origin
 * has sent (core/base/sender.h), and where others reach the port, only those
 * with the token.
 */
typedef struct evprof_guard {
    const char *host; /* the bound host, without brackets; or "" */
    unsigned port;
    bool is_loopback; /* only this machine can reach the port */
    const char *token;
} evprof_guard_t;

/* Headers of a request; NULL where it lacks them. */
typedef struct evprof_guarded {
    const char *host;
    const char *origin;
    const char *cookie;
    const char *fetch_site; /* Sec-Fetch-Site */
    bool is_navigation;     /* by Sec-Fetch-Mode: a link was followed */
} evprof_guarded_t;

/* Whether the request names this server and was not sent by a page of another
 * origin; following a link from there is allowed. */
bool evprof_guard_allows(const evprof_guard_t *guard,
                         const evprof_guarded_t *request);

/* The name of the cookie that holds the token where others reach the port. */
#define EVPROF_WEB_COOKIE "evprof-token"

/* Whether the request has the cookie, or needs none. */
bool evprof_guard_knows(const evprof_guard_t *guard,
                        const evprof_guarded_t *request);

/* Whether `text` is the token. Takes the same time wherever the two differ. */
bool evprof_guard_is_token(const evprof_guard_t *guard, const char *text,
                           size_t len);

#endif
