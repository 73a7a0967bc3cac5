/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_FETCH_ESCAPE_H
#define EVPROF_FETCH_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"

/* The part of a URL that a text is in decides what must be encoded. */
enum evprof_url_part {
    EVPROF_URL_PATH,
    EVPROF_URL_SEGMENT, /* of a path: a slash is encoded too */
    EVPROF_URL_HOST,    /* with brackets and port, as far as it has them */
    EVPROF_URL_USER,
    EVPROF_URL_QUERY, /* a key or a value; a space is a plus */
    EVPROF_URL_FRAGMENT,
};

/* Appends `text` with percent escapes where `part` needs them. */
void evprof_url_escape(const char *text, enum evprof_url_part part,
                       evprof_buf_t *out);

/* Appends the bytes that `len` bytes of a URL's `part` stand for. False: an
 * escape is broken, stands for a NUL, or is not allowed in a host; `out` then
 * holds what came before it. */
bool evprof_url_unescape(const char *text, size_t len,
                         enum evprof_url_part part, evprof_buf_t *out);

/* `len` bytes of a part, decoded; memory of the caller's. NULL: they are broken
 * as above, or out of memory. */
char *evprof_url_decoded(const char *text, size_t len,
                         enum evprof_url_part part);

/* The same bytes as they must be written: left alone when they are encoded
 * properly, else decoded and encoded anew. Memory of the caller's; NULL as
 * above. */
char *evprof_url_encoded(const char *text, size_t len,
                         enum evprof_url_part part);

#endif
