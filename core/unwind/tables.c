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
#include <unistd.h>

#include <evprof/status.h>

#include "core/unwind/frames.h"
#include "core/unwind/rules.h"

/* About a millisecond of work, so that threads end together. */
#define PIECE_FDES ((size_t)4096)

/* Below this, starting a thread costs more than it saves. */
#define THREADED_FDES ((size_t)16384)
#define THREADS_MOST 4u

/* Rows of code this long are kept without a look: most of them hold a call. */
#define LONG_SPAN 40u

/* Shorter gaps between functions are padding. */
#define PADDING_MOST 16u

#define TEXT_BYTES ((size_t)65536)

struct row {
    uint32_t start; /* from the segment's start */
    uint32_t code;
};

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
    uint32_t last_code;
    bool failed; /* out of memory */
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

/* Whether a call instruction can end in [start, end). */
static bool
holds_call_end(struct text *text, uint32_t start, uint32_t end)
{
    uint32_t low = start > EVPROF_CALL_MAX ? start - EVPROF_CALL_MAX : 0;
    if (!text_load(text, low, end)) {
        return true;
    }
    const unsigned char *bytes = text->bytes + (low - text->start);
    size_t size = end - low;
    size_t after = start - low; /* the call must end behind this */
    for (size_t i = low % EVPROF_CODE_ALIGN; i < size; i += EVPROF_CODE_ALIGN) {
        size_t length = evprof_arch_call_length(bytes + i, size - i);
        if (length != 0 && i + length > after) {
            return true;
        }
    }
    return false;
}

static bool
is_kept(struct text *text, uint32_t start, uint32_t end, unsigned code)
{
    return end - start >= LONG_SPAN || code == EVPROF_CODE_END ||
           code == EVPROF_CODE_SIGNAL || holds_call_end(text, start, end);
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
    piece->rows[piece->row_count++] = (struct row){ start, code };
    piece->last_code = code;
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
        (is_bottom || is_kept(text, start, end, code))) {
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

static void
fill_rows(const struct piece *pieces, size_t count, uint32_t *index,
          size_t bucket_count, uint32_t *rows)
{
    uint32_t mask = (1u << EVPROF_BUCKET_SHIFT) - 1;
    uint32_t done = 0;
    size_t bucket = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < pieces[i].row_count; k++) {
            const struct row *row = &pieces[i].rows[k];
            while (bucket <= row->start >> EVPROF_BUCKET_SHIFT &&
                   bucket < bucket_count) {
                index[bucket++] = done;
            }
            rows[done++] = (row->start & mask) << 16 | row->code;
        }
    }
    while (bucket <= bucket_count) {
        index[bucket++] = done;
    }
}

/* One block of memory: the table, its index, its rows. */
static evprof_table_t *
assemble(const struct piece *pieces, size_t count)
{
    const evprof_object_t *object = pieces[0].object;
    size_t bucket_count =
        ((object->limit - object->start) >> EVPROF_BUCKET_SHIFT) + 1;
    size_t row_count = count_rows(pieces, count);
    size_t words = bucket_count + 1 + row_count;
    evprof_table_t *table = malloc(sizeof(*table) + words * sizeof(uint32_t));
    if (table == NULL) {
        return NULL;
    }
    uint32_t *index = (uint32_t *)(table + 1);
    *table = (evprof_table_t){
        .bucket_count = bucket_count,
        .row_count = row_count,
        .index = index,
        .rows = index + bucket_count + 1,
        .bias = object->bias,
    };
    fill_rows(pieces, count, index, bucket_count, index + bucket_count + 1);
    return table;
}

/* What handlers cannot read in memory goes with the table. */
static void
keep_copy(evprof_table_t *table, evprof_frames_t *frames)
{
    if (!frames->is_searchable) {
        table->copy = frames->cfi;
        table->searched = frames->fdes;
        table->searched_count = frames->fde_count;
        table->copy_base = frames->base;
        frames->cfi.data = NULL;
        frames->fdes = NULL;
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
        job->table = assemble(pieces, count);
        failed = job->table == NULL;
    }
    for (size_t i = 0; i < count; i++) {
        free(pieces[i].rows);
    }
    if (job->table != NULL) {
        keep_copy(job->table, frames);
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
    size_t words =
        table->bucket_count + 1 + table->row_count + 2 * table->searched_count;
    return sizeof(*table) + words * sizeof(uint32_t) +
           (table->copy.data == NULL ? 0 : table->copy.size);
}

void
evprof_table_free(evprof_table_t *table)
{
    if (table != NULL) {
        free((void *)(uintptr_t)table->copy.data); // NOLINT
        free((void *)(uintptr_t)table->searched);  // NOLINT
        free(table);
    }
}
