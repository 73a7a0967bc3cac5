/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key of a sample: its stack and its labels. Building and merging profiles
 * both look samples up by it.
 */
#include "core/profile/sample_key.h"

#include <string.h>

#include "core/base/hash.h"
#include "core/profile/labels.h"

uint64_t
evprof_sample_hash(const evprof_sample_t *sample)
{
    uint64_t stack =
        evprof_hash(sample->locations,
                    sample->location_count * sizeof(*sample->locations), 0);
    return evprof_labels_hash(sample->labels, sample->label_count, stack);
}

evprof_sample_t *
evprof_sample_find(const evprof_index_t *index, evprof_sample_t *samples,
                   const evprof_sample_t *like, uint64_t hash)
{
    evprof_index_walk_t walk = evprof_index_walk(index, hash);
    for (;;) {
        uint32_t row = evprof_index_next(&walk);
        if (row == EVPROF_INDEX_END) {
            return NULL;
        }
        evprof_sample_t *s = &samples[row];
        if (s->location_count == like->location_count &&
            s->label_count == like->label_count &&
            memcmp(s->locations, like->locations,
                   s->location_count * sizeof(*s->locations)) == 0 &&
            evprof_labels_equal(s->labels, like->labels, s->label_count)) {
            return s;
        }
    }
}
