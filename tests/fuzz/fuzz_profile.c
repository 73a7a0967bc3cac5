/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile.proto: what the decoder takes must pass the check, survive every
 * operation, and mean the same after writing and reading it again.
 */
#include <stdlib.h>
#include <string.h>

#include "core/analysis/aggregate.h"
#include "core/analysis/merge.h"
#include "core/analysis/prune.h"
#include "core/analysis/sample_filter.h"
#include "core/analysis/scale.h"
#include "core/analysis/tags.h"
#include "core/base/buf.h"
#include "core/profile/pprof.h"
#include "tests/fuzz/fuzz.h"

static void
require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static evprof_buf_t
encode(const evprof_pprof_t *p)
{
    evprof_buf_t buf = { 0 };
    evprof_writer_t out = evprof_writer_buf(&buf);
    require(evprof_pprof_encode(p, EVPROF_ENCODE_PLAIN, &out, NULL) ==
            EVPROF_OK);
    return buf;
}

/* The first writing makes texts valid UTF-8; the next ones change nothing. */
static void
check_round_trip(const evprof_pprof_t *p)
{
    evprof_buf_t first = encode(p);
    evprof_pprof_t *again = NULL;
    require(evprof_pprof_decode(first.data, first.len, 0, &again, NULL) ==
            EVPROF_OK);
    evprof_buf_t second = encode(again);
    evprof_pprof_t *third = NULL;
    require(evprof_pprof_decode(second.data, second.len, 0, &third, NULL) ==
            EVPROF_OK);
    require(third->sample_count == p->sample_count &&
            third->location_count == p->location_count &&
            third->function_count == p->function_count);
    evprof_buf_t last = encode(third);
    require(last.len == second.len &&
            (last.len == 0 || memcmp(last.data, second.data, last.len) == 0));
    evprof_buf_free(&first);
    evprof_buf_free(&second);
    evprof_buf_free(&last);
    evprof_pprof_free(again);
    evprof_pprof_free(third);
}

/* The negative of INT64_MIN is no number: it becomes INT64_MAX, and a profile
 * less itself is not empty then. */
static bool
can_be_negated(const evprof_pprof_t *p)
{
    for (size_t i = 0; i < p->sample_count; i++) {
        for (size_t c = 0; c < p->type_count; c++) {
            if (p->samples[i].values[c] == INT64_MIN) {
                return false;
            }
        }
    }
    return true;
}

static void
check_merge(evprof_pprof_t *p)
{
    bool must_vanish = can_be_negated(p);
    evprof_pprof_t *sources[2] = { p, evprof_pprof_copy(p) };
    require(sources[1] != NULL);
    evprof_pprof_negate(sources[1]);
    evprof_pprof_t *merged = NULL;
    if (evprof_pprof_merge(sources, 2, &merged, NULL) == EVPROF_OK) {
        require(evprof_pprof_check(merged, NULL) == EVPROF_OK);
        require(merged->sample_count == 0 || !must_vanish);
        evprof_pprof_free(merged);
    }
    evprof_pprof_free(sources[1]);
}

static void
apply_filters(evprof_pprof_t *p)
{
    static const char *const keys[] = { "a", "b" };
    evprof_regex_t *re = NULL;
    require(evprof_regex_new("[a-m]", &re, NULL) == EVPROF_OK);
    evprof_tag_frames_t frames = { keys, 2, keys, 1, "minimum" };
    evprof_frames_matched_t framed;
    require(evprof_pprof_add_tag_frames(p, &frames, &framed) == EVPROF_OK);
    evprof_label_units_t units;
    require(evprof_pprof_label_units(p, &units) == EVPROF_OK);
    evprof_pprof_remove_uninteresting(p, NULL);
    evprof_name_filter_t filter = { .hide = re };
    evprof_name_matched_t matched;
    require(evprof_pprof_filter_names(p, &filter, &matched) == EVPROF_OK);
    bool found = false;
    evprof_pprof_show_from(p, re, &found);
    evprof_pprof_prune_from(p, re);
    evprof_pprof_aggregate(p, EVPROF_KEEP_FILENAME);
    require(evprof_pprof_check(p, NULL) == EVPROF_OK);
    evprof_regex_free(re);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    evprof_pprof_t *p = NULL;
    evprof_error_t err;
    int status = evprof_pprof_decode(data, len, 1 << 20, &p, &err);
    if (status != EVPROF_OK) {
        require(err.status == status && err.message[0] != '\0');
        return 0;
    }
    require(evprof_pprof_check(p, NULL) == EVPROF_OK);
    check_round_trip(p);
    check_merge(p);
    apply_filters(p);
    evprof_pprof_free(p);
    return 0;
}
