/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of `perf script`: for each event a line with the thread, the time
 * and the event's name, then its stack, the leaf first, and an empty line:
 *
 *     server 4711/4713 [001]  1234.567890:   10101010 cycles:u:
 *             55d0c0a1 work+0x12 (/srv/bin/server)
 *             55d0c0f0 main+0x40 (/srv/bin/server)
 *
 * Each event is a sample type of its own, whose value is the period, or 1 where
 * none is printed: events are never added up. The text is read twice, first for
 * the events that it has. The thread's name and a tracepoint's fields become
 * labels; frames inlined at one address become one location.
 */
#include <stdlib.h>
#include <string.h>

#include "core/analysis/legacy.h"
#include "core/analysis/perf_line.h"
#include "core/base/error.h"
#include "core/base/grow.h"

#include "core/analysis/format.h"

#define PROBED_LINES 12
#define MAX_EVENTS 256
#define MAX_LABELS 32

/* A sample type. */
typedef struct column {
    evprof_span_t name;
    bool has_period;
} column_t;

typedef struct script {
    evprof_assembly_t assembly;
    evprof_legacy_stack_t stack;
    column_t *columns;
    size_t column_count;
    size_t column_cap;
    int64_t *values; /* one a column, all but the event's 0 */
    evprof_named_frame_t frames[EVPROF_ASSEMBLY_INLINED];
    size_t frame_count; /* of one address, not yet a location */
    bool is_inlined;    /* the last of them */
    evprof_perf_event_t event;
    bool has_event;
    bool is_counting; /* the first time */
    bool has_times;
    double first;
    double last;
    size_t line; /* for messages */
} script_t;

/* ---- Frames ---- */

static uint32_t
find_module(evprof_assembly_t *a, evprof_span_t file)
{
    if (file.at == file.end) {
        return EVPROF_NO_INDEX;
    }
    const char *text = evprof_assembly_text(a, file.at, evprof_span_len(file));
    const evprof_pprof_t *p = a->profile;
    for (size_t i = 0; a->status == EVPROF_OK && i < p->mapping_count; i++) {
        if (p->mappings[i].file == text) {
            return (uint32_t)i;
        }
    }
    evprof_mapping_t map = { .file = text,
                             .build_id = "",
                             .has_functions = true };
    return evprof_assembly_mapping(a, &map);
}

/* Makes a location of the frames that are waiting. */
static void
end_frames(script_t *s)
{
    if (s->frame_count > 0) {
        evprof_legacy_push_row(
            &s->assembly, &s->stack,
            evprof_assembly_frames(&s->assembly, s->frames, s->frame_count));
    }
    s->frame_count = 0;
    s->is_inlined = false;
}

static void
add_frame(script_t *s, const evprof_perf_frame_t *frame)
{
    evprof_assembly_t *a = &s->assembly;
    bool is_same = s->frame_count > 0 && s->is_inlined &&
                   s->frame_count < EVPROF_ASSEMBLY_INLINED &&
                   s->frames[s->frame_count - 1].address == frame->address;
    if (s->is_counting) {
        return;
    }
    if (!is_same) {
        end_frames(s);
    }
    s->is_inlined = frame->is_inlined;
    s->frames[s->frame_count++] = (evprof_named_frame_t){
        .name = frame->symbol.at,
        .name_len = evprof_span_len(frame->symbol),
        .address = frame->address,
        .mapping = find_module(a, frame->module),
    };
}

/* "  file:line" below a frame. */
static bool
add_place(script_t *s, evprof_span_t line)
{
    evprof_span_t file;
    int64_t number;
    bool is_inlined;
    if (!evprof_perf_read_place(line, &file, &number, &is_inlined)) {
        return false;
    }
    if (s->frame_count > 0 && file.at < file.end) {
        evprof_named_frame_t *frame = &s->frames[s->frame_count - 1];
        frame->file = file.at;
        frame->file_len = evprof_span_len(file);
        frame->line = number;
    }
    s->is_inlined = s->is_inlined || is_inlined;
    return true;
}

/* ---- Events ---- */

static size_t
find_column(script_t *s, evprof_span_t name)
{
    size_t len = evprof_span_len(name);
    for (size_t i = 0; i < s->column_count; i++) {
        if (evprof_span_len(s->columns[i].name) == len &&
            memcmp(s->columns[i].name.at, name.at, len) == 0) {
            return i;
        }
    }
    column_t *columns = evprof_grow(s->columns, &s->column_cap,
                                    s->column_count + 1, sizeof(*columns));
    if (columns == NULL) {
        s->assembly.status = EVPROF_ENOMEM;
        return 0;
    }
    s->columns = columns;
    columns[s->column_count] = (column_t){ .name = name };
    return s->column_count++;
}

static size_t
make_labels(script_t *s, evprof_label_t *labels)
{
    evprof_assembly_t *a = &s->assembly;
    evprof_span_t thread = s->event.thread;
    evprof_span_t rest = s->event.rest;
    evprof_span_t key;
    evprof_span_t value;
    size_t count = 0;
    if (thread.at < thread.end) {
        labels[count++] = (evprof_label_t){
            .key = "thread",
            .text = evprof_assembly_text(a, thread.at, evprof_span_len(thread)),
            .unit = "",
        };
    }
    while (evprof_perf_is_tracepoint(s->event.name) && count < MAX_LABELS &&
           evprof_perf_take_field(&rest, &key, &value)) {
        key = key.at < key.end ? key : evprof_span("fields", 6);
        labels[count++] = (evprof_label_t){
            .key = evprof_assembly_text(a, key.at, evprof_span_len(key)),
            .text = evprof_assembly_text(a, value.at, evprof_span_len(value)),
            .unit = "",
        };
    }
    return count;
}

static void
end_event(script_t *s)
{
    if (!s->has_event) {
        return;
    }
    s->has_event = false;
    size_t column = find_column(s, s->event.name);
    if (s->assembly.status != EVPROF_OK) {
        return;
    }
    s->columns[column].has_period |= s->event.has_period;
    if (s->is_counting) {
        return;
    }
    evprof_label_t labels[MAX_LABELS];
    end_frames(s);
    s->values[column] = s->event.has_period ? s->event.period : 1;
    evprof_assembly_sample(&s->assembly, s->stack.rows, s->stack.count,
                           s->values, NULL);
    evprof_assembly_labels(&s->assembly, labels, make_labels(s, labels));
    s->values[column] = 0;
}

static void
begin_event(script_t *s, const evprof_perf_event_t *event)
{
    evprof_perf_frame_t frame;
    end_event(s);
    s->event = *event;
    s->has_event = true;
    s->stack.count = 0;
    if (event->has_time) {
        double seconds = event->seconds;
        s->first = !s->has_times || seconds < s->first ? seconds : s->first;
        s->last = !s->has_times || seconds > s->last ? seconds : s->last;
        s->has_times = true;
    }
    if (!evprof_perf_is_tracepoint(event->name) &&
        evprof_perf_read_frame(event->rest, &frame)) {
        add_frame(s, &frame);
    }
}

/* ---- Lines ---- */

static int
read_line(script_t *s, evprof_span_t line, evprof_error_t *err)
{
    evprof_perf_event_t event;
    evprof_perf_frame_t frame;
    evprof_span_t inner = evprof_span_trim(line);
    if (inner.at == inner.end) {
        end_event(s);
        return EVPROF_OK;
    }
    if (line.at[0] == '#' || evprof_span_find(line, "PERF_RECORD_") != NULL) {
        return EVPROF_OK;
    }
    if (s->has_event && evprof_perf_is_extra(line)) {
        return EVPROF_OK;
    }
    if (evprof_perf_read_event(line, &event)) {
        begin_event(s, &event);
        return EVPROF_OK;
    }
    if (evprof_perf_read_frame(line, &frame) && line.at < inner.at &&
        (s->has_event || *line.at == '\t')) {
        if (!s->has_event) {
            evprof_perf_read_title(evprof_span("", 0), &event);
            begin_event(s, &event);
        }
        add_frame(s, &frame);
        return EVPROF_OK;
    }
    if (s->has_event && add_place(s, line)) {
        return EVPROF_OK;
    }
    if (!s->has_event && evprof_perf_read_title(line, &event)) {
        begin_event(s, &event);
        return EVPROF_OK;
    }
    return evprof_fail(err, EVPROF_EPARSE,
                       "line %zu is neither an event nor a frame of perf "
                       "script",
                       s->line);
}

static int
read_lines(script_t *s, const char *data, size_t len, evprof_error_t *err)
{
    evprof_span_t text = evprof_span(data, len);
    evprof_span_t line;
    int status = EVPROF_OK;
    s->line = 0;
    while (status == EVPROF_OK && evprof_span_line(&text, &line)) {
        s->line++;
        status = read_line(s, line, err);
        if (s->column_count > MAX_EVENTS) {
            status = evprof_fail(err, EVPROF_ELIMIT,
                                 "perf script: more than %d kinds of events; "
                                 "select some with perf script -F or grep",
                                 MAX_EVENTS);
        }
    }
    end_event(s);
    return status;
}

/* "cycles" of "cycles:u". */
static evprof_span_t
short_name(evprof_span_t name)
{
    const char *colon = memchr(name.at, ':', evprof_span_len(name));
    if (colon != NULL && colon > name.at && !evprof_perf_is_tracepoint(name)) {
        name.end = colon;
    }
    return name;
}

/* An event is called without its modifiers, unless two differ only by them.
 * Clocks count nanoseconds; without a period an event counts itself. */
static void
make_types(script_t *s)
{
    evprof_assembly_t *a = &s->assembly;
    for (size_t i = 0; i < s->column_count; i++) {
        evprof_span_t name = short_name(s->columns[i].name);
        size_t len = evprof_span_len(name);
        size_t alike = 0;
        for (size_t j = 0; j < s->column_count; j++) {
            evprof_span_t other = short_name(s->columns[j].name);
            alike += evprof_span_len(other) == len &&
                     memcmp(other.at, name.at, len) == 0;
        }
        name = alike > 1 ? s->columns[i].name : name;
        name = name.at == name.end ? evprof_span("samples", 7) : name;
        bool is_time = s->columns[i].has_period &&
                       evprof_span_find(name, "-clock") != NULL;
        evprof_assembly_type(
            a, evprof_assembly_text(a, name.at, evprof_span_len(name)),
            is_time ? "nanoseconds" : "count");
    }
    if (a->status == EVPROF_OK && a->profile->type_count > 0) {
        a->profile->default_type = a->profile->types[0].type;
    }
}

/* Sets the flags of mappings: which names, files and lines the frames have. */
static void
describe_modules(evprof_pprof_t *p)
{
    for (size_t i = 0; i < p->location_count; i++) {
        const evprof_location_t *l = &p->locations[i];
        evprof_mapping_t *map =
            l->mapping == EVPROF_NO_INDEX ? NULL : &p->mappings[l->mapping];
        if (map != NULL && l->line_count > 0 && l->lines[0].line > 0) {
            map->has_filenames = true;
            map->has_line_numbers = true;
            map->has_inline_frames |= l->line_count > 1;
        }
    }
}

static int
read_profile(const char *data, size_t len, evprof_pprof_t **out,
             evprof_error_t *err)
{
    script_t s = { .is_counting = true };
    evprof_assembly_begin(&s.assembly);
    int status = read_lines(&s, data, len, err);
    s.values = calloc(s.column_count + 1, sizeof(*s.values));
    if (s.values == NULL) {
        s.assembly.status = EVPROF_ENOMEM;
    }
    if (status == EVPROF_OK && s.assembly.status == EVPROF_OK) {
        make_types(&s);
        s.is_counting = false;
        status = read_lines(&s, data, len, err);
    }
    if (s.assembly.profile != NULL) {
        s.assembly.profile->duration_ns = (int64_t)((s.last - s.first) * 1e9);
        describe_modules(s.assembly.profile);
    }
    free(s.columns);
    free(s.values);
    evprof_legacy_stack_free(&s.stack);
    return evprof_assembly_end(&s.assembly, status, out, err);
}

/* ---- Whether it is one ---- */

/* What the first lines are. */
typedef struct look {
    bool has_time;
    bool has_event;
    bool has_sure_event; /* of a name that no other text has */
    bool has_frame;
    bool has_other;
} look_t;

static bool
is_sure_name(evprof_span_t name)
{
    static const char *const names[] = { "cycles", "instructions", "samples" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (evprof_span_starts(name, names[i])) {
            return true;
        }
    }
    return evprof_span_find(name, "-") != NULL ||
           evprof_perf_is_tracepoint(name);
}

/* A line that is nothing by itself may be the title of the frames below it. */
static void
look_at_line(evprof_span_t line, look_t *look, bool *is_title)
{
    evprof_perf_event_t event;
    evprof_perf_frame_t frame;
    evprof_span_t file;
    int64_t number;
    bool is_inlined;
    bool was_title = *is_title;
    *is_title = false;
    if (*line.at == '\t' && evprof_perf_read_frame(line, &frame)) {
        look->has_frame = true;
        return;
    }
    look->has_other |= was_title;
    if (evprof_perf_is_extra(line)) {
        look->has_time |= evprof_span_find(line, "PERF_RECORD_") != NULL;
        return;
    }
    if (evprof_perf_read_event(line, &event)) {
        look->has_time |= event.has_time;
        look->has_event = true;
        look->has_sure_event |= is_sure_name(event.name);
        return;
    }
    *is_title = !(look->has_frame &&
                  evprof_perf_read_place(line, &file, &number, &is_inlined));
}

/* A time is proof. Without one it takes frames with their tab, or names that
 * only events have, and nothing else. */
static bool
probe(const char *data, size_t len)
{
    evprof_span_t text = evprof_span(data, len);
    evprof_span_t line;
    look_t look = { .has_time = false };
    bool is_title = false;
    for (int i = 0; i < PROBED_LINES && !look.has_time &&
                    evprof_span_content(&text, &line);
         i++) {
        look_at_line(line, &look, &is_title);
    }
    return look.has_time || (look.has_frame && !look.has_other) ||
           (look.has_sure_event && (look.has_frame || !look.has_other));
}

const evprof_format_t evprof_format_perf_script = {
    .name = "perf_script",
    .summary = "the output of perf script",
    .probe = probe,
    .read = read_profile,
};
