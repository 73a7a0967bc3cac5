/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_SIG_ARCH_H
#define EVPROF_UNWIND_SIG_ARCH_H

/*
 * What differs between processors, one header each: the number and meaning of
 * DWARF registers, how they are found in a ucontext_t, what a call looks like,
 * and the one system call that asks whether a page can be read.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#include "core/unwind/sig_arch_x86_64.h"
#elif defined(__aarch64__)
#include "core/unwind/sig_arch_aarch64.h"
#else
#error "the unwinder knows x86-64 and aarch64"
#endif

/* Registers between two instructions; r is indexed by DWARF numbers. */
typedef struct evprof_regs {
    uintptr_t pc;
    uintptr_t r[EVPROF_REG_COUNT];
    uint64_t known; /* bit i: r[i] is what the frame's code saw */
} evprof_regs_t;

#define EVPROF_REGS_ALL ((UINT64_C(1) << EVPROF_REG_COUNT) - 1)

/* Memory of another's making: no alignment and no type is promised, and the
 * sanitizers' own notions of valid memory do not apply. */
typedef uintptr_t evprof_any_word __attribute__((aligned(1), may_alias));

#define EVPROF_UNCHECKED                                                       \
    __attribute__((no_sanitize("address", "thread", "undefined")))

/* Everything that the function calls becomes part of it, so that a reader's
 * position stays in registers: half of the time of a leaf. */
#define EVPROF_FLAT __attribute__((flatten))

/* The word at an address that is known to be readable. */
EVPROF_UNCHECKED static inline uintptr_t
evprof_peek(uintptr_t address)
{
    /* Where it was told that a constant comes from, the compiler warns of a
     * small one as a null pointer with an offset. */
    __asm__("" : "+r"(address));
    return *(const volatile evprof_any_word *)address; // NOLINT
}

#endif
