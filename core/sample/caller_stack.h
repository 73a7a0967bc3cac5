/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_CALLER_STACK_H
#define EVPROF_SAMPLE_CALLER_STACK_H

#include <stddef.h>
#include <stdint.h>

/* The deepest stack that is kept, as in Go since 1.23. */
#define EVPROF_HERE_DEPTH ((size_t)128)

/*
 * Makes ready what the walk needs; before the first evprof_here(), and again
 * when objects may have been loaded since. Allocates. What the unwinder says:
 * EVPROF_ENOMEM, EVPROF_EIO; walks are then worse, not unsafe.
 */
int evprof_here_prepare(void);

/*
 * The calling thread's stack, beginning at the frame that the return address
 * `caller` belongs to; the frames above it are ours and left out. Fills in up
 * to EVPROF_HERE_DEPTH return addresses and returns how many, at least one.
 * Allocates nothing, takes no pthread lock, keeps errno; not in a handler.
 */
size_t evprof_here(uintptr_t *pcs, const void *caller);

#endif
