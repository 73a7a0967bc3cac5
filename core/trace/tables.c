/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks get their names when the trace is written, as the samples of a
 * profile. A reader knows a frame by its pc alone and takes the first that it
 * sees for all: inlined frames of one address get pcs of their own, above all
 * that a program can have, and the same ones in each part of a trace.
 *
 * Readers call a goroutine after the outermost frame of its first stack, so
 * what a thread begins with before its start routine is left away.
 */
#include "core/trace/tables.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/bulk.h"
#include "core/base/error.h"
#include "core/gotrace/gotrace.h"
#include "core/profile/builder.h"

/* Between the pcs of two frames of one address. */
#define INLINED_STEP (UINT64_C(1) << 48)
#define FRAMES_MAX 128u

/* A batch of a table is closed at about this size. */
#define TABLE_FULL (EVPROF_GO_BATCH_MAX - 8192)

typedef struct tables {
    const evprof_trace_order_t *order;
    const evprof_pprof_t *named; /* sample i has number samples[i].values[0] */
    uint32_t *sample_of;         /* by number of the stack; + 1, 0: none */
    size_t sample_of_size;       /* in bytes */
    evprof_buf_t out;
    evprof_buf_t table;
    uint64_t generation; /* as it is written, from 1 */

    evprof_trace_texts_t names; /* of functions and files in this generation */
} tables_t;

/* ---- Names ---- */

/* By number of the stack: whether one of the generations names it; to be freed,
 * NULL: out of memory. */
static bool *
find_named(const evprof_trace_order_t *order,
           const evprof_trace_generation_t *first)
{
    bool *is_named = calloc(order->stacks.count + 1, sizeof(*is_named));
    for (; is_named != NULL && first != NULL; first = first->next) {
        for (size_t i = 0; i < first->stacks.count; i++) {
            is_named[first->stacks.items[i]] = true;
        }
    }
    return is_named;
}

/* `is_wanted` by number, NULL: all are. */
static int
add_stacks(const evprof_trace_order_t *order, const bool *is_wanted,
           evprof_builder_t *b)
{
    int status = evprof_builder_type(b, "stack", "count");
    for (size_t i = 0; i < order->stacks.count && status == EVPROF_OK; i++) {
        if (is_wanted != NULL && !is_wanted[i + 1]) {
            continue;
        }
        size_t count;
        const uint64_t *words =
            evprof_trace_stacks_at(&order->stacks, (uint32_t)i + 1, &count);
        uintptr_t pcs[FRAMES_MAX];
        count = count < FRAMES_MAX ? count : FRAMES_MAX;
        for (size_t k = 0; k < count; k++) {
            pcs[k] = (uintptr_t)words[k];
        }
        const int64_t number = (int64_t)i + 1;
        const evprof_stack_t stack = { .pcs = pcs, .count = count };
        status = evprof_builder_add(b, &stack, NULL, 0, &number);
    }
    return status;
}

int
evprof_trace_tables_stacks(const evprof_trace_order_t *order,
                           const evprof_trace_generation_t *first,
                           evprof_pprof_t **out, evprof_error_t *err)
{
    bool *is_wanted = first == NULL ? NULL : find_named(order, first);
    evprof_builder_t *b = evprof_builder_new(0);
    int status = b == NULL || (first != NULL && is_wanted == NULL)
                     ? EVPROF_ENOMEM
                     : add_stacks(order, is_wanted, b);
    if (status == EVPROF_OK) {
        status = evprof_builder_finish(b, out, err);
    }
    evprof_builder_free(b);
    free(is_wanted);
    return status == EVPROF_ENOMEM
               ? evprof_fail(err, status, "trace: out of memory")
               : status;
}

int
evprof_trace_tables_name(const evprof_trace_order_t *order,
                         int (*name)(evprof_pprof_t *p, evprof_error_t *err),
                         evprof_pprof_t **out, evprof_error_t *err)
{
    evprof_pprof_t *named = NULL;
    int status = evprof_trace_tables_stacks(order, NULL, &named, err);
    if (status == EVPROF_OK) {
        status = name(named, err);
    }
    if (status != EVPROF_OK) {
        evprof_pprof_free(named);
        return status == EVPROF_ENOMEM
                   ? evprof_fail(err, status, "trace: out of memory")
                   : status;
    }
    *out = named;
    return EVPROF_OK;
}

/* EVPROF_ENOMEM. */
static int
number_samples(tables_t *t)
{
    t->sample_of_size = (t->order->stacks.count + 1) * sizeof(*t->sample_of);
    t->sample_of = evprof_bulk_zeroed(t->sample_of_size);
    if (t->sample_of == NULL) {
        return EVPROF_ENOMEM;
    }
    for (size_t i = 0; i < t->named->sample_count; i++) {
        int64_t number = t->named->samples[i].values[0];
        if (number > 0 && (size_t)number <= t->order->stacks.count) {
            t->sample_of[number] = (uint32_t)i + 1;
        }
    }
    return EVPROF_OK;
}

/* ---- Batches ---- */

static void
flush_table(tables_t *t)
{
    if (t->table.len > 1) {
        evprof_go_put_batch(&t->out, t->generation, EVPROF_GO_NO_THREAD, 0,
                            &t->table);
    }
    evprof_buf_clear(&t->table);
}

/* Begins an entry of a table, in a new batch where the last is full. */
static void
begin_entry(tables_t *t, enum evprof_go_table table)
{
    if (t->table.len >= TABLE_FULL) {
        flush_table(t);
    }
    if (t->table.len == 0) {
        evprof_buf_putc(&t->table, (char)table);
    }
    evprof_buf_putc(&t->table, (char)(table + 1));
}

/* The number of a name. Texts of events keep their numbers; names get the
 * numbers behind those. */
static uint64_t
number_of_name(tables_t *t, const char *name)
{
    return name[0] == '\0'
               ? 0
               : t->order->texts.count +
                     evprof_trace_texts_add(&t->names, name, strlen(name));
}

static void
put_text(tables_t *t, uint64_t number, const char *text)
{
    size_t len = strlen(text);
    begin_entry(t, EVPROF_GO_STRINGS);
    evprof_go_put(&t->table, number);
    evprof_go_put(&t->table, len);
    evprof_buf_add(&t->table, text, len);
}

/* ---- Stacks ---- */

/* Whether the function is one of libc or the loader that calls a thread's start
 * routine. */
static bool
is_prologue(const char *function)
{
    static const char *const names[] = { "start_thread", "clone3",  "__clone3",
                                         "clone",        "__clone", "_start",
                                         "thread_start" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(function, names[i]) == 0) {
            return true;
        }
    }
    return strncmp(function, "__libc_start_", 13) == 0;
}

static const char *
function_of(const evprof_pprof_t *p, const evprof_line_t *line)
{
    return line->function == EVPROF_NO_INDEX
               ? ""
               : p->functions[line->function].name;
}

/* The number of locations of the stack without those before the start
 * routine. */
static uint32_t
locations_of(const evprof_pprof_t *p, const evprof_sample_t *sample)
{
    uint32_t count = sample->location_count;
    while (count > 1) {
        const evprof_location_t *outermost =
            &p->locations[sample->locations[count - 1]];
        if (outermost->line_count == 0 ||
            !is_prologue(function_of(p, &outermost->lines[0]))) {
            break;
        }
        count--;
    }
    return count;
}

/* Returns how many frames it put into `frames`. */
static unsigned
put_location(tables_t *t, evprof_buf_t *frames,
             const evprof_location_t *location)
{
    uint32_t lines = location->line_count;
    if (lines == 0) {
        evprof_go_put(frames, location->address);
        evprof_go_put(frames, 0);
        evprof_go_put(frames, 0);
        evprof_go_put(frames, 0);
        return 1;
    }
    for (uint32_t i = 0; i < lines; i++) {
        const evprof_line_t *line = &location->lines[i];
        bool is_outermost = i + 1 == lines;
        const char *file = line->function == EVPROF_NO_INDEX
                               ? ""
                               : t->named->functions[line->function].filename;
        evprof_go_put(frames, location->address +
                                  (is_outermost ? 0 : (i + 1) * INLINED_STEP));
        evprof_go_put(frames, number_of_name(t, function_of(t->named, line)));
        evprof_go_put(frames, number_of_name(t, file));
        evprof_go_put(frames, line->line > 0 ? (uint64_t)line->line : 0);
    }
    return lines;
}

static void
put_stack(tables_t *t, uint32_t number)
{
    uint32_t row = t->sample_of[number];
    if (row == 0) {
        return;
    }
    const evprof_sample_t *sample = &t->named->samples[row - 1];
    evprof_buf_t frames = { 0 };
    unsigned count = 0;
    uint32_t locations = locations_of(t->named, sample);
    for (uint32_t i = 0; i < locations; i++) {
        const evprof_location_t *location =
            &t->named->locations[sample->locations[i]];
        if (count + location->line_count + 1 > FRAMES_MAX) {
            break;
        }
        count += put_location(t, &frames, location);
    }
    begin_entry(t, EVPROF_GO_STACKS);
    evprof_go_put(&t->table, number);
    evprof_go_put(&t->table, count);
    evprof_buf_add(&t->table, frames.data, frames.len);
    t->table.failed = t->table.failed || frames.failed;
    evprof_buf_free(&frames);
}

/* ---- Generations ---- */

static void
put_frequency(tables_t *t, const evprof_trace_generation_t *generation)
{
    evprof_buf_t payload = { 0 };
    evprof_buf_putc(&payload, EVPROF_GO_FREQUENCY);
    evprof_go_put(&payload, 1000000000);
    evprof_go_put_batch(&t->out, t->generation, EVPROF_GO_NO_THREAD,
                        (uint64_t)generation->start_ns, &payload);
    evprof_buf_free(&payload);
}

/* Bytes of the entry at `at`: a byte, then five numbers. */
static size_t
sample_len(const char *at)
{
    size_t len = 1;
    for (unsigned numbers = 0; numbers < 5; len++) {
        numbers += ((unsigned char)at[len] & 0x80) == 0;
    }
    return len;
}

static void
put_samples(tables_t *t, const evprof_trace_generation_t *generation)
{
    const evprof_buf_t *samples = &generation->samples;
    for (size_t at = 0, begin = 0; at < samples->len;) {
        at += sample_len(samples->data + at);
        if (at < samples->len && at - begin < TABLE_FULL) {
            continue;
        }
        evprof_buf_t payload = { .is_bulk = true };
        evprof_buf_putc(&payload, EVPROF_GO_SAMPLES);
        evprof_buf_add(&payload, samples->data + begin, at - begin);
        evprof_go_put_batch(&t->out, t->generation, EVPROF_GO_NO_THREAD,
                            (uint64_t)generation->start_ns, &payload);
        evprof_buf_free(&payload);
        begin = at;
    }
}

static void
put_generation(tables_t *t, const evprof_trace_generation_t *generation)
{
    t->generation++;
    for (size_t i = 0; i < generation->batch_count; i++) {
        const evprof_trace_batch_t *batch = &generation->batches[i];
        evprof_go_put_batch(&t->out, t->generation, batch->thread, batch->time,
                            &batch->payload);
    }
    put_samples(t, generation);
    evprof_trace_texts_free(&t->names);
    for (size_t i = 0; i < generation->stacks.count; i++) {
        put_stack(t, generation->stacks.items[i]);
    }
    flush_table(t);
    for (size_t i = 0; i < generation->strings.count; i++) {
        uint32_t number = generation->strings.items[i];
        put_text(t, number, t->order->texts.items[number - 1]);
    }
    for (size_t i = 0; i < t->names.count; i++) {
        put_text(t, t->order->texts.count + i + 1, t->names.items[i]);
    }
    flush_table(t);
    put_frequency(t, generation);
}

int
evprof_trace_tables_write(const evprof_trace_order_t *order,
                          const evprof_trace_generation_t *first,
                          uint64_t written, const evprof_pprof_t *named,
                          const evprof_writer_t *out, evprof_error_t *err)
{
    tables_t t = { .order = order,
                   .generation = written,
                   .named = named,
                   .out = { .is_bulk = true },
                   .table = { .is_bulk = true } };
    int status = number_samples(&t);
    if (written == 0) {
        evprof_buf_add(&t.out, EVPROF_GO_TRACE_HEADER,
                       EVPROF_GO_TRACE_HEADER_LEN);
    }
    for (const evprof_trace_generation_t *g = first;
         g != NULL && status == EVPROF_OK; g = g->next) {
        if (!g->failed) {
            put_generation(&t, g);
            t.out.failed = t.out.failed || t.table.failed;
            status = evprof_buf_write(&t.out, out);
            evprof_buf_clear(&t.out);
        }
    }
    evprof_bulk_free(t.sample_of, t.sample_of_size);
    evprof_buf_free(&t.out);
    evprof_buf_free(&t.table);
    evprof_trace_texts_free(&t.names);
    return status == EVPROF_ENOMEM
               ? evprof_fail(err, status, "trace: out of memory")
               : status;
}
