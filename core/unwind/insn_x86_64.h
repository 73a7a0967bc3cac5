/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_INSN_X86_64_H
#define EVPROF_UNWIND_INSN_X86_64_H

/*
 * The length of an x86-64 instruction and its effect on the stack pointer, the
 * frame pointer and the flow of control. Nothing else is decoded.
 */

#include <stddef.h>
#include <stdint.h>

enum evprof_insn_kind {
    EVPROF_INSN_PLAIN,     /* none of the below */
    EVPROF_INSN_SP_ADD,    /* rsp += value: push, pop, add, sub, lea */
    EVPROF_INSN_SP_OF_FP,  /* rsp = rbp + value */
    EVPROF_INSN_FP_OF_SP,  /* rbp = rsp + value */
    EVPROF_INSN_FP_POPPED, /* rsp += 8 or leave; rbp is the caller's again */
    EVPROF_INSN_SP_LOST,   /* rsp becomes something that is not followed */
    EVPROF_INSN_BRANCH,    /* may jump to its end + `value` */
    EVPROF_INSN_JUMP,      /* jumps to its end + `value` */
    EVPROF_INSN_JUMP_FAR,  /* jumps where a register or memory says */
    EVPROF_INSN_STOP,      /* returns or traps */
};

typedef struct evprof_insn {
    size_t length; /* 0: not known, or longer than the bytes */
    enum evprof_insn_kind kind;
    int64_t value;
} evprof_insn_t;

/* Decodes the instruction that the `size` bytes begin with. Signal-safe. */
evprof_insn_t evprof_insn_decode(const unsigned char *code, size_t size);

#endif
