/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_NEAREST_H
#define EVPROF_BASE_NEAREST_H

#include <stddef.h>

/*
 * The known name that somebody meant who wrote `word`: set `word`, try every
 * name, and read `best`, which is NULL when none is near enough.
 */
typedef struct evprof_nearest {
    const char *word;
    const char *best;
    size_t
        distance; /* of `best`: letters wrong, too many, missing or swapped */
} evprof_nearest_t;

/* Keeps `name`, which must live as long as `nearest`, if it is near enough to
 * the word and nearer than the best so far. */
void evprof_nearest_try(evprof_nearest_t *nearest, const char *name);

#endif
