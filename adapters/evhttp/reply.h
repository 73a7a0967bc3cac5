/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_REPLY_H
#define EVPROF_EVHTTP_REPLY_H

/*
 * Replies and their headers, as net/http/pprof sends them. For the loop that
 * owns the request.
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

/* The form of a successful reply. Its strings must live as long as the
 * request. */
typedef struct evprof_reply {
    const char *type;     /* one of EVPROF_TYPE_* */
    const char *filename; /* name of the download; NULL: show in the browser */
    bool is_delta;        /* "FILENAME-delta" */
    /* Sends the reply with its own code and headers; NULL: as below. */
    void (*send)(struct evhttp_request *req, evprof_buf_t *body);
} evprof_reply_t;

/* Sends 200 with the bytes of `body`, which is empty afterwards. A HEAD request
 * gets the headers only, and `body` may be NULL. */
void evprof_reply_send(struct evhttp_request *req, const evprof_reply_t *reply,
                       evprof_buf_t *body);

/* Sends an error: `prefix` (may be NULL), `text` and a newline. */
void evprof_reply_error(struct evhttp_request *req, int code,
                        const char *prefix, const char *text);

/* Sends the error for a status of ours; the only place that maps these to HTTP
 * codes. The prefix names what failed and is sent with 500 only. `retry_s`
 * above 0 is the value of Retry-After. */
void evprof_reply_status(struct evhttp_request *req, const char *prefix,
                         const evprof_error_t *err, long retry_s);

/* Sends 301 to `location`. */
void evprof_reply_redirect(struct evhttp_request *req, const char *location);

#endif
