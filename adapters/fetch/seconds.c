/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query of a URL, in which a profile's duration stands. pprof takes it
 * apart and writes it again for each source, also when nothing changes; broken
 * pairs get lost on the way.
 */
#include "adapters/fetch/seconds.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/fetch/escape.h"
#include "core/base/parse.h"

typedef struct pair {
    evprof_buf_t key;
    evprof_buf_t value;
    size_t row;
} pair_t;

static int
by_key(const void *a, const void *b)
{
    const pair_t *x = a;
    const pair_t *y = b;
    int order = strcmp(x->key.data, y->key.data);
    return order != 0 ? order : (x->row > y->row) - (x->row < y->row);
}

/* "key=value", decoded; false: pprof leaves such a pair out. */
static bool
take_pair(const char *text, size_t len, pair_t *out)
{
    const char *equals = memchr(text, '=', len);
    size_t key_len = equals == NULL ? len : (size_t)(equals - text);
    size_t skip = equals == NULL ? len : key_len + 1;
    *out = (pair_t){ .row = 0 };
    evprof_buf_puts(&out->key, "");
    evprof_buf_puts(&out->value, "");
    bool is_good =
        len > 0 && memchr(text, ';', len) == NULL &&
        evprof_url_unescape(text, key_len, EVPROF_URL_QUERY, &out->key) &&
        evprof_url_unescape(text + skip, len - skip, EVPROF_URL_QUERY,
                            &out->value);
    if (!is_good || out->key.failed || out->value.failed) {
        evprof_buf_free(&out->key);
        evprof_buf_free(&out->value);
        return false;
    }
    return true;
}

/* The pairs of a query, one more than there are `&` in it. */
static pair_t *
split_query(const char *query, size_t *count)
{
    size_t room = 2;
    for (const char *c = query; *c != '\0'; c++) {
        room += *c == '&';
    }
    pair_t *pairs = calloc(room, sizeof(*pairs));
    *count = 0;
    for (const char *at = query; pairs != NULL;) {
        size_t len = strcspn(at, "&");
        if (take_pair(at, len, &pairs[*count])) {
            pairs[*count].row = *count;
            ++*count;
        }
        if (at[len] == '\0') {
            break;
        }
        at += len + 1;
    }
    return pairs;
}

static void
free_pairs(pair_t *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        evprof_buf_free(&pairs[i].key);
        evprof_buf_free(&pairs[i].value);
    }
    free(pairs);
}

/* The first `seconds` of the query, 0: it has none that is a number. */
static int64_t
seconds_in(const pair_t *pairs, size_t count)
{
    int64_t seconds = 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(pairs[i].key.data, "seconds") == 0) {
            const char *number = pairs[i].value.data;
            bool is_number =
                evprof_parse_int64(number + (number[0] == '+'), &seconds);
            return is_number && seconds > 0 && seconds <= INT32_MAX ? seconds
                                                                    : 0;
        }
    }
    return 0;
}

/* Puts `seconds` > 0 in the place of those that are there. */
static void
set_seconds(pair_t *pairs, size_t *count, int64_t seconds)
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(pairs[i].key.data, "seconds") == 0) {
            evprof_buf_free(&pairs[i].key);
            evprof_buf_free(&pairs[i].value);
        } else {
            pairs[kept++] = pairs[i];
        }
    }
    pairs[kept] = (pair_t){ .row = kept };
    evprof_buf_puts(&pairs[kept].key, "seconds");
    evprof_buf_printf(&pairs[kept].value, "%lld", (long long)seconds);
    *count = kept + 1;
}

int
evprof_url_apply_seconds(evprof_url_t *url, int64_t seconds,
                         int64_t *duration_s)
{
    size_t count;
    evprof_buf_t query = { 0 };
    bool is_forced = url->has_query && url->query[0] == '\0';
    pair_t *pairs = split_query(url->query, &count);
    if (pairs == NULL) {
        return EVPROF_ENOMEM;
    }
    *duration_s = seconds > 0 ? seconds : seconds_in(pairs, count);
    if (seconds > 0) {
        set_seconds(pairs, &count, seconds);
    }
    qsort(pairs, count, sizeof(*pairs), by_key);
    evprof_buf_puts(&query, "");
    for (size_t i = 0; i < count; i++) {
        evprof_buf_puts(&query, i == 0 ? "" : "&");
        evprof_url_escape(pairs[i].key.data, EVPROF_URL_QUERY, &query);
        evprof_buf_putc(&query, '=');
        evprof_url_escape(pairs[i].value.data, EVPROF_URL_QUERY, &query);
    }
    free_pairs(pairs, count);
    if (query.failed) {
        evprof_buf_free(&query);
        return EVPROF_ENOMEM;
    }
    free(url->query);
    url->query = query.data;
    url->has_query = is_forced || query.len > 0;
    return EVPROF_OK;
}
