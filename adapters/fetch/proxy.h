/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_FETCH_PROXY_H
#define EVPROF_FETCH_PROXY_H

#include <stdbool.h>

/*
 * The proxy that the environment names for a target, by Go's rules: HTTP_PROXY,
 * HTTPS_PROXY and NO_PROXY in both cases, the upper one first; HTTP_PROXY does
 * not count in a CGI program; localhost and loopback addresses never go through
 * a proxy. Beyond Go, ALL_PROXY stands in for a missing one. NULL: none. Points
 * into the environment.
 */
const char *evprof_proxy_from_environment(bool is_tls, const char *host,
                                          int port);

/* A proxy of the environment in libcurl's spelling: Go's socks5 lets the proxy
 * look names up, which libcurl calls socks5h. Free it, it may hold a password;
 * NULL: out of memory. */
char *evprof_proxy_spelled(const char *proxy);

/* Whether `list`, in NO_PROXY's syntax, names the host: "*", domains with all
 * below them, ".domain" for only those below, addresses, CIDR, each with a port
 * or without. */
bool evprof_no_proxy(const char *list, const char *host, int port);

#endif
