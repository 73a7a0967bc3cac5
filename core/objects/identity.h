/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_OBJECTS_IDENTITY_H
#define EVPROF_OBJECTS_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

/*
 * A number for the bytes at `address` (a multiple of eight of them), by which
 * an object is told from another one at the same place. Signal-safe; the memory
 * must be readable.
 */
__attribute__((no_sanitize("address", "thread"))) static inline uint64_t
evprof_object_identity(uintptr_t address, size_t size)
{
    typedef uint64_t any_word __attribute__((aligned(1), may_alias));
    uint64_t out = size;
    for (size_t i = 0; i + sizeof(out) <= size; i += sizeof(out)) {
        // NOLINTNEXTLINE(performance-no-int-to-ptr)
        out = (out ^ *(const any_word *)(address + i)) *
              UINT64_C(0x9e3779b97f4a7c15);
        out ^= out >> 29;
    }
    return out;
}

#endif
