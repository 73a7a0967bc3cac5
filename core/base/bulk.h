/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_BULK_H
#define EVPROF_BASE_BULK_H

/*
 * Memory for much at once, within a server. Pieces of EVPROF_BULK_SIZE and more
 * are mapped by themselves and go back to the system when they are freed. By
 * malloc they might not: each time a large piece is freed, glibc raises the
 * size from which it maps memory, up to 32 MiB and for the whole program, and
 * keeps what is smaller in the arena of whichever thread had asked for it.
 *
 * Who has a piece knows its size, and gives both back. MT-Safe.
 */

#include <stddef.h>

#define EVPROF_BULK_SIZE ((size_t)64 << 10)

/* A piece of `size` > 0 bytes, whose contents are not defined; NULL when memory
 * is out. */
void *evprof_bulk_alloc(size_t size);

/* The same, filled with zeros. */
void *evprof_bulk_zeroed(size_t size);

/* Makes the piece of `old_size` bytes one of `size` > 0 bytes, possibly
 * elsewhere. NULL when memory is out: the old piece then stays as it is. A NULL
 * piece has no bytes. */
void *evprof_bulk_resize(void *piece, size_t old_size, size_t size);

/* Frees the piece of `size` bytes; NULL is ignored. */
void evprof_bulk_free(void *piece, size_t size);

/* evprof_grow() for an array that is such a piece, of `*cap` * `size` bytes. */
void *evprof_bulk_grow(void *items, size_t *cap, size_t need, size_t size);

/* qsort() with its room in such a piece. */
void evprof_bulk_sort(void *items, size_t count, size_t size,
                      int (*compare)(const void *, const void *));

#endif
