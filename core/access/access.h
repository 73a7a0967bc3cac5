/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ACCESS_ACCESS_H
#define EVPROF_ACCESS_ACCESS_H

/*
 * Who may ask for a profile. An adapter has each request judged on its loop,
 * which takes no lock that anybody holds for long and reads no file; where a
 * credential must be checked against a file first, it has that done on a thread
 * that may block. The rules are those of one profile or of pprof { } in a
 * loaded configuration, which must outlive the calls.
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
    EVPROF_ACCESS_ASK,    /* 401: no credential, or one that cannot be right */
    EVPROF_ACCESS_VERIFY, /* evprof_access_verify() decides between both */
};

/* The parts of a request that rules look at. */
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
 * Whether the value of an Authorization header is good: reads the file and
 * computes a password hash, so it blocks, for up to a second. A success is
 * remembered until the file changes. MT-Safe.
 */
EVPROF_API bool evprof_access_verify(const evprof_access_conf_t *conf,
                                     const char *authorization);

/* Whether the address rules alone keep the peer out, for any request. MT-
 * Safe. */
EVPROF_API bool evprof_access_bars(const evprof_access_conf_t *conf,
                                   const struct sockaddr *peer);

/* Whether that header is known to be right since it was verified. MT-Safe. */
EVPROF_API bool evprof_access_is_known(const evprof_access_conf_t *conf,
                                       const char *authorization);

/*
 * Whether checking that header computes a password hash, which is made to be
 * slow; a token only has its file read. MT-Safe.
 */
EVPROF_API bool evprof_access_is_slow(const evprof_access_conf_t *conf,
                                      const char *authorization);

/*
 * A number for the peer that the rules judge, under which the attempts of one
 * client are counted: an IPv4 address, the first half of an IPv6 address, or 0.
 */
EVPROF_API uint64_t evprof_access_peer(const evprof_access_conf_t *conf,
                                       const evprof_access_request_t *request);

/* In the child of a fork, which may have come in the middle of a check. */
void evprof_access_fork_child(void);

/*
 * Calls `each` with the value of every WWW-Authenticate header that a 401 must
 * carry.
 */
EVPROF_API void
evprof_access_challenge(const evprof_access_conf_t *conf,
                        void (*each)(void *ctx, const char *value), void *ctx);

/*
 * A wrong password or token is answered no earlier than this after the request,
 * and only so many of one peer wait for an answer at a time. This bounds how
 * fast a peer can guess, and no other peer waits for it.
 */
#define EVPROF_ACCESS_DELAY_MS 1000
#define EVPROF_ACCESS_MAX_PASSWORDS 2 /* different ones */
#define EVPROF_ACCESS_MAX_ALIKE 16    /* requests with one of them */
#define EVPROF_ACCESS_MAX_TOKENS 16

#endif
