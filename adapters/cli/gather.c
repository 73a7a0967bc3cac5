/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sources are cut into runs of neighbours. A run is ready when the last of
 * its sources has come; a worker then reads and merges it, one source after the
 * other, so that a profile is still in the processor's cache when it is added
 * up, and its memory serves the next one. Runs keep the order of the sources,
 * which shows in the merged profile.
 */
#include "adapters/cli/gather.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/cli/attached.h"
#include "adapters/cli/busy_line.h"
#include "adapters/cli/read_source.h"
#include "adapters/cli/symbolz.h"
#include "core/analysis/merge.h"
#include "core/base/error.h"

#define MAX_THREADS 16

/* So many runs for each processor: enough for all to end at about the same
 * time, few enough for merging them again to cost little. */
#define RUNS_PER_THREAD 8
#define MAX_RUN 16

/* When so many bytes wait for a worker, nothing more is fetched before some of
 * them are read. */
#define MAX_WAITING ((size_t)64 << 20)

typedef struct run {
    cli_batch_t *batch;
    cli_item_t *items;
    size_t count;
    size_t missing; /* have not come yet; guarded by the lock */
    evprof_pprof_t *profiles[MAX_RUN];
    size_t profile_count;
    size_t loaded;
} run_t;

typedef struct gather {
    const cli_t *cli;
    cli_item_t *items;
    run_t *runs;
    run_t **run_of; /* of each item */
    run_t **ready;  /* a queue with room for all; guarded by the lock */
    size_t run_count;
    size_t ready_head;
    size_t ready_tail;
    size_t waiting; /* bytes in ready runs */
    bool is_over;   /* no more runs will become ready */
    pthread_mutex_t lock;
    pthread_cond_t changed;
} gather_t;

/* ---- One run ---- */

/* A profile without mappings gets one, so that its locations have a place to
 * look for symbols in. False: out of memory. */
static bool
add_missing_mapping(evprof_pprof_t *p)
{
    if (p->mapping_count > 0) {
        return true;
    }
    evprof_mapping_t *m = evprof_arena_calloc(&p->arena, 1, sizeof(*m));
    const char *empty = evprof_strings_intern(&p->strings, "");
    if (m == NULL || empty == NULL) {
        return false;
    }
    m->id = 1;
    m->file = empty;
    m->build_id = empty;
    p->mappings = m;
    p->mapping_count = 1;
    for (size_t i = 0; i < p->location_count; i++) {
        p->locations[i].mapping = 0;
    }
    return true;
}

/* The binary and the build id of the command line belong to the first mapping;
 * a build id that is there already is not replaced. */
static bool
name_binary(const cli_t *cli, evprof_pprof_t *p)
{
    evprof_mapping_t *m = &p->mappings[0];
    if (cli->binary != NULL) {
        m->file = evprof_strings_intern(&p->strings, cli->binary);
    }
    if (cli->build_id[0] != '\0' && m->build_id[0] == '\0') {
        m->build_id = evprof_strings_intern(&p->strings, cli->build_id);
    }
    return m->file != NULL && m->build_id != NULL;
}

/* The profile of a source that has come, or NULL and the reason in the item. */
static evprof_pprof_t *
load_item(const cli_t *cli, cli_item_t *item)
{
    evprof_pprof_t *p = NULL;
    int status = item->is_remote
                     ? cli_remote_read(item, &p)
                     : cli_source_read(cli, item->source, &p, &item->err);
    if (status == EVPROF_OK &&
        (!add_missing_mapping(p) || !name_binary(cli, p))) {
        status = evprof_fail(&item->err, EVPROF_ENOMEM, "out of memory");
    }
    if (status == EVPROF_OK && item->shown != NULL &&
        cli_symbolz_note(item, p) != EVPROF_OK) {
        status = evprof_fail(&item->err, EVPROF_ENOMEM, "out of memory");
    }
    if (status != EVPROF_OK) {
        evprof_pprof_free(p);
        return NULL;
    }
    item->is_loaded = true;
    return p;
}

static int
end_merging(run_t *run, evprof_merging_t **merging, evprof_error_t *err)
{
    if (*merging == NULL) {
        return EVPROF_OK;
    }
    evprof_pprof_t *p = NULL;
    int status = evprof_merging_end(*merging, &p, err);
    *merging = NULL;
    if (status == EVPROF_OK) {
        run->profiles[run->profile_count++] = p;
    }
    return status;
}

/* Adds `p`, which is used up, to the others of its run; those whose columns
 * differ are left side by side, for what comes later to make alike. */
static int
add_to_run(run_t *run, evprof_merging_t **merging, evprof_pprof_t *p,
           evprof_error_t *err)
{
    int status = EVPROF_OK;
    if (run->count == 1) {
        run->profiles[run->profile_count++] = p;
        return status;
    }
    if (*merging != NULL) {
        status = evprof_merging_add(*merging, p, err);
    }
    if (status == EVPROF_EINVAL) {
        status = end_merging(run, merging, err);
    }
    if (status == EVPROF_OK && *merging == NULL) {
        *merging = evprof_merging_new();
        status = *merging != NULL
                     ? evprof_merging_add(*merging, p, err)
                     : evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    evprof_pprof_free(p);
    return status;
}

static void
do_run(const cli_t *cli, run_t *run)
{
    evprof_merging_t *merging = NULL;
    int status = EVPROF_OK;
    evprof_error_t err = { 0 };
    for (size_t i = 0; i < run->count && status == EVPROF_OK; i++) {
        evprof_pprof_t *p = load_item(cli, &run->items[i]);
        if (p != NULL) {
            status = add_to_run(run, &merging, p, &err);
        }
    }
    int ended = end_merging(run, &merging, &err);
    status = status == EVPROF_OK ? ended : status;
    while (status != EVPROF_OK && run->profile_count > 0) {
        evprof_pprof_free(run->profiles[--run->profile_count]);
    }
    for (size_t i = 0; i < run->count; i++) {
        cli_item_t *item = &run->items[i];
        if (status != EVPROF_OK) {
            item->is_loaded = false;
            item->err = err;
        }
        run->loaded += item->is_loaded;
    }
}

/* ---- Workers ---- */

/* The next ready run; NULL: none is, and with `waits` none will be. */
static run_t *
take_run(gather_t *g, bool waits)
{
    run_t *run = NULL;
    pthread_mutex_lock(&g->lock);
    while (waits && g->ready_head == g->ready_tail && !g->is_over) {
        pthread_cond_wait(&g->changed, &g->lock);
    }
    if (g->ready_head < g->ready_tail) {
        run = g->ready[g->ready_head++];
        for (size_t i = 0; i < run->count; i++) {
            g->waiting -= run->items[i].body.len;
        }
    }
    pthread_mutex_unlock(&g->lock);
    return run;
}

static void *
work(void *arg)
{
    gather_t *g = arg;
    run_t *run;
    while ((run = take_run(g, true)) != NULL) {
        do_run(g->cli, run);
    }
    return NULL;
}

/* A source has come, or will not. */
static void
on_item(void *ctx, const cli_item_t *item)
{
    gather_t *g = ctx;
    run_t *run = g->run_of[item - g->items];
    pthread_mutex_lock(&g->lock);
    if (--run->missing == 0) {
        for (size_t i = 0; i < run->count; i++) {
            g->waiting += run->items[i].body.len;
        }
        g->ready[g->ready_tail++] = run;
        pthread_cond_signal(&g->changed);
    }
    bool is_much = g->waiting > MAX_WAITING;
    pthread_mutex_unlock(&g->lock);
    run = is_much ? take_run(g, false) : NULL;
    if (run != NULL) {
        do_run(g->cli, run);
    }
}

static void
end_feeding(gather_t *g)
{
    pthread_mutex_lock(&g->lock);
    g->is_over = true;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

/* The network is waited for on this thread, which then works along. */
static void
feed_and_work(gather_t *g, size_t count, size_t processors)
{
    pthread_t threads[MAX_THREADS];
    size_t started = 0;
    bool is_remote = false;
    for (size_t i = 0; i < count; i++) {
        is_remote = is_remote || g->items[i].is_remote;
    }
    size_t wanted = is_remote ? processors : processors - 1;
    if (g->run_count < 2) {
        wanted = 0;
    } else if (wanted > g->run_count - !is_remote) {
        wanted = g->run_count - !is_remote;
    }
    while (started < wanted &&
           pthread_create(&threads[started], NULL, work, g) == 0) {
        started++;
    }
    for (size_t i = 0; i < count; i++) {
        if (!g->items[i].is_remote) {
            on_item(g, &g->items[i]);
        }
    }
    cli_attached_t *attached = cli_attached_begin(g->cli, g->items, count);
    cli_fetch_items(g->cli, g->items, count, on_item, g);
    cli_attached_end(attached, g->items, count, on_item, g);
    end_feeding(g);
    cli_busy_t busy;
    cli_busy_begin(&busy, "reading profiles");
    work(g);
    for (size_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    cli_busy_end(&busy);
}

/* ---- All of them ---- */

static void
cut_runs(gather_t *g, cli_batch_t *batch, size_t threads)
{
    size_t len = batch->count / (threads * RUNS_PER_THREAD);
    len = len < 1 ? 1 : len > MAX_RUN ? MAX_RUN : len;
    for (size_t at = 0; at < batch->count; at += len) {
        run_t *run = &g->runs[g->run_count++];
        size_t left = batch->count - at;
        run->batch = batch;
        run->items = &batch->items[at];
        run->count = left < len ? left : len;
        run->missing = run->count;
        for (size_t i = 0; i < run->count; i++) {
            g->run_of[run->items + i - g->items] = run;
        }
    }
}

/* Hands the profiles of the runs to their lists, in order. */
static void
collect(gather_t *g)
{
    for (size_t r = 0; r < g->run_count; r++) {
        run_t *run = &g->runs[r];
        cli_batch_t *batch = run->batch;
        batch->loaded += run->loaded;
        for (size_t i = 0; i < run->profile_count; i++) {
            batch->profiles[batch->profile_count++] = run->profiles[i];
        }
    }
}

static size_t
processor_count(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : (size_t)n;
}

int
cli_gather(const cli_t *cli, cli_batch_t *batches, size_t count,
           evprof_error_t *err)
{
    size_t threads = processor_count();
    size_t total = 0;
    bool is_complete = true;
    for (size_t b = 0; b < count; b++) {
        batches[b].profiles =
            calloc(batches[b].count + 1, sizeof(*batches[b].profiles));
        is_complete = is_complete && batches[b].profiles != NULL;
        total += batches[b].count;
    }
    gather_t g = { .cli = cli,
                   .items = batches[0].items,
                   .runs = calloc(total + 1, sizeof(*g.runs)),
                   .run_of = calloc(total + 1, sizeof(*g.run_of)),
                   .ready = calloc(total + 1, sizeof(*g.ready)),
                   .lock = PTHREAD_MUTEX_INITIALIZER,
                   .changed = PTHREAD_COND_INITIALIZER };
    is_complete =
        is_complete && g.runs != NULL && g.run_of != NULL && g.ready != NULL;
    if (is_complete) {
        for (size_t b = 0; b < count; b++) {
            cut_runs(&g, &batches[b], threads);
        }
        feed_and_work(&g, total, threads);
        collect(&g);
    }
    free(g.runs);
    free(g.run_of);
    free(g.ready);
    return is_complete ? EVPROF_OK
                       : evprof_fail(err, EVPROF_ENOMEM, "out of memory");
}

void
cli_batch_free(cli_batch_t *batch)
{
    for (size_t i = 0; i < batch->profile_count; i++) {
        evprof_pprof_free(batch->profiles[i]);
    }
    free(batch->profiles);
    batch->profiles = NULL;
    batch->profile_count = 0;
}
