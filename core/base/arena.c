/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bump allocator over blocks that double up to a limit: small profiles touch
 * one page, large ones few blocks. A request larger than a block gets a block
 * of its own behind the current one, whose free room stays in use.
 */
#include "core/base/arena.h"

#include <stdint.h>
#include <string.h>

#include "core/base/bulk.h"

struct evprof_arena_block {
    struct evprof_arena_block *previous;
    size_t size;
    _Alignas(max_align_t) char data[];
};

#define FIRST_BLOCK_SIZE ((size_t)4096)
#define LARGEST_BLOCK_SIZE ((size_t)1 << 20)

static struct evprof_arena_block *
block_new(evprof_arena_t *arena, size_t size)
{
    if (size > SIZE_MAX / 2) {
        return NULL;
    }
    struct evprof_arena_block *block = evprof_bulk_alloc(sizeof(*block) + size);
    if (block != NULL) {
        block->size = size;
        arena->total += sizeof(*block) + size;
    }
    return block;
}

static void *
alloc_large(evprof_arena_t *arena, size_t size)
{
    struct evprof_arena_block *block = block_new(arena, size);
    if (block == NULL) {
        return NULL;
    }
    if (arena->block == NULL) {
        block->previous = NULL;
        arena->block = block;
    } else {
        block->previous = arena->block->previous;
        arena->block->previous = block;
    }
    return block->data;
}

static void *
alloc_bytes(evprof_arena_t *arena, size_t size, size_t align)
{
    size_t skip = (align - (uintptr_t)arena->next % align) % align;
    if (arena->next != NULL && size <= (size_t)(arena->end - arena->next) &&
        skip <= (size_t)(arena->end - arena->next) - size) {
        char *out = arena->next + skip;
        arena->next = out + size;
        return out;
    }
    size_t want =
        arena->block == NULL ? FIRST_BLOCK_SIZE : arena->block->size * 2;
    if (want > LARGEST_BLOCK_SIZE || want < FIRST_BLOCK_SIZE) {
        want = LARGEST_BLOCK_SIZE;
    }
    if (size > want / 4) {
        return alloc_large(arena, size);
    }
    struct evprof_arena_block *block = block_new(arena, want);
    if (block == NULL) {
        return NULL;
    }
    block->previous = arena->block;
    arena->block = block;
    arena->next = block->data + size;
    arena->end = block->data + want;
    return block->data;
}

void *
evprof_arena_alloc(evprof_arena_t *arena, size_t size)
{
    return alloc_bytes(arena, size == 0 ? 1 : size, _Alignof(max_align_t));
}

void *
evprof_arena_calloc(evprof_arena_t *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    void *out = evprof_arena_alloc(arena, count * size);
    if (out != NULL) {
        memset(out, 0, count * size);
    }
    return out;
}

void *
evprof_arena_extend(evprof_arena_t *arena, const void *items, size_t count,
                    size_t more, size_t size)
{
    void *out = more > SIZE_MAX - count
                    ? NULL
                    : evprof_arena_calloc(arena, count + more, size);
    if (out != NULL && count > 0) {
        memcpy(out, items, count * size);
    }
    return out;
}

char *
evprof_arena_strndup(evprof_arena_t *arena, const char *text, size_t len)
{
    if (len == SIZE_MAX) {
        return NULL;
    }
    char *out = alloc_bytes(arena, len + 1, 1);
    if (out != NULL) {
        if (len > 0) {
            memcpy(out, text, len);
        }
        out[len] = '\0';
    }
    return out;
}

void
evprof_arena_wipe(evprof_arena_t *arena)
{
    for (struct evprof_arena_block *block = arena->block; block != NULL;
         block = block->previous) {
        explicit_bzero(block->data, block->size);
    }
}

void
evprof_arena_free(evprof_arena_t *arena)
{
    struct evprof_arena_block *block = arena->block;
    while (block != NULL) {
        struct evprof_arena_block *previous = block->previous;
        evprof_bulk_free(block, sizeof(*block) + block->size);
        block = previous;
    }
    *arena = (evprof_arena_t){ 0 };
}
