/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiles FDEs to the rows of a table. Callers are only ever looked up at the
 * last byte of a call instruction, so most rows (of prologues, epilogues and
 * pushes) are never used: a row in which no call ends is dropped, and the row
 * before extends over its code. A tenth of the rows remains. Rows that say that
 * a stack begins, or that the kernel made the frame, are always kept.
 */
#include "core/unwind/table_piece.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/base/bulk.h"
#include "core/unwind/row_rules.h"
#include "core/unwind/sig_table.h"

/* Shorter gaps between functions are padding. */
#define PADDING_MOST 16u

#define TEXT_BYTES ((size_t)65536)

/* A window of the object's code. */
typedef struct text {
    const evprof_piece_t *piece;
    unsigned char *bytes;
    uint32_t start;
    size_t size;
} text_t;

/* Makes [low, high) of the code readable at text->bytes; false: the file does
 * not have it. */
static bool
text_load(text_t *text, uint32_t low, uint32_t high)
{
    if (low >= text->start && high <= text->start + text->size) {
        return true;
    }
    uint64_t place = text->piece->object->offset + low;
    ssize_t got =
        pread(text->piece->frames->fd, text->bytes, TEXT_BYTES, (off_t)place);
    text->start = low;
    text->size = got > 0 ? (size_t)got : 0;
    return high - low <= text->size;
}

/* Whether the bytes can be a direct call at all: one that leaves the object
 * goes through the object's own linkage table. */
static bool
is_in_reach(const evprof_frames_t *frames, uint32_t end, int64_t target)
{
    uintptr_t to = frames->base + end + (uintptr_t)target;
    return target == 0 || (to >= frames->low && to < frames->high);
}

/* Whether a call instruction can end in [start, end). Every byte is tried as
 * the start of an instruction, which finds too many calls rather than too
 * few. */
static bool
holds_call_end(text_t *text, uint32_t start, uint32_t end)
{
    if (!text_load(text, start, end)) {
        return true;
    }
    int64_t target = 0;
    const unsigned char *bytes = text->bytes + (start - text->start);
    size_t size = end - start;
    for (size_t i = 0; i < size; i += EVPROF_CODE_ALIGN) {
        size_t length = evprof_arch_call_length(bytes + i, size - i, &target);
        if (length != 0 &&
            is_in_reach(text->piece->frames, start + (uint32_t)(i + length),
                        target)) {
            return true;
        }
    }
    return false;
}

static bool
is_kept(text_t *text, uint32_t start, uint32_t end, unsigned code)
{
    return code == EVPROF_CODE_END || code == EVPROF_CODE_SIGNAL ||
           holds_call_end(text, start, end);
}

static void
push_row(evprof_piece_t *piece, uint32_t start, unsigned code)
{
    if (piece->row_count == piece->row_cap) {
        size_t cap = piece->row_cap == 0 ? 1024 : piece->row_cap * 2;
        evprof_piece_row_t *rows = evprof_bulk_resize(
            piece->rows, piece->row_cap * sizeof(*rows), cap * sizeof(*rows));
        if (rows == NULL) {
            piece->failed = true;
            return;
        }
        piece->rows = rows;
        piece->row_cap = cap;
    }
    bool is_call =
        piece->row_count > 0 &&
        piece->rows[piece->row_count - 1].code >= EVPROF_PIECE_NUMBER;
    piece->calls = is_call ? piece->calls + 1 : 0;
    piece->rows[piece->row_count++] = (evprof_piece_row_t){ start, code };
    piece->before_last = piece->last_code;
    piece->last_code = code;
}

/* By how many units `code` makes the frame larger than `before`; 0: the two
 * differ in something else, or by too much. */
static unsigned
growth_of(uint32_t before, uint32_t code)
{
    unsigned growth = code - before;
    bool is_simple = ((before | code) & ~(uint32_t)0x7fff) == 0 &&
                     ((before ^ code) & ~EVPROF_CODE_SIZE_MOST) == 0;
    return is_simple && growth <= EVPROF_ROW_GROWTH_MOST ? growth : 0;
}

/*
 * Replaces two rows of a call with arguments on the stack by one. When `code`
 * at `start` is what was in force before the last row, the last row becomes a
 * row for a call, which implies the return to `code`. Such a row ends at whole
 * units, which is allowed if no call ends between `start` and there.
 */
static bool
fold_call(evprof_piece_t *piece, text_t *text, uint32_t start, unsigned code)
{
    if (code != piece->before_last || piece->row_count == 0 ||
        piece->calls == EVPROF_ROW_CALLS_MOST) {
        return false;
    }
    evprof_piece_row_t *last = &piece->rows[piece->row_count - 1];
    unsigned growth = growth_of(code, last->code);
    uint32_t units =
        (start - last->start + EVPROF_ROW_CALL_UNIT - 1) / EVPROF_ROW_CALL_UNIT;
    uint32_t end = last->start + units * EVPROF_ROW_CALL_UNIT;
    if (growth == 0 || units > EVPROF_ROW_CALL_MOST ||
        last->start >> EVPROF_BUCKET_SHIFT !=
            (end - 1) >> EVPROF_BUCKET_SHIFT ||
        (end > start && holds_call_end(text, start, end))) {
        return false;
    }
    last->code = EVPROF_PIECE_NUMBER | evprof_row_call(growth, units);
    piece->last_code = code;
    return true;
}

/* Adds a row. Functions started by makecontext() return to piece->bottom, which
 * no call precedes; since a return address is looked up by the byte before it,
 * that byte gets a row of its own. */
static void
add_row(evprof_piece_t *piece, text_t *text, uint32_t start, uint32_t end,
        unsigned code)
{
    bool is_bottom = start != 0 && start == piece->bottom;
    if (is_bottom) {
        push_row(piece, start - 1, EVPROF_CODE_END);
    }
    if (start < end && code != piece->last_code &&
        (is_bottom || is_kept(text, start, end, code)) &&
        !fold_call(piece, text, start, code)) {
        push_row(piece, start, code);
    }
}

/* The rows of one FDE up to `limit`, where the next one begins. */
static void
compile_fde(evprof_piece_t *piece, text_t *text, const evprof_fde_t *fde,
            uint32_t limit)
{
    const evprof_cfi_t *cfi = &piece->frames->cfi;
    uintptr_t base = piece->frames->base;
    evprof_cfi_run_t run;
    uint32_t end = (uint32_t)(fde->start - base);
    if (evprof_cfi_begin(&run, cfi, fde)) {
        while (end < limit && evprof_cfi_next(&run)) {
            uint32_t start = end;
            end = (uint32_t)(run.row.limit - base);
            end = end < limit ? end : limit;
            add_row(piece, text, start, end,
                    evprof_rule_of_row(cfi, fde, &run.row));
        }
    }
    /* The rest could not be followed here; readers of the raw data will find
     * out. */
    add_row(piece, text, end, limit, EVPROF_CODE_RAW);
}

static uint32_t
start_of(const evprof_piece_t *piece, size_t i)
{
    return i < piece->frames->fde_count ? piece->frames->fdes[2 * i]
                                        : UINT32_MAX;
}

static bool
read_fde(const evprof_piece_t *piece, size_t i, evprof_fde_t *fde)
{
    uint32_t offset = piece->frames->fdes[2 * i + 1];
    return evprof_cfi_entry(&piece->frames->cfi, offset, fde) ==
               EVPROF_CFI_FDE &&
           fde->start - piece->frames->base == start_of(piece, i);
}

static uint32_t
limit_of(const evprof_piece_t *piece, const evprof_fde_t *fde, size_t i)
{
    uintptr_t limit = fde->limit - piece->frames->base;
    uintptr_t size = piece->object->limit - piece->object->start;
    uintptr_t next = start_of(piece, i + 1);
    limit = limit < size ? limit : size;
    return (uint32_t)(limit < next ? limit : next);
}

void
evprof_piece_compile(evprof_piece_t *piece)
{
    text_t text = { .piece = piece, .bytes = evprof_bulk_alloc(TEXT_BYTES) };
    evprof_fde_t fde = { 0 };
    uint32_t end = 0;
    if (text.bytes == NULL) {
        piece->failed = true;
        return;
    }
    if (piece->first > 0 && read_fde(piece, piece->first - 1, &fde)) {
        end = limit_of(piece, &fde, piece->first - 1);
    }
    for (size_t i = piece->first; i < piece->last; i++) {
        if (!read_fde(piece, i, &fde)) {
            continue;
        }
        uint32_t start = start_of(piece, i);
        if (start > end && start - end >= PADDING_MOST) {
            push_row(piece, end, EVPROF_CODE_NONE);
        }
        end = limit_of(piece, &fde, i);
        compile_fde(piece, &text, &fde, end);
    }
    if (piece->last == piece->frames->fde_count) {
        push_row(piece, end, EVPROF_CODE_NONE);
    }
    evprof_bulk_free(text.bytes, TEXT_BYTES);
}
