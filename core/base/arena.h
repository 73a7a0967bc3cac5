/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_ARENA_H
#define EVPROF_BASE_ARENA_H

#include <stddef.h>

/*
 * Memory that is taken piece by piece and given back all at once. One thread at
 * a time. Zero-initialised is empty and valid.
 */
typedef struct evprof_arena {
    struct evprof_arena_block *block;
    char *next;   /* first free byte of the current block */
    char *end;    /* first byte after it */
    size_t total; /* bytes taken from malloc, for limits */
} evprof_arena_t;

/* `size` bytes aligned for any object, not cleared; NULL when memory is out. */
void *evprof_arena_alloc(evprof_arena_t *arena, size_t size);

/* The same, cleared, for `count` objects; NULL also when the product wraps. */
void *evprof_arena_calloc(evprof_arena_t *arena, size_t count, size_t size);

/* A longer copy of an array: its `count` objects, which may be NULL for none,
 * and `more` that are cleared. NULL when memory is out or a product wraps. */
void *evprof_arena_extend(evprof_arena_t *arena, const void *items,
                          size_t count, size_t more, size_t size);

/* A NUL-terminated copy of `len` bytes; packed without alignment. */
char *evprof_arena_strndup(evprof_arena_t *arena, const char *text, size_t len);

/* Overwrites all that was handed out, for secrets; nothing may be used after.
 */
void evprof_arena_wipe(evprof_arena_t *arena);

/* Gives everything back; the arena is then empty and valid. */
void evprof_arena_free(evprof_arena_t *arena);

#endif
