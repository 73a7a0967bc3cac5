/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flame graph, with the heaviest rows of the table beside it. Its
 * parameters besides the options: kind=up (inverted), or callers or callees
 * with place=N; path=N,N,... for the boxes below one box; width= of the drawing
 * in pixels.
 */
#include "adapters/web/call.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"

#define ROWS_BESIDE 250
#define MAX_BOXES 24000
#define MAX_PATH 100000
#define DEFAULT_WIDTH 1400
/* Narrower boxes are merged; zooming in fetches them. */
#define NARROWEST_PIXELS 1.0

/* The places of a path; NULL: out of memory. */
static uint32_t *
read_path(const char *text, size_t *count)
{
    size_t cap = 1;
    for (const char *at = text; *at != '\0'; at++) {
        cap += *at == ',';
    }
    uint32_t *path = cap <= MAX_PATH ? calloc(cap, sizeof(*path)) : NULL;
    *count = 0;
    while (path != NULL && *text != '\0') {
        char *end;
        unsigned long place = strtoul(text, &end, 10);
        if (end == text) {
            break;
        }
        path[(*count)++] = place < UINT32_MAX ? (uint32_t)place : UINT32_MAX;
        text = end + (*end == ',');
    }
    return path;
}

static enum evprof_fold_kind
kind_of(const char *text)
{
    if (text != NULL && strcmp(text, "up") == 0) {
        return EVPROF_FOLD_UP;
    }
    if (text != NULL && strcmp(text, "callers") == 0) {
        return EVPROF_FOLD_CALLERS;
    }
    if (text != NULL && strcmp(text, "callees") == 0) {
        return EVPROF_FOLD_CALLEES;
    }
    return EVPROF_FOLD_DOWN;
}

static int
put_fold(evprof_web_call_t *call, const evprof_seen_t *seen, const char *key,
         evprof_fold_ask_t *ask, evprof_document_t *d, evprof_error_t *err)
{
    const char *text = evprof_param(&call->params, "path");
    size_t path_len = 0;
    uint32_t *path = read_path(text != NULL ? text : "", &path_len);
    if (path == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "flame: out of memory");
    }
    int64_t width =
        evprof_param_int(&call->params, "width", 100, 20000, DEFAULT_WIDTH);
    ask->path = path;
    ask->path_len = path_len;
    ask->narrowest = NARROWEST_PIXELS / (double)width;
    ask->max_boxes = MAX_BOXES;
    evprof_fold_t fold;
    int status = evprof_fold_make(seen->stacks, ask, &fold, err);
    free(path);
    if (status == EVPROF_OK) {
        evprof_document_flame(d, key, &fold);
        evprof_fold_free(&fold);
    }
    return status;
}

/* Both halves of a sandwich view: callers and callees of one place. */
static int
put_sandwich(evprof_web_call_t *call, const evprof_seen_t *seen,
             evprof_document_t *d, evprof_error_t *err)
{
    int64_t place = evprof_param_int(
        &call->params, "place", 0, (int64_t)seen->stacks->place_count - 1, -1);
    if (place < 0) {
        return evprof_fail(err, EVPROF_ENOENT, "no such place");
    }
    evprof_fold_ask_t ask = { .kind = EVPROF_FOLD_CALLERS,
                              .place = (uint32_t)place };
    int status = put_fold(call, seen, "callers", &ask, d, err);
    if (status == EVPROF_OK) {
        ask.kind = EVPROF_FOLD_CALLEES;
        status = put_fold(call, seen, "callees", &ask, d, err);
    }
    return status;
}

static int
put_flame(evprof_web_call_t *call, const evprof_seen_t *seen,
          evprof_document_t *d, evprof_error_t *err)
{
    const char *kind = evprof_param(&call->params, "kind");
    if (kind != NULL && strcmp(kind, "sandwich") == 0) {
        return put_sandwich(call, seen, d, err);
    }
    evprof_fold_ask_t ask = { .kind = kind_of(kind) };
    ask.place = (uint32_t)evprof_param_int(
        &call->params, "place", 0, (int64_t)seen->stacks->place_count - 1, 0);
    return put_fold(call, seen, "flame", &ask, d, err);
}

int
evprof_web_flame(evprof_web_call_t *call, evprof_buf_t *out,
                 evprof_error_t *err)
{
    const evprof_seen_t *seen;
    evprof_document_t d;
    int status = evprof_web_begin(call, &seen, &d, out, err);
    if (status != EVPROF_OK) {
        return status;
    }
    status = put_flame(call, seen, &d, err);
    bool is_part = evprof_param(&call->params, "path") != NULL ||
                   evprof_param(&call->params, "part") != NULL;
    if (status == EVPROF_OK && !is_part) {
        evprof_web_put_head(call, &d, seen);
        status = evprof_document_rows(&d, seen->rows, "flat", ROWS_BESIDE, err);
    }
    evprof_document_end(&d);
    return status;
}
