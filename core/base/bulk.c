/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small pieces are malloc's, which has them at hand; from EVPROF_BULK_SIZE on a
 * piece is a mapping of its own, which the kernel makes larger without a copy.
 * The size tells which of them a piece is.
 */
#include "core/base/bulk.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/grow.h"

/* Sanitizers look after what malloc gives alone: the ends of a mapping are not
 * guarded, pointers in it are not seen, and what moves with it seems raced for.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED true
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED false
#endif

static bool
is_mapped(size_t size)
{
    return !IS_SANITIZED && size >= EVPROF_BULK_SIZE;
}

void *
evprof_bulk_alloc(size_t size)
{
    if (!is_mapped(size)) {
        return malloc(size);
    }
    void *piece = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return piece == MAP_FAILED ? NULL : piece;
}

void *
evprof_bulk_zeroed(size_t size)
{
    return is_mapped(size) ? evprof_bulk_alloc(size) : calloc(1, size);
}

void
evprof_bulk_free(void *piece, size_t size)
{
    if (piece != NULL && is_mapped(size)) {
        munmap(piece, size);
    } else {
        free(piece);
    }
}

/* From one kind of memory to the other. */
static void *
move(void *piece, size_t old_size, size_t size)
{
    void *moved = evprof_bulk_alloc(size);
    if (moved != NULL) {
        memcpy(moved, piece, old_size < size ? old_size : size);
        evprof_bulk_free(piece, old_size);
    }
    return moved;
}

void *
evprof_bulk_resize(void *piece, size_t old_size, size_t size)
{
    if (piece == NULL) {
        return evprof_bulk_alloc(size);
    }
    if (is_mapped(old_size) != is_mapped(size)) {
        return move(piece, old_size, size);
    }
    if (!is_mapped(size)) {
        return realloc(piece, size);
    }
    void *moved = mremap(piece, old_size, size, MREMAP_MAYMOVE);
    return moved == MAP_FAILED ? NULL : moved;
}

void *
evprof_bulk_grow(void *items, size_t *cap, size_t need, size_t size)
{
    size_t count = evprof_grown(items == NULL ? 0 : *cap, need);
    if (items != NULL && count == *cap) {
        return items;
    }
    void *moved = count > PTRDIFF_MAX / size
                      ? NULL
                      : evprof_bulk_resize(items, *cap * size, count * size);
    if (moved != NULL) {
        *cap = count;
    }
    return moved;
}

/* ---- Sorting ---- */

typedef struct sort {
    char *room;
    size_t size;
    int (*compare)(const void *, const void *);
} sort_t;

/* Merges the two sorted runs of `low` and `high` items at `items`. The first is
 * copied away, so that the second is never overwritten before it is read. */
static void
merge(const sort_t *s, char *items, size_t low, size_t high)
{
    const size_t size = s->size;
    char *second = items + low * size;
    char *end = second + high * size;
    const char *first = s->room;
    const char *first_end = first + low * size;
    memcpy(s->room, items, low * size);
    while (first < first_end && second < end) {
        bool takes_first = s->compare(first, second) <= 0;
        memcpy(items, takes_first ? first : second, size);
        items += size;
        first += takes_first ? size : 0;
        second += takes_first ? 0 : size;
    }
    memcpy(items, first, (size_t)(first_end - first));
}

static void
sort(const sort_t *s, char *items, size_t count)
{
    if (count < 2) {
        return;
    }
    const size_t low = count / 2;
    char *second = items + low * s->size;
    sort(s, items, low);
    sort(s, second, count - low);
    if (s->compare(second - s->size, second) > 0) {
        merge(s, items, low, count - low);
    }
}

void
evprof_bulk_sort(void *items, size_t count, size_t size,
                 int (*compare)(const void *, const void *))
{
    if (count < 2) {
        return;
    }
    const size_t room = count / 2 * size;
    const sort_t s = { .room = evprof_bulk_alloc(room),
                       .size = size,
                       .compare = compare };
    if (s.room == NULL) {
        qsort(items, count, size, compare); /* it can do without */
        return;
    }
    sort(&s, items, count);
    evprof_bulk_free(s.room, room);
}
