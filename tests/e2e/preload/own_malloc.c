/* SPDX-License-Identifier: Apache-2.0 */
/* A program with an allocator built in, as those that link tcmalloc's archive:
 * one that gives out memory in order and takes none back. It also has functions
 * by the names of zlib's, as slapd and varnishd have. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))

EXPORTED void *malloc(size_t size);
EXPORTED void *calloc(size_t count, size_t size);
EXPORTED void *realloc(void *at, size_t size);
EXPORTED void *aligned_alloc(size_t alignment, size_t size);
EXPORTED int posix_memalign(void **out, size_t alignment, size_t size);
EXPORTED void free(void *at);

EXPORTED uint32_t crc32(const void *data, size_t len);
EXPORTED int deflateReset(void *stream);

uint32_t
crc32(const void *data, size_t len)
{
    (void)data;
    (void)len;
    abort();
}

int
deflateReset(void *stream)
{
    (void)stream;
    return -1;
}

static _Alignas(4096) char memory[64 << 20];
static size_t used;

void *
aligned_alloc(size_t alignment, size_t size)
{
    size_t start =
        __atomic_fetch_add(&used, size + 2 * alignment, __ATOMIC_RELAXED);
    start = (start + 2 * alignment - 1) / alignment * alignment;
    if (start + size > sizeof(memory)) {
        return NULL;
    }
    memcpy(memory + start - sizeof(size), &size, sizeof(size));
    return memory + start;
}

void *
malloc(size_t size)
{
    return aligned_alloc(16, size);
}

void *
calloc(size_t count, size_t size)
{
    return malloc(count * size);
}

void *
realloc(void *at, size_t size)
{
    size_t before = 0;
    void *moved = malloc(size);
    if (at != NULL && moved != NULL) {
        memcpy(&before, (char *)at - sizeof(before), sizeof(before));
        memcpy(moved, at, before < size ? before : size);
    }
    return moved;
}

int
posix_memalign(void **out, size_t alignment, size_t size)
{
    *out = aligned_alloc(alignment, size);
    return *out == NULL;
}

void
free(void *at)
{
    (void)at;
}

int
main(void)
{
    return malloc(1) == NULL;
}
