/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses are bytes, networks bytes and a number of bits. A peer that reached
 * an IPv6 socket over IPv4 counts as an IPv4 peer: so no rule has to be written
 * twice, and none is evaded by the other form.
 */
#include "core/access/rules.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "core/base/parse.h"

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

static evprof_address_t
from_v6(const uint8_t bytes[16])
{
    evprof_address_t out = { .kind = EVPROF_ADDRESS_V6 };
    if (memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0) {
        out.kind = EVPROF_ADDRESS_V4;
        memcpy(out.bytes, bytes + sizeof(mapped_prefix), 4);
    } else {
        memcpy(out.bytes, bytes, 16);
    }
    return out;
}

evprof_address_t
evprof_address_of(const struct sockaddr *peer)
{
    evprof_address_t out = { .kind = EVPROF_ADDRESS_NONE };
    if (peer == NULL) {
        return out;
    }
    switch (peer->sa_family) {
    case AF_INET: {
        struct sockaddr_in v4;
        memcpy(&v4, peer, sizeof(v4));
        out.kind = EVPROF_ADDRESS_V4;
        memcpy(out.bytes, &v4.sin_addr, 4);
        return out;
    }
    case AF_INET6: {
        struct sockaddr_in6 v6;
        memcpy(&v6, peer, sizeof(v6));
        return from_v6(v6.sin6_addr.s6_addr);
    }
    case AF_UNIX:
        out.kind = EVPROF_ADDRESS_UNIX;
        return out;
    default:
        return out;
    }
}

bool
evprof_address_parse(const char *text, evprof_address_t *out)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, text, &v4) == 1) {
        *out = (evprof_address_t){ .kind = EVPROF_ADDRESS_V4 };
        memcpy(out->bytes, &v4, 4);
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6) == 1) {
        *out = from_v6(v6.s6_addr);
        return true;
    }
    return false;
}

static unsigned
bits_of(const evprof_address_t *address)
{
    switch (address->kind) {
    case EVPROF_ADDRESS_V4:
        return 32;
    case EVPROF_ADDRESS_V6:
        return 128;
    default:
        return 0;
    }
}

/* Clears the bits beyond the prefix; true when any was set. */
static bool
clear_low_bits(evprof_network_t *network)
{
    bool found = false;
    for (unsigned i = 0; i < 16; i++) {
        unsigned kept =
            network->prefix_bits > i * 8 ? network->prefix_bits - i * 8 : 0;
        uint8_t mask = (uint8_t)(kept >= 8 ? 0xffu : 0xff00u >> kept);
        uint8_t byte = network->address.bytes[i] & mask;
        found = found || byte != network->address.bytes[i];
        network->address.bytes[i] = byte;
    }
    return found;
}

/* Reads the "/8" of "10.0.0.0/8"; a v4-mapped network counts from the front of
 * the IPv6 address. */
static bool
parse_prefix(const char *address_text, const char *digits,
             evprof_network_t *out)
{
    uint64_t bits;
    bool is_mapped = out->address.kind == EVPROF_ADDRESS_V4 &&
                     strchr(address_text, ':') != NULL;
    if (digits[0] < '0' || digits[0] > '9' ||
        !evprof_parse_uint64(digits, &bits)) {
        return false;
    }
    if (is_mapped) {
        if (bits < 96) {
            return false;
        }
        bits -= 96;
    }
    if (bits > bits_of(&out->address)) {
        return false;
    }
    out->prefix_bits = (unsigned)bits;
    return true;
}

bool
evprof_network_parse(const char *text, evprof_network_t *out,
                     bool *has_low_bits)
{
    *out = (evprof_network_t){ .is_all = strcmp(text, "all") == 0 };
    *has_low_bits = false;
    if (out->is_all) {
        return true;
    }
    if (strcmp(text, "unix:") == 0 || strcmp(text, "direct") == 0) {
        out->address.kind =
            text[0] == 'u' ? EVPROF_ADDRESS_UNIX : EVPROF_ADDRESS_DIRECT;
        return true;
    }
    char address[INET6_ADDRSTRLEN + 1];
    size_t len = strcspn(text, "/");
    if (len >= sizeof(address)) {
        return false;
    }
    memcpy(address, text, len);
    address[len] = '\0';
    if (!evprof_address_parse(address, &out->address)) {
        return false;
    }
    out->prefix_bits = bits_of(&out->address);
    if (text[len] == '/' && !parse_prefix(address, text + len + 1, out)) {
        return false;
    }
    *has_low_bits = clear_low_bits(out);
    return true;
}

bool
evprof_network_has(const evprof_network_t *network,
                   const evprof_address_t *address)
{
    if (address->kind == EVPROF_ADDRESS_NONE) {
        return false;
    }
    if (network->is_all) {
        return address->kind != EVPROF_ADDRESS_DIRECT;
    }
    if (network->address.kind != address->kind) {
        return false;
    }
    size_t whole = network->prefix_bits / 8;
    unsigned rest = network->prefix_bits % 8;
    if (memcmp(network->address.bytes, address->bytes, whole) != 0) {
        return false;
    }
    return rest == 0 || (address->bytes[whole] & (0xff00u >> rest) & 0xff) ==
                            network->address.bytes[whole];
}

bool
evprof_address_is_loopback(const evprof_address_t *address)
{
    static const uint8_t v6_loopback[16] = { [15] = 1 };
    switch (address->kind) {
    case EVPROF_ADDRESS_V4:
        return address->bytes[0] == 127;
    case EVPROF_ADDRESS_V6:
        return memcmp(address->bytes, v6_loopback, 16) == 0;
    case EVPROF_ADDRESS_UNIX:
        return true;
    default:
        return false;
    }
}

const evprof_access_rule_t *
evprof_rules_find(const evprof_rules_t *rules, const evprof_address_t *address)
{
    for (size_t i = 0; i < rules->count; i++) {
        if (evprof_network_has(&rules->list[i].network, address)) {
            return &rules->list[i];
        }
    }
    return NULL;
}
