/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Callers are only ever looked up at the last byte of a call, so most rows (of
 * prologues, epilogues and pushes) can never be asked for: those are dropped
 * that hold no end of a call instruction, and what precedes them extends over
 * them. That leaves a tenth. Rows that say where a stack begins or that the
 * kernel made the frame are kept always.
 *
 * The work is cut into pieces of some thousand FDEs, done by as many threads as
 * there are processors, and put together in order.
 */
#include "core/unwind/tables.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <evprof/status.h>

#include "core/unwind/frames.h"
#include "core/unwind/rules.h"

/* About a millisecond of work, so that threads end together. */
#define PIECE_FDES ((size_t)4096)

/* Below this, starting a thread costs more than it saves. */
#define THREADED_FDES ((size_t)16384)
#define THREADS_MOST 4u

/* Shorter gaps between functions are padding. */
#define PADDING_MOST 16u

#define TEXT_BYTES ((size_t)65536)

struct row {
    uint32_t start; /* from the segment's start */
    uint32_t code;  /* ROW_NUMBER: the rest is the row's number already */
};

#define ROW_NUMBER ((uint32_t)1 << 16)

/* A run of FDEs of one object and the rows they gave. */
struct piece {
    const evprof_object_t *object;
    const evprof_frames_t *frames;
    size_t first;
    size_t last;     /* one behind */
    uint32_t bottom; /* see evprof_table_job_t, from the segment's start */
    struct row *rows;
    size_t row_count;
    size_t row_cap;
    uint32_t last_code;   /* in force at the end of the rows */
    uint32_t before_last; /* in force before the last row */
    unsigned calls;       /* rows for calls right before the last row */
    bool failed;          /* out of memory */
};

struct work {
    struct piece *pieces;
    size_t count;
    atomic_size_t next;
};

/* A window of the object's code. */
struct text {
    const struct piece *piece;
    unsigned char *bytes;
    uint32_t start;
    size_t size;
};

/* Makes [low, high) of the code readable at text->bytes; false: not in file. */
static bool
text_load(struct text *text, uint32_t low, uint32_t high)
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

/* Whether a direct call from `end` can lead there: an object calls others by
 * way of its own linkage table. */
static bool
is_in_reach(const evprof_frames_t *frames, uint32_t end, int64_t target)
{
    uintptr_t to = frames->base + end + (uintptr_t)target;
    return target == 0 || (to >= frames->low && to < frames->high);
}

/* Whether a call instruction can end in [start, end), where rows begin and so
 * do instructions. Bytes in the middle of one are read as if it began there,
 * which finds too many calls rather than too few. */
static bool
holds_call_end(struct text *text, uint32_t start, uint32_t end)
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
is_kept(struct text *text, uint32_t start, uint32_t end, unsigned code)
{
    return code == EVPROF_CODE_END || code == EVPROF_CODE_SIGNAL ||
           holds_call_end(text, start, end);
}

static void
push_row(struct piece *piece, uint32_t start, unsigned code)
{
    if (piece->row_count == piece->row_cap) {
        size_t cap = piece->row_cap == 0 ? 1024 : piece->row_cap * 2;
        struct row *rows = realloc(piece->rows, cap * sizeof(*rows));
        if (rows == NULL) {
            piece->failed = true;
            return;
        }
        piece->rows = rows;
        piece->row_cap = cap;
    }
    bool is_call = piece->row_count > 0 &&
                   piece->rows[piece->row_count - 1].code >= ROW_NUMBER;
    piece->calls = is_call ? piece->calls + 1 : 0;
    piece->rows[piece->row_count++] = (struct row){ start, code };
    piece->before_last = piece->last_code;
    piece->last_code = code;
}

/* The units by which a frame is larger than before, all else being equal; 0:
 * it is not so. */
static unsigned
growth_of(uint32_t before, uint32_t code)
{
    unsigned growth = code - before;
    bool is_simple = ((before | code) & ~(uint32_t)0x7fff) == 0 &&
                     ((before ^ code) & ~EVPROF_CODE_SIZE_MOST) == 0;
    return is_simple && growth <= EVPROF_ROW_GROWTH_MOST ? growth : 0;
}

/*
 * Where `code` comes back into force at `start` after a call with arguments on
 * the stack, the last row becomes one for that call, which says so itself. It
 * ends in whole units, if no call ends in what is too much.
 */
static bool
fold_call(struct piece *piece, struct text *text, uint32_t start, unsigned code)
{
    if (code != piece->before_last || piece->row_count == 0 ||
        piece->calls == EVPROF_ROW_CALLS_MOST) {
        return false;
    }
    struct row *last = &piece->rows[piece->row_count - 1];
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
    last->code = ROW_NUMBER | evprof_row_call(growth, units);
    piece->last_code = code;
    return true;
}

/* makecontext makes a function return to the first byte of code that nothing
 * calls; that is looked up by the byte before. */
static void
add_row(struct piece *piece, struct text *text, uint32_t start, uint32_t end,
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
compile_fde(struct piece *piece, struct text *text, const evprof_fde_t *fde,
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
    /* Instructions that could not be followed: so will others find. */
    add_row(piece, text, end, limit, EVPROF_CODE_RAW);
}

static uint32_t
start_of(const struct piece *piece, size_t i)
{
    return i < piece->frames->fde_count ? piece->frames->fdes[2 * i]
                                        : UINT32_MAX;
}

static bool
read_fde(const struct piece *piece, size_t i, evprof_fde_t *fde)
{
    uint32_t offset = piece->frames->fdes[2 * i + 1];
    return evprof_cfi_entry(&piece->frames->cfi, offset, fde) ==
               EVPROF_CFI_FDE &&
           fde->start - piece->frames->base == start_of(piece, i);
}

static uint32_t
limit_of(const struct piece *piece, const evprof_fde_t *fde, size_t i)
{
    uintptr_t limit = fde->limit - piece->frames->base;
    uintptr_t size = piece->object->limit - piece->object->start;
    uintptr_t next = start_of(piece, i + 1);
    limit = limit < size ? limit : size;
    return (uint32_t)(limit < next ? limit : next);
}

static void
compile_piece(struct piece *piece)
{
    struct text text = { .piece = piece, .bytes = malloc(TEXT_BYTES) };
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
    free(text.bytes);
}

static void *
run_pieces(void *arg)
{
    struct work *work = arg;
    size_t i = 0;
    while ((i = atomic_fetch_add(&work->next, 1)) < work->count) {
        compile_piece(&work->pieces[i]);
    }
    return NULL;
}

static unsigned
count_threads(const struct work *work)
{
    size_t fdes = 0;
    for (size_t i = 0; i < work->count; i++) {
        fdes += work->pieces[i].last - work->pieces[i].first;
    }
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    if (fdes < THREADED_FDES || cpus < 2) {
        return 1;
    }
    return cpus < (long)THREADS_MOST ? (unsigned)cpus : THREADS_MOST;
}

/* The application's signals are not for threads of ours. */
static void
run_threads(struct work *work)
{
    pthread_t threads[THREADS_MOST];
    unsigned count = 0;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    while (count + 1 < count_threads(work) &&
           pthread_create(&threads[count], NULL, run_pieces, work) == 0) {
        count++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    run_pieces(work);
    while (count > 0) {
        pthread_join(threads[--count], NULL);
    }
}

/* Pieces of one object stand side by side; equal rows across them merge. */
static size_t
count_rows(const struct piece *pieces, size_t count)
{
    size_t out = 0;
    for (size_t i = 0; i < count; i++) {
        out += pieces[i].row_count;
    }
    return out;
}

/* The numbers that an object's codes have in its rows, but for those that are
 * numbers themselves. */
struct numbering {
    uint16_t number[UINT16_MAX + 1]; /* by code; 0: none yet */
    uint16_t codes[EVPROF_ROW_LISTED_MOST];
    uint32_t count;
};

/* The last number stands for all codes that come too late: frames with these
 * are stepped by the call-frame data. No object was seen to have so many. */
static uint16_t
number_code(struct numbering *numbering, uint16_t code)
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
number_codes(const struct piece *pieces, size_t count, struct numbering *out)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < pieces[i].row_count; k++) {
            uint32_t code = pieces[i].rows[k].code;
            if (code < ROW_NUMBER && out->number[code] == 0) {
                out->number[code] = number_code(out, (uint16_t)code);
            }
        }
    }
}

static void
put_row(unsigned char *at, const struct row *row,
        const struct numbering *numbering)
{
    uint32_t within = row->start & ((1u << EVPROF_BUCKET_SHIFT) - 1);
    uint32_t number = row->code >= ROW_NUMBER ? row->code - ROW_NUMBER
                                              : numbering->number[row->code];
    uint32_t word = within << EVPROF_ROW_CODE_BITS | number;
    at[0] = (unsigned char)word;
    at[1] = (unsigned char)(word >> 8);
    at[2] = (unsigned char)(word >> 16);
}

static void
fill_rows(const struct piece *pieces, size_t count, evprof_table_t *table,
          const struct numbering *numbering)
{
    unsigned char *rows = (unsigned char *)(uintptr_t)evprof_table_rows(table);
    uint32_t done = 0;
    size_t bucket = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < pieces[i].row_count; k++) {
            const struct row *row = &pieces[i].rows[k];
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

/* The table without its contents. */
static evprof_table_t *
allocate(const struct piece *pieces, size_t count,
         const struct numbering *numbering)
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
    evprof_table_t *table = malloc(evprof_table_size(&shape));
    if (table != NULL) {
        *table = shape;
    }
    return table;
}

static evprof_table_t *
assemble(const struct piece *pieces, size_t count)
{
    struct numbering *numbering = calloc(1, sizeof(*numbering));
    if (numbering == NULL) {
        return NULL;
    }
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
    free(numbering);
    return table;
}

/* What handlers cannot read in memory goes with the table. */
static evprof_table_t *
keep_copy(evprof_table_t *table, evprof_frames_t *frames, uintptr_t bias)
{
    if (table == NULL || frames->is_searchable) {
        return table;
    }
    evprof_table_copy_t *copy = malloc(sizeof(*copy));
    if (copy == NULL) {
        evprof_table_free(table);
        return NULL;
    }
    *copy = (evprof_table_copy_t){ .cfi = frames->cfi,
                                   .searched = frames->fdes,
                                   .searched_count = frames->fde_count,
                                   .base = frames->base,
                                   .bias = bias };
    table->copy = copy;
    frames->cfi.data = NULL;
    frames->fdes = NULL;
    return table;
}

/* Beyond, so much of the process would become resident that it is noticed. */
#define WARM_MOST ((uintptr_t)16 << 20)

/* Since Linux 5.14; older ones refuse it. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

/*
 * Has the kernel map [start, start + size) now: a handler that is the first to
 * touch a page waits a microsecond. Nothing is read here, since another thread
 * may be unloading the object, and then nothing happens.
 */
static void
warm(uintptr_t start, uintptr_t size)
{
    uintptr_t first = start & ~(EVPROF_PAGE - 1);
    if (size != 0 && size <= WARM_MOST) {
        void *page = (void *)first; // NOLINT(performance-no-int-to-ptr)
        madvise(page, start + size - first, MADV_POPULATE_READ);
    }
}

static void
warm_frames(const evprof_object_t *object, const evprof_frames_t *frames)
{
    if (frames->is_searchable && frames->cfi.data != NULL) {
        warm(object->eh_frame_hdr, object->eh_frame_hdr_size);
        warm(frames->cfi.address + object->bias, frames->cfi.size);
    }
}

static size_t
pieces_of(const evprof_frames_t *frames)
{
    return (frames->fde_count + PIECE_FDES - 1) / PIECE_FDES;
}

static size_t
cut(const evprof_table_job_t *job, const evprof_frames_t *frames,
    struct piece *out)
{
    const evprof_object_t *object = job->object;
    bool has_bottom =
        job->bottom >= object->start && job->bottom < object->limit;
    size_t count = pieces_of(frames);
    for (size_t i = 0; i < count; i++) {
        size_t last = (i + 1) * PIECE_FDES;
        out[i] = (struct piece){
            .object = object,
            .frames = frames,
            .first = i * PIECE_FDES,
            .last = last < frames->fde_count ? last : frames->fde_count,
            .bottom = has_bottom ? (uint32_t)(job->bottom - object->start) : 0,
            .last_code = UINT32_MAX,
            .before_last = UINT32_MAX,
        };
    }
    return count;
}

static int
finish(evprof_table_job_t *job, evprof_frames_t *frames, struct piece *pieces)
{
    size_t count = pieces_of(frames);
    bool failed = false;
    for (size_t i = 0; i < count; i++) {
        failed |= pieces[i].failed;
    }
    if (count > 0 && !failed) {
        job->table =
            keep_copy(assemble(pieces, count), frames, job->object->bias);
        failed = job->table == NULL;
    }
    for (size_t i = 0; i < count; i++) {
        free(pieces[i].rows);
    }
    return failed ? EVPROF_ENOMEM : EVPROF_OK;
}

static int
compile_all(evprof_table_job_t *jobs, size_t count, evprof_frames_t *frames)
{
    struct work work = { .count = 0 };
    for (size_t i = 0; i < count; i++) {
        work.count += pieces_of(&frames[i]);
    }
    if (work.count == 0) {
        return EVPROF_OK;
    }
    work.pieces = calloc(work.count, sizeof(*work.pieces));
    if (work.pieces == NULL) {
        return EVPROF_ENOMEM;
    }
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        at += cut(&jobs[i], &frames[i], work.pieces + at);
    }
    run_threads(&work);
    int status = EVPROF_OK;
    at = 0;
    for (size_t i = 0; i < count; i++) {
        int one = finish(&jobs[i], &frames[i], work.pieces + at);
        status = one != EVPROF_OK ? one : status;
        at += pieces_of(&frames[i]);
        warm_frames(jobs[i].object, &frames[i]);
    }
    free(work.pieces);
    return status;
}

int
evprof_tables_build(evprof_table_job_t *jobs, size_t count)
{
    evprof_frames_t *frames = calloc(count + 1, sizeof(*frames));
    if (frames == NULL) {
        return EVPROF_ENOMEM;
    }
    int status = EVPROF_OK;
    for (size_t i = 0; i < count; i++) {
        jobs[i].table = NULL;
        frames[i].fd = -1;
        if (evprof_frames_open(jobs[i].object, jobs[i].is_main, &frames[i]) ==
            EVPROF_ENOMEM) {
            status = EVPROF_ENOMEM;
        }
    }
    int compiled = compile_all(jobs, count, frames);
    for (size_t i = 0; i < count; i++) {
        evprof_frames_close(&frames[i]);
    }
    free(frames);
    return status != EVPROF_OK ? status : compiled;
}

size_t
evprof_table_size(const evprof_table_t *table)
{
    const unsigned char *end =
        evprof_table_rows(table) + (size_t)table->row_count * EVPROF_ROW_SIZE;
    size_t size = (size_t)(end + 1 - (const unsigned char *)table);
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
        free((void *)(uintptr_t)copy->cfi.data); // NOLINT
        free((void *)(uintptr_t)copy->searched); // NOLINT
        free(copy);
    }
    free(table);
}
