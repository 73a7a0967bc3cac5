/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_SIG_TABLE_H
#define EVPROF_UNWIND_SIG_TABLE_H

/*
 * The compiled call-frame data of one executable segment: rows sorted by
 * address, each valid up to the next. A row is 13 bits of offset within a
 * bucket of 8 KiB of code and a 16-bit rule; an index holds each bucket's first
 * row. Immutable once published.
 */

#include <stddef.h>
#include <stdint.h>

#include "core/unwind/sig_cfi.h"
#include "core/unwind/sig_rule.h"

#define EVPROF_BUCKET_SHIFT 13u

typedef struct evprof_table {
    size_t bucket_count;
    size_t row_count;
    const uint32_t *index; /* bucket_count + 1 */
    const uint32_t *rows;  /* offset in the bucket << 16 | code */
    uintptr_t bias;        /* of the object */
    /* For objects without a search table in memory: a copy of the section in
     * the file's addresses, and a search table of our own. */
    evprof_cfi_t copy;        /* data NULL: use memory */
    const uint32_t *searched; /* pairs: code address - copy_base, offset */
    size_t searched_count;
    uintptr_t copy_base;
} evprof_table_t;

/* The rule at `offset` from the segment's start. Signal-safe. */
static inline unsigned
evprof_table_find(const evprof_table_t *table, uintptr_t offset)
{
    size_t bucket = offset >> EVPROF_BUCKET_SHIFT;
    if (bucket >= table->bucket_count) {
        return EVPROF_CODE_NONE;
    }
    uint32_t low = table->index[bucket];
    uint32_t high = table->index[bucket + 1];
    uint32_t within =
        (uint32_t)(offset & ((1u << EVPROF_BUCKET_SHIFT) - 1)) << 16 | 0xffff;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (table->rows[middle] <= within) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == 0 ? EVPROF_CODE_NONE : table->rows[low - 1] & 0xffff;
}

/* The self-contained rule of a row, EVPROF_CODE_RAW where there is none.
 * Signal-safe. */
static inline unsigned
evprof_table_code(const evprof_row_t *row, uint64_t ra_reg)
{
    const unsigned fp = EVPROF_REG_FP - EVPROF_RULE_FIRST;
    int ra = evprof_cfi_index(ra_reg);
    if (ra < 0 || row->cfa_is_expr || row->how[ra] != EVPROF_HOW_OFFSET ||
        (row->cfa_reg != EVPROF_REG_SP && row->cfa_reg != EVPROF_REG_FP) ||
        row->how[fp] == EVPROF_HOW_UNDEFINED ||
        row->how[fp] > EVPROF_HOW_OFFSET) {
        return EVPROF_CODE_RAW;
    }
    evprof_rule_t rule = {
        .base = row->cfa_reg,
        .offset = row->cfa_value,
        .fp = row->how[fp] == EVPROF_HOW_OFFSET ? EVPROF_RULE_FP_AT_CFA
                                                : EVPROF_RULE_FP_SAME,
        .fp_offset = row->value[fp],
        .ra_offset = row->value[ra],
    };
    return evprof_rule_pack(&rule);
}

#endif
