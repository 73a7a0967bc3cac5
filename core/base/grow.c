/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays that grow. The room doubles, so that adding n items copies at most 2n;
 * an array that has room already is returned as it is.
 */
#include "core/base/grow.h"

#include <stdint.h>
#include <stdlib.h>

#define FIRST_COUNT ((size_t)16)

size_t
evprof_grown(size_t cap, size_t need)
{
    if (need <= cap && cap > 0) {
        return cap;
    }
    size_t count = cap < FIRST_COUNT / 2 ? FIRST_COUNT : cap * 2;
    return count < need ? need : count;
}

void *
evprof_grow(void *items, size_t *cap, size_t need, size_t size)
{
    if (items != NULL && need <= *cap) {
        return items;
    }
    size_t count = evprof_grown(items == NULL ? 0 : *cap, need);
    if (count > PTRDIFF_MAX / size) {
        return NULL;
    }
    void *moved = realloc(items, count * size);
    if (moved != NULL) {
        *cap = count;
    }
    return moved;
}
