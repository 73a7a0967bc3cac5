/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiles objects to tables. The work is cut into pieces of some thousand FDEs
 * (table_piece.c), which up to THREADS_MOST threads compile, and whose results
 * are assembled in order (assemble_table.c).
 */
#include "core/unwind/tables.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <evprof/status.h>

#include "core/base/bulk.h"
#include "core/base/own_thread.h"
#include "core/unwind/frames.h"
#include "core/unwind/table_piece.h"

/* About a millisecond of work, so that the threads finish at about the same
 * time. */
#define PIECE_FDES ((size_t)4096)

/* Below this, starting a thread costs more than it saves. */
#define THREADED_FDES ((size_t)16384)
#define THREADS_MOST 4u

typedef struct work {
    evprof_piece_t *pieces;
    size_t count;
    atomic_size_t next;
} work_t;

static void *
run_pieces(void *arg)
{
    work_t *work = arg;
    size_t i = 0;
    while ((i = atomic_fetch_add(&work->next, 1)) < work->count) {
        evprof_piece_compile(&work->pieces[i]);
    }
    return NULL;
}

static unsigned
count_threads(const work_t *work)
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

static void
run_threads(work_t *work)
{
    pthread_t threads[THREADS_MOST];
    unsigned count = 0;
    while (count + 1 < count_threads(work) &&
           evprof_own_thread_start(EVPROF_OWN_TABLES, &threads[count],
                                   run_pieces, work) == 0) {
        count++;
    }
    run_pieces(work);
    while (count > 0) {
        pthread_join(threads[--count], NULL);
    }
}

/* Moves what handlers cannot read in memory into the table's copy. */
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
                                   .searched_room = frames->fde_room,
                                   .base = frames->base,
                                   .bias = bias };
    table->copy = copy;
    frames->cfi.data = NULL;
    frames->fdes = NULL;
    return table;
}

/* Above this, so much of the process would become resident that users
 * notice. */
#define WARM_MOST ((uintptr_t)16 << 20)

/* Linux has it since 5.14; older kernels refuse it, and nothing happens. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

/*
 * Has the kernel map [start, start + size) now, since a handler that touches a
 * page first waits a microsecond. The memory is not read here: another thread
 * may be unloading the object, and then the call does nothing.
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
    evprof_piece_t *out)
{
    const evprof_object_t *object = job->object;
    bool has_bottom =
        job->bottom >= object->start && job->bottom < object->limit;
    size_t count = pieces_of(frames);
    for (size_t i = 0; i < count; i++) {
        size_t last = (i + 1) * PIECE_FDES;
        out[i] = (evprof_piece_t){
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
finish(evprof_table_job_t *job, evprof_frames_t *frames, evprof_piece_t *pieces)
{
    size_t count = pieces_of(frames);
    bool failed = false;
    for (size_t i = 0; i < count; i++) {
        failed |= pieces[i].failed;
    }
    if (count > 0 && !failed) {
        job->table = keep_copy(evprof_table_assemble(pieces, count), frames,
                               job->object->bias);
        failed = job->table == NULL;
    }
    for (size_t i = 0; i < count; i++) {
        evprof_bulk_free(pieces[i].rows,
                         pieces[i].row_cap * sizeof(*pieces[i].rows));
    }
    return failed ? EVPROF_ENOMEM : EVPROF_OK;
}

static int
compile_all(evprof_table_job_t *jobs, size_t count, evprof_frames_t *frames)
{
    work_t work = { .count = 0 };
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
