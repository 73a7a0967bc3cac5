/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/locks/profile.h"

#include <string.h>

static evprof_buf_t
take(evprof_t *prof, const char *name, int debug)
{
    evprof_buf_t body = { 0 };
    evprof_writer_t out = evprof_writer_buf(&body);
    evprof_error_t err = { .status = 0 };
    evprof_profile_t *profile = evprof_lookup(prof, name);
    assert_non_null(profile);
    if (evprof_profile_write(profile, &out, debug, &err) != EVPROF_OK) {
        fail_msg("%s: %s", name, err.message);
    }
    assert_false(body.failed);
    return body;
}

evprof_pprof_t *
take_profile(evprof_t *prof, const char *name)
{
    evprof_pprof_t *p = NULL;
    evprof_error_t err = { .status = 0 };
    evprof_buf_t body = take(prof, name, 0);
    if (evprof_pprof_decode(body.data, body.len, 0, &p, &err) != EVPROF_OK) {
        fail_msg("%s: %s", name, err.message);
    }
    evprof_buf_free(&body);
    return p;
}

evprof_buf_t
take_text(evprof_t *prof, const char *name, int debug)
{
    return take(prof, name, debug);
}

static bool
location_has(const evprof_pprof_t *p, uint32_t index, const char *function)
{
    const evprof_location_t *location = &p->locations[index];
    for (uint32_t i = 0; i < location->line_count; i++) {
        uint32_t at = location->lines[i].function;
        if (at != EVPROF_NO_INDEX &&
            strcmp(p->functions[at].name, function) == 0) {
            return true;
        }
    }
    return false;
}

bool
sample_has(const evprof_pprof_t *p, const evprof_sample_t *sample,
           const char *function)
{
    for (uint32_t i = 0; i < sample->location_count; i++) {
        if (location_has(p, sample->locations[i], function)) {
            return true;
        }
    }
    return false;
}

bool
sample_leaf_is(const evprof_pprof_t *p, const evprof_sample_t *sample,
               const char *function)
{
    return sample->location_count > 0 &&
           location_has(p, sample->locations[0], function);
}

int64_t
sum_of(const evprof_pprof_t *p, const char *function, size_t type)
{
    int64_t sum = 0;
    for (size_t i = 0; i < p->sample_count; i++) {
        if (sample_has(p, &p->samples[i], function)) {
            sum += p->samples[i].values[type];
        }
    }
    return sum;
}

const char *
label_of(const evprof_sample_t *sample, const char *key)
{
    for (uint32_t i = 0; i < sample->label_count; i++) {
        if (strcmp(sample->labels[i].key, key) == 0) {
            return sample->labels[i].text;
        }
    }
    return NULL;
}

static bool
is_ours(const evprof_pprof_t *p, uint32_t location)
{
    const evprof_location_t *at = &p->locations[location];
    for (uint32_t i = 0; i < at->line_count; i++) {
        if (at->lines[i].function == EVPROF_NO_INDEX) {
            continue;
        }
        const char *file = p->functions[at->lines[i].function].filename;
        if (strstr(file, "/core/interpose/") != NULL ||
            strstr(file, "/core/sample/") != NULL ||
            strstr(file, "/core/unwind/") != NULL ||
            strstr(file, "/core/objects/") != NULL ||
            strstr(file, "/core/runtime/") != NULL ||
            strstr(file, "/adapters/") != NULL) {
            return true;
        }
    }
    return false;
}

static const char *
name_of(const evprof_pprof_t *p, uint32_t location)
{
    const evprof_location_t *at = &p->locations[location];
    bool is_known =
        at->line_count > 0 && at->lines[0].function != EVPROF_NO_INDEX;
    return is_known ? p->functions[at->lines[0].function].name : "?";
}

void
assert_no_frame_of_ours(const evprof_pprof_t *p, const char *function)
{
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *sample = &p->samples[i];
        for (uint32_t k = 0; k < sample->location_count; k++) {
            if ((function == NULL || sample_has(p, sample, function)) &&
                is_ours(p, sample->locations[k])) {
                fail_msg("frame %u of a stack with %s is ours: %s", k,
                         function == NULL ? "whatever" : function,
                         name_of(p, sample->locations[k]));
            }
        }
    }
}
