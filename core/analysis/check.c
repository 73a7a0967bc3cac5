/* SPDX-License-Identifier: Apache-2.0 */
/* Checks what users of a profile rely on, for profiles that our decoder did not
 * make. */
#include <stddef.h>

#include "core/base/error.h"
#include "core/profile/pprof.h"

static int
check_sample(const evprof_pprof_t *p, size_t row, evprof_error_t *err)
{
    const evprof_sample_t *s = &p->samples[row];
    if (s->values == NULL) {
        return evprof_fail(
            err, EVPROF_EINVAL,
            "the profile contradicts itself: sample %zu has no values", row);
    }
    for (uint32_t i = 0; i < s->location_count; i++) {
        if (s->locations[i] >= p->location_count) {
            return evprof_fail(
                err, EVPROF_EINVAL,
                "the profile contradicts itself: sample %zu refers to "
                "location %u of %zu",
                row, s->locations[i], p->location_count);
        }
    }
    return EVPROF_OK;
}

static int
check_location(const evprof_pprof_t *p, size_t row, evprof_error_t *err)
{
    const evprof_location_t *l = &p->locations[row];
    if (l->mapping != EVPROF_NO_INDEX && l->mapping >= p->mapping_count) {
        return evprof_fail(
            err, EVPROF_EINVAL,
            "the profile contradicts itself: location %zu refers to mapping "
            "%u of %zu",
            row, l->mapping, p->mapping_count);
    }
    for (uint32_t i = 0; i < l->line_count; i++) {
        if (l->lines[i].function >= p->function_count) {
            return evprof_fail(
                err, EVPROF_EINVAL,
                "the profile contradicts itself: location %zu refers to "
                "function %u of %zu",
                row, l->lines[i].function, p->function_count);
        }
    }
    return EVPROF_OK;
}

static size_t
most_lines(const evprof_pprof_t *p)
{
    size_t most = 1;
    for (size_t i = 0; i < p->location_count; i++) {
        size_t count = p->locations[i].line_count;
        most = count > most ? count : most;
    }
    return most;
}

/* Inlining multiplies frames: a small file may give a hundred thousand lines to
 * each of a thousand locations. */
static int
check_depth(const evprof_pprof_t *p, size_t row, size_t most,
            evprof_error_t *err)
{
    const evprof_sample_t *s = &p->samples[row];
    if (s->location_count <= EVPROF_DEPTH_MAX / most) {
        return EVPROF_OK;
    }
    size_t depth = 0;
    for (uint32_t i = 0; i < s->location_count; i++) {
        size_t lines = p->locations[s->locations[i]].line_count;
        depth += lines == 0 ? 1 : lines;
    }
    if (depth > EVPROF_DEPTH_MAX) {
        return evprof_fail(
            err, EVPROF_ELIMIT,
            "the profile contradicts itself: sample %zu has a stack of %zu "
            "frames, more than %zu",
            row, depth, EVPROF_DEPTH_MAX);
    }
    return EVPROF_OK;
}

int
evprof_pprof_check(const evprof_pprof_t *p, evprof_error_t *err)
{
    if (p->type_count == 0 && p->sample_count > 0) {
        return evprof_fail(err, EVPROF_EINVAL,
                           "the profile contradicts itself: it has samples, "
                           "but no sample types");
    }
    int status = EVPROF_OK;
    for (size_t i = 0; i < p->sample_count && status == EVPROF_OK; i++) {
        status = check_sample(p, i, err);
    }
    for (size_t i = 0; i < p->location_count && status == EVPROF_OK; i++) {
        status = check_location(p, i, err);
    }
    size_t most = most_lines(p);
    for (size_t i = 0; i < p->sample_count && status == EVPROF_OK; i++) {
        status = check_depth(p, i, most, err);
    }
    return status;
}
