/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_SIG_ARCH_H
#define EVPROF_UNWIND_SIG_ARCH_H

/*
 * What differs between processors, one header each: the numbers and meaning of
 * DWARF registers, their places in a ucontext_t, the bytes of call
 * instructions, and the system call that asks whether a page can be read.
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

/* The registers before an instruction runs; `r` is indexed by DWARF register
 * number. */
typedef struct evprof_regs {
    uintptr_t pc;
    uintptr_t r[EVPROF_REG_COUNT];
    uint64_t known; /* bit i: r[i] has the value that this frame sees */
} evprof_regs_t;

#define EVPROF_REGS_ALL ((UINT64_C(1) << EVPROF_REG_COUNT) - 1)

/* A word of somebody else's memory: it may be unaligned, may alias any type,
 * and the sanitizers know nothing of its validity. */
typedef uintptr_t evprof_any_word __attribute__((aligned(1), may_alias));

#define EVPROF_UNCHECKED                                                       \
    __attribute__((no_sanitize("address", "thread", "undefined")))

/* Inlines every callee, so that the position of an evprof_reader_t stays in
 * registers. That halves the time a leaf frame takes. */
#define EVPROF_FLAT __attribute__((flatten))

/* The word at an address that is known to be readable. */
EVPROF_UNCHECKED static inline uintptr_t
evprof_peek(uintptr_t address)
{
    /* Hides the value's origin: the compiler warns of a small constant as of a
     * null pointer with an offset. */
    __asm__("" : "+r"(address));
    return *(const volatile evprof_any_word *)address; // NOLINT
}

#endif
