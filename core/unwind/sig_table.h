/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_SIG_TABLE_H
#define EVPROF_UNWIND_SIG_TABLE_H

/*
 * The compiled call-frame data of one executable segment: rows sorted by
 * address, each valid up to the next. A row has three bytes: 13 bits of offset
 * within a bucket of 8 KiB of code, and an 11-bit number:
 *
 *   0-1023     a code (sig_rule.h) of a small frame: a bit for the register it
 *              is measured from, 3 for the slot of the frame pointer, 6 for
 * size 1024-1535  the codes of the object's list 1536-2047  a call with
 * arguments on the stack: for 4 times 5 bits of code the frame is 4 bits of
 * units larger, then the row before is in force again; a third of the rows of
 * some libraries
 *
 * All is one block of memory, immutable once published:
 *
 *   words    first row of each bucket, and the number of rows
 *   words    per stretch of 32 KiB of code, how many rows of the linker's
 *            search table begin before it; none where that is not in memory
 *   halves   the codes
 *   bytes    the rows, and one more, so that a word can be loaded at each
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/unwind/sig_cfi.h"
#include "core/unwind/sig_rule.h"

#define EVPROF_BUCKET_SHIFT 13u
#define EVPROF_STRETCH_SHIFT 15u
#define EVPROF_ROW_SIZE 3u
#define EVPROF_ROW_CODE_BITS 11u
#define EVPROF_ROW_CODE_MASK ((1u << EVPROF_ROW_CODE_BITS) - 1)
#define EVPROF_ROW_FP 512u
#define EVPROF_ROW_SLOT_SHIFT 6u
#define EVPROF_ROW_SLOT_MOST 7u
#define EVPROF_ROW_SIZE_MOST 63u
#define EVPROF_ROW_LISTED 1024u /* the number of the first listed code */
#define EVPROF_ROW_LISTED_MOST 512u
#define EVPROF_ROW_CALL 1536u /* the first for arguments of a call */
#define EVPROF_ROW_CALL_UNIT 4u
#define EVPROF_ROW_CALL_MOST 32u /* units of code */
#define EVPROF_ROW_GROWTH_SHIFT 5u
#define EVPROF_ROW_GROWTH_MOST 16u

/* Rows for calls that may follow each other, so that a search ends soon. */
#define EVPROF_ROW_CALLS_MOST 7u

/* For objects without a search table in memory: a copy of the section in the
 * file's addresses, and a search table of our own. */
typedef struct evprof_table_copy {
    evprof_cfi_t cfi;
    const uint32_t *searched; /* pairs: code address - base, offset */
    size_t searched_count;
    uintptr_t base;
    uintptr_t bias; /* of the object */
} evprof_table_copy_t;

typedef struct evprof_table {
    uint32_t bucket_count;
    uint32_t row_count;
    uint32_t code_count;
    uint32_t stretch_count;          /* 0: not in memory, or not known */
    const evprof_table_copy_t *copy; /* NULL: memory has it all */
    uint32_t search_first;           /* from .eh_frame_hdr to its first row */
    uint32_t words[];
} evprof_table_t;

/* The first row of a bucket; that of bucket_count is the number of rows. */
static inline uint32_t
evprof_table_first(const evprof_table_t *table, size_t bucket)
{
    return table->words[bucket];
}

/* The rows of the linker's search table that begin before a stretch. */
static inline const uint32_t *
evprof_table_stretches(const evprof_table_t *table)
{
    return table->words + table->bucket_count + 1;
}

/* The codes of the table's rows. */
static inline const uint16_t *
evprof_table_codes(const evprof_table_t *table)
{
    size_t words = table->stretch_count == 0 ? 0 : table->stretch_count + 1;
    return (const uint16_t *)(evprof_table_stretches(table) + words);
}

/* The rows of the table. */
static inline const unsigned char *
evprof_table_rows(const evprof_table_t *table)
{
    return (const unsigned char *)(evprof_table_codes(table) +
                                   table->code_count);
}

/* The number that a code is by itself, EVPROF_ROW_LISTED where it is none. */
static inline unsigned
evprof_row_number(unsigned code)
{
    unsigned slot = code >> EVPROF_CODE_SLOT_SHIFT & EVPROF_CODE_SLOT_MOST;
    unsigned size = code & EVPROF_CODE_SIZE_MOST;
    if ((code & EVPROF_CODE_RULE) != 0 || slot > EVPROF_ROW_SLOT_MOST ||
        size > EVPROF_ROW_SIZE_MOST) {
        return EVPROF_ROW_LISTED;
    }
    return ((code & EVPROF_CODE_FP) != 0 ? EVPROF_ROW_FP : 0) |
           slot << EVPROF_ROW_SLOT_SHIFT | size;
}

/* The number for a call whose arguments take `growth` units, in `units` of
 * code.
 */
static inline unsigned
evprof_row_call(unsigned growth, unsigned units)
{
    return EVPROF_ROW_CALL | (growth - 1) << EVPROF_ROW_GROWTH_SHIFT |
           (units - 1);
}

/* The code of a row that is not for a call. */
static inline unsigned
evprof_row_code(const evprof_table_t *table, uint32_t row)
{
    unsigned number = row & EVPROF_ROW_CODE_MASK;
    if (number >= EVPROF_ROW_LISTED) {
        return evprof_table_codes(table)[number - EVPROF_ROW_LISTED];
    }
    return ((number & EVPROF_ROW_FP) != 0 ? EVPROF_CODE_FP : 0) |
           (number >> EVPROF_ROW_SLOT_SHIFT & EVPROF_ROW_SLOT_MOST)
               << EVPROF_CODE_SLOT_SHIFT |
           (number & EVPROF_ROW_SIZE_MOST);
}

/* Row `i`: its offset in the bucket above the number of its code. */
static inline uint32_t
evprof_table_row(const unsigned char *rows, size_t i)
{
    uint32_t out;
    memcpy(&out, rows + i * EVPROF_ROW_SIZE, sizeof(out));
    return out & 0xffffff;
}

/* Whether the row tells how a call makes the frame larger. */
static inline bool
evprof_row_is_call(uint32_t row)
{
    return (row & EVPROF_ROW_CODE_MASK) >= EVPROF_ROW_CALL;
}

/* By how much a row for a call makes the frame larger at an offset in its
 * bucket. */
static inline unsigned
evprof_row_growth(uint32_t row, uint32_t within)
{
    uint32_t units = (row & (EVPROF_ROW_CALL_MOST - 1)) + 1;
    uint32_t past = within - (row >> EVPROF_ROW_CODE_BITS);
    return past < units * EVPROF_ROW_CALL_UNIT
               ? (row >> EVPROF_ROW_GROWTH_SHIFT &
                  (EVPROF_ROW_GROWTH_MOST - 1)) +
                     1
               : 0;
}

/* The rule at `offset` from the segment's start. Signal-safe. */
static inline unsigned
evprof_table_find(const evprof_table_t *table, uintptr_t offset)
{
    size_t bucket = offset >> EVPROF_BUCKET_SHIFT;
    if (bucket >= table->bucket_count) {
        return EVPROF_CODE_NONE;
    }
    const unsigned char *rows = evprof_table_rows(table);
    size_t first = evprof_table_first(table, bucket);
    size_t count = evprof_table_first(table, bucket + 1) - first;
    size_t low = first;
    uint32_t within = (uint32_t)offset & ((1u << EVPROF_BUCKET_SHIFT) - 1);
    uint32_t last = within << EVPROF_ROW_CODE_BITS | EVPROF_ROW_CODE_MASK;
    /* Behind the last row that is not above; without a branch, which would be
     * predicted wrong half of the time. */
    while (count > 0) {
        size_t half = (count + 1) / 2;
        bool is_above = evprof_table_row(rows, low + half - 1) > last;
        low += is_above ? 0 : half;
        count -= half;
    }
    if (low == 0) {
        return EVPROF_CODE_NONE;
    }
    uint32_t row = evprof_table_row(rows, --low);
    if (!evprof_row_is_call(row)) {
        return evprof_row_code(table, row);
    }
    unsigned growth = low >= first ? evprof_row_growth(row, within) : 0;
    while (evprof_row_is_call(row) && low > 0) {
        row = evprof_table_row(rows, --low);
    }
    return evprof_row_code(table, row) + growth;
}

/* The self-contained rule of a row, EVPROF_CODE_RAW where there is none.
 * Signal-safe. */
static inline unsigned
evprof_table_code(const evprof_cfi_row_t *row, uint64_t ra_reg)
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
