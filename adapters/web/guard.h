/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_WEB_GUARD_H
#define EVPROF_WEB_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Decides which requests are served. A page of another site can make a browser
 * send requests to a port on loopback, and a name that the page controls may
 * lead there; so the host that a request names must be one of ours, and so must
 * the page that sent it.
 */
typedef struct evprof_guard {
    const char *host; /* that the port was bound to, "" for all */
    unsigned port;
    bool is_loopback; /* nobody else can reach the port */
    const char *token;
} evprof_guard_t;

/* What a request says of itself; NULL where it does not. */
typedef struct evprof_guarded {
    const char *host;
    const char *origin;
    const char *cookie;
    const char *fetch_site; /* Sec-Fetch-Site */
    bool is_navigation;     /* Sec-Fetch-Mode says so */
} evprof_guarded_t;

/* True when the request is for this server and not sent by a page of another
 * origin. */
bool evprof_guard_allows(const evprof_guard_t *guard,
                         const evprof_guarded_t *request);

/* The name of the cookie that holds the token where others reach the port. */
#define EVPROF_WEB_COOKIE "evprof-token"

/* True when the request has the cookie, or needs none. */
bool evprof_guard_knows(const evprof_guard_t *guard,
                        const evprof_guarded_t *request);

/* Compares without telling by its time how much was right. */
bool evprof_guard_is_token(const evprof_guard_t *guard, const char *text,
                           size_t len);

#endif
