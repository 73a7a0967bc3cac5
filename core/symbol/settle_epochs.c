/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A location is one address, at which two objects may have been loaded one
 * after the other. So the samples are converted one by one: where an epoch
 * moves a location, the sample gets a new location. Most profiles have one or
 * two epochs, so each location remembers the answer of its last one.
 */
#include "core/symbol/settle_epochs.h"

#include <stdlib.h>

#include <evprof/status.h>

#include "core/base/grow.h"
#include "core/base/hash.h"
#include "core/base/index.h"
#include "core/objects/epoch.h"

/* The answer for a location in the last epoch it was asked for. */
typedef struct answer {
    uint32_t epoch; /* the epoch + 1; 0: no answer yet */
    uint32_t location;
    bool is_vague;
} answer_t;

typedef struct settling {
    const evprof_objects_t *objects;
    evprof_pprof_t *p;
    answer_t *answers; /* by old location */
    uint64_t *added;   /* addresses of the new locations */
    size_t added_count;
    size_t added_cap;
    evprof_index_t index; /* of `added` */
} settling_t;

/* The new location at that address, added if there is none. */
static int
add_location(settling_t *s, uint64_t address, uint32_t *out)
{
    uint64_t hash = evprof_hash_mix(address);
    evprof_index_walk_t walk = evprof_index_walk(&s->index, hash);
    uint32_t row = evprof_index_next(&walk);
    while (row != EVPROF_INDEX_END && s->added[row] != address) {
        row = evprof_index_next(&walk);
    }
    if (row == EVPROF_INDEX_END) {
        uint64_t *added = evprof_grow(s->added, &s->added_cap,
                                      s->added_count + 1, sizeof(*added));
        if (added == NULL) {
            return EVPROF_ENOMEM;
        }
        s->added = added;
        row = (uint32_t)s->added_count++;
        added[row] = address;
        if (evprof_index_add(&s->index, hash, row) != EVPROF_OK) {
            return EVPROF_ENOMEM;
        }
    }
    *out = (uint32_t)s->p->location_count + row;
    return EVPROF_OK;
}

static int
settle_location(settling_t *s, uint32_t *location, uint32_t epoch,
                bool *is_vague)
{
    answer_t *answer = &s->answers[*location];
    if (answer->epoch != epoch + 1) {
        uint64_t address = s->p->locations[*location].address;
        *answer = (answer_t){ .epoch = epoch + 1, .location = *location };
        uint64_t place = evprof_objects_place(s->objects, (uintptr_t)address,
                                              epoch, &answer->is_vague);
        if (place != address &&
            add_location(s, place, &answer->location) != EVPROF_OK) {
            return EVPROF_ENOMEM;
        }
    }
    *location = answer->location;
    *is_vague = *is_vague || answer->is_vague;
    return EVPROF_OK;
}

static int
settle_sample(settling_t *s, evprof_sample_t *sample, size_t *vague)
{
    uint32_t epoch = 0;
    bool is_vague = false;
    uint32_t count = sample->location_count;
    /* A mark takes the place of a return address, from which 1 was
     * subtracted. */
    if (count > 0 &&
        evprof_epoch_marked(
            s->p->locations[sample->locations[count - 1]].address + 1,
            &epoch)) {
        sample->location_count = --count;
    } else {
        epoch = 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (settle_location(s, &sample->locations[i], epoch, &is_vague) !=
            EVPROF_OK) {
            return EVPROF_ENOMEM;
        }
    }
    *vague += is_vague;
    return EVPROF_OK;
}

/* Appends the new locations to the profile's. */
static int
append_locations(settling_t *s)
{
    evprof_pprof_t *p = s->p;
    evprof_location_t *locations =
        evprof_arena_extend(&p->arena, p->locations, p->location_count,
                            s->added_count, sizeof(*locations));
    if (locations == NULL) {
        return EVPROF_ENOMEM;
    }
    for (size_t i = 0; i < s->added_count; i++) {
        locations[p->location_count + i] =
            (evprof_location_t){ .id = p->location_count + i + 1,
                                 .address = s->added[i],
                                 .mapping = EVPROF_NO_INDEX };
    }
    p->locations = locations;
    p->location_count += s->added_count;
    return EVPROF_OK;
}

int
evprof_symbol_settle(const evprof_objects_t *objects, evprof_pprof_t *p,
                     size_t *vague)
{
    settling_t s = { .objects = objects, .p = p };
    int status = EVPROF_OK;
    s.answers = calloc(p->location_count + 1, sizeof(*s.answers));
    *vague = 0;
    if (s.answers == NULL) {
        return EVPROF_ENOMEM;
    }
    for (size_t i = 0; i < p->sample_count && status == EVPROF_OK; i++) {
        status = settle_sample(&s, &p->samples[i], vague);
    }
    if (status == EVPROF_OK && s.added_count > 0) {
        status = append_locations(&s);
    }
    evprof_index_free(&s.index);
    free(s.answers);
    free(s.added);
    return status;
}
