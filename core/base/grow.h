/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_GROW_H
#define EVPROF_BASE_GROW_H

#include <stddef.h>

/* The room for `need` items after a room for `cap`, 0 for none so far: `cap`
 * where that is enough, at least twice as much where it is not. */
size_t evprof_grown(size_t cap, size_t need);

/*
 * Makes room for `need` items of `size` bytes in an array from malloc whose
 * room is `*cap` items; the room at least doubles. Returns the array, possibly
 * moved, with `*cap` raised, or NULL when memory is out: `items` is then as it
 * was and still the caller's.
 */
void *evprof_grow(void *items, size_t *cap, size_t need, size_t size);

#endif
