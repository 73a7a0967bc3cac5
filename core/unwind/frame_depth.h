/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_FRAME_DEPTH_H
#define EVPROF_UNWIND_FRAME_DEPTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How far above the stack pointer the frame pointer is behind the instruction
 * that ends at `code` + `at`, by the instructions of the function alone. `code`
 * are all `size` bytes of the function. False when that cannot be told: the
 * frame has no fixed size there, or the code is not understood. Allocates; not
 * signal-safe.
 */
bool evprof_frame_depth(const unsigned char *code, size_t size, size_t at,
                        intptr_t *depth);

#endif
