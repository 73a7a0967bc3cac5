/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_OBJECTS_EPOCH_H
#define EVPROF_OBJECTS_EPOCH_H

/*
 * An address has a meaning only at a given time: when a plugin is unloaded,
 * another may take its place. The epoch is the number of times that objects
 * have been found unloaded. A stack through code that can be unloaded ends in a
 * mark with the epoch in which it was taken; evprof_objects_place() says where
 * its addresses were then.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Written under a lock of objects.c; a load is signal-safe. */
extern _Atomic uint32_t evprof_unload_epoch
    __attribute__((visibility("hidden")));

/* Not canonical on any processor, and no mark of labels. */
#define EVPROF_EPOCH_MARK UINT64_C(0xe7c0000000000000)
#define EVPROF_EPOCH_MASK UINT64_C(0xffffffff00000000)

/* The mark, as an address at which no code can be. */
static inline uintptr_t
evprof_epoch_mark(uint32_t epoch)
{
    return (uintptr_t)(EVPROF_EPOCH_MARK | epoch);
}

/* Whether the address is a mark, whose epoch is then `*epoch`. */
static inline bool
evprof_epoch_marked(uint64_t address, uint32_t *epoch)
{
    *epoch = (uint32_t)address;
    return (address & EVPROF_EPOCH_MASK) == EVPROF_EPOCH_MARK;
}

#endif
