/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_STRINGS_H
#define EVPROF_BASE_STRINGS_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"

/*
 * A set of strings in which equal strings have one address, so that comparing
 * two of them is comparing pointers. Strings live as long as the set. One
 * thread at a time. Zero-initialised is empty and valid.
 */
typedef struct evprof_strings {
    evprof_arena_t arena;
    struct evprof_string_slot *slots;
    size_t slot_count; /* a power of two, or 0 */
    size_t count;
} evprof_strings_t;

/* The set's own copy of `len` bytes, NUL-terminated; NULL: out of memory. */
const char *evprof_strings_add(evprof_strings_t *set, const char *text,
                               size_t len);

/* The same for a NUL-terminated text. */
const char *evprof_strings_intern(evprof_strings_t *set, const char *text);

/* Frees all strings of the table. */
void evprof_strings_free(evprof_strings_t *set);

#endif
