/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_UNWIND_SIG_TABLE_H
#define EVPROF_UNWIND_SIG_TABLE_H

/* clang-format off */
/*
 * The compiled call-frame data of one executable segment: rows sorted by
 * address, each valid up to the next. A row has three bytes: 13 bits of offset
 * within a bucket of 8 KiB of code, and an 11-bit number:
 *
 *   0-1023     a self-contained code (sig_rule.h) of a small frame: one bit for
 *              the register it is measured from, 3 for the slot of the frame
 *              pointer, 6 for the size
 *   1024-1535  an index into the object's list of codes
 *   1536-2047  a call with arguments on the stack: 4 bits say by how many units
 *              the frame is larger, 5 bits for how many times 4 bytes of code;
 *              then the row before is in force again
 *
 * A third of the rows of some libraries are such calls; one row instead of two
 * makes the table smaller.
 *
 * Everything is in one block of memory, immutable once published:
 *
 *   words    the index of each bucket's first row, then the number of rows
 *   words    for each stretch of 32 KiB of code, how many rows of the linker's
 *            search table begin before it; absent when the linker's table is
 *            not in memory
 *   halves   the list of codes
 *   bytes    the rows, and one byte more, so that a row can be loaded as a word
 */
/* clang-format on */

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
#define EVPROF_ROW_CALL 1536u /* the first number for a call */
#define EVPROF_ROW_CALL_UNIT 4u
#define EVPROF_ROW_CALL_MOST 32u /* units of code */
#define EVPROF_ROW_GROWTH_SHIFT 5u
#define EVPROF_ROW_GROWTH_MOST 16u

/* The most call rows that may follow each other; bounds a search backwards. */
#define EVPROF_ROW_CALLS_MOST 7u

/* For objects whose search table is not in memory: a copy of the call-frame
 * section at the file's addresses, and a search table made for it. */
typedef struct evprof_table_copy {
    evprof_cfi_t cfi;
    const uint32_t *searched; /* pairs: code address - base, offset in cfi */
    size_t searched_count;
    size_t searched_room; /* numbers that `searched` has room for */
    uintptr_t base;
    uintptr_t bias; /* of the object */
} evprof_table_copy_t;

typedef struct evprof_table {
    uint32_t bucket_count;
    uint32_t row_count;
    uint32_t code_count;
    uint32_t stretch_count;          /* 0: no stretches */
    const evprof_table_copy_t *copy; /* NULL: all of it is in memory */
    uint32_t search_first;           /* from .eh_frame_hdr to its first row */
    uint32_t words[];
} evprof_table_t;

/* The index of a bucket's first row; for bucket_count, the number of rows. */
static inline uint32_t
evprof_table_first(const evprof_table_t *table, size_t bucket)
{
    return table->words[bucket];
}

/* For each stretch, how many rows of the linker's search table begin before
 * it. */
static inline const uint32_t *
evprof_table_stretches(const evprof_table_t *table)
{
    return table->words + table->bucket_count + 1;
}

/* The list of codes. */
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

/* The number that stands for a code by itself; EVPROF_ROW_LISTED: none, the
 * code has to be listed. */
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

/* The number of a row for a call whose arguments take `growth` units during
 * `units` units of code. */
static inline unsigned
evprof_row_call(unsigned growth, unsigned units)
{
    return EVPROF_ROW_CALL | (growth - 1) << EVPROF_ROW_GROWTH_SHIFT |
           (units - 1);
}

/* The code of a row that evprof_row_is_call() is false for. */
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

/* Row `i` as a word: the offset in the bucket above the number. */
static inline uint32_t
evprof_table_row(const unsigned char *rows, size_t i)
{
    uint32_t out;
    memcpy(&out, rows + i * EVPROF_ROW_SIZE, sizeof(out));
    return out & 0xffffff;
}

/* Whether the row is for a call with arguments on the stack. */
static inline bool
evprof_row_is_call(uint32_t row)
{
    return (row & EVPROF_ROW_CODE_MASK) >= EVPROF_ROW_CALL;
}

/* By how many units a row for a call makes the frame larger at offset `within`
 * of its bucket. */
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
    /* Finds the end of the rows that are not above. There is no branch, since
     * it would be mispredicted half of the time. */
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

/* The self-contained code of a row of call-frame data, EVPROF_CODE_RAW where
 * there is none. Signal-safe. */
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
