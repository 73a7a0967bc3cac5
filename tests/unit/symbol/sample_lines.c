/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shared object with functions whose places in the source are known: each
 * notes its own line just where it calls back.
 */
#include "tests/unit/symbol/sample_lines.h"

#define NOTE(i) sample_lines[i] = __LINE__
#define INLINED static inline __attribute__((always_inline))

int sample_lines[SAMPLE_LINE_COUNT];

INLINED int
sample_inner(sample_callback_fn call)
{
    return (NOTE(SAMPLE_LINE_INNER), call() + 1);
}

INLINED int
sample_middle(sample_callback_fn call)
{
    return (NOTE(SAMPLE_LINE_MIDDLE), sample_inner(call) * 2);
}

int
sample_outer(sample_callback_fn call)
{
    return (NOTE(SAMPLE_LINE_OUTER), sample_middle(call) - 1);
}

int
sample_plain(sample_callback_fn call)
{
    return (NOTE(SAMPLE_LINE_PLAIN), call() + 3);
}

/* As assembler often leaves it: a label, no type, no size. */
__asm__(".text\n"
        ".globl sample_bare_label\n"
        "sample_bare_label:\n"
        "    nop\n"
        "    nop\n"
        "    nop\n"
        "    nop\n"
        ".globl sample_bare_end\n"
        "sample_bare_end:\n"
        "    nop\n");
