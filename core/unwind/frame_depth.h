/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_FRAME_DEPTH_H
#define EVPROF_UNWIND_FRAME_DEPTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The distance from the stack pointer up to the frame pointer after the
 * instruction that ends at `code` + `at`, derived from the function's
 * instructions alone. `code` holds all `size` bytes of the function. False: the
 * distance varies there (the frame has no fixed size), or the code is not
 * understood. Allocates; not signal-safe.
 */
bool evprof_frame_depth(const unsigned char *code, size_t size, size_t at,
                        intptr_t *depth);

#endif
