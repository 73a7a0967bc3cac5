/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_SENDER_H
#define EVPROF_BASE_SENDER_H

/*
 * Who has made a browser send a request. A page of any site can make a browser
 * send requests to a port on this machine: under its address, or under a name
 * that the page's owner has pointed here (DNS rebinding). The browser writes
 * the host of the URL into Host, the origin of the page into Origin, and how
 * the two relate into Sec-Fetch-Site; a page can change none of them. Tools
 * send Host alone.
 */

#include <stdbool.h>
#include <stddef.h>

/* The names under which a server is reached. localhost, 127.0.0.1 and [::1] are
 * always among them. */
typedef struct evprof_own_names {
    const char *const *names; /* further ones, without brackets */
    size_t name_count;
    bool takes_addresses; /* every numeric address is a name of the server */
    unsigned port;        /* that Host must name; 0: any */
    const char *scheme;   /* "http"; NULL: unknown, as a proxy may end TLS */
} evprof_own_names_t;

/* The headers of a request, NULL where it lacks them. */
typedef struct evprof_sent {
    const char *host;
    const char *origin;
    const char *fetch_site; /* Sec-Fetch-Site */
    bool is_link;           /* following a link from another site is allowed */
} evprof_sent_t;

enum evprof_sender {
    EVPROF_SENDER_OURS,         /* a tool, or a page of the server */
    EVPROF_SENDER_OTHER_NAME,   /* Host is not a name of the server */
    EVPROF_SENDER_OTHER_ORIGIN, /* a page of another origin, by Origin */
    EVPROF_SENDER_OTHER_SITE,   /* the same, by Sec-Fetch-Site */
};

/*
 * Who has sent the request. A request without a Host, or with an empty one, is
 * not from a browser. `site` NULL: Host is not judged. MT-Safe.
 */
enum evprof_sender evprof_sender_of(const evprof_own_names_t *site,
                                    const evprof_sent_t *sent);

#endif
