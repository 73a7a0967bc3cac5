/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_SIG_ARCH_AARCH64_H
#define EVPROF_UNWIND_SIG_ARCH_AARCH64_H

#include <string.h>
#include <sys/ucontext.h>

/* DWARF numbers of the AAPCS64: x0..x30, sp; a return address is in x30. */
#define EVPROF_REG_COUNT 32u
#define EVPROF_REG_FP 29u
#define EVPROF_REG_RA 30u
#define EVPROF_REG_SP 31u

/* The registers whose rules are followed: the callee-saved ones, x30 and sp. */
#define EVPROF_RULE_FIRST 19u
#define EVPROF_RULE_COUNT 13u

/* The ABI has no red zone. */
#define EVPROF_RED_ZONE 0u

#define EVPROF_CALL_MAX 4u

/* The unit in which sig_rule.h counts the size of a frame. */
#define EVPROF_RULE_UNIT ((uintptr_t)16u)

/* Offset of the ucontext_t (it follows a siginfo_t) from the stack pointer of
 * the kernel's signal frame, and how much of its uc_mcontext is read. */
#define EVPROF_SIGNAL_CONTEXT 128u
#define EVPROF_SIGNAL_REGISTERS (offsetof(mcontext_t, pc) + 8)

/*
 * The contents of nearly all CIEs, in two variants: without and with exception
 * tables. CFA = sp, and the return address is still in x30.
 */
#define EVPROF_USUAL_CODE_ALIGN 4u
#define EVPROF_USUAL_DATA_ALIGN (-8)
#define EVPROF_USUAL_CFA_OFFSET 0
#define EVPROF_USUAL_RA_OFFSET 0 /* none: it is in x30 */

/* Whether the `size` bytes after a CIE's id are one of the two variants. */
static inline bool
evprof_arch_is_usual_cie(const unsigned char *bytes, size_t size)
{
    if (size == 12) {
        return memcmp(bytes, "\1zR\0\x04\x78\x1e\x01\x1b\x0c\x1f\0", 12) == 0;
    }
    return size == 20 && memcmp(bytes, "\1zPLR\0\x04\x78\x1e\x07", 10) == 0 &&
           memcmp(bytes + 16, "\x1b\x0c\x1f\0", 4) == 0;
}

/* mov x8, #SYS_rt_sigreturn; svc #0 */
#define EVPROF_SIGNAL_RETURN 8u
#define EVPROF_SIGNAL_SYSCALL 4u /* offset of the svc */

/* Whether `code` is libc's return from a signal handler. */
static inline bool
evprof_arch_is_signal_return(const unsigned char *code)
{
    return memcmp(code, "\x68\x11\x80\xd2\x01\0\0\xd4", 8) == 0;
}

/* Copies the interrupted registers to `r`, returns the pc. */
static inline uintptr_t
evprof_arch_context(const void *ucontext, uintptr_t *r)
{
    const ucontext_t *context = ucontext;
    for (unsigned i = 0; i < 31; i++) {
        r[i] = context->uc_mcontext.regs[i];
    }
    r[EVPROF_REG_SP] = context->uc_mcontext.sp;
    return context->uc_mcontext.pc;
}

/* Whether a signal made a system call return EINTR: the instruction before the
 * pc is `svc #0`, and its result is in x0. */
static inline bool
evprof_arch_was_cut_short(const void *ucontext)
{
    const ucontext_t *context = ucontext;
    uintptr_t pc = (uintptr_t)context->uc_mcontext.pc;
    return context->uc_mcontext.regs[0] == (uint64_t)-4 &&
           memcmp((const void *)(pc - 4), "\x01\0\0\xd4", 4) == 0; // NOLINT
}

/* The return address of a context made by makecontext() that has not run
 * yet. */
static inline uintptr_t
evprof_arch_return_of_context(const ucontext_t *context)
{
    return context->uc_mcontext.regs[EVPROF_REG_RA];
}

/* Writes the pc and the callee-saved registers into a context, for unwinders
 * that start from a ucontext_t. */
static inline void
evprof_arch_to_context(uintptr_t pc, const uintptr_t *r, ucontext_t *out)
{
    for (unsigned i = 19; i < 31; i++) {
        out->uc_mcontext.regs[i] = r[i];
    }
    out->uc_mcontext.sp = r[EVPROF_REG_SP];
    out->uc_mcontext.pc = pc;
}

#define EVPROF_ARCH_CAPTURE(regs)                                              \
    __asm__ volatile("adr x9, .\n\t"                                           \
                     "str x9, [%0]\n\t"                                        \
                     "stp x19, x20, [%1, #152]\n\t"                            \
                     "stp x21, x22, [%1, #168]\n\t"                            \
                     "stp x23, x24, [%1, #184]\n\t"                            \
                     "stp x25, x26, [%1, #200]\n\t"                            \
                     "stp x27, x28, [%1, #216]\n\t"                            \
                     "stp x29, x30, [%1, #232]\n\t"                            \
                     "mov x9, sp\n\t"                                          \
                     "str x9, [%1, #248]"                                      \
                     :                                                         \
                     : "r"(&(regs)->pc), "r"((regs)->r)                        \
                     : "x9", "memory");                                        \
    (regs)->known = UINT64_C(0xfff80000)

/* Removes the pointer authentication code from a return address; the
 * instruction is a no-op where the processor has none. */
static inline uintptr_t
evprof_arch_strip(uintptr_t ra)
{
    register uintptr_t lr __asm__("x30") = ra;
    __asm__("hint #7" : "+r"(lr));
    return lr;
}

#define EVPROF_CODE_ALIGN 4u

/* The length of the call that `bytes` begin with: 4 for bl, blr and the
 * authenticating blraa, blrab, blraaz, blrabz; else 0. *target becomes the
 * destination of a bl relative to its end, 0 for others. */
static inline size_t
evprof_arch_call_length(const unsigned char *bytes, size_t len, int64_t *target)
{
    uint32_t word;
    *target = 0;
    if (len < sizeof(word)) {
        return 0;
    }
    memcpy(&word, bytes, sizeof(word));
    if ((word & 0xfc000000u) == 0x94000000u) {
        int64_t words = (int64_t)(word & 0x03ffffffu);
        *target = (words >= 0x02000000 ? words - 0x04000000 : words) * 4 - 4;
        return sizeof(word);
    }
    bool is_call = (word & 0xfffffc1fu) == 0xd63f0000u ||
                   (word & 0xfefff800u) == 0xd63f0800u;
    return is_call ? sizeof(word) : 0;
}

/* Whether the instruction before `pc` is a call. */
static inline bool
evprof_arch_ends_in_call(const unsigned char *bytes, size_t len,
                         int64_t *target)
{
    *target = 0;
    return len >= 4 && evprof_arch_call_length(bytes + len - 4, 4, target) != 0;
}

/* Whether eight bytes at `address` can be read, as on x86-64. */
static inline bool
evprof_arch_probe(uintptr_t address)
{
    register long number __asm__("x8") = 135;
    register long out __asm__("x0") = -1;
    register uintptr_t set __asm__("x1") = address;
    register long old __asm__("x2") = 0;
    register long size __asm__("x3") = 8;
    __asm__ volatile("svc #0"
                     : "+r"(out)
                     : "r"(number), "r"(set), "r"(old), "r"(size)
                     : "memory");
    return address != 0 && out != -14;
}

#endif
