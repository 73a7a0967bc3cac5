/* SPDX-License-Identifier: Apache-2.0 */
/* Compression, headers and codes of all answers. */
#include <stdio.h>
#include <string.h>

#include "adapters/web/call.h"
#include "core/base/hash.h"
#include "core/profile/gzip.h"

/* Shorter bodies fit into one packet uncompressed. */
#define SHORT_BODY ((size_t)1000)

const evprof_ui_header_t evprof_web_headers[] = {
    { "Content-Security-Policy",
      "default-src 'self'; img-src 'self' data:; object-src 'none'; "
      "base-uri 'none'; form-action 'self'; frame-ancestors 'none'" },
    { "X-Content-Type-Options", "nosniff" },
    { "X-Frame-Options", "DENY" },
    { "Referrer-Policy", "no-referrer" },
    { "Cross-Origin-Opener-Policy", "same-origin" },
    { "Cross-Origin-Resource-Policy", "same-origin" },
    { NULL, NULL },
};

int
evprof_web_code(int status)
{
    switch (status) {
    case EVPROF_OK:
        return 200;
    case EVPROF_EPARSE:
    case EVPROF_EINVAL:
        return 400;
    case EVPROF_EPERM:
        return 403;
    case EVPROF_ENOENT:
        return 404;
    case EVPROF_EBUSY:
        return 409;
    case EVPROF_ELIMIT:
        return 413;
    case EVPROF_ENOTSUP:
        return 501;
    default:
        return 500;
    }
}

void
evprof_web_text(evprof_web_answer_t *answer, int code, const char *text)
{
    answer->code = code;
    answer->type = "text/plain; charset=utf-8";
    answer->filename = NULL;
    evprof_buf_clear(&answer->body);
    evprof_buf_printf(&answer->body, "%s\n", text);
}

static void
compress_body(evprof_web_answer_t *answer)
{
    evprof_buf_t packed = { 0 };
    evprof_writer_t out = evprof_writer_buf(&packed);
    evprof_gzip_t *gz = evprof_gzip_new(&out);
    if (gz != NULL &&
        evprof_gzip_write(gz, answer->body.data, answer->body.len) ==
            EVPROF_OK &&
        evprof_gzip_end(gz) == EVPROF_OK) {
        evprof_buf_t plain = answer->body;
        answer->body = packed;
        packed = plain;
        answer->is_gzip = true;
    }
    evprof_gzip_free(gz);
    evprof_buf_free(&packed);
}

static bool
is_text(const evprof_web_answer_t *answer)
{
    return answer->type != NULL &&
           strcmp(answer->type, "application/octet-stream") != 0;
}

void
evprof_web_finish(const evprof_web_ask_t *ask, evprof_web_answer_t *answer)
{
    if (answer->code == 200) {
        uint64_t hash = evprof_hash(answer->body.data, answer->body.len, 0);
        (void)snprintf(answer->etag, sizeof(answer->etag), "\"%016llx\"",
                       (unsigned long long)hash);
    }
    if (answer->etag[0] != '\0' && ask->if_none_match != NULL &&
        strcmp(ask->if_none_match, answer->etag) == 0) {
        answer->code = 304;
        evprof_buf_clear(&answer->body);
        return;
    }
    if (ask->accepts_gzip && answer->body.len > SHORT_BODY && is_text(answer)) {
        compress_body(answer);
    }
}

void
evprof_web_answer_free(evprof_web_answer_t *answer)
{
    evprof_buf_free(&answer->body);
    evprof_buf_free(&answer->location);
    *answer = (evprof_web_answer_t){ 0 };
}
