/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A generation is read in three steps: its batches are found, then its strings
 * are read, then the stacks, which name strings. Within a generation a pc
 * stands for one frame, the first that is given for it. Up to Go 1.25 a
 * generation has no end mark: it lasts until the next one begins.
 */
#include "core/timeline/generation.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/grow.h"

enum { SINCE_SYNC = 25, SINCE_END = 26 };

/* Types of the entries of a table; the table itself has the next number. */
enum { STACK = 3, STRING = 5, SAMPLE = 7 };

#define TICKS_A_SECOND 1e9
#define NS_MAX 4e18 /* some 126 years */

static int
fail_memory(evprof_error_t *err)
{
    return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
}

static int
fail_table(evprof_error_t *err, const evprof_timeline_generation_t *g,
           const char *what)
{
    return evprof_fail(err, EVPROF_EPARSE,
                       "its generation %llu has a broken table of %s",
                       (unsigned long long)g->number, what);
}

void
evprof_timeline_generation_free(evprof_timeline_generation_t *g)
{
    free(g->batches);
    free(g->ends);
    free(g->texts);
    free(g->stack_numbers);
    free(g->samples);
    evprof_timeline_map_free(&g->ms);
    evprof_timeline_map_free(&g->strings);
    evprof_timeline_map_free(&g->stacks);
    *g = (evprof_timeline_generation_t){ .number = 0 };
}

int64_t
evprof_timeline_ns(const evprof_timeline_generation_t *g, uint64_t ticks)
{
    double ns = (double)ticks * g->ns_per_tick;
    return ns < NS_MAX ? (int64_t)ns : (int64_t)NS_MAX;
}

bool
evprof_timeline_text(const evprof_timeline_generation_t *g, uint64_t id,
                     const char **out)
{
    uint32_t row = evprof_timeline_map_find(&g->strings, id);
    if (row == EVPROF_INDEX_END) {
        *out = "";
        return id == 0;
    }
    *out = g->texts[row];
    return true;
}

bool
evprof_timeline_stack(const evprof_timeline_generation_t *g, uint64_t id,
                      uint32_t *out)
{
    uint32_t row = evprof_timeline_map_find(&g->stacks, id);
    if (row == EVPROF_INDEX_END) {
        *out = 0;
        return id == 0;
    }
    *out = g->stack_numbers[row];
    return true;
}

/* ---- Batches ---- */

typedef struct head {
    uint64_t generation;
    uint64_t m;
    uint64_t time;
    evprof_timeline_bytes_t bytes;
    bool is_end;          /* of the generation */
    bool is_experimental; /* not ours to understand */
} head_t;

enum found { BATCH, CUT, NO_BATCH };

/* Reads a batch. `generation` stays 0 for a batch that is cut off before it
 * says which one it belongs to. */
static enum found
read_batch(evprof_timeline_bytes_t *file, unsigned version, head_t *out)
{
    uint8_t type = *file->at++;
    uint64_t size = 0;
    *out = (head_t){ .is_end = type == EVPROF_GO_END_OF_GENERATION &&
                               version >= SINCE_END,
                     .is_experimental = type == EVPROF_GO_EXPERIMENTAL_BATCH };
    if (out->is_end) {
        return BATCH;
    }
    if (type != EVPROF_GO_BATCH && !out->is_experimental) {
        return NO_BATCH;
    }
    if (out->is_experimental && file->at < file->end) {
        file->at++;
    }
    bool is_whole = evprof_timeline_number(file, &out->generation) &&
                    evprof_timeline_number(file, &out->m) &&
                    evprof_timeline_number(file, &out->time) &&
                    evprof_timeline_number(file, &size);
    if (is_whole && size > EVPROF_GO_BATCH_MAX) {
        return NO_BATCH;
    }
    if (!is_whole || size > (size_t)(file->end - file->at)) {
        return CUT;
    }
    out->bytes = (evprof_timeline_bytes_t){ file->at, file->at + size };
    file->at += size;
    return BATCH;
}

static bool
is_table(const evprof_timeline_bytes_t *bytes, unsigned version)
{
    switch (*bytes->at) {
    case EVPROF_GO_STACKS:
    case EVPROF_GO_STRINGS:
    case EVPROF_GO_SAMPLES:
        return true;
    case EVPROF_GO_FREQUENCY:
        return version < SINCE_SYNC;
    case EVPROF_GO_SYNC:
        return version >= SINCE_SYNC;
    default:
        return false;
    }
}

/* Adds batch `at` to the list of its M. */
static bool
chain(evprof_timeline_generation_t *g, uint32_t at)
{
    uint32_t row = evprof_timeline_map_find(&g->ms, g->batches[at].m);
    if (row != EVPROF_INDEX_END) {
        g->batches[g->ends[2 * row + 1]].next = at + 1;
        g->ends[2 * row + 1] = at;
        return true;
    }
    uint32_t *grown = evprof_grow(g->ends, &g->end_cap, 2 * (g->ms.count + 1),
                                  sizeof(*grown));
    if (grown == NULL) {
        return false;
    }
    g->ends = grown;
    row = evprof_timeline_map_add(&g->ms, g->batches[at].m);
    if (row != EVPROF_INDEX_END) {
        g->ends[2 * row] = at;
        g->ends[2 * row + 1] = at;
    }
    return row != EVPROF_INDEX_END;
}

static bool
add_batch(evprof_timeline_generation_t *g, const head_t *head, unsigned version)
{
    evprof_timeline_batch_t *grown = evprof_grow(
        g->batches, &g->batch_cap, g->batch_count + 1, sizeof(*grown));
    if (grown == NULL) {
        return false;
    }
    g->batches = grown;
    grown[g->batch_count] = (evprof_timeline_batch_t){ .m = head->m,
                                                       .time = head->time,
                                                       .bytes = head->bytes };
    bool is_empty = head->bytes.at == head->bytes.end;
    g->batch_count++;
    return is_empty || is_table(&head->bytes, version) ||
           chain(g, (uint32_t)g->batch_count - 1);
}

/* Says whether the batch belongs to the next generation, or to one that cannot
 * follow. */
static int
check_number(evprof_timeline_generation_t *g, const head_t *head,
             unsigned version, bool *is_next, evprof_error_t *err)
{
    *is_next = false;
    if (g->number == 0) {
        g->number = head->generation;
    }
    if (head->generation != 0 && head->generation == g->number) {
        return EVPROF_OK;
    }
    *is_next = version < SINCE_END && head->generation == g->number + 1;
    return *is_next
               ? EVPROF_OK
               : evprof_fail(err, EVPROF_EPARSE,
                             "its generation %llu comes after generation %llu",
                             (unsigned long long)head->generation,
                             (unsigned long long)g->number);
}

/* Finds the batches of a generation. */
static int
find_batches(evprof_timeline_bytes_t *file, unsigned version,
             evprof_timeline_generation_t *g, evprof_error_t *err)
{
    while (file->at < file->end) {
        evprof_timeline_bytes_t before = *file;
        head_t head;
        bool is_next;
        enum found found = read_batch(file, version, &head);
        if (found == NO_BATCH) {
            return evprof_fail(err, EVPROF_EPARSE,
                               "what follows its generation %llu is no batch "
                               "of events",
                               (unsigned long long)g->number);
        }
        if (found == CUT) {
            file->at = file->end;
            g->is_file_cut = true;
            g->is_cut = g->number == 0 || head.generation == g->number ||
                        version >= SINCE_END;
            return EVPROF_OK;
        }
        if (head.is_end) {
            g->is_whole = true;
            return EVPROF_OK;
        }
        int status = check_number(g, &head, version, &is_next, err);
        if (status != EVPROF_OK || is_next) {
            *file = before;
            g->is_whole = is_next;
            return status;
        }
        if (g->min_time == 0 || head.time < g->min_time) {
            g->min_time = head.time;
        }
        if (!head.is_experimental && !add_batch(g, &head, version)) {
            return fail_memory(err);
        }
    }
    g->is_cut = version >= SINCE_END && g->number != 0;
    return EVPROF_OK;
}

/* ---- Tables ---- */

static int
read_sync(evprof_timeline_generation_t *g, evprof_timeline_bytes_t bytes,
          evprof_error_t *err)
{
    uint64_t values[4];
    while (bytes.at < bytes.end) {
        uint8_t type = *bytes.at++;
        if (type == EVPROF_GO_FREQUENCY && g->ns_per_tick == 0 &&
            evprof_timeline_number(&bytes, values) && values[0] != 0) {
            g->ns_per_tick = 1.0 / ((double)values[0] / TICKS_A_SECOND);
        } else if (type == EVPROF_GO_CLOCK && !g->has_clock &&
                   evprof_timeline_numbers(&bytes, values, 4)) {
            g->has_clock = true;
        } else {
            return fail_table(err, g, "clocks");
        }
    }
    return EVPROF_OK;
}

static int
add_string(evprof_timeline_t *t, evprof_timeline_generation_t *g, uint64_t id,
           const char *text, size_t len, evprof_error_t *err)
{
    const char *kept = evprof_strings_add(&t->strings, text, len);
    const char **grown = evprof_grow(g->texts, &g->text_cap,
                                     g->strings.count + 1, sizeof(*grown));
    if (grown != NULL) {
        g->texts = grown;
    }
    if (kept == NULL || grown == NULL) {
        return fail_memory(err);
    }
    if (id == 0 ||
        evprof_timeline_map_find(&g->strings, id) != EVPROF_INDEX_END) {
        return EVPROF_OK;
    }
    uint32_t row = evprof_timeline_map_add(&g->strings, id);
    if (row == EVPROF_INDEX_END) {
        return fail_memory(err);
    }
    g->texts[row] = kept;
    return EVPROF_OK;
}

static int
read_strings(evprof_timeline_t *t, evprof_timeline_generation_t *g,
             evprof_timeline_bytes_t bytes, evprof_error_t *err)
{
    int status = EVPROF_OK;
    bytes.at++;
    while (bytes.at < bytes.end && status == EVPROF_OK) {
        uint64_t head[2]; /* id, length */
        uint8_t type = *bytes.at++;
        if (type != STRING || !evprof_timeline_numbers(&bytes, head, 2) ||
            head[1] > EVPROF_GO_STRING_MAX ||
            head[1] > (size_t)(bytes.end - bytes.at)) {
            return fail_table(err, g, "strings");
        }
        status = add_string(t, g, head[0], (const char *)bytes.at,
                            (size_t)head[1], err);
        bytes.at += head[1];
    }
    return status;
}

/* The frames of a generation by their pc. */
typedef struct pcs {
    evprof_timeline_map_t map;
    evprof_timeline_frame_t *frames; /* by row */
    size_t cap;
} pcs_t;

/* EVPROF_EPARSE: it names a string that is not there. */
static int
read_frame(pcs_t *pcs, const evprof_timeline_generation_t *g,
           const uint64_t values[4], evprof_timeline_frame_t *out)
{
    uint32_t row = evprof_timeline_map_find(&pcs->map, values[0]);
    if (row != EVPROF_INDEX_END) {
        *out = pcs->frames[row];
        return EVPROF_OK;
    }
    *out =
        (evprof_timeline_frame_t){ .pc = values[0],
                                   .line = (int64_t)(values[3] & INT32_MAX) };
    if (!evprof_timeline_text(g, values[1], &out->function) ||
        !evprof_timeline_text(g, values[2], &out->file)) {
        return EVPROF_EPARSE;
    }
    evprof_timeline_frame_t *grown =
        evprof_grow(pcs->frames, &pcs->cap, pcs->map.count + 1, sizeof(*grown));
    if (grown != NULL) {
        pcs->frames = grown;
    }
    row = grown == NULL ? EVPROF_INDEX_END
                        : evprof_timeline_map_add(&pcs->map, values[0]);
    if (row == EVPROF_INDEX_END) {
        return EVPROF_ENOMEM;
    }
    pcs->frames[row] = *out;
    return EVPROF_OK;
}

static int
add_stack(evprof_timeline_t *t, evprof_timeline_generation_t *g, uint64_t id,
          const evprof_timeline_frame_t *frames, size_t count)
{
    uint32_t number = evprof_timeline_add_stack(t, frames, count);
    uint32_t *grown = evprof_grow(g->stack_numbers, &g->stack_cap,
                                  g->stacks.count + 1, sizeof(*grown));
    if (grown != NULL) {
        g->stack_numbers = grown;
    }
    if (grown == NULL || (number == 0 && count > 0)) {
        return EVPROF_ENOMEM;
    }
    if (id == 0 ||
        evprof_timeline_map_find(&g->stacks, id) != EVPROF_INDEX_END) {
        return EVPROF_OK;
    }
    uint32_t row = evprof_timeline_map_add(&g->stacks, id);
    if (row == EVPROF_INDEX_END) {
        return EVPROF_ENOMEM;
    }
    g->stack_numbers[row] = number;
    return EVPROF_OK;
}

static int
read_stacks(evprof_timeline_t *t, evprof_timeline_generation_t *g, pcs_t *pcs,
            evprof_timeline_bytes_t bytes, evprof_error_t *err)
{
    evprof_timeline_frame_t frames[EVPROF_GO_FRAMES_MAX];
    int status = EVPROF_OK;
    bytes.at++;
    while (bytes.at < bytes.end && status == EVPROF_OK) {
        uint64_t head[2]; /* id, frames */
        uint64_t values[4];
        uint8_t type = *bytes.at++;
        if (type != STACK || !evprof_timeline_numbers(&bytes, head, 2) ||
            head[1] > EVPROF_GO_FRAMES_MAX) {
            return fail_table(err, g, "stacks");
        }
        for (size_t i = 0; i < head[1] && status == EVPROF_OK; i++) {
            status = evprof_timeline_numbers(&bytes, values, 4)
                         ? read_frame(pcs, g, values, &frames[i])
                         : EVPROF_EPARSE;
        }
        if (status == EVPROF_OK) {
            status = add_stack(t, g, head[0], frames, (size_t)head[1]);
        }
    }
    return status == EVPROF_ENOMEM ? fail_memory(err)
           : status != EVPROF_OK   ? fail_table(err, g, "stacks")
                                   : status;
}

static int
read_samples(evprof_timeline_generation_t *g, evprof_timeline_bytes_t bytes,
             evprof_error_t *err)
{
    bytes.at++;
    while (bytes.at < bytes.end) {
        uint64_t values[5]; /* time, m, p, g, stack */
        uint32_t stack;
        uint8_t type = *bytes.at++;
        if (type != SAMPLE || !evprof_timeline_numbers(&bytes, values, 5) ||
            !evprof_timeline_stack(g, values[4], &stack)) {
            return fail_table(err, g, "CPU samples");
        }
        evprof_timeline_sample_t *grown = evprof_grow(
            g->samples, &g->sample_cap, g->sample_count + 1, sizeof(*grown));
        if (grown == NULL) {
            return fail_memory(err);
        }
        g->samples = grown;
        grown[g->sample_count] = (evprof_timeline_sample_t){
            .ns = evprof_timeline_ns(g, values[0]),
            .m = values[1],
            .g = values[3] == 0 ? EVPROF_TIMELINE_NONE : values[3],
            .stack = stack,
            .order = (uint32_t)g->sample_count
        };
        g->sample_count++;
    }
    return EVPROF_OK;
}

static int
by_time(const void *a, const void *b)
{
    const evprof_timeline_sample_t *one = a;
    const evprof_timeline_sample_t *other = b;
    if (one->ns != other->ns) {
        return one->ns < other->ns ? -1 : 1;
    }
    return one->order < other->order ? -1 : one->order > other->order;
}

/* Reads the tables of one kind. Kinds are read in an order in which each names
 * only earlier ones. */
static int
read_tables(evprof_timeline_t *t, evprof_timeline_generation_t *g, pcs_t *pcs,
            uint8_t kind, evprof_error_t *err)
{
    int status = EVPROF_OK;
    for (size_t i = 0; i < g->batch_count && status == EVPROF_OK; i++) {
        evprof_timeline_bytes_t bytes = g->batches[i].bytes;
        if (bytes.at == bytes.end || *bytes.at != kind) {
            continue;
        }
        switch (kind) {
        case EVPROF_GO_STRINGS:
            status = read_strings(t, g, bytes, err);
            break;
        case EVPROF_GO_STACKS:
            status = read_stacks(t, g, pcs, bytes, err);
            break;
        case EVPROF_GO_SAMPLES:
            status = read_samples(g, bytes, err);
            break;
        default:
            bytes.at += kind == EVPROF_GO_SYNC;
            status = read_sync(g, bytes, err);
            break;
        }
    }
    return status;
}

int
evprof_timeline_generation_read(evprof_timeline_t *t,
                                evprof_timeline_bytes_t *file,
                                evprof_timeline_generation_t *out,
                                evprof_error_t *err)
{
    const uint8_t kinds[] = { t->version >= SINCE_SYNC ? EVPROF_GO_SYNC
                                                       : EVPROF_GO_FREQUENCY,
                              EVPROF_GO_STRINGS, EVPROF_GO_STACKS,
                              EVPROF_GO_SAMPLES };
    evprof_timeline_generation_t g = { .number = 0 };
    pcs_t pcs = { .frames = NULL };
    int status = find_batches(file, t->version, &g, err);
    for (size_t i = 0; i < sizeof(kinds) && status == EVPROF_OK && !g.is_cut;
         i++) {
        status = read_tables(t, &g, &pcs, kinds[i], err);
        if (status == EVPROF_OK && i == 0 && g.number != 0 &&
            (g.ns_per_tick == 0 ||
             (t->version >= SINCE_SYNC && !g.has_clock))) {
            status = evprof_fail(err, EVPROF_EPARSE,
                                 "its generation %llu does not tell its clock",
                                 (unsigned long long)g.number);
        }
    }
    if (g.sample_count > 0) {
        qsort(g.samples, g.sample_count, sizeof(*g.samples), by_time);
    }
    evprof_timeline_map_free(&pcs.map);
    free(pcs.frames);
    *out = g;
    return status;
}
