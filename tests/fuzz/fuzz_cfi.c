/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Call-frame sections of any content, as builder and handlers read them: the
 * search table, every entry, every row, every expression. The first byte says
 * which section it is and where a pc is looked up.
 */
#include <stdlib.h>
#include <string.h>

#include "core/unwind/row_rules.h"
#include "core/unwind/sig_cfi.h"
#include "tests/fuzz/fuzz.h"

#define SIZE_MOST ((size_t)65536)

static uintptr_t stack[64];

/* Evaluates what a row names; loads stay within `stack`. */
static void
evaluate(const evprof_cfi_t *cfi, size_t offset, bool has_first)
{
    evprof_regs_t regs = { .known = EVPROF_REGS_ALL };
    uintptr_t low = (uintptr_t)stack;
    uintptr_t high = (uintptr_t)(stack + 64);
    evprof_window_t window = { .low = low, .high = high, .limit = high };
    for (unsigned i = 0; i < EVPROF_REG_COUNT; i++) {
        regs.r[i] = low + 8 * (uintptr_t)i;
    }
    evprof_cfi_expr_t expr = { .cfi = cfi,
                               .offset = offset,
                               .regs = &regs,
                               .window = &window,
                               .has_first = has_first,
                               .first = low };
    uintptr_t value = 0;
    evprof_cfi_evaluate(&expr, &value);
}

static void
look_at_row(const evprof_cfi_t *cfi, const evprof_fde_t *fde,
            const evprof_cfi_row_t *row)
{
    if (row->limit <= row->start || row->start < fde->start ||
        row->limit > fde->limit) {
        abort();
    }
    evprof_rule_of_row(cfi, fde, row);
    if (row->cfa_is_expr) {
        evaluate(cfi, (size_t)row->cfa_value, false);
    }
    for (unsigned i = 0; i < EVPROF_RULE_COUNT; i++) {
        if (row->how[i] == EVPROF_HOW_EXPR ||
            row->how[i] == EVPROF_HOW_VAL_EXPR) {
            evaluate(cfi, (size_t)row->value[i], true);
        }
    }
}

static void
look_at_fde(const evprof_cfi_t *cfi, const evprof_fde_t *fde, uint8_t pick)
{
    evprof_cfi_run_t run;
    size_t rows = 0;
    if (evprof_cfi_begin(&run, cfi, fde)) {
        while (evprof_cfi_next(&run)) {
            look_at_row(cfi, fde, &run.row);
            rows++;
        }
    }
    if (rows > cfi->size + 1) {
        abort();
    }
    uintptr_t pc = fde->start + (fde->limit - fde->start) / 256 * pick;
    if (evprof_cfi_row_at(&run, cfi, fde, pc) &&
        (pc < run.row.start || pc >= run.row.limit)) {
        abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > SIZE_MOST) {
        return 0;
    }
    uint8_t pick = data[0];
    unsigned char *copy = malloc(size - 1);
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data + 1, size - 1);
    evprof_cfi_t cfi = { .data = copy,
                         .size = size - 1,
                         .address = 0x400000,
                         .is_debug_frame = (pick & 1) != 0 };
    size_t offset = 0;
    evprof_fde_t fde = { 0 };
    evprof_cfi_search_t search;
    if (evprof_cfi_search_open(&cfi, pick & 0xf0, &search) &&
        evprof_cfi_search(&cfi, &search, 0x400000 + pick, &offset)) {
        evprof_cfi_entry(&cfi, offset, &fde);
    }
    offset = 0;
    memset(&fde, 0, sizeof(fde));
    enum evprof_cfi_entry kind = EVPROF_CFI_CIE;
    while ((kind = evprof_cfi_entry(&cfi, offset, &fde)) > EVPROF_CFI_END) {
        if (kind == EVPROF_CFI_FDE) {
            look_at_fde(&cfi, &fde, pick);
        }
        if (fde.next <= offset) {
            abort();
        }
        offset = fde.next;
    }
    free(copy);
    return 0;
}
