/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs call-frame instructions: those of the CIE make the initial row, those of
 * the FDE then yield a row whenever the location advances.
 */
#include <string.h>

#include "core/unwind/sig_cfi.h"
#include "core/unwind/sig_read.h"

/* DW_CFA_*: the first three carry an operand in their low six bits. */
enum {
    CFA_ADVANCE = 1,
    CFA_OFFSET = 2,
    CFA_RESTORE = 3,
    CFA_NOP = 0x00,
    CFA_SET_LOC = 0x01,
    CFA_ADVANCE1 = 0x02,
    CFA_ADVANCE2 = 0x03,
    CFA_ADVANCE4 = 0x04,
    CFA_OFFSET_EXTENDED = 0x05,
    CFA_RESTORE_EXTENDED = 0x06,
    CFA_UNDEFINED = 0x07,
    CFA_SAME_VALUE = 0x08,
    CFA_REGISTER = 0x09,
    CFA_REMEMBER = 0x0a,
    CFA_RESTORE_STATE = 0x0b,
    CFA_DEF_CFA = 0x0c,
    CFA_DEF_CFA_REGISTER = 0x0d,
    CFA_DEF_CFA_OFFSET = 0x0e,
    CFA_DEF_CFA_EXPR = 0x0f,
    CFA_EXPR = 0x10,
    CFA_OFFSET_SF = 0x11,
    CFA_DEF_CFA_SF = 0x12,
    CFA_DEF_CFA_OFFSET_SF = 0x13,
    CFA_VAL_OFFSET = 0x14,
    CFA_VAL_OFFSET_SF = 0x15,
    CFA_VAL_EXPR = 0x16,
    CFA_NEGATE_RA_STATE = 0x2d, /* on SPARC GNU_window_save; no effect here */
    CFA_GNU_ARGS_SIZE = 0x2e,
    CFA_GNU_NEGATIVE_OFFSET = 0x2f,
};

/* Sets a rule; registers that are not followed are ignored. */
static void
set_rule(evprof_cfi_row_t *row, uint64_t reg, enum evprof_how how,
         int64_t value)
{
    int index = evprof_cfi_index(reg);
    if (index >= 0) {
        row->how[index] = (uint8_t)how;
        row->value[index] = (int32_t)value;
    }
}

static void
restore_rule(evprof_cfi_run_t *run, uint64_t reg)
{
    int index = evprof_cfi_index(reg);
    if (index >= 0) {
        run->row.how[index] = run->initial->how[index];
        run->row.value[index] = run->initial->value[index];
    }
}

static void
set_cfa(evprof_cfi_row_t *row, uint64_t reg, int64_t offset)
{
    row->cfa_is_expr = false;
    row->cfa_reg = reg < EVPROF_REG_COUNT ? (uint8_t)reg : UINT8_MAX;
    row->cfa_value = (int32_t)offset;
}

/* Skips a block and returns the offset of its length. */
static int64_t
skip_block(evprof_reader_t *r)
{
    size_t at = r->at;
    evprof_read_skip(r, evprof_read_uleb(r));
    return (int64_t)at;
}

static int64_t
factored(const evprof_cfi_run_t *run, uint64_t offset)
{
    return (int64_t)(offset * (uint64_t)run->fde->data_align);
}

static int64_t
factored_uleb(const evprof_cfi_run_t *run, evprof_reader_t *r)
{
    return factored(run, evprof_read_uleb(r));
}

static int64_t
factored_sleb(const evprof_cfi_run_t *run, evprof_reader_t *r)
{
    return factored(run, (uint64_t)evprof_read_sleb(r));
}

static bool
run_rule(evprof_cfi_run_t *run, evprof_reader_t *r, uint8_t op)
{
    evprof_cfi_row_t *row = &run->row;
    uint64_t reg = evprof_read_uleb(r);
    switch (op) {
    case CFA_OFFSET_EXTENDED:
        set_rule(row, reg, EVPROF_HOW_OFFSET, factored_uleb(run, r));
        return true;
    case CFA_OFFSET_SF:
        set_rule(row, reg, EVPROF_HOW_OFFSET, factored_sleb(run, r));
        return true;
    case CFA_GNU_NEGATIVE_OFFSET:
        set_rule(row, reg, EVPROF_HOW_OFFSET, -factored_uleb(run, r));
        return true;
    case CFA_VAL_OFFSET:
        set_rule(row, reg, EVPROF_HOW_VAL_OFFSET, factored_uleb(run, r));
        return true;
    case CFA_VAL_OFFSET_SF:
        set_rule(row, reg, EVPROF_HOW_VAL_OFFSET, factored_sleb(run, r));
        return true;
    case CFA_REGISTER:
        set_rule(row, reg, EVPROF_HOW_REGISTER, (int64_t)evprof_read_uleb(r));
        return true;
    case CFA_EXPR:
        set_rule(row, reg, EVPROF_HOW_EXPR, skip_block(r));
        return true;
    case CFA_VAL_EXPR:
        set_rule(row, reg, EVPROF_HOW_VAL_EXPR, skip_block(r));
        return true;
    case CFA_UNDEFINED:
        set_rule(row, reg, EVPROF_HOW_UNDEFINED, 0);
        return true;
    case CFA_SAME_VALUE:
        set_rule(row, reg, EVPROF_HOW_SAME, 0);
        return true;
    case CFA_RESTORE_EXTENDED:
        restore_rule(run, reg);
        return true;
    default:
        return false;
    }
}

static bool
run_cfa(evprof_cfi_run_t *run, evprof_reader_t *r, uint8_t op)
{
    evprof_cfi_row_t *row = &run->row;
    uint64_t reg = 0;
    switch (op) {
    case CFA_DEF_CFA:
        reg = evprof_read_uleb(r);
        set_cfa(row, reg, (int64_t)evprof_read_uleb(r));
        return true;
    case CFA_DEF_CFA_SF:
        reg = evprof_read_uleb(r);
        set_cfa(row, reg, factored_sleb(run, r));
        return true;
    case CFA_DEF_CFA_REGISTER:
        set_cfa(row, evprof_read_uleb(r), row->cfa_value);
        return true;
    case CFA_DEF_CFA_OFFSET:
        row->cfa_value = (int32_t)evprof_read_uleb(r);
        return true;
    case CFA_DEF_CFA_OFFSET_SF:
        row->cfa_value = (int32_t)factored_sleb(run, r);
        return true;
    case CFA_DEF_CFA_EXPR:
        row->cfa_is_expr = true;
        row->cfa_value = (int32_t)skip_block(r);
        return true;
    default:
        return false;
    }
}

static bool
run_state(evprof_cfi_run_t *run, evprof_reader_t *r, uint8_t op)
{
    switch (op) {
    case CFA_NOP:
    case CFA_NEGATE_RA_STATE:
        return true;
    case CFA_GNU_ARGS_SIZE:
        evprof_read_uleb(r);
        return true;
    case CFA_REMEMBER:
        if (run->depth >= EVPROF_CFI_STATES) {
            return false;
        }
        run->states[run->depth++] = run->row;
        return true;
    case CFA_RESTORE_STATE:
        if (run->depth == 0) {
            return false;
        }
        run->depth--;
        run->states[run->depth].start = run->row.start;
        run->row = run->states[run->depth];
        return true;
    default:
        return run_cfa(run, r, op) || run_rule(run, r, op);
    }
}

/* Whether the instruction advances the location; *out is then by how much. */
static bool
read_advance(const evprof_cfi_run_t *run, evprof_reader_t *r, uint8_t op,
             uint64_t *out)
{
    if (op >> 6 == CFA_ADVANCE) {
        *out = (op & 63) * run->fde->code_align;
        return true;
    }
    if (op >= CFA_ADVANCE1 && op <= CFA_ADVANCE4) {
        size_t width = (size_t)1 << (op - CFA_ADVANCE1);
        *out = evprof_read_fixed(r, width) * run->fde->code_align;
        return true;
    }
    return false;
}

static bool
run_one(evprof_cfi_run_t *run, evprof_reader_t *r, uint8_t op)
{
    if (op >> 6 == CFA_OFFSET) {
        set_rule(&run->row, op & 63, EVPROF_HOW_OFFSET, factored_uleb(run, r));
        return true;
    }
    if (op >> 6 == CFA_RESTORE) {
        restore_rule(run, op & 63);
        return true;
    }
    return run_state(run, r, op);
}

/* A row, as distances from the location where the run started. */
typedef struct span {
    uint64_t start;
    uint64_t limit; /* 0: the last row, up to the end of the FDE */
} span_t;

/* Runs until the row that holds the distance `want` is complete. False: an
 * instruction cannot be followed. */
EVPROF_FLAT static bool
run_to(evprof_cfi_run_t *run, uint64_t want, span_t *out)
{
    evprof_reader_t r = { .data = run->cfi->data,
                          .at = run->at,
                          .end = run->end };
    uint64_t advance = 0;
    *out = (span_t){ 0, 0 };
    while (r.at < r.end) {
        uint8_t op = evprof_read_u8(&r);
        if (!read_advance(run, &r, op, &advance)) {
            if (!run_one(run, &r, op)) {
                return false;
            }
        } else if (out->start + advance > want) {
            out->limit = out->start + advance;
            break;
        } else {
            out->start += advance;
        }
    }
    run->at = r.at;
    return !r.failed;
}

/* The row that the instructions of a usual CIE (sig_arch.h) make. */
static const evprof_cfi_row_t usual_row = {
    .cfa_reg = EVPROF_REG_SP,
    .cfa_value = EVPROF_USUAL_CFA_OFFSET,
    .how[EVPROF_REG_RA - EVPROF_RULE_FIRST] =
        EVPROF_USUAL_RA_OFFSET == 0 ? EVPROF_HOW_SAME : EVPROF_HOW_OFFSET,
    .value[EVPROF_REG_RA - EVPROF_RULE_FIRST] = EVPROF_USUAL_RA_OFFSET,
};

static bool
run_cie(evprof_cfi_run_t *run)
{
    span_t span;
    run->at = run->fde->cie_code;
    run->end = run->fde->cie_code_end;
    memset(&run->row, 0, sizeof(run->row));
    run->row.cfa_reg = UINT8_MAX;
    run->own_initial = run->row;
    run->initial = &run->own_initial;
    if (!run_to(run, 0, &span) || span.limit != 0) {
        return false;
    }
    run->own_initial = run->row;
    return true;
}

bool
evprof_cfi_begin(evprof_cfi_run_t *run, const evprof_cfi_t *cfi,
                 const evprof_fde_t *fde)
{
    run->cfi = cfi;
    run->fde = fde;
    run->depth = 0;
    run->is_last = false;
    if (fde->is_usual) {
        run->row = usual_row;
        run->initial = &usual_row;
    } else if (!run_cie(run)) {
        return false;
    }
    run->at = fde->code;
    run->end = fde->code_end;
    run->row.limit = fde->start;
    return true;
}

/* Sets start and limit of the current row from a span that counts from
 * `from`. */
static void
set_span(evprof_cfi_run_t *run, uintptr_t from, const span_t *span)
{
    uintptr_t room = run->fde->limit - from;
    run->is_last = span->limit == 0 || span->limit >= room;
    run->row.start = from + (uintptr_t)span->start;
    run->row.limit =
        run->is_last ? run->fde->limit : from + (uintptr_t)span->limit;
}

bool
evprof_cfi_next(evprof_cfi_run_t *run)
{
    span_t span;
    uintptr_t from = run->row.limit;
    if (run->is_last || !run_to(run, 0, &span)) {
        run->is_last = true;
        return false;
    }
    set_span(run, from, &span);
    return run->row.limit > run->row.start;
}

bool
evprof_cfi_row_at(evprof_cfi_run_t *run, const evprof_cfi_t *cfi,
                  const evprof_fde_t *fde, uintptr_t pc)
{
    span_t span;
    if (pc < fde->start || pc >= fde->limit ||
        !evprof_cfi_begin(run, cfi, fde) ||
        !run_to(run, pc - fde->start, &span)) {
        return false;
    }
    set_span(run, fde->start, &span);
    return true;
}
