/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl reads some of these variables too, but not by the same rules: it
 * takes no upper-case HTTP_PROXY and sends loopback targets through proxies. So
 * it is told exactly which proxy to use, and never looks itself.
 */
#include "adapters/fetch/proxy.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/buf.h"
#include "core/base/parse.h"

/* An address in its 16-byte form, v4 mapped as ::ffff:a.b.c.d. */
typedef struct address {
    unsigned char bytes[16];
    bool is_v4;
} address_t;

static bool
parse_address(const char *text, address_t *out)
{
    struct in_addr v4;
    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, text, &v4) == 1) {
        out->is_v4 = true;
        out->bytes[10] = 0xff;
        out->bytes[11] = 0xff;
        memcpy(out->bytes + 12, &v4, 4);
        return true;
    }
    static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
    bool is_address = inet_pton(AF_INET6, text, out->bytes) == 1;
    out->is_v4 = is_address && memcmp(out->bytes, mapped, 12) == 0;
    return is_address;
}

static bool
is_loopback(const char *host)
{
    address_t a;
    if (strcasecmp(host, "localhost") == 0) {
        return true;
    }
    if (!parse_address(host, &a)) {
        return false;
    }
    static const unsigned char one[16] = { [15] = 1 };
    return a.is_v4 ? a.bytes[12] == 127 : memcmp(a.bytes, one, 16) == 0;
}

static bool
in_network(const address_t *a, const char *text)
{
    char network[64];
    const char *slash = strchr(text, '/');
    address_t base;
    int64_t bits;
    size_t len = slash == NULL ? 0 : (size_t)(slash - text);
    if (len == 0 || len >= sizeof(network)) {
        return false;
    }
    memcpy(network, text, len);
    network[len] = '\0';
    if (!evprof_parse_int64(slash + 1, &bits) || bits < 0 ||
        !parse_address(network, &base) || base.is_v4 != a->is_v4 ||
        bits > (base.is_v4 ? 32 : 128)) {
        return false;
    }
    bits += base.is_v4 ? 96 : 0;
    for (int i = 0; i < 16 && bits > 0; i++, bits -= 8) {
        unsigned mask = bits >= 8 ? 0xffu : 0xffu << (8 - bits);
        if (((a->bytes[i] ^ base.bytes[i]) & mask) != 0) {
            return false;
        }
    }
    return true;
}

/* Cuts ":port" off an entry that is not a bare IPv6 address; 0: it has none. */
static int64_t
take_port(char *entry)
{
    char *colon = strrchr(entry, ':');
    bool is_bare_v6 =
        colon != NULL && strchr(entry, ':') != colon && entry[0] != '[';
    int64_t port = 0;
    if (colon != NULL && !is_bare_v6 && strchr(colon, ']') == NULL &&
        evprof_parse_int64(colon + 1, &port)) {
        *colon = '\0';
    }
    return port;
}

static bool
names_domain(const char *entry, const char *host)
{
    bool only_below = entry[0] == '.' || strncmp(entry, "*.", 2) == 0;
    const char *domain = entry + (entry[0] == '*') + (only_below ? 1 : 0);
    size_t len = strlen(domain);
    size_t host_len = strlen(host);
    if (len == 0 || host_len < len ||
        strcasecmp(host + host_len - len, domain) != 0) {
        return false;
    }
    return host_len == len ? !only_below : host[host_len - len - 1] == '.';
}

static bool
entry_names(char *entry, const char *host, int port)
{
    address_t a;
    address_t named;
    if (strcmp(entry, "*") == 0) {
        return true;
    }
    bool is_address = parse_address(host, &a);
    if (strchr(entry, '/') != NULL) {
        return is_address && in_network(&a, entry);
    }
    int64_t entry_port = take_port(entry);
    if (entry_port != 0 && entry_port != port) {
        return false;
    }
    size_t len = strlen(entry);
    if (len > 1 && entry[0] == '[' && entry[len - 1] == ']') {
        entry[len - 1] = '\0';
        entry++;
    }
    if (parse_address(entry, &named)) {
        return is_address && named.is_v4 == a.is_v4 &&
               memcmp(a.bytes, named.bytes, 16) == 0;
    }
    return names_domain(entry, host);
}

bool
evprof_no_proxy(const char *list, const char *host, int port)
{
    char *copy = strdup(list);
    bool is_named = false;
    char *rest = copy;
    for (char *entry; !is_named && (entry = strsep(&rest, ",")) != NULL;) {
        entry += strspn(entry, " \t");
        entry[strcspn(entry, " \t")] = '\0';
        is_named = entry[0] != '\0' && entry_names(entry, host, port);
    }
    free(copy);
    return is_named;
}

static const char *
variable(const char *upper, const char *lower)
{
    const char *value = getenv(upper);
    if (value == NULL || value[0] == '\0') {
        value = getenv(lower);
    }
    return value == NULL || value[0] == '\0' ? NULL : value;
}

char *
evprof_proxy_spelled(const char *proxy)
{
    static const char socks5[] = "socks5://";
    size_t len = sizeof(socks5) - 1;
    evprof_buf_t out = { 0 };
    if (strncasecmp(proxy, socks5, len) == 0) {
        evprof_buf_printf(&out, "socks5h://%s", proxy + len);
    } else {
        evprof_buf_puts(&out, proxy);
    }
    return out.data;
}

const char *
evprof_proxy_from_environment(bool is_tls, const char *host, int port)
{
    const char *proxy = is_tls ? variable("HTTPS_PROXY", "https_proxy")
                        : getenv("REQUEST_METHOD") != NULL
                            ? NULL
                            : variable("HTTP_PROXY", "http_proxy");
    const char *exceptions = variable("NO_PROXY", "no_proxy");
    if (proxy == NULL) {
        proxy = variable("ALL_PROXY", "all_proxy");
    }
    if (proxy == NULL || is_loopback(host) ||
        (exceptions != NULL && evprof_no_proxy(exceptions, host, port))) {
        return NULL;
    }
    return proxy;
}
