/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays that grow. The room doubles, so that adding n items copies at most 2n;
 * an array that has room already is returned as it is.
 */
#include "core/base/grow.h"

#include <stdint.h>
#include <stdlib.h>

#define FIRST_COUNT ((size_t)16)

void *
evprof_grow(void *items, size_t *cap, size_t need, size_t size)
{
    if (items != NULL && need <= *cap) {
        return items;
    }
    size_t count = *cap < FIRST_COUNT / 2 ? FIRST_COUNT : *cap * 2;
    if (count < need) {
        count = need;
    }
    if (count > PTRDIFF_MAX / size) {
        return NULL;
    }
    void *moved = realloc(items, count * size);
    if (moved != NULL) {
        *cap = count;
    }
    return moved;
}
