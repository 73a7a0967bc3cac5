/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses as Go's net/url reads and prints them, since that decides which
 * sources of pprof are addresses, what is asked of servers, and what scripts
 * find in messages. libcurl's own reader is stricter in places and tidies paths
 * that some servers want as they are. Nothing here needs libcurl: the tool asks
 * before it loads it.
 */
#include "adapters/fetch/address.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/parse.h"

/* Where a text stands decides what must be encoded in it. */
enum place { IN_PATH, IN_HOST, IN_USER, IN_QUERY, IN_FRAGMENT };

/* What may stand as it is, beside letters, digits and "-_.~". */
static const char *const plain_in[] = {
    [IN_PATH] = "$&+,/:;=@",
    [IN_HOST] = "!$&'()*+,;=:[]<>\"",
    [IN_USER] = "$&+,;=",
    [IN_QUERY] = "",
    [IN_FRAGMENT] = "$&+,/:;=?@!()*",
};

static bool
is_plain(unsigned char c, enum place place)
{
    return c < 0x80 && c != '\0' &&
           (isalnum(c) || strchr("-_.~", c) != NULL ||
            strchr(plain_in[place], c) != NULL);
}

static void
escape(const char *text, enum place place, evprof_buf_t *out)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        /* Hosts in letters of other scripts are for the resolver. */
        if (is_plain(c, place)) {
            evprof_buf_putc(out, (char)c);
        } else if (c == ' ' && place == IN_QUERY) {
            evprof_buf_putc(out, '+');
        } else {
            evprof_buf_printf(out, "%%%02X", c);
        }
    }
}

static bool
unescape(const char *text, size_t len, enum place place, evprof_buf_t *out)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (c == '%') {
            int byte = evprof_percent_byte(text + i, len - i);
            /* A host may have no ASCII encoded but the % of its zone. */
            if (byte < 0 || (place == IN_HOST && byte < 0x80 && byte != '%')) {
                return false;
            }
            c = (char)byte;
            i += 2;
        } else if (c == '+' && place == IN_QUERY) {
            c = ' ';
        } else if (place == IN_HOST && (unsigned char)c < 0x80 &&
                   !is_plain((unsigned char)c, IN_HOST)) {
            return false;
        }
        /* A NUL would end the text early. */
        if (c == '\0') {
            return false;
        }
        evprof_buf_putc(out, c);
    }
    return true;
}

void
evprof_host_escape(const char *host, evprof_buf_t *out)
{
    escape(host, IN_HOST, out);
}

void
evprof_query_escape(const char *text, evprof_buf_t *out)
{
    escape(text, IN_QUERY, out);
}

bool
evprof_query_unescape(const char *text, size_t len, evprof_buf_t *out)
{
    return unescape(text, len, IN_QUERY, out);
}

/* A buffer's text as memory of one's own; NULL: out of memory. */
static char *
text_of(evprof_buf_t *buf)
{
    evprof_buf_puts(buf, "");
    if (buf->failed) {
        evprof_buf_free(buf);
        return NULL;
    }
    return buf->data;
}

static char *
decoded(const char *text, size_t len, enum place place)
{
    evprof_buf_t out = { 0 };
    if (!unescape(text, len, place, &out)) {
        evprof_buf_free(&out);
        return NULL;
    }
    return text_of(&out);
}

/* Kept as it is when it is properly encoded, else decoded and encoded anew. */
static char *
encoded(const char *text, size_t len, enum place place)
{
    char *plain = decoded(text, len, place);
    bool is_proper = plain != NULL;
    for (size_t i = 0; i < len && is_proper; i++) {
        is_proper = is_plain((unsigned char)text[i], place) ||
                    strchr("!'()*[]%", text[i]) != NULL;
    }
    if (is_proper || plain == NULL) {
        free(plain);
        return is_proper ? strndup(text, len) : NULL;
    }
    evprof_buf_t out = { 0 };
    escape(plain, place, &out);
    free(plain);
    return text_of(&out);
}

/* The length of "scheme" in "scheme:...", 0: there is none, -1: it is empty. */
static long
scheme_length(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        bool may_follow =
            isdigit((unsigned char)*c) || strchr("+-.", *c) != NULL;
        if (*c == ':') {
            return c == text ? -1 : c - text;
        }
        if (!isalpha((unsigned char)*c) && (c == text || !may_follow)) {
            return 0;
        }
    }
    return 0;
}

static bool
is_port(const char *text, size_t len)
{
    if (len > 0 && text[0] != ':') {
        return false;
    }
    for (size_t i = 1; i < len; i++) {
        if (!isdigit((unsigned char)text[i])) {
            return false;
        }
    }
    return true;
}

static char *
parse_host(const char *text, size_t len)
{
    const char *colon = memchr(text, ':', len);
    if (len > 0 && text[0] == '[') {
        const char *end = memrchr(text, ']', len);
        if (end == NULL) {
            return NULL;
        }
        colon = end + 1;
    }
    return colon == NULL || is_port(colon, (size_t)(text + len - colon))
               ? decoded(text, len, IN_HOST)
               : NULL;
}

static bool
parse_user(const char *text, size_t len, evprof_source_url_t *out)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x80 ||
            (!isalnum(c) && strchr("-._:~!$&'()*+,;=%@", c) == NULL)) {
            return false;
        }
    }
    const char *colon = memchr(text, ':', len);
    size_t user_len = colon == NULL ? len : (size_t)(colon - text);
    out->user = decoded(text, user_len, IN_USER);
    if (colon != NULL) {
        out->password = decoded(colon + 1, len - user_len - 1, IN_USER);
    }
    return out->user != NULL && (colon == NULL || out->password != NULL);
}

static bool
parse_authority(const char *text, size_t len, evprof_source_url_t *out)
{
    const char *at = memrchr(text, '@', len);
    const char *host = at == NULL ? text : at + 1;
    if (at != NULL && !parse_user(text, (size_t)(at - text), out)) {
        return false;
    }
    out->host = parse_host(host, (size_t)(text + len - host));
    return out->host != NULL;
}

/* What stands before the query: scheme, user, host and path. */
static bool
parse_rest(const char *text, size_t len, evprof_source_url_t *out)
{
    long scheme_len = scheme_length(text);
    if (scheme_len < 0 || (size_t)scheme_len >= len) {
        return false;
    }
    out->scheme = strndup(text, (size_t)scheme_len);
    for (char *c = out->scheme; c != NULL && *c != '\0'; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    size_t skip = scheme_len == 0 ? 0 : (size_t)scheme_len + 1;
    text += skip;
    len -= skip;
    bool is_rooted = len > 0 && text[0] == '/';
    const char *slash = memchr(text, '/', len);
    size_t first = slash == NULL ? len : (size_t)(slash - text);
    if (!is_rooted && skip == 0 && memchr(text, ':', first) != NULL) {
        return false;
    }
    bool has_host = len > 1 && memcmp(text, "//", 2) == 0 &&
                    (skip > 0 || len < 3 || text[2] != '/');
    if (has_host) {
        const char *end = memchr(text + 2, '/', len - 2);
        size_t host_len = end == NULL ? len - 2 : (size_t)(end - text) - 2;
        if (!parse_authority(text + 2, host_len, out)) {
            return false;
        }
        text += 2 + host_len;
        len -= 2 + host_len;
    } else {
        out->host = strdup("");
    }
    out->path = encoded(text, len, IN_PATH);
    return out->scheme != NULL && out->host != NULL && out->path != NULL;
}

static bool
parse(const char *text, evprof_source_url_t *out)
{
    *out = (evprof_source_url_t){ 0 };
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            return false;
        }
    }
    size_t len = strcspn(text, "#");
    const char *fragment = text[len] == '#' ? text + len + 1 : "";
    const char *mark = memchr(text, '?', len);
    size_t rest = mark == NULL ? len : (size_t)(mark - text);
    out->has_query = mark != NULL;
    out->query = mark == NULL ? strdup("") : strndup(mark + 1, len - rest - 1);
    out->fragment = encoded(fragment, strlen(fragment), IN_FRAGMENT);
    return out->query != NULL && out->fragment != NULL &&
           parse_rest(text, rest, out);
}

/* With "http://" before it: "host:port/path" looks like a scheme at first. */
static bool
parse_short(const char *source, evprof_source_url_t *out)
{
    evprof_buf_t longer = { 0 };
    evprof_buf_printf(&longer, "http://%s", source);
    bool is_one = parse(longer.failed ? "" : longer.data, out);
    evprof_buf_free(&longer);
    return is_one;
}

int
evprof_source_url_of_source(const char *source, evprof_source_url_t *out)
{
    evprof_source_url_t whole;
    bool is_one = parse(source, &whole);
    bool is_short =
        !is_one || (whole.host[0] == '\0' && whole.scheme[0] != '\0' &&
                    strcmp(whole.scheme, "file") != 0);
    if (is_short) {
        evprof_source_url_free(&whole);
        is_one = parse_short(source, &whole);
    }
    if (!is_one || whole.host[0] == '\0') {
        evprof_source_url_free(&whole);
        return EVPROF_EINVAL;
    }
    *out = whole;
    return EVPROF_OK;
}

/* The host and port of an address of the web; NULL: it is no such address. */
static const char *
web_host(const char *source, size_t *len)
{
    static const char *const schemes[] = { "http://", "https://",
                                           "https+insecure://" };
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t skip = strlen(schemes[i]);
        if (strncasecmp(source, schemes[i], skip) == 0) {
            const char *host = source + skip;
            *len = strcspn(host, "/?#");
            const char *at = memrchr(host, '@', *len);
            *len -= at == NULL ? 0 : (size_t)(at + 1 - host);
            return at == NULL ? host : at + 1;
        }
    }
    return NULL;
}

const char *
evprof_source_url_fault(const char *source)
{
    size_t len = 0;
    const char *host = web_host(source, &len);
    evprof_source_url_t address;
    bool is_whole = host == NULL || parse(source, &address);
    if (is_whole) {
        bool is_fine = host == NULL || address.host[0] != '\0';
        if (host != NULL) {
            evprof_source_url_free(&address);
        }
        return is_fine ? NULL : "the address names no host";
    }
    evprof_source_url_free(&address);
    const char *end = memrchr(host, ']', len);
    const char *colon =
        memchr(end == NULL ? host : end, ':',
               (size_t)(host + len - (end == NULL ? host : end)));
    if (len > 0 && host[0] == '[' && end == NULL) {
        return "the [ of its host is never closed by ]";
    }
    if (colon != NULL && !is_port(colon, (size_t)(host + len - colon))) {
        return "its port is no number";
    }
    char *plain = decoded(host, len, IN_HOST);
    const char *fault = plain == NULL ? "its host has a character that hosts "
                                        "cannot have"
                                      : "it has a character that must be "
                                        "written as % and two hex digits";
    free(plain);
    return fault;
}

void
evprof_source_url_print(const evprof_source_url_t *a, evprof_buf_t *out)
{
    evprof_buf_printf(out, "%s%s//", a->scheme,
                      a->scheme[0] == '\0' ? "" : ":");
    if (a->user != NULL) {
        escape(a->user, IN_USER, out);
        evprof_buf_puts(out, a->password == NULL ? "@" : ":xxxxx@");
    }
    escape(a->host, IN_HOST, out);
    evprof_buf_puts(out, a->path);
    evprof_buf_printf(out, "%s%s", a->has_query ? "?" : "", a->query);
    evprof_buf_printf(out, "%s%s", a->fragment[0] == '\0' ? "" : "#",
                      a->fragment);
}

void
evprof_source_url_free(evprof_source_url_t *a)
{
    if (a->password != NULL) {
        explicit_bzero(a->password, strlen(a->password));
    }
    char **const texts[] = { &a->scheme, &a->user,  &a->password, &a->host,
                             &a->path,   &a->query, &a->fragment };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        free(*texts[i]);
        *texts[i] = NULL;
    }
}
