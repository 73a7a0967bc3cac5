/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From sources to one profile. A source that fails is reported and left out, as
 * long as another is there. Bases are merged alike and then taken away.
 */
#include <stdlib.h>
#include <string.h>

#include "adapters/cli/cli.h"
#include "adapters/cli/gather.h"
#include "adapters/cli/processes.h"
#include "adapters/cli/symbolize.h"
#include "adapters/cli/symbolz.h"
#include "adapters/cli/trace.h"
#include "adapters/fetch/save.h"
#include "core/analysis/merge.h"
#include "core/analysis/prune.h"
#include "core/analysis/scale.h"
#include "core/base/error.h"

/* One item a source: those of the command line, then those of a file. */
static void
make_items(cli_batch_t *batch, const cli_processes_t *said,
           const evprof_source_line_t *lines, size_t line_count)
{
    for (size_t i = 0; i < said->count + line_count; i++) {
        cli_item_t *item = &batch->items[batch->count++];
        item->line =
            i < said->count ? &said->lines[i] : &lines[i - said->count];
        item->source = item->line->source.url;
    }
    for (size_t i = 0; i < batch->count; i++) {
        batch->items[i].is_remote = cli_is_remote(batch->items[i].source);
    }
}

static void
complain_of(const cli_batch_t *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const cli_item_t *item = &batch->items[i];
        if (!item->is_loaded) {
            bool is_input = strcmp(item->source, "-") == 0;
            cli_complain("evprof: %s: %s",
                         is_input              ? "standard input"
                         : item->shown != NULL ? item->shown
                                               : item->source,
                         item->why != NULL ? item->why : item->err.message);
        }
    }
}

/* Merges a list to `*out`, which stays NULL when nothing of it was loaded. */
static int
combine(cli_batch_t *batch, const char *what, evprof_pprof_t **out,
        evprof_error_t *err)
{
    evprof_error_t inner;
    size_t count = batch->profile_count;
    *out = NULL;
    if (count == 0) {
        return EVPROF_OK;
    }
    batch->profile_count = 0;
    int status = evprof_pprof_combine(batch->profiles, count, out, &inner);
    return status == EVPROF_OK
               ? EVPROF_OK
               : evprof_fail(err, status, "the %s cannot be merged: %s", what,
                             inner.message);
}

/* Says which sources failed; a list of which nothing is left is a failure. */
static int
check_loaded(const cli_batch_t *sources, const cli_batch_t *bases,
             evprof_error_t *err)
{
    if (sources->loaded == 0) {
        return evprof_fail(err, EVPROF_ENOENT, "there is no profile to show");
    }
    if (bases->loaded == 0 && bases->count > 0) {
        return evprof_fail(err, EVPROF_ENOENT,
                           "there is no base to compare with");
    }
    if (sources->loaded < sources->count) {
        cli_complain("%zu of %zu profiles could be read", sources->loaded,
                     sources->count);
    }
    if (bases->loaded < bases->count) {
        cli_complain("%zu of %zu base profiles could be read", bases->loaded,
                     bases->count);
    }
    return EVPROF_OK;
}

/* What loading comes to. */
typedef struct loaded {
    evprof_pprof_t *sources;
    evprof_pprof_t *bases; /* NULL: there are none */
    evprof_buf_t body;     /* of a single source, when it is all of it */
    bool is_remote;        /* one of them at least */
} loaded_t;

static int
gather(const cli_t *cli, cli_batch_t batches[2], loaded_t *out,
       evprof_error_t *err)
{
    cli_batch_t *sources = &batches[0];
    cli_batch_t *bases = &batches[1];
    if (sources->count == 1 && bases->count == 0) {
        sources->items[0].keeps_body = true;
    }
    int status = cli_gather(cli, batches, 2, err);
    if (status != EVPROF_OK) {
        return status;
    }
    complain_of(sources);
    complain_of(bases);
    status = combine(sources, "profiles", &out->sources, err);
    if (status == EVPROF_OK) {
        status = combine(bases, "base profiles", &out->bases, err);
    }
    if (status == EVPROF_OK) {
        status = check_loaded(sources, bases, err);
    }
    for (size_t i = 0; i < sources->count + bases->count; i++) {
        const cli_item_t *item = &sources->items[i];
        out->is_remote = out->is_remote || (item->is_remote && item->is_loaded);
    }
    if (sources->count == 1) {
        out->body = sources->items[0].body;
        sources->items[0].body = (evprof_buf_t){ 0 };
    }
    return status;
}

/* Takes `base`, which is used up, away from `*p`. */
static int
subtract(const cli_t *cli, evprof_pprof_t **p, evprof_pprof_t *base,
         evprof_error_t *err)
{
    if (cli->is_diff_base &&
        evprof_pprof_set_label(base, EVPROF_LABEL_BASE, "true") != EVPROF_OK) {
        evprof_pprof_free(base);
        return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    evprof_pprof_negate(base);
    evprof_pprof_t *both[] = { *p, base };
    *p = NULL;
    return evprof_pprof_combine(both, 2, p, err);
}

static bool
add_comment(const cli_t *cli, evprof_pprof_t *p)
{
    return cli->comment[0] == '\0' ||
           evprof_pprof_comment(p, cli->comment) == EVPROF_OK;
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

/* The report "diff" shows both profiles side by side, and pages compare them by
 * themselves, so that nothing is taken away for them. */
static bool
is_side_by_side(const cli_t *cli)
{
    return cli->report != NULL ? (cli->report->flags & EVPROF_REPORT_BASE) != 0
                               : cli->http[0] != '\0';
}

/* Keeps what came over the network: it may not be had again. That there is no
 * place to keep it is a failure to pprof, and to us only under -strict. */
static int
save(const cli_t *cli, const evprof_pprof_t *p, const evprof_buf_t *body,
     evprof_error_t *err)
{
    evprof_buf_t name = { 0 };
    evprof_buf_t notes = { 0 };
    evprof_error_t why;
    bool is_as_it_came = body->len > 0 && cli->comment[0] == '\0' &&
                         cli->binary == NULL && cli->build_id[0] == '\0' &&
                         !cli->all_frames && p->drop_frames[0] == '\0';
    int status =
        evprof_fetch_save(p, is_as_it_came ? body : NULL, &name, &notes, &why);
    if (notes.len > 0 && !notes.failed) {
        cli_tell("%s", notes.data);
    }
    bool is_fatal = status == EVPROF_ENOENT && cli->is_strict;
    if (status == EVPROF_OK) {
        cli_complain("Saved profile in %s", name.data);
    } else if (is_fatal) {
        evprof_fail(err, status, "%s", why.message);
    } else {
        cli_complain("The profile was not saved: %s", why.message);
    }
    evprof_buf_free(&name);
    evprof_buf_free(&notes);
    return is_fatal ? status : EVPROF_OK;
}

/* The shell may be asked for both: a difference, and the two beside each
 * other. */
static int
keep_apart(const loaded_t *l, cli_profiles_t *out, evprof_error_t *err)
{
    out->whole = evprof_pprof_copy(l->sources);
    out->base = evprof_pprof_copy(l->bases);
    return out->whole != NULL && out->base != NULL
               ? EVPROF_OK
               : evprof_fail(err, EVPROF_ENOMEM, "out of memory");
}

/* Brings the bases into the sources, or beside them. */
static int
apply_bases(const cli_t *cli, loaded_t *l, cli_profiles_t *out,
            evprof_error_t *err)
{
    int status = EVPROF_OK;
    if (l->bases == NULL) {
        return status;
    }
    if (cli->options.normalize && cli->http[0] == '\0') {
        status = evprof_pprof_normalize(l->sources, l->bases, err);
    }
    if (status == EVPROF_OK && is_side_by_side(cli)) {
        out->base = l->bases;
        l->bases = NULL;
        return status;
    }
    if (status == EVPROF_OK && cli->report == NULL) {
        status = keep_apart(l, out, err);
    }
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_pprof_t *taken = l->bases;
    l->bases = NULL;
    return subtract(cli, &l->sources, taken, err);
}

/* All that will be shown, with names for its addresses. */
static int
symbolize(const cli_t *cli, const cli_item_t *items, size_t count, loaded_t *l,
          cli_profiles_t *out, evprof_error_t *err)
{
    evprof_pprof_t *const all[] = { l->sources, out->whole, out->base };
    bool is_changed[3] = { false };
    int status = EVPROF_OK;
    for (size_t i = 0; i < 3 && status == EVPROF_OK; i++) {
        if (all[i] != NULL) {
            status =
                cli_symbolize(cli, items, count, all[i], &is_changed[i], err);
        }
    }
    if (is_changed[0]) {
        evprof_buf_free(&l->body);
    }
    return status;
}

static void
free_batches(cli_batch_t batches[2])
{
    cli_item_t *items = batches[0].items;
    for (size_t i = 0; i < batches[0].count + batches[1].count; i++) {
        free(items[i].shown);
        free(items[i].why);
        evprof_buf_free(&items[i].body);
        cli_symbolz_forget(&items[i]);
    }
    free(items);
    cli_batch_free(&batches[0]);
    cli_batch_free(&batches[1]);
}

/* Sources and bases are got together, so that bases from a server are of the
 * same time. */
static int
load_lists(const cli_t *cli, loaded_t *l, cli_profiles_t *out,
           evprof_error_t *err)
{
    evprof_arena_t arena = { 0 };
    evprof_source_line_t *lines = NULL;
    size_t line_count = 0;
    int status = EVPROF_OK;
    if (cli->sources_file != NULL) {
        status = evprof_sources_read(cli->sources_file, &arena, &lines,
                                     &line_count, err);
    }
    cli_processes_t sources = { .count = 0 };
    cli_processes_t bases = { .count = 0 };
    if (status == EVPROF_OK) {
        status = cli_processes_expand(&cli->sources, &arena, &sources, err);
    }
    if (status == EVPROF_OK) {
        status = cli_processes_expand(&cli->bases, &arena, &bases, err);
    }
    size_t total = sources.count + line_count + bases.count;
    cli_item_t *items = calloc(total + 1, sizeof(*items));
    cli_batch_t batches[2] = { { .items = items }, { .items = items } };
    if (items == NULL) {
        status = evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    } else if (status == EVPROF_OK) {
        make_items(&batches[0], &sources, lines, line_count);
        batches[1].items = items + batches[0].count;
        make_items(&batches[1], &bases, NULL, 0);
        status = gather(cli, batches, l, err);
    }
    if (status == EVPROF_OK) {
        status = apply_bases(cli, l, out, err);
    }
    if (status == EVPROF_OK) {
        status = symbolize(cli, items, total, l, out, err);
    }
    free_batches(batches);
    evprof_arena_free(&arena);
    return status;
}

int
cli_load(const cli_t *cli, cli_profiles_t *out, evprof_error_t *err)
{
    loaded_t l = { 0 };
    cli_profiles_t got = { .profile = NULL };
    int status = cli->trace.file != NULL
                     ? cli_trace_profile(cli, &l.sources, err)
                     : load_lists(cli, &l, &got, err);
    got.profile = l.sources;
    evprof_pprof_t *const all[] = { got.profile, got.whole, got.base };
    for (size_t i = 0; status == EVPROF_OK && i < sizeof(all) / sizeof(all[0]);
         i++) {
        status = all[i] != NULL ? finish(cli, all[i], err) : EVPROF_OK;
    }
    if (status == EVPROF_OK && l.is_remote && got.profile != NULL) {
        status = save(cli, got.profile, &l.body, err);
    }
    evprof_buf_free(&l.body);
    evprof_pprof_free(l.bases);
    if (status != EVPROF_OK) {
        cli_profiles_free(&got);
        return status;
    }
    *out = got;
    return EVPROF_OK;
}

void
cli_profiles_free(cli_profiles_t *profiles)
{
    evprof_pprof_free(profiles->profile);
    evprof_pprof_free(profiles->whole);
    evprof_pprof_free(profiles->base);
    *profiles = (cli_profiles_t){ .profile = NULL };
}
