/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts the rows of an object's pieces into the block of memory that sig_table.h
 * describes: numbers for the codes, rows of three bytes, the two indexes.
 */
#include "core/unwind/tables.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/bulk.h"
#include "core/unwind/table_piece.h"

static size_t
count_rows(const evprof_piece_t *pieces, size_t count)
{
    size_t out = 0;
    for (size_t i = 0; i < count; i++) {
        out += pieces[i].row_count;
    }
    return out;
}

/* The numbers of an object's listed codes; others are numbers by themselves. */
typedef struct numbering {
    uint16_t number[UINT16_MAX + 1]; /* by code; 0: none yet */
    uint16_t codes[EVPROF_ROW_LISTED_MOST];
    uint32_t count;
} numbering_t;

/* When the list is full, its last entry stands for all further codes and says
 * RAW: frames with these are stepped by the call-frame data. No object was seen
 * to have so many. */
static uint16_t
number_code(numbering_t *numbering, uint16_t code)
{
    unsigned direct = evprof_row_number(code);
    if (direct < EVPROF_ROW_LISTED) {
        return (uint16_t)direct;
    }
    if (numbering->count < EVPROF_ROW_LISTED_MOST) {
        bool is_last = numbering->count == EVPROF_ROW_LISTED_MOST - 1;
        numbering->codes[numbering->count++] =
            is_last ? (uint16_t)EVPROF_CODE_RAW : code;
    }
    return (uint16_t)(EVPROF_ROW_LISTED + numbering->count - 1);
}

static void
number_codes(const evprof_piece_t *pieces, size_t count, numbering_t *out)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < pieces[i].row_count; k++) {
            uint32_t code = pieces[i].rows[k].code;
            if (code < EVPROF_PIECE_NUMBER && out->number[code] == 0) {
                out->number[code] = number_code(out, (uint16_t)code);
            }
        }
    }
}

static void
put_row(unsigned char *at, const evprof_piece_row_t *row,
        const numbering_t *numbering)
{
    uint32_t within = row->start & ((1u << EVPROF_BUCKET_SHIFT) - 1);
    uint32_t number = row->code >= EVPROF_PIECE_NUMBER
                          ? row->code - EVPROF_PIECE_NUMBER
                          : numbering->number[row->code];
    uint32_t word = within << EVPROF_ROW_CODE_BITS | number;
    at[0] = (unsigned char)word;
    at[1] = (unsigned char)(word >> 8);
    at[2] = (unsigned char)(word >> 16);
}

static void
fill_rows(const evprof_piece_t *pieces, size_t count, evprof_table_t *table,
          const numbering_t *numbering)
{
    unsigned char *rows = (unsigned char *)(uintptr_t)evprof_table_rows(table);
    uint32_t done = 0;
    size_t bucket = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < pieces[i].row_count; k++) {
            const evprof_piece_row_t *row = &pieces[i].rows[k];
            while (bucket <= row->start >> EVPROF_BUCKET_SHIFT &&
                   bucket < table->bucket_count) {
                table->words[bucket++] = done;
            }
            put_row(rows + (size_t)done * EVPROF_ROW_SIZE, row, numbering);
            done++;
        }
    }
    while (bucket <= table->bucket_count) {
        table->words[bucket++] = done;
    }
}

static void
fill_stretches(const evprof_frames_t *frames, evprof_table_t *table)
{
    uint32_t *out = (uint32_t *)(uintptr_t)evprof_table_stretches(table);
    size_t stretch = 0;
    for (size_t i = 0; i < frames->fde_count; i++) {
        while (stretch <= frames->fdes[2 * i] >> EVPROF_STRETCH_SHIFT &&
               stretch < table->stretch_count) {
            out[stretch++] = frames->fde_skipped + (uint32_t)i;
        }
    }
    while (stretch <= table->stretch_count) {
        out[stretch++] = frames->fde_skipped + (uint32_t)frames->fde_count;
    }
}

/* Of the table alone, without its copy. */
static size_t
own_size(const evprof_table_t *table)
{
    const unsigned char *end =
        evprof_table_rows(table) + (size_t)table->row_count * EVPROF_ROW_SIZE;
    return (size_t)(end + 1 - (const unsigned char *)table);
}

/* Allocates the table and fills in its sizes. */
static evprof_table_t *
allocate(const evprof_piece_t *pieces, size_t count,
         const numbering_t *numbering)
{
    const evprof_frames_t *frames = pieces[0].frames;
    const evprof_object_t *object = pieces[0].object;
    uintptr_t last = object->limit - object->start - 1;
    evprof_table_t shape = {
        .bucket_count = (uint32_t)(last >> EVPROF_BUCKET_SHIFT) + 1,
        .row_count = (uint32_t)count_rows(pieces, count),
        .code_count = numbering->count,
        .search_first = frames->search_first,
    };
    if (frames->search_first != 0) {
        shape.stretch_count = (uint32_t)(last >> EVPROF_STRETCH_SHIFT) + 1;
    }
    evprof_table_t *table = evprof_bulk_alloc(own_size(&shape));
    if (table != NULL) {
        *table = shape;
    }
    return table;
}

evprof_table_t *
evprof_table_assemble(const evprof_piece_t *pieces, size_t count)
{
    numbering_t *numbering = evprof_bulk_alloc(sizeof(*numbering));
    if (numbering == NULL) {
        return NULL;
    }
    memset(numbering, 0, sizeof(*numbering));
    number_codes(pieces, count, numbering);
    evprof_table_t *table = allocate(pieces, count, numbering);
    if (table != NULL) {
        memcpy((void *)(uintptr_t)evprof_table_codes(table), // NOLINT
               numbering->codes, numbering->count * sizeof(uint16_t));
        fill_rows(pieces, count, table, numbering);
        if (table->stretch_count != 0) {
            fill_stretches(pieces[0].frames, table);
        }
    }
    evprof_bulk_free(numbering, sizeof(*numbering));
    return table;
}

size_t
evprof_table_size(const evprof_table_t *table)
{
    size_t size = own_size(table);
    const evprof_table_copy_t *copy = table->copy;
    if (copy != NULL) {
        size += sizeof(*copy) + copy->cfi.size +
                2 * copy->searched_count * sizeof(*copy->searched);
    }
    return size;
}

void
evprof_table_free(evprof_table_t *table)
{
    if (table == NULL) {
        return;
    }
    evprof_table_copy_t *copy = (evprof_table_copy_t *)(uintptr_t)table->copy;
    if (copy != NULL) {
        evprof_bulk_free((void *)(uintptr_t)copy->cfi.data, // NOLINT
                         copy->cfi.size);
        evprof_bulk_free((void *)(uintptr_t)copy->searched, // NOLINT
                         copy->searched_room * sizeof(*copy->searched));
        free(copy);
    }
    evprof_bulk_free(table, own_size(table));
}
