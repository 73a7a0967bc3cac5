/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples of many sources added up. Each stack is rewritten in rows of the
 * merged tables, and equal stacks with equal labels meet in an index of
 * samples.
 *
 * Many sources are shared out to threads in consecutive runs, whose results are
 * merged in their order: rows appear in the order of first use either way, so
 * the number of threads does not show in the result.
 */
#include "core/analysis/merge.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "core/analysis/merge_state.h"
#include "core/analysis/types.h"
#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/base/sum.h"
#include "core/profile/sample_key.h"

/* Below this many sources a thread costs more than it saves. */
#define SOURCES_PER_THREAD ((size_t)4)
#define THREAD_MAX 64

/* Rows that are all EVPROF_NO_INDEX. */
static void *
unset_rows(size_t count, size_t size)
{
    void *rows = malloc((count + 1) * size);
    if (rows != NULL) {
        memset(rows, 0xff, (count + 1) * size);
    }
    return rows;
}

static void
forget_source(evprof_merger_t *m)
{
    free(m->location_rows);
    free(m->function_rows);
    free(m->mapping_rows);
    m->location_rows = NULL;
    m->function_rows = NULL;
    m->mapping_rows = NULL;
}

static int
begin_source(evprof_merger_t *m, const evprof_pprof_t *source)
{
    forget_source(m);
    memset(m->texts, 0, sizeof(m->texts));
    m->source = source;
    m->location_rows =
        unset_rows(source->location_count, sizeof(*m->location_rows));
    m->function_rows =
        unset_rows(source->function_count, sizeof(*m->function_rows));
    m->mapping_rows =
        unset_rows(source->mapping_count, sizeof(*m->mapping_rows));
    if (m->location_rows == NULL || m->function_rows == NULL ||
        m->mapping_rows == NULL) {
        return EVPROF_ENOMEM;
    }
    /* The first mapping is the main program; it stays first. */
    if (m->out->mapping_count == 0 && source->mapping_count > 0) {
        evprof_merged_mapping_t unused;
        return evprof_merger_mapping(m, 0, &unused);
    }
    return evprof_merger_find_known(m);
}

static int
merge_stack(evprof_merger_t *m, const evprof_sample_t *s)
{
    uint32_t *stack =
        evprof_grow(m->stack, &m->stack_cap, s->location_count, sizeof(*stack));
    if (stack == NULL) {
        return EVPROF_ENOMEM;
    }
    m->stack = stack;
    for (uint32_t i = 0; i < s->location_count; i++) {
        stack[i] = m->location_rows[s->locations[i]];
        if (stack[i] == EVPROF_NO_INDEX) {
            int status = evprof_merger_location(m, s->locations[i], &stack[i]);
            if (status != EVPROF_OK) {
                return status;
            }
        }
    }
    return EVPROF_OK;
}

static int
merge_labels(evprof_merger_t *m, const evprof_sample_t *s)
{
    evprof_label_t *labels =
        evprof_grow(m->labels, &m->label_cap, s->label_count, sizeof(*labels));
    if (labels == NULL) {
        return EVPROF_ENOMEM;
    }
    m->labels = labels;
    for (uint32_t i = 0; i < s->label_count; i++) {
        labels[i] = s->labels[i];
        if (evprof_merge_text(m->out, &labels[i].key) != EVPROF_OK ||
            evprof_merge_text(m->out, &labels[i].unit) != EVPROF_OK ||
            (labels[i].text != NULL &&
             evprof_merge_text(m->out, &labels[i].text) != EVPROF_OK)) {
            return EVPROF_ENOMEM;
        }
    }
    return EVPROF_OK;
}

static void *
keep(evprof_pprof_t *p, const void *rows, size_t count, size_t size)
{
    void *copy = evprof_arena_alloc(&p->arena, count * size);
    if (copy != NULL && count > 0) {
        memcpy(copy, rows, count * size);
    }
    return copy;
}

static int
add_sample(evprof_merger_t *m, const evprof_sample_t *like, uint64_t hash)
{
    evprof_pprof_t *p = m->out;
    evprof_sample_t *samples = evprof_grow(
        p->samples, &m->sample_cap, p->sample_count + 1, sizeof(*samples));
    if (samples == NULL || p->sample_count >= EVPROF_NO_INDEX - 1) {
        return EVPROF_ENOMEM;
    }
    p->samples = samples;
    evprof_sample_t own = *like;
    own.locations =
        keep(p, own.locations, own.location_count, sizeof(*own.locations));
    own.labels = keep(p, own.labels, own.label_count, sizeof(*own.labels));
    own.values = keep(p, own.values, p->type_count, sizeof(*own.values));
    if (own.locations == NULL || own.labels == NULL || own.values == NULL) {
        return EVPROF_ENOMEM;
    }
    int status = evprof_index_add(&m->samples, hash, (uint32_t)p->sample_count);
    if (status == EVPROF_OK) {
        samples[p->sample_count++] = own;
    }
    return status;
}

static int
merge_sample(evprof_merger_t *m, const evprof_sample_t *s)
{
    int status = merge_stack(m, s);
    if (status == EVPROF_OK) {
        status = merge_labels(m, s);
    }
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_sample_t like = *s;
    like.locations = m->stack;
    like.labels = m->labels;
    uint64_t hash = evprof_sample_hash(&like);
    evprof_sample_t *known =
        evprof_sample_find(&m->samples, m->out->samples, &like, hash);
    if (known == NULL) {
        return add_sample(m, &like, hash);
    }
    for (size_t i = 0; i < m->out->type_count; i++) {
        known->values[i] = evprof_sum(known->values[i], s->values[i]);
    }
    return EVPROF_OK;
}

/* The arrays move into the arena, where a profile has them. */
static int
settle(evprof_merger_t *m)
{
    evprof_pprof_t *p = m->out;
    void *samples = keep(p, p->samples, p->sample_count, sizeof(*p->samples));
    void *locations =
        keep(p, p->locations, p->location_count, sizeof(*p->locations));
    void *functions =
        keep(p, p->functions, p->function_count, sizeof(*p->functions));
    void *mappings =
        keep(p, p->mappings, p->mapping_count, sizeof(*p->mappings));
    free(p->samples);
    free(p->locations);
    free(p->functions);
    free(p->mappings);
    p->samples = samples;
    p->locations = locations;
    p->functions = functions;
    p->mappings = mappings;
    bool complete = samples != NULL && locations != NULL && functions != NULL &&
                    mappings != NULL;
    return complete ? EVPROF_OK : EVPROF_ENOMEM;
}

int
evprof_merger_add(evprof_merger_t *m, const evprof_pprof_t *source)
{
    int status = begin_source(m, source);
    for (size_t n = 0; n < source->sample_count && status == EVPROF_OK; n++) {
        if (!evprof_sample_is_zero(&source->samples[n], source->type_count)) {
            status = merge_sample(m, &source->samples[n]);
        }
    }
    return status;
}

int
evprof_merger_end(evprof_merger_t *m, int status, evprof_pprof_t **out)
{
    int settled = settle(m);
    forget_source(m);
    evprof_index_free(&m->samples);
    evprof_index_free(&m->locations);
    evprof_index_free(&m->functions);
    evprof_index_free(&m->mappings);
    free(m->stack);
    free(m->labels);
    free(m->lines);
    status = status == EVPROF_OK ? settled : status;
    if (status != EVPROF_OK) {
        evprof_pprof_free(m->out);
        return status;
    }
    *out = m->out;
    return EVPROF_OK;
}

/* Merges on this thread; headers are left to the caller. */
static int
merge_run(evprof_pprof_t *const *sources, size_t count, evprof_pprof_t **out)
{
    evprof_merger_t m = { .out = evprof_pprof_new() };
    if (m.out == NULL) {
        return EVPROF_ENOMEM;
    }
    int status = evprof_merge_columns(m.out, sources[0]);
    for (size_t i = 0; i < count && status == EVPROF_OK; i++) {
        status = evprof_merger_add(&m, sources[i]);
    }
    return evprof_merger_end(&m, status, out);
}

/* One thread's share. */
typedef struct share {
    evprof_pprof_t *const *sources;
    size_t count;
    evprof_pprof_t *out;
    pthread_t thread;
    int status;
    bool has_thread;
} share_t;

static void *
merge_share(void *arg)
{
    share_t *share = arg;
    share->status = merge_run(share->sources, share->count, &share->out);
    return NULL;
}

static size_t
thread_count(size_t sources)
{
    cpu_set_t set;
    size_t cpus = 1;
    if (sched_getaffinity(0, sizeof(set), &set) == 0) {
        cpus = (size_t)CPU_COUNT(&set);
    }
    size_t useful = sources / SOURCES_PER_THREAD;
    cpus = cpus < useful ? cpus : useful;
    return cpus < 1 ? 1 : cpus > THREAD_MAX ? THREAD_MAX : cpus;
}

/* Gives each thread its run of sources; a thread that cannot be made has its
 * share done here. */
static void
run_shares(share_t *shares, size_t threads, evprof_pprof_t *const *sources,
           size_t count)
{
    size_t at = 0;
    for (size_t i = 0; i < threads; i++) {
        size_t end = count * (i + 1) / threads;
        shares[i] = (share_t){ .sources = sources + at, .count = end - at };
        at = end;
        shares[i].has_thread =
            i > 0 && pthread_create(&shares[i].thread, NULL, merge_share,
                                    &shares[i]) == 0;
    }
    for (size_t i = 0; i < threads; i++) {
        if (!shares[i].has_thread) {
            merge_share(&shares[i]);
        }
    }
    for (size_t i = 0; i < threads; i++) {
        if (shares[i].has_thread) {
            pthread_join(shares[i].thread, NULL);
        }
    }
}

static int
merge_samples(evprof_pprof_t *const *sources, size_t count,
              evprof_pprof_t **out)
{
    size_t threads = thread_count(count);
    if (threads == 1) {
        return merge_run(sources, count, out);
    }
    share_t shares[THREAD_MAX];
    evprof_pprof_t *parts[THREAD_MAX];
    run_shares(shares, threads, sources, count);
    int status = EVPROF_OK;
    for (size_t i = 0; i < threads; i++) {
        parts[i] = shares[i].out;
        status = status == EVPROF_OK ? shares[i].status : status;
    }
    if (status == EVPROF_OK) {
        status = merge_run(parts, threads, out);
    }
    for (size_t i = 0; i < threads; i++) {
        evprof_pprof_free(parts[i]);
    }
    return status;
}

static bool
has_zero_sample(const evprof_pprof_t *p)
{
    for (size_t i = 0; i < p->sample_count; i++) {
        if (evprof_sample_is_zero(&p->samples[i], p->type_count)) {
            return true;
        }
    }
    return false;
}

int
evprof_merge_collect_zeros(evprof_pprof_t **p)
{
    if (!has_zero_sample(*p)) {
        return EVPROF_OK;
    }
    evprof_pprof_t *without = NULL;
    int status = merge_run(p, 1, &without);
    if (status == EVPROF_OK) {
        evprof_pprof_free(*p);
        *p = without;
    }
    return status;
}

int
evprof_pprof_merge(evprof_pprof_t *const *sources, size_t count,
                   evprof_pprof_t **out, evprof_error_t *err)
{
    for (size_t i = 1; i < count; i++) {
        int status = evprof_types_check_equal(sources[0], sources[i], err);
        if (status != EVPROF_OK) {
            return status;
        }
    }
    evprof_pprof_t *p = NULL;
    int status = merge_samples(sources, count, &p);
    if (status == EVPROF_OK) {
        status = evprof_merge_collect_zeros(&p);
    }
    if (status == EVPROF_OK) {
        status = evprof_merge_headers(p, sources, count);
    }
    if (status != EVPROF_OK) {
        evprof_pprof_free(p);
        return evprof_fail(err, status, "merge: out of memory");
    }
    *out = p;
    return EVPROF_OK;
}

int
evprof_pprof_combine(evprof_pprof_t *const *sources, size_t count,
                     evprof_pprof_t **out, evprof_error_t *err)
{
    int status = evprof_pprof_keep_common_types(sources, count, err);
    if (status == EVPROF_OK && count == 1) {
        *out = sources[0];
        return EVPROF_OK;
    }
    if (status == EVPROF_OK) {
        status = evprof_pprof_unify_units(sources, count, err);
    }
    if (status == EVPROF_OK) {
        status = evprof_pprof_merge(sources, count, out, err);
    }
    for (size_t i = 0; i < count; i++) {
        evprof_pprof_free(sources[i]);
    }
    return status;
}
