/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_REPLY_H
#define EVPROF_EVHTTP_REPLY_H

/*
 * The replies and their headers, as net/http/pprof sends them. All of it on the
 * loop that owns the request.
 */

#include <stdbool.h>

#include <evprof/status.h>

#include "core/base/buf.h"

struct evhttp_request;

#define EVPROF_TYPE_HTML "text/html; charset=utf-8"
#define EVPROF_TYPE_TEXT "text/plain; charset=utf-8"
#define EVPROF_TYPE_METRICS                                                    \
    "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define EVPROF_TYPE_PROTO "application/octet-stream"

/* The form of a successful reply; its strings live as long as the request. */
typedef struct evprof_reply {
    const char *type;     /* one of EVPROF_TYPE_* */
    const char *filename; /* what a download is called, NULL: shown in place */
    bool is_delta;        /* "FILENAME-delta" */
    /* Sends the body in its own way, code and headers too; NULL: as below. */
    void (*send)(struct evhttp_request *req, evprof_buf_t *body);
} evprof_reply_t;

/* Sends 200 with the bytes of `body`, which is empty afterwards. A HEAD request
 * gets the headers only; there `body` may be NULL. */
void evprof_reply_send(struct evhttp_request *req, const evprof_reply_t *reply,
                       evprof_buf_t *body);

/* Sends an error: `prefix` (may be NULL), `text` and a newline. */
void evprof_reply_error(struct evhttp_request *req, int code,
                        const char *prefix, const char *text);

/* The same for a status of ours; the one place where they become HTTP codes.
 * The prefix says what failed and is for failures of the server only (500);
 * `retry_s` above 0 is when to ask again. */
void evprof_reply_status(struct evhttp_request *req, const char *prefix,
                         const evprof_error_t *err, long retry_s);

/* Sends 301 to `location`. */
void evprof_reply_redirect(struct evhttp_request *req, const char *location);

#endif
