/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From sources to one profile. Sources are read on all processors at once; one
 * that fails is reported and left out, as long as another is there. Bases are
 * merged alike and then taken away.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/cli/busy.h"
#include "adapters/cli/cli.h"
#include "adapters/cli/remote.h"
#include "adapters/cli/source.h"
#include "adapters/fetch/save.h"
#include "core/base/error.h"
#include "core/profile/merge.h"
#include "core/profile/prune.h"
#include "core/profile/scale.h"

#define MAX_THREADS 16

struct batch {
    const cli_t *cli;
    cli_item_t *items;
    size_t count;
    atomic_size_t next;
};

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

static void
load_item(const cli_t *cli, cli_item_t *item)
{
    if (!cli_is_remote(item->source) &&
        cli_source_read(cli, item->source, &item->profile, &item->err) !=
            EVPROF_OK) {
        item->profile = NULL;
    }
    if (item->profile != NULL && (!add_missing_mapping(item->profile) ||
                                  !name_binary(cli, item->profile))) {
        evprof_pprof_free(item->profile);
        item->profile = NULL;
        evprof_fail(&item->err, EVPROF_ENOMEM, "out of memory");
    }
}

static void *
work(void *arg)
{
    struct batch *batch = arg;
    for (;;) {
        size_t i =
            atomic_fetch_add_explicit(&batch->next, 1, memory_order_relaxed);
        if (i >= batch->count) {
            return NULL;
        }
        load_item(batch->cli, &batch->items[i]);
    }
}

static void
load_items(struct batch *batch)
{
    pthread_t threads[MAX_THREADS];
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = processors > 1 ? (size_t)processors - 1 : 0;
    if (wanted > batch->count - 1) {
        wanted = batch->count - 1;
    }
    if (wanted > MAX_THREADS) {
        wanted = MAX_THREADS;
    }
    size_t started = 0;
    while (started < wanted &&
           pthread_create(&threads[started], NULL, work, batch) == 0) {
        started++;
    }
    work(batch);
    for (size_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* Merges what was loaded; `*out` stays NULL when nothing was. */
static int
combine(struct batch *batch, evprof_pprof_t **out, size_t *loaded,
        evprof_error_t *err)
{
    evprof_pprof_t **profiles = calloc(batch->count + 1, sizeof(*profiles));
    if (profiles == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    *loaded = 0;
    for (size_t i = 0; i < batch->count; i++) {
        cli_item_t *item = &batch->items[i];
        if (item->profile != NULL) {
            profiles[(*loaded)++] = item->profile;
        } else {
            cli_complain("%s: %s",
                         item->shown != NULL ? item->shown : item->source,
                         item->err.message);
        }
    }
    int status = EVPROF_OK;
    if (*loaded > 0) {
        status = evprof_pprof_combine(profiles, *loaded, out, err);
    }
    free(profiles);
    return status;
}

/* One item a source: those of the command line, then those of a file. */
static cli_item_t *
make_items(const cli_list_t *list, const evprof_source_line_t *lines,
           size_t line_count)
{
    cli_item_t *items = calloc(list->count + line_count + 1, sizeof(*items));
    for (size_t i = 0; items != NULL && i < list->count; i++) {
        items[i].source = list->items[i];
    }
    for (size_t i = 0; items != NULL && i < line_count; i++) {
        items[list->count + i].source = lines[i].source.url;
        items[list->count + i].line = &lines[i];
    }
    return items;
}

static void
free_items(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        free(batch->items[i].shown);
    }
    free(batch->items);
}

/* Loads a batch as one profile; `what` is "source" or "base". */
static int
load_batch(struct batch *batch, const char *what, evprof_pprof_t **out,
           evprof_error_t *err)
{
    size_t loaded = 0;
    evprof_error_t inner;
    *out = NULL;
    cli_fetch_items(batch->cli, batch->items, batch->count);
    cli_busy_t busy;
    cli_busy_begin(&busy, "reading profiles");
    load_items(batch);
    cli_busy_end(&busy);
    int status = combine(batch, out, &loaded, &inner);
    if (status != EVPROF_OK) {
        return evprof_fail(err, status, "problem fetching %s profiles: %s",
                           what, inner.message);
    }
    if (loaded == 0) {
        return evprof_fail(err, EVPROF_ENOENT,
                           "failed to fetch any %s profiles", what);
    }
    if (loaded < batch->count) {
        cli_complain("Fetched %zu %s profiles out of %zu", loaded, what,
                     batch->count);
    }
    return EVPROF_OK;
}

/* The same for the sources that are asked for; `*is_remote` becomes true when
 * one came from the network. */
static int
load_list(const cli_t *cli, bool is_base, evprof_pprof_t **out, bool *is_remote,
          evprof_error_t *err)
{
    const cli_list_t *list = is_base ? &cli->bases : &cli->sources;
    evprof_arena_t arena = { 0 };
    evprof_source_line_t *lines = NULL;
    size_t line_count = 0;
    int status = EVPROF_OK;
    if (!is_base && cli->sources_file != NULL) {
        status = evprof_sources_read(cli->sources_file, &arena, &lines,
                                     &line_count, err);
    }
    struct batch batch = { .cli = cli, .count = list->count + line_count };
    if (status == EVPROF_OK) {
        batch.items = make_items(list, lines, line_count);
        status = batch.items != NULL
                     ? load_batch(&batch, is_base ? "base" : "source", out, err)
                     : evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    for (size_t i = 0; batch.items != NULL && i < batch.count; i++) {
        *is_remote = *is_remote || batch.items[i].is_remote;
    }
    if (batch.items != NULL) {
        free_items(&batch);
    }
    evprof_arena_free(&arena);
    return status;
}

/* Takes `base`, which is used up, away from `*p`. */
static int
subtract(const cli_t *cli, evprof_pprof_t **p, evprof_pprof_t *base,
         evprof_error_t *err)
{
    int status = EVPROF_OK;
    if (cli->is_diff_base) {
        status = evprof_pprof_set_label(base, "pprof::base", "true");
        if (status != EVPROF_OK) {
            evprof_fail(err, status, "out of memory");
        }
    }
    if (status == EVPROF_OK && cli->options.normalize) {
        status = evprof_pprof_normalize(*p, base, err);
    }
    if (status != EVPROF_OK) {
        evprof_pprof_free(base);
        return status;
    }
    evprof_pprof_negate(base);
    evprof_pprof_t *both[] = { *p, base };
    *p = NULL;
    return evprof_pprof_combine(both, 2, p, err);
}

static bool
add_comment(const cli_t *cli, evprof_pprof_t *p)
{
    if (cli->comment[0] == '\0') {
        return true;
    }
    const char **comments =
        evprof_arena_calloc(&p->arena, p->comment_count + 1, sizeof(*comments));
    const char *comment = evprof_strings_intern(&p->strings, cli->comment);
    if (comments == NULL || comment == NULL) {
        return false;
    }
    for (size_t i = 0; i < p->comment_count; i++) {
        comments[i] = p->comments[i];
    }
    comments[p->comment_count++] = comment;
    p->comments = comments;
    return true;
}

static int
finish(const cli_t *cli, evprof_pprof_t *p, evprof_error_t *err)
{
    if (cli->all_frames) {
        const char *empty = evprof_strings_intern(&p->strings, "");
        if (empty == NULL) {
            return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
        }
        p->drop_frames = empty;
        p->keep_frames = empty;
    }
    int status = evprof_pprof_remove_uninteresting(p, err);
    if (status == EVPROF_OK && !add_comment(cli, p)) {
        return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    return status == EVPROF_OK ? evprof_pprof_check(p, err) : status;
}

/* "diff" shows both profiles side by side, so the base is kept for it, and
 * nothing is taken away. */
static bool
is_side_by_side(const cli_t *cli)
{
    return cli->report != NULL &&
           (cli->report->flags & EVPROF_REPORT_BASE) != 0;
}

/* Keeps what came over the network: it may not be had again. */
static void
save(const evprof_pprof_t *p)
{
    evprof_buf_t name = { 0 };
    evprof_error_t err;
    if (evprof_fetch_save(p, &name, &err) == EVPROF_OK) {
        cli_complain("Saved profile in %s", name.data);
    } else {
        cli_complain("Could not save profile: %s", err.message);
    }
    evprof_buf_free(&name);
}

static int
load_both(const cli_t *cli, evprof_pprof_t **p, evprof_pprof_t **base,
          bool *is_remote, evprof_error_t *err)
{
    int status = load_list(cli, false, p, is_remote, err);
    if (status != EVPROF_OK || cli->bases.count == 0) {
        return status;
    }
    evprof_pprof_t *taken = NULL;
    status = load_list(cli, true, &taken, is_remote, err);
    if (status != EVPROF_OK) {
        return status;
    }
    if (is_side_by_side(cli)) {
        *base = taken;
        return finish(cli, taken, err);
    }
    return subtract(cli, p, taken, err);
}

int
cli_load(const cli_t *cli, evprof_pprof_t **out, evprof_pprof_t **base,
         evprof_error_t *err)
{
    evprof_pprof_t *p = NULL;
    bool is_remote = false;
    *base = NULL;
    int status = load_both(cli, &p, base, &is_remote, err);
    if (status == EVPROF_OK) {
        status = finish(cli, p, err);
    }
    if (status == EVPROF_OK && is_remote) {
        save(p);
    }
    if (status != EVPROF_OK) {
        evprof_pprof_free(p);
        evprof_pprof_free(*base);
        *base = NULL;
        return status;
    }
    *out = p;
    return EVPROF_OK;
}
