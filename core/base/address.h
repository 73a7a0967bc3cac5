/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_ADDRESS_H
#define EVPROF_BASE_ADDRESS_H

#include <stdbool.h>

/* Where to listen, as text has it: nothing is looked up. */
typedef struct evprof_listen_address {
    bool is_unix;
    char host[256]; /* name or address without brackets; of a unix one: path */
    char port[8];   /* decimal; "" for a unix one */
} evprof_listen_address_t;

/*
 * Splits "127.0.0.1:6060", "[::1]:6060", "localhost:6060", "*:6060" (every IPv4
 * address) or "unix:/path". NULL, or a fragment after `listen ADDRESS`, such as
 * "has no port".
 */
const char *evprof_listen_address_parse(const char *text,
                                        evprof_listen_address_t *out);

#endif
