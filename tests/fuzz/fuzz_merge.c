/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two strangers' profiles as one: what merges must pass the check, hold what
 * both held, and mean the same whichever comes first. The first two bytes of
 * the input say where it is cut.
 */
#include <stdlib.h>
#include <string.h>

#include "core/analysis/merge.h"
#include "core/profile/pprof.h"
#include "tests/fuzz/fuzz.h"

static void
require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static uint64_t
sum_of(const evprof_pprof_t *p)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < p->sample_count; i++) {
        for (size_t k = 0; k < p->type_count; k++) {
            sum += (uint64_t)p->samples[i].values[k];
        }
    }
    return sum;
}

static void
check_merge(evprof_pprof_t *a, evprof_pprof_t *b)
{
    evprof_pprof_t *orders[2][2] = { { a, b }, { b, a } };
    uint64_t sums = sum_of(a) + sum_of(b);
    size_t counts[2] = { 0, 0 };
    int statuses[2];
    for (int i = 0; i < 2; i++) {
        evprof_pprof_t *merged = NULL;
        evprof_error_t err = { .message = "" };
        statuses[i] = evprof_pprof_merge(orders[i], 2, &merged, &err);
        if (statuses[i] != EVPROF_OK) {
            require(err.message[0] != '\0');
            continue;
        }
        require(evprof_pprof_check(merged, NULL) == EVPROF_OK);
        require(sum_of(merged) == sums);
        counts[i] = merged->sample_count;
        evprof_pprof_free(merged);
    }
    require((statuses[0] == EVPROF_OK) == (statuses[1] == EVPROF_OK));
    require(counts[0] == counts[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    evprof_pprof_t *profiles[2] = { NULL, NULL };
    if (len < 2) {
        return 0;
    }
    size_t cut = 2 + ((size_t)data[0] << 8 | data[1]) % (len - 1);
    (void)evprof_pprof_decode(data + 2, cut - 2, 1 << 20, &profiles[0], NULL);
    (void)evprof_pprof_decode(data + cut, len - cut, 1 << 20, &profiles[1],
                              NULL);
    if (profiles[0] != NULL && profiles[1] != NULL) {
        check_merge(profiles[0], profiles[1]);
    }
    evprof_pprof_free(profiles[0]);
    evprof_pprof_free(profiles[1]);
    return 0;
}
