/* SPDX-License-Identifier: Apache-2.0 */
#include "adapters/push/delta.h"

#include <string.h>

#include "core/analysis/merge.h"
#include "core/analysis/scale.h"
#include "core/base/error.h"

enum { COLUMNS_MAX = 16 };

bool
evprof_delta_is_for(const char *profile)
{
    static const char *const sums[] = { "allocs", "block", "heap", "mutex" };
    for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
        if (strcmp(sums[i], profile) == 0) {
            return true;
        }
    }
    return false;
}

static bool
is_state(const char *column)
{
    return strncmp(column, "inuse", 5) == 0;
}

/* Whether a column holds current amounts rather than sums. Engines add up the
 * values of profiles that have a duration, which would be wrong for these. */
static bool
has_state(const evprof_pprof_t *p)
{
    size_t i = 0;
    while (i < p->type_count && !is_state(p->types[i].type)) {
        i++;
    }
    return i < p->type_count;
}

/* Turns the older snapshot into the part that is subtracted. */
static void
turn(evprof_pprof_t *before)
{
    double ratios[COLUMNS_MAX] = { 0 };
    for (size_t i = 0; i < before->type_count && i < COLUMNS_MAX; i++) {
        ratios[i] = is_state(before->types[i].type) ? 0 : -1;
    }
    evprof_pprof_scale(before, ratios);
}

static int
subtract(evprof_pprof_t *now, evprof_pprof_t *before, evprof_pprof_t **out,
         evprof_error_t *err)
{
    int64_t began_ns = before->time_ns;
    evprof_pprof_t *const sources[] = { now, before };
    turn(before);
    int status = evprof_pprof_merge(sources, 2, out, err);
    if (status == EVPROF_OK && has_state(now)) {
        (*out)->time_ns = now->time_ns;
        (*out)->duration_ns = 0;
    } else if (status == EVPROF_OK) {
        (*out)->time_ns = began_ns;
        (*out)->duration_ns =
            now->time_ns > began_ns ? now->time_ns - began_ns : 0;
    }
    return status;
}

static int
encode(const evprof_pprof_t *p, evprof_buf_t *out, evprof_error_t *err)
{
    evprof_writer_t writer = evprof_writer_buf(out);
    return evprof_pprof_encode(p, 0, &writer, err);
}

int
evprof_delta_take(evprof_delta_t *delta, const evprof_buf_t *bytes,
                  evprof_buf_t *out, evprof_error_t *err)
{
    evprof_pprof_t *now = NULL;
    evprof_pprof_t *difference = NULL;
    int status = evprof_pprof_decode(bytes->data, bytes->len, 0, &now, err);
    if (status == EVPROF_OK && now->type_count > COLUMNS_MAX) {
        status = evprof_fail(err, EVPROF_ELIMIT, "it has too many columns");
    }
    if (status != EVPROF_OK) {
        evprof_pprof_free(now);
        return status;
    }
    if (delta->before != NULL) {
        status = subtract(now, delta->before, &difference, err);
    }
    if (difference != NULL) {
        status = encode(difference, out, err);
        evprof_pprof_free(difference);
    }
    evprof_delta_free(delta);
    delta->before = now;
    return status;
}

void
evprof_delta_free(evprof_delta_t *delta)
{
    evprof_pprof_free(delta->before);
    delta->before = NULL;
}

int
evprof_delta_comment(const char *comment, evprof_buf_t *bytes,
                     evprof_error_t *err)
{
    evprof_pprof_t *p = NULL;
    int status = evprof_pprof_decode(bytes->data, bytes->len, 0, &p, err);
    if (status != EVPROF_OK) {
        return status;
    }
    status = evprof_pprof_comment(p, comment);
    if (status == EVPROF_OK) {
        evprof_buf_clear(bytes);
        status = encode(p, bytes, err);
    }
    evprof_pprof_free(p);
    return status;
}
