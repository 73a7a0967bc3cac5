/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TESTING_STACK_H
#define EVPROF_TESTING_STACK_H

#include <stddef.h>
#include <stdint.h>

/* Frames of a crash that are worth printing. */
#define EVPROF_CRASH_FRAMES 64

typedef struct evprof_crash_stack {
    uintptr_t pcs[EVPROF_CRASH_FRAMES];
    size_t count;
} evprof_crash_stack_t;

/* Readies the unwinder; before a crash may happen. */
void evprof_crash_stack_prepare(void);

/* Takes the stack of a signal's context. Signal-safe. */
void evprof_crash_stack_take(evprof_crash_stack_t *out, const void *context);

/* Prints function, file and line of each frame to stderr. Not in a handler. */
void evprof_crash_stack_print(const evprof_crash_stack_t *stack);

#endif
