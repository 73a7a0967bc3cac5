/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ACCESS_ACCESS_H
#define EVPROF_ACCESS_ACCESS_H

/*
 * Decides whether a client may get a profile. An adapter has each request
 * judged on its event loop; judging reads no file and takes no lock that is
 * held for long. Where a credential must be checked against a file, the adapter
 * calls evprof_access_verify() on a thread that may block. The rules are those
 * of pprof { } or of one profile in a loaded configuration, which must outlive
 * the calls.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/base/buf.h"
#include "core/conf/conf.h"

typedef struct evprof_access_conf evprof_access_conf_t;

/* The directives; evprof_config_section() gives an evprof_access_conf_t. */
extern const evprof_section_t evprof_access_section;

enum evprof_verdict {
    EVPROF_ACCESS_ALLOW,
    EVPROF_ACCESS_DENY,   /* 403 */
    EVPROF_ACCESS_ASK,    /* 401: there is no credential, or a malformed one */
    EVPROF_ACCESS_VERIFY, /* evprof_access_verify() has to decide */
};

/* What the rules need of a request. */
typedef struct evprof_access_request {
    const struct sockaddr *peer; /* of the connection; NULL: unknown */
    /* The value of the last request header of that name, in any case, or
     * NULL. */
    const char *(*header)(void *ctx, const char *name);
    void *ctx;
} evprof_access_request_t;

/*
 * Judges a request. `reason` (may be NULL) is set to a sentence for the client
 * of a refused request, in static memory. MT-Safe.
 */
EVPROF_API enum evprof_verdict
evprof_access_judge(const evprof_access_conf_t *conf,
                    const evprof_access_request_t *request,
                    const char **reason);

/*
 * Whether the value of an Authorization header is right. Reads the file and
 * computes a password hash, so it may block for a second. A success is
 * remembered until the file changes. MT-Safe.
 */
EVPROF_API bool evprof_access_verify(const evprof_access_conf_t *conf,
                                     const char *authorization);

/* Whether the address rules alone refuse the peer, whatever its request.
 * MT-Safe. */
EVPROF_API bool evprof_access_bars(const evprof_access_conf_t *conf,
                                   const struct sockaddr *peer);

/* Whether that header was found right before and the file has not changed.
 * MT-Safe. */
EVPROF_API bool evprof_access_is_known(const evprof_access_conf_t *conf,
                                       const char *authorization);

/*
 * Whether checking that header computes a password hash, which is slow by
 * design; for a token only the file is read. MT-Safe.
 */
EVPROF_API bool evprof_access_is_slow(const evprof_access_conf_t *conf,
                                      const char *authorization);

/*
 * A number for the peer that the rules judge, by which attempts of one client
 * are counted: its IPv4 address, the first half of its IPv6 address, or 0.
 */
EVPROF_API uint64_t evprof_access_peer(const evprof_access_conf_t *conf,
                                       const evprof_access_request_t *request);

/* For the child of a fork, which may have interrupted a check. */
void evprof_access_fork_child(void);

/* Calls `each` with the value of every WWW-Authenticate header of a 401. */
EVPROF_API void
evprof_access_challenge(const evprof_access_conf_t *conf,
                        void (*each)(void *ctx, const char *value), void *ctx);

/*
 * A wrong password or token is answered no earlier than this after the request,
 * and only this many checks of one peer may be pending at a time. This bounds
 * how fast a peer can guess, and delays no other peer.
 */
#define EVPROF_ACCESS_DELAY_MS 1000
#define EVPROF_ACCESS_MAX_PASSWORDS 2 /* different ones */
#define EVPROF_ACCESS_MAX_ALIKE 16    /* requests with one of them */
#define EVPROF_ACCESS_MAX_TOKENS 16

#endif
