/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_HOOKS_H
#define EVPROF_SAMPLE_HOOKS_H

/*
 * The functions that stand in front of libc's lie together in a section, so
 * that their frames can be told from the program's by address and left out of
 * profiles, whatever names and inlining make of them.
 */
#include <stdbool.h>
#include <stdint.h>

/* Marks such a function, or a static part of one. */
#define EVPROF_HOOK __attribute__((section("evprof_hooks")))

/* Made by the linker where there is such a section. */
extern const char __start_evprof_hooks[]
    __attribute__((weak, visibility("hidden")));
extern const char __stop_evprof_hooks[]
    __attribute__((weak, visibility("hidden")));

/* Whether `pc` lies in a function that is marked so. */
static inline bool
evprof_is_hook(uint64_t pc)
{
    return pc >= (uintptr_t)__start_evprof_hooks &&
           pc < (uintptr_t)__stop_evprof_hooks;
}

#endif
