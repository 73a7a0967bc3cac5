/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_UNWIND_STEPPER_H
#define TESTS_UNIT_UNWIND_STEPPER_H

/*
 * Runs a function one instruction at a time by the processor's trap flag and
 * calls back between any two, with the interrupted context. x86-64 only.
 */

#include <stddef.h>

typedef void (*step_fn)(void *ctx, const void *ucontext);

/* Steps `run(arg)`; returns how many instructions were seen. */
size_t step_through(void (*run)(void *arg), void *arg, step_fn seen, void *ctx);

#endif
