/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_SIG_ARCH_X86_64_H
#define EVPROF_UNWIND_SIG_ARCH_X86_64_H

#include <string.h>
#include <sys/ucontext.h>

/* DWARF numbers of the psABI: rax rdx rcx rbx rsi rdi rbp rsp r8..r15, then the
 * return address, which has a column of its own. */
#define EVPROF_REG_COUNT 17u
#define EVPROF_REG_FP 6u
#define EVPROF_REG_SP 7u
#define EVPROF_REG_RA 16u

/* The registers whose rules are followed: all of them. */
#define EVPROF_RULE_FIRST 0u
#define EVPROF_RULE_COUNT 17u

/* Bytes below the stack pointer that code may use. */
#define EVPROF_RED_ZONE 128u

/* The longest call instruction. */
#define EVPROF_CALL_MAX 8u

/* The unit in which sig_rule.h counts the size of a frame. */
#define EVPROF_RULE_UNIT ((uintptr_t)8u)

/* Offset of the ucontext_t from the stack pointer of the kernel's signal frame,
 * and how much of its uc_mcontext is read. */
#define EVPROF_SIGNAL_CONTEXT 0u
#define EVPROF_SIGNAL_REGISTERS (NGREG * sizeof(greg_t))

/*
 * The contents of nearly all CIEs, in two variants: without and with exception
 * tables. CFA = rsp + 8, and the return address is just below it.
 */
#define EVPROF_USUAL_CODE_ALIGN 1u
#define EVPROF_USUAL_DATA_ALIGN (-8)
#define EVPROF_USUAL_CFA_OFFSET 8
#define EVPROF_USUAL_RA_OFFSET (-8)

/* Whether the `size` bytes after a CIE's id are one of the two variants. */
static inline bool
evprof_arch_is_usual_cie(const unsigned char *bytes, size_t size)
{
    if (size == 16) {
        return memcmp(bytes,
                      "\1zR\0\x01\x78\x10\x01\x1b\x0c\x07\x08\x90\x01\0\0",
                      16) == 0;
    }
    return size == 24 && memcmp(bytes, "\1zPLR\0\x01\x78\x10\x07", 10) == 0 &&
           memcmp(bytes + 16, "\x1b\x0c\x07\x08\x90\x01\0\0", 8) == 0;
}

/* mov $SYS_rt_sigreturn, %rax; syscall */
#define EVPROF_SIGNAL_RETURN 9u
#define EVPROF_SIGNAL_SYSCALL 7u /* offset of the syscall */

/* Whether `code` is libc's return from a signal handler. */
static inline bool
evprof_arch_is_signal_return(const unsigned char *code)
{
    return memcmp(code, "\x48\xc7\xc0\x0f\0\0\0\x0f\x05", 9) == 0;
}

/* Copies the interrupted registers to `r`, returns the pc. */
static inline uintptr_t
evprof_arch_context(const void *ucontext, uintptr_t *r)
{
    static const unsigned char order[EVPROF_REG_COUNT] = {
        REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
        REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
        REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP,
    };
    const ucontext_t *context = ucontext;
    for (unsigned i = 0; i < EVPROF_REG_COUNT; i++) {
        r[i] = (uintptr_t)context->uc_mcontext.gregs[order[i]];
    }
    return r[EVPROF_REG_RA];
}

/* Whether a signal made a system call return EINTR: the bytes before the pc are
 * `syscall`, and its result is in rax. */
static inline bool
evprof_arch_was_cut_short(const void *ucontext)
{
    const ucontext_t *context = ucontext;
    uintptr_t pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
    return context->uc_mcontext.gregs[REG_RAX] == -4 &&
           memcmp((const void *)(pc - 2), "\x0f\x05", 2) == 0; // NOLINT
}

/* The return address of a context made by makecontext() that has not run
 * yet. */
static inline uintptr_t
evprof_arch_return_of_context(const ucontext_t *context)
{
    uintptr_t out;
    uintptr_t sp = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
    memcpy(&out, (const void *)sp, sizeof(out)); // NOLINT
    return out;
}

/* Writes the pc and the callee-saved registers into a context, for unwinders
 * that start from a ucontext_t. */
static inline void
evprof_arch_to_context(uintptr_t pc, const uintptr_t *r, ucontext_t *out)
{
    out->uc_mcontext.gregs[REG_RBX] = (greg_t)r[3];
    out->uc_mcontext.gregs[REG_RBP] = (greg_t)r[EVPROF_REG_FP];
    out->uc_mcontext.gregs[REG_RSP] = (greg_t)r[EVPROF_REG_SP];
    out->uc_mcontext.gregs[REG_R12] = (greg_t)r[12];
    out->uc_mcontext.gregs[REG_R13] = (greg_t)r[13];
    out->uc_mcontext.gregs[REG_R14] = (greg_t)r[14];
    out->uc_mcontext.gregs[REG_R15] = (greg_t)r[15];
    out->uc_mcontext.gregs[REG_RIP] = (greg_t)pc;
}

/* Captures the callee-saved registers at this point of the enclosing
 * function. */
#define EVPROF_ARCH_CAPTURE(regs)                                              \
    __asm__ volatile("leaq 0f(%%rip), %%rax\n0:\n\t"                           \
                     "movq %%rax, %0\n\t"                                      \
                     "movq %%rbx, %1\n\t"                                      \
                     "movq %%rbp, %2\n\t"                                      \
                     "movq %%rsp, %3\n\t"                                      \
                     "movq %%r12, %4\n\t"                                      \
                     "movq %%r13, %5\n\t"                                      \
                     "movq %%r14, %6\n\t"                                      \
                     "movq %%r15, %7"                                          \
                     : "=m"((regs)->pc), "=m"((regs)->r[3]),                   \
                       "=m"((regs)->r[6]), "=m"((regs)->r[7]),                 \
                       "=m"((regs)->r[12]), "=m"((regs)->r[13]),               \
                       "=m"((regs)->r[14]), "=m"((regs)->r[15])                \
                     :                                                         \
                     : "rax");                                                 \
    (regs)->known = 0xf0c8

/* Return addresses carry no signature here. */
static inline uintptr_t
evprof_arch_strip(uintptr_t ra)
{
    return ra;
}

/*
 * The length of the call instruction that `bytes` begin with; 0: they begin
 * with another one, or the call is longer than `len`. Every form of `call
 * *reg/mem` (ff /2) is known; a prefix is not part of the length. *target
 * becomes the destination of a direct call relative to its end, 0 for others.
 */
static inline size_t
evprof_arch_call_length(const unsigned char *bytes, size_t len, int64_t *target)
{
    *target = 0;
    if (bytes[0] == 0xe8) {
        int32_t relative = 0;
        if (len < 5) {
            return 0;
        }
        memcpy(&relative, bytes + 1, sizeof(relative));
        *target = relative;
        return 5;
    }
    if (bytes[0] != 0xff || len < 2 || (bytes[1] & 0x38) != 0x10) {
        return 0;
    }
    unsigned mode = bytes[1] >> 6;
    unsigned base = bytes[1] & 7;
    size_t want = 2;
    if (mode != 3 && base == 4) {
        if (len < 3) {
            return 0;
        }
        base = bytes[2] & 7;
        want = 3;
    }
    if (mode == 1) {
        want += 1;
    } else if (mode == 2 || (mode == 0 && base == 5)) {
        want += 4;
    }
    return want <= len ? want : 0;
}

/* Instructions may begin at any byte. */
#define EVPROF_CODE_ALIGN 1u

/* Whether the `len` bytes, at most EVPROF_CALL_MAX, end in a call instruction;
 * *target is as above. */
static inline bool
evprof_arch_ends_in_call(const unsigned char *bytes, size_t len,
                         int64_t *target)
{
    const unsigned char *end = bytes + len;
    if (len >= 5 && end[-5] == 0xe8) {
        return evprof_arch_call_length(end - 5, 5, target) == 5;
    }
    *target = 0;
    for (size_t n = 2; n <= 7 && n <= len; n++) {
        if (end[-(ptrdiff_t)n] == 0xff &&
            evprof_arch_call_length(end - n, n, target) == n) {
            return true;
        }
    }
    return false;
}

/* Whether eight bytes at `address` can be read. rt_sigprocmask with an invalid
 * operation copies the set in before it fails, and changes nothing. Address 0
 * means no set, so nothing is copied and the answer is not about memory. */
static inline bool
evprof_arch_probe(uintptr_t address)
{
    long out;
    register long size __asm__("r10") = 8;
    __asm__ volatile("syscall"
                     : "=a"(out)
                     : "a"(14L), "D"(-1L), "S"(address), "d"(0L), "r"(size)
                     : "rcx", "r11", "memory");
    return address != 0 && out != -14;
}

#endif
