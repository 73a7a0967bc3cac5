/* SPDX-License-Identifier: Apache-2.0 */
/* Loops are found in the text of the instructions: a jump to an address before
 * it, in the same function, closes one. */
#include <stdlib.h>
#include <string.h>

#include "core/report/annotated.h"

/* The target of a jump, 0: it is none, or goes where a register says. */
static uint64_t
jump_target(const char *text)
{
    bool is_x86 = text[0] == 'j' || strncmp(text, "loop", 4) == 0;
    bool is_arm = text[0] == 'b' || strncmp(text, "cb", 2) == 0 ||
                  strncmp(text, "tb", 2) == 0;
    bool is_call = strncmp(text, "bl\t", 3) == 0 || strncmp(text, "bs", 2) == 0;
    const char *target =
        (is_x86 || is_arm) && !is_call ? strstr(text, "0x") : NULL;
    return target == NULL ? 0 : strtoull(target, NULL, 16);
}

static int64_t
weight_between(const evprof_disassembly_t *a, uint64_t first, uint64_t last)
{
    int64_t sum = 0;
    for (size_t i = 0; i < a->line_count; i++) {
        uint64_t vaddr = a->lines[i].instruction->vaddr;
        if (vaddr >= first && vaddr <= last) {
            sum += a->lines[i].flat;
        }
    }
    return sum;
}

bool
evprof_hot_loop(const evprof_disassembly_t *assembly, uint64_t *first,
                uint64_t *last)
{
    uint64_t best = UINT64_MAX;
    for (size_t i = 0; i < assembly->line_count; i++) {
        const evprof_instruction_t *at = assembly->lines[i].instruction;
        uint64_t target = jump_target(at->text);
        if (target == 0 || target > at->vaddr ||
            target < assembly->routine->start || at->vaddr - target >= best) {
            continue;
        }
        int64_t weight = weight_between(assembly, target, at->vaddr);
        if (weight > 0 && weight >= assembly->flat - weight) {
            best = at->vaddr - target;
            *first = target;
            *last = at->vaddr;
        }
    }
    return best != UINT64_MAX;
}
