/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_FETCH_TARGET_H
#define EVPROF_FETCH_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include <evprof/status.h>

/* A source as it is asked for. Strings are owned; free with the function. */
typedef struct evprof_target {
    char *scheme;      /* as it was said: "https+insecure" */
    char *url;         /* without user and password */
    char *shown;       /* `url` for people: passwords replaced by "xxxxx" */
    char *user;        /* NULL: none */
    char *password;    /* NULL: none */
    char *host;        /* as in the URL, brackets of IPv6 kept off */
    char *origin;      /* scheme://host:port, for comparing */
    char *unix_socket; /* of http+unix://, or NULL */
    bool is_tls;
    bool is_insecure;   /* https+insecure:// */
    int64_t duration_s; /* of the profile, 0: not known */
    int64_t timeout_s;
    int port; /* beyond 65535: there is no such port */
} evprof_target_t;

/*
 * By pprof's rules: "host:port/path" gets http://, an empty path asks for the
 * CPU profile, `seconds` > 0 goes into the query, the timeout is one and a half
 * times the duration or a minute. Whether the scheme is one that can be asked
 * for is not looked at. EVPROF_EINVAL: it is no URL, and `err` says why without
 * naming it; EVPROF_ENOMEM.
 */
int evprof_target_parse(const char *source, int64_t seconds, int64_t timeout_s,
                        evprof_target_t *out, evprof_error_t *err);

/* Frees what the target owns, its password overwritten; it is empty then. */
void evprof_target_free(evprof_target_t *t);

/* The address of a redirect, which may be relative. EVPROF_EINVAL also for
 * schemes that are not http and https; EVPROF_ENOMEM. Durations are those of
 * `from`; credentials and the socket too where the origin stays the same. */
int evprof_target_redirect(const evprof_target_t *from, const char *location,
                           evprof_target_t *out, evprof_error_t *err);

/* Where the symbols of the profile at `from` are asked for: a path of the same
 * origin. EVPROF_EINVAL: there is no such address; EVPROF_ENOMEM. */
int evprof_target_symbol(const evprof_target_t *from, evprof_target_t *out,
                         evprof_error_t *err);

#endif
