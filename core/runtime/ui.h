/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_UI_H
#define EVPROF_RUNTIME_UI_H

/*
 * The contract of the web UI in a running server. What implements it is a
 * shared object that an adapter opens when the configuration says `ui on;`, so
 * that the runtime itself has no regular expressions and no graphs.
 *
 * A request and its answer are frames: a line for each value of the enumerations
 * below, then the body.
 */

#include <stdbool.h>
#include <stddef.h>

#include <evprof/export.h>

#include "core/base/buf.h"

/* The lines of a request's frame; a line without a value is empty. */
enum evprof_ui_request_line {
    EVPROF_UI_METHOD, /* GET, POST, DELETE */
    EVPROF_UI_PATH,   /* decoded, below ui/ */
    EVPROF_UI_QUERY,
    EVPROF_UI_TOKEN,
    EVPROF_UI_IF_NONE_MATCH,
    EVPROF_UI_ACCEPT_ENCODING,
    EVPROF_UI_REQUEST_LINES,
};

/* The lines of an answer's frame. */
enum evprof_ui_answer_line {
    EVPROF_UI_CODE,
    EVPROF_UI_TYPE,
    EVPROF_UI_FILENAME,
    EVPROF_UI_ETAG,
    EVPROF_UI_LOCATION,
    EVPROF_UI_ENCODING,
    EVPROF_UI_CACHE_CONTROL,
    EVPROF_UI_ANSWER_LINES,
};

typedef struct evprof_ui_how {
    const char *program;      /* for people */
    const char *const *kinds; /* leaves of profiles, NULL last */
    bool may_read_sources;
} evprof_ui_how_t;

typedef struct evprof_ui_header {
    const char *name;
    const char *value;
} evprof_ui_header_t;

typedef struct evprof_ui {
    /* Appends the answer's frame; one thread at a time. */
    void (*answer)(const evprof_ui_how_t *how, const char *frame, size_t len,
                   evprof_buf_t *out);
    /* Every path that is answered, "ui" and those below it, NULL last. */
    const char *const *paths;
    /* What every answer has, a NULL name last. */
    const evprof_ui_header_t *headers;
} evprof_ui_t;

typedef const evprof_ui_t *(*evprof_ui_fn)(void);
#define EVPROF_UI_SYMBOL "evprof_ui"

/* What the shared object exports. MT-Safe. */
EVPROF_API const evprof_ui_t *evprof_ui(void);

#endif
