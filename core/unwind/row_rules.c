/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes rules of rows. A row that does not fit into a self-contained code is
 * looked up in an open-addressing hash of the rules learned before. The table
 * of rules only grows, and an entry is complete before a table that names it is
 * published.
 */
#include "core/unwind/row_rules.h"

#include <string.h>

#include "core/base/hash.h"
#include "core/base/lock.h"
#include "core/unwind/sig_read.h"

/* Twice as many as rules, which keeps probes short. */
#define SLOT_COUNT ((size_t)EVPROF_RULES_MOST * 2)

#define FIRST_RULE (EVPROF_CODE_FIRST & ~EVPROF_CODE_RULE)

/* DW_OP_* of the expressions that rules can express. */
enum {
    OP_DEREF = 0x06,
    OP_CONST1U = 0x08,
    OP_CONST1S = 0x09,
    OP_CONSTS = 0x11,
    OP_MINUS = 0x1c,
    OP_PLUS = 0x22,
    OP_PLUS_UCONST = 0x23,
    OP_LIT0 = 0x30,
    OP_LIT31 = 0x4f,
    OP_BREG0 = 0x70,
};

static evprof_lock_t learning;
static uint16_t slots[SLOT_COUNT]; /* 0: free */
static size_t learned = FIRST_RULE;

void
evprof_rules_after_fork(void)
{
    evprof_lock_reset(&learning);
}

static bool
is_equal(const evprof_rule_t *a, const evprof_rule_t *b)
{
    return a->base == b->base && a->is_loaded == b->is_loaded &&
           a->fp == b->fp && a->offset == b->offset && a->add == b->add &&
           a->fp_offset == b->fp_offset && a->ra_offset == b->ra_offset;
}

static uint64_t
hash_rule(const evprof_rule_t *rule)
{
    const int32_t words[] = { rule->base,     rule->is_loaded, rule->fp,
                              rule->offset,   rule->add,       rule->fp_offset,
                              rule->ra_offset };
    return evprof_hash(words, sizeof(words), 0);
}

static unsigned
learn(const evprof_rule_t *rule)
{
    unsigned code = EVPROF_CODE_RAW;
    evprof_lock_enter(&learning);
    size_t slot = hash_rule(rule) % SLOT_COUNT;
    while (slots[slot] != 0 && !is_equal(&evprof_rules[slots[slot]], rule)) {
        slot = (slot + 1) % SLOT_COUNT;
    }
    if (slots[slot] == 0 && learned < EVPROF_RULES_MOST) {
        evprof_rules[learned] = *rule;
        slots[slot] = (uint16_t)learned++;
    }
    if (slots[slot] != 0) {
        code = EVPROF_CODE_RULE | slots[slot];
    }
    evprof_lock_leave(&learning);
    return code;
}

/* The constant n of an expression that ends in "+ n", in any spelling; false:
 * it ends otherwise. */
static bool
read_addition(evprof_reader_t *r, int64_t *out)
{
    uint8_t op = evprof_read_u8(r);
    if (op == OP_PLUS_UCONST) {
        *out = (int64_t)evprof_read_uleb(r);
        return !r->failed;
    }
    if (op >= OP_LIT0 && op <= OP_LIT31) {
        *out = op - OP_LIT0;
    } else if (op == OP_CONST1U) {
        *out = evprof_read_u8(r);
    } else if (op == OP_CONST1S) {
        uint8_t byte = evprof_read_u8(r);
        *out = byte < 128 ? byte : (int64_t)byte - 256;
    } else if (op == OP_CONSTS) {
        *out = evprof_read_sleb(r);
    } else {
        return false;
    }
    op = evprof_read_u8(r);
    if (op == OP_MINUS) {
        *out = -*out;
        return !r->failed;
    }
    return op == OP_PLUS && !r->failed;
}

static bool
fits(int64_t value)
{
    return value >= INT32_MIN && value <= INT32_MAX;
}

/* A reader of the block at `offset`. */
static evprof_reader_t
open_block(const evprof_cfi_t *cfi, int32_t offset)
{
    evprof_reader_t r = { .data = cfi->data,
                          .at = (size_t)offset,
                          .end = cfi->size };
    uint64_t size = evprof_read_uleb(&r);
    if (size <= r.end - r.at) {
        r.end = r.at + (size_t)size;
    } else {
        r.failed = true;
    }
    return r;
}

/* Reads "register + n", which all expressions of interest begin with. */
static bool
read_base(evprof_reader_t *r, uint8_t *base, int32_t *offset)
{
    unsigned reg = evprof_read_u8(r) - (unsigned)OP_BREG0;
    int64_t value = evprof_read_sleb(r);
    *base = (uint8_t)reg;
    *offset = (int32_t)value;
    return !r->failed && (reg == EVPROF_REG_SP || reg == EVPROF_REG_FP) &&
           fits(value);
}

/* CFA = *(base + offset) [+ add]: realigned stacks, and code that keeps the
 * stack pointer in memory. */
static bool
read_loaded(const evprof_cfi_t *cfi, int32_t offset, evprof_rule_t *out)
{
    evprof_reader_t r = open_block(cfi, offset);
    int64_t add = 0;
    if (!read_base(&r, &out->base, &out->offset) ||
        evprof_read_u8(&r) != OP_DEREF) {
        return false;
    }
    if (r.at < r.end && (!read_addition(&r, &add) || !fits(add))) {
        return false;
    }
    out->is_loaded = true;
    out->add = (int32_t)add;
    return !r.failed && r.at == r.end;
}

static bool
read_cfa(const evprof_cfi_t *cfi, const evprof_cfi_row_t *row,
         evprof_rule_t *out)
{
    if (row->cfa_is_expr) {
        return read_loaded(cfi, row->cfa_value, out);
    }
    out->base = row->cfa_reg;
    out->offset = row->cfa_value;
    return row->cfa_reg == EVPROF_REG_SP || row->cfa_reg == EVPROF_REG_FP;
}

static bool
read_fp(const evprof_cfi_t *cfi, const evprof_cfi_row_t *row,
        evprof_rule_t *out)
{
    unsigned index = EVPROF_REG_FP - EVPROF_RULE_FIRST;
    evprof_reader_t r;
    uint8_t base = 0;
    switch (row->how[index]) {
    case EVPROF_HOW_SAME:
    case EVPROF_HOW_UNDEFINED:
        out->fp = EVPROF_RULE_FP_SAME;
        return true;
    case EVPROF_HOW_OFFSET:
        out->fp = EVPROF_RULE_FP_AT_CFA;
        out->fp_offset = row->value[index];
        return true;
    case EVPROF_HOW_EXPR:
        r = open_block(cfi, row->value[index]);
        out->fp = EVPROF_RULE_FP_AT_FP;
        return read_base(&r, &base, &out->fp_offset) && base == EVPROF_REG_FP &&
               r.at == r.end;
    default:
        return false;
    }
}

unsigned
evprof_rule_of_row(const evprof_cfi_t *cfi, const evprof_fde_t *fde,
                   const evprof_cfi_row_t *row)
{
    evprof_rule_t rule = { 0 };
    int ra = evprof_cfi_index(fde->ra_reg);
    if (ra < 0) {
        return EVPROF_CODE_RAW;
    }
    if (row->how[ra] == EVPROF_HOW_UNDEFINED) {
        return EVPROF_CODE_END;
    }
    if (fde->is_signal) {
        return EVPROF_CODE_SIGNAL;
    }
    if (row->how[ra] != EVPROF_HOW_OFFSET || !read_cfa(cfi, row, &rule) ||
        !read_fp(cfi, row, &rule)) {
        return EVPROF_CODE_RAW;
    }
    rule.ra_offset = row->value[ra];
    unsigned code = evprof_rule_pack(&rule);
    return code == EVPROF_CODE_RAW ? learn(&rule) : code;
}
