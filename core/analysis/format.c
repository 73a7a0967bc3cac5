/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the format of a file. Compression and a table of names before the
 * profile are taken off, then the formats are asked in order. The first that
 * recognises the file decides, even if it finds it broken.
 */
#include "core/analysis/format.h"

#include "core/analysis/guess_kind.h"
#include "core/analysis/symbolized.h"
#include "core/analysis/unpack.h"
#include "core/base/error.h"

static int
read_text(const evprof_format_t *const *formats, const char *data, size_t len,
          evprof_pprof_t **out, evprof_error_t *err)
{
    if (len == 0) {
        return evprof_fail(err, EVPROF_EPARSE, "it is empty");
    }
    for (; *formats != NULL; formats++) {
        const evprof_format_t *format = *formats;
        if (!format->probe(data, len)) {
            continue;
        }
        int status = format->read(data, len, out, err);
        if (status != EVPROF_ENOTSUP) {
            return status;
        }
    }
    return evprof_fail(err, EVPROF_EPARSE, "%s", evprof_guess(data, len));
}

static int
read_plain(const evprof_format_t *const *formats,
           const evprof_unpacked_t *plain, evprof_pprof_t **out,
           evprof_error_t *err)
{
    evprof_span_t text = evprof_span(plain->data, plain->len);
    if (!evprof_symbolized_is(text)) {
        return read_text(formats, plain->data, plain->len, out, err);
    }
    evprof_symbolized_t names;
    int status = evprof_symbolized_split(&names, &text, err);
    if (status == EVPROF_OK) {
        status = read_text(formats, text.at, evprof_span_len(text), out, err);
    }
    if (status == EVPROF_OK) {
        status = evprof_pprof_check(*out, err);
    }
    if (status == EVPROF_OK) {
        status = evprof_symbolized_apply(&names, *out, err);
    }
    evprof_symbolized_free(&names);
    return status;
}

bool
evprof_format_may_be(const evprof_format_t *const *formats, const void *data,
                     size_t len)
{
    if (evprof_unpack_is_packed(data, len) ||
        evprof_symbolized_is(evprof_span(data, len))) {
        return true;
    }
    for (; *formats != NULL; formats++) {
        if ((*formats)->probe(data, len)) {
            return true;
        }
    }
    return false;
}

int
evprof_format_read(const evprof_format_t *const *formats, const void *data,
                   size_t len, evprof_pprof_t **out, evprof_error_t *err)
{
    evprof_unpacked_t plain = { 0 };
    evprof_pprof_t *p = NULL;
    int status = evprof_unpack(data, len, EVPROF_DECODE_MAX, &plain, err);
    if (status == EVPROF_OK) {
        status = read_plain(formats, &plain, &p, err);
        evprof_unpacked_free(&plain);
    }
    if (status == EVPROF_OK) {
        status = evprof_pprof_check(p, err);
    }
    if (status != EVPROF_OK) {
        evprof_pprof_free(p);
        return status;
    }
    *out = p;
    return EVPROF_OK;
}
