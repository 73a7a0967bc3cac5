/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes in: the few headers that matter, and the body, whose size is
 * bounded both as it is and by what was sent for it.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "adapters/fetch/transfer.h"

/* One body may be so large unless -max_bytes says otherwise. */
#define DEFAULT_MAX_BYTES INT64_C(1073741824)

/* A body of this size is harmless, whatever was sent for it. */
#define HARMLESS_BYTES ((size_t)64 << 20)
#define MAX_RATIO 200

/* What was sent compressed may not grow beyond measure: a profile becomes some
 * ten times as long, and deflate could make it a thousand times. */
static bool
is_bomb(const evprof_transfer_t *t, size_t len)
{
    curl_off_t sent = 0;
    if (len <= HARMLESS_BYTES) {
        return false;
    }
    curl_easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &sent);
    return len / MAX_RATIO > (size_t)sent;
}

/* The announced length is made room for at once, as far as that is modest. */
static void
expect_body(evprof_transfer_t *t)
{
    curl_off_t len = -1;
    curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &len);
    if (len > 0 && len <= (curl_off_t)HARMLESS_BYTES) {
        evprof_buf_reserve(&t->answer.body, (size_t)len);
    }
}

size_t
evprof_transfer_on_body(char *data, size_t size, size_t count, void *arg)
{
    evprof_transfer_t *t = arg;
    size_t len = size * count;
    int64_t limit =
        t->options->max_bytes > 0 ? t->options->max_bytes : DEFAULT_MAX_BYTES;
    if (t->answer.body.len + len > (size_t)limit ||
        is_bomb(t, t->answer.body.len + len)) {
        t->is_too_large = true;
        return 0;
    }
    if (t->answer.body.len == 0) {
        expect_body(t);
    }
    evprof_buf_add(&t->answer.body, data, len);
    return t->answer.body.failed ? 0 : len;
}

/* The value of header `name` in `line`, trimmed, or nothing. */
static void
take_header(const char *line, size_t len, const char *name, char *out,
            size_t size)
{
    size_t name_len = strlen(name);
    if (len <= name_len || strncasecmp(line, name, name_len) != 0) {
        return;
    }
    line += name_len;
    len -= name_len;
    while (len > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        len--;
    }
    while (len > 0 && strchr(" \t\r\n", line[len - 1]) != NULL) {
        len--;
    }
    if (len < size) {
        memcpy(out, line, len);
        out[len] = '\0';
    }
}

/* "HTTP/1.1 200 OK": a new answer begins, also after one of a proxy. */
static void
take_status_line(evprof_answer_t *answer, const char *line, size_t len)
{
    evprof_buf_t body = answer->body;
    evprof_buf_clear(&body);
    *answer = (evprof_answer_t){ .body = body };
    while (len > 0 && strchr("\r\n", line[len - 1]) != NULL) {
        len--;
    }
    const char *space = memchr(line, ' ', len);
    size_t skip = space == NULL ? len : (size_t)(space - line) + 1;
    size_t size = sizeof(answer->status_text) - 1;
    size_t text_len = len - skip < size ? len - skip : size;
    for (size_t i = 0; i < text_len; i++) {
        char c = line[skip + i];
        if (iscntrl((unsigned char)c)) {
            c = ' ';
        }
        answer->status_text[i] = c;
    }
}

size_t
evprof_transfer_on_header(char *line, size_t size, size_t count, void *arg)
{
    evprof_transfer_t *t = arg;
    size_t len = size * count;
    char flag[16] = "";
    if (len > 5 && strncmp(line, "HTTP/", 5) == 0) {
        take_status_line(&t->answer, line, len);
    }
    take_header(line, len, "Content-Type:", t->answer.content_type,
                sizeof(t->answer.content_type));
    take_header(line, len, "Location:", t->answer.location,
                sizeof(t->answer.location));
    take_header(line, len, "Retry-After:", t->answer.retry_after,
                sizeof(t->answer.retry_after));
    take_header(line, len, "grpc-status:", t->answer.grpc_status,
                sizeof(t->answer.grpc_status));
    take_header(line, len, "grpc-message:", t->answer.grpc_message,
                sizeof(t->answer.grpc_message));
    take_header(line, len, "X-Go-Pprof:", flag, sizeof(flag));
    t->answer.is_from_pprof = t->answer.is_from_pprof || flag[0] != '\0';
    return len;
}
