/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ACCESS_RULES_H
#define EVPROF_ACCESS_RULES_H

/*
 * Private to this room: addresses, networks, and the struct that the directives
 * fill.
 */

#include <stdint.h>

#include "core/access/access.h"

enum evprof_address_kind {
    EVPROF_ADDRESS_NONE, /* unknown: matches nothing, not even `all` */
    EVPROF_ADDRESS_V4,
    EVPROF_ADDRESS_V6,
    EVPROF_ADDRESS_UNIX,
    EVPROF_ADDRESS_DIRECT, /* a trusted proxy that names no client */
};

/* A peer; v4-mapped IPv6 addresses are IPv4 here. */
typedef struct evprof_address {
    enum evprof_address_kind kind;
    uint8_t bytes[16]; /* network order; 4 of them for IPv4 */
} evprof_address_t;

typedef struct evprof_network {
    evprof_address_t address;
    unsigned prefix_bits;
    bool is_all;
} evprof_network_t;

typedef struct evprof_access_rule {
    evprof_network_t network;
    bool is_allow;
} evprof_access_rule_t;

typedef struct evprof_rules {
    evprof_access_rule_t *list;
    size_t count;
    size_t room;
} evprof_rules_t;

enum evprof_satisfy {
    EVPROF_SATISFY_ALL,
    EVPROF_SATISFY_ANY,
};

struct evprof_access_conf {
    evprof_rules_t rules;
    evprof_rules_t proxies; /* trusted ones; all of them `allow` */
    const char *real_ip_header;
    int satisfy;
    const char *realm; /* NULL: not set, "": off */
    const char *user_file;
    const char *bearer_file;
    const char **names; /* server names, besides addresses and localhost */
    size_t name_count;
};

/* Whether passwords are required. */
static inline bool
evprof_access_has_basic(const evprof_access_conf_t *conf)
{
    return conf->realm != NULL && conf->realm[0] != '\0';
}

/* The address of a socket's peer; EVPROF_ADDRESS_NONE for NULL and other
 * families. */
evprof_address_t evprof_address_of(const struct sockaddr *peer);

/* Reads an address without port or brackets; false: it is not one. */
bool evprof_address_parse(const char *text, evprof_address_t *out);

/*
 * Reads "all", "unix:", "direct", an address or a network. `has_low_bits`: bits
 * beyond the prefix were set and have been cleared.
 */
bool evprof_network_parse(const char *text, evprof_network_t *out,
                          bool *has_low_bits);

/* Whether the network holds the address; families must be equal. */
bool evprof_network_has(const evprof_network_t *network,
                        const evprof_address_t *address);

/* Whether the address is in 127/8, ::1, or a unix socket. */
bool evprof_address_is_loopback(const evprof_address_t *address);

/* The first rule that matches, or NULL. */
const evprof_access_rule_t *evprof_rules_find(const evprof_rules_t *rules,
                                              const evprof_address_t *address);

#endif
