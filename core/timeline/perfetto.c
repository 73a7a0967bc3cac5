/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each event is a packet. A name, file, frame or stack is defined in the packet
 * that uses it first; definitions wait in `defined` until that packet is
 * written. Regions and states of a goroutine are on two rows, since slices of
 * one row must nest and a region may last over changes of state.
 */
#include "core/timeline/perfetto.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/stream.h"
#include "core/base/visible.h"
#include "core/timeline/print.h"
#include "proto/perfetto.pb-c.h"

typedef Evprof__Perfetto__TracePacket packet_t;
typedef Evprof__Perfetto__TrackEvent event_t;
typedef Evprof__Perfetto__TrackDescriptor track_t;

#define BEGIN EVPROF__PERFETTO__TRACK_EVENT__TYPE__TYPE_SLICE_BEGIN
#define END EVPROF__PERFETTO__TRACK_EVENT__TYPE__TYPE_SLICE_END
#define INSTANT EVPROF__PERFETTO__TRACK_EVENT__TYPE__TYPE_INSTANT
#define COUNTER EVPROF__PERFETTO__TRACK_EVENT__TYPE__TYPE_COUNTER

/* All packets are of one sequence, and the trace of one process. */
#define SEQUENCE 1
#define PROCESS 1
#define MAPPING 1

/* Rows of the picture by what they are of. */
enum track_kind {
    TRACK_PROCESS,
    TRACK_HEAP,
    TRACK_RUNNING,
    TRACK_GOROUTINE,
    TRACK_STATES,
    TRACK_TASK,
};
#define TRACK_KINDS 8u

/* Bounds of what one packet defines: the frames of a stack, and names. */
#define NEW_FRAMES (EVPROF_GO_FRAMES_MAX)
#define NEW_NAMES 4u

typedef struct defined {
    Evprof__Perfetto__InternedData data;
    Evprof__Perfetto__EventName names[NEW_NAMES];
    Evprof__Perfetto__EventName *name_list[NEW_NAMES];
    evprof_buf_t name_texts[NEW_NAMES];
    Evprof__Perfetto__InternedString functions[NEW_FRAMES];
    Evprof__Perfetto__InternedString *function_list[NEW_FRAMES];
    Evprof__Perfetto__InternedString files[NEW_FRAMES];
    Evprof__Perfetto__InternedString *file_list[NEW_FRAMES];
    Evprof__Perfetto__Frame frames[NEW_FRAMES];
    Evprof__Perfetto__Frame *frame_list[NEW_FRAMES];
    Evprof__Perfetto__Callstack stack;
    Evprof__Perfetto__Callstack *stack_list[1];
    uint64_t stack_frames[EVPROF_GO_FRAMES_MAX];
} defined_t;

typedef struct writing {
    const evprof_timeline_spans_t *s;
    evprof_stream_t out;
    evprof_timeline_map_t names; /* texts by their address */
    evprof_timeline_map_t functions;
    evprof_timeline_map_t files;
    evprof_timeline_map_t frames;
    evprof_timeline_map_t stacks;
    defined_t defined;
    uint8_t *packed;
    size_t packed_cap;
    uint64_t flow; /* of the last arrow */
    bool failed;
} writing_t;

static uint64_t
track_of(enum track_kind kind, uint64_t row)
{
    return (row + 1) * TRACK_KINDS + kind;
}

/* ---- Packets ---- */

static void
put_length(evprof_buf_t *out, size_t len)
{
    const char packet_field = 1 << 3 | 2;
    evprof_buf_putc(out, packet_field);
    evprof_go_put(out, len);
}

/* Writes the packet with what it defines. */
static void
put_packet(writing_t *w, packet_t *packet)
{
    defined_t *d = &w->defined;
    packet->has_trusted_packet_sequence_id = true;
    packet->trusted_packet_sequence_id = SEQUENCE;
    packet->has_sequence_flags = true;
    packet->sequence_flags |=
        EVPROF__PERFETTO__TRACE_PACKET__SEQUENCE_FLAGS__SEQ_NEEDS_INCREMENTAL_STATE;
    if (d->data.n_event_names + d->data.n_frames + d->data.n_callstacks > 0) {
        packet->interned_data = &d->data;
    }
    size_t len = evprof__perfetto__trace_packet__get_packed_size(packet);
    if (len > w->packed_cap) {
        uint8_t *grown = realloc(w->packed, 2 * len);
        if (grown == NULL) {
            w->failed = true;
            return;
        }
        w->packed = grown;
        w->packed_cap = 2 * len;
    }
    evprof__perfetto__trace_packet__pack(packet, w->packed);
    put_length(&w->out.buf, len);
    evprof_buf_add(&w->out.buf, w->packed, len);
    evprof_stream_poll(&w->out);
    for (size_t i = 0; i < d->data.n_event_names; i++) {
        evprof_buf_clear(&d->name_texts[i]);
    }
    d->data.n_event_names = 0;
    d->data.n_function_names = 0;
    d->data.n_source_paths = 0;
    d->data.n_frames = 0;
    d->data.n_callstacks = 0;
}

/* ---- Names and stacks ---- */

/* The number of the thing at the address `key`, counted from 1. `is_new`: it
 * has to be defined. */
static uint64_t
number_of(writing_t *w, evprof_timeline_map_t *map, uint64_t key, bool *is_new)
{
    uint32_t row = evprof_timeline_map_find(map, key);
    *is_new = row == EVPROF_INDEX_END;
    if (*is_new) {
        row = evprof_timeline_map_add(map, key);
    }
    if (row == EVPROF_INDEX_END) {
        w->failed = true;
        *is_new = false;
        return 0;
    }
    return (uint64_t)row + 1;
}

/* `text` is of the timeline, or a constant. */
static uint64_t
name_number(writing_t *w, const char *text)
{
    defined_t *d = &w->defined;
    bool is_new;
    uint64_t number = number_of(w, &w->names, (uintptr_t)text, &is_new);
    if (is_new) {
        size_t at = d->data.n_event_names++;
        evprof_buf_t *visible = &d->name_texts[at];
        evprof_visible_add(visible, text[0] != '\0' ? text : "?",
                           text[0] != '\0' ? strlen(text) : 1, "");
        w->failed = w->failed || visible->failed;
        evprof__perfetto__event_name__init(&d->names[at]);
        d->names[at].has_iid = true;
        d->names[at].iid = number;
        d->names[at].name = visible->data;
    }
    return number;
}

/* Of a function or a file. */
static uint64_t
string_number(writing_t *w, evprof_timeline_map_t *map,
              Evprof__Perfetto__InternedString *strings, size_t *count,
              const char *text)
{
    bool is_new;
    uint64_t number = number_of(w, map, (uintptr_t)text, &is_new);
    if (is_new) {
        Evprof__Perfetto__InternedString *string = &strings[(*count)++];
        union {
            const char *text;
            uint8_t *bytes;
        } data = { .text = text };
        evprof__perfetto__interned_string__init(string);
        string->has_iid = true;
        string->iid = number;
        string->has_str = true;
        string->str =
            (ProtobufCBinaryData){ .len = strlen(text), .data = data.bytes };
    }
    return number;
}

static uint64_t
frame_number(writing_t *w, uint32_t row)
{
    defined_t *d = &w->defined;
    const evprof_timeline_frame_t *from = &w->s->t->frames[row];
    bool is_new;
    uint64_t number = number_of(w, &w->frames, row, &is_new);
    if (is_new) {
        Evprof__Perfetto__Frame *frame = &d->frames[d->data.n_frames++];
        evprof__perfetto__frame__init(frame);
        frame->has_iid = true;
        frame->iid = number;
        frame->has_mapping_id = true;
        frame->mapping_id = MAPPING;
        frame->has_rel_pc = true;
        frame->rel_pc = from->pc;
        frame->has_function_name_id = true;
        frame->function_name_id =
            string_number(w, &w->functions, d->functions,
                          &d->data.n_function_names, from->function);
        frame->has_source_path_iid = true;
        frame->source_path_iid = string_number(
            w, &w->files, d->files, &d->data.n_source_paths, from->file);
        frame->has_line_number = true;
        frame->line_number = (uint32_t)from->line;
    }
    return number;
}

/* A packet has one stack at most. */
static uint64_t
stack_number(writing_t *w, uint32_t stack)
{
    defined_t *d = &w->defined;
    bool is_new;
    uint64_t number = number_of(w, &w->stacks, stack, &is_new);
    if (is_new) {
        const evprof_timeline_t *t = w->s->t;
        const evprof_timeline_stack_t *from = &t->stacks[stack];
        for (uint32_t i = 0; i < from->count; i++) {
            d->stack_frames[i] = frame_number(
                w, t->frame_numbers[from->first + from->count - 1 - i]);
        }
        evprof__perfetto__callstack__init(&d->stack);
        d->stack.has_iid = true;
        d->stack.iid = number;
        d->stack.n_frame_ids = from->count;
        d->stack.frame_ids = d->stack_frames;
        d->data.n_callstacks = 1;
    }
    return number;
}

/* ---- Tracks ---- */

static void
put_track(writing_t *w, uint64_t uuid, uint64_t parent, const char *name,
          track_t *track)
{
    packet_t packet = EVPROF__PERFETTO__TRACE_PACKET__INIT;
    evprof_buf_t visible = { 0 };
    evprof_visible_add(&visible, name, strlen(name), "");
    track->has_uuid = true;
    track->uuid = uuid;
    track->has_parent_uuid = parent != 0;
    track->parent_uuid = parent;
    if (track->thread != NULL) {
        track->thread->thread_name = visible.data;
    } else {
        track->name = visible.data;
    }
    packet.track_descriptor = track;
    if (visible.failed) {
        w->failed = true;
    } else {
        put_packet(w, &packet);
    }
    evprof_buf_free(&visible);
}

/* The first packet: the process, and the one mapping of all frames. */
static void
put_process(writing_t *w)
{
    static uint8_t what[] = "trace";
    packet_t packet = EVPROF__PERFETTO__TRACE_PACKET__INIT;
    Evprof__Perfetto__ProcessDescriptor process =
        EVPROF__PERFETTO__PROCESS_DESCRIPTOR__INIT;
    track_t track = EVPROF__PERFETTO__TRACK_DESCRIPTOR__INIT;
    Evprof__Perfetto__InternedData data = EVPROF__PERFETTO__INTERNED_DATA__INIT;
    Evprof__Perfetto__InternedString string =
        EVPROF__PERFETTO__INTERNED_STRING__INIT;
    Evprof__Perfetto__InternedString *strings[] = { &string };
    Evprof__Perfetto__Mapping mapping = EVPROF__PERFETTO__MAPPING__INIT;
    Evprof__Perfetto__Mapping *mappings[] = { &mapping };
    uint64_t path = MAPPING;
    string.has_iid = true;
    string.iid = MAPPING;
    string.has_str = true;
    string.str = (ProtobufCBinaryData){ .len = sizeof(what) - 1, .data = what };
    mapping.has_iid = true;
    mapping.iid = MAPPING;
    mapping.has_build_id = true;
    mapping.build_id = MAPPING;
    mapping.n_path_string_ids = 1;
    mapping.path_string_ids = &path;
    data.n_build_ids = 1;
    data.build_ids = strings;
    data.n_mapping_paths = 1;
    data.mapping_paths = strings;
    data.n_mappings = 1;
    data.mappings = mappings;
    process.has_pid = true;
    process.pid = PROCESS;
    process.process_name = (char *)what;
    track.has_uuid = true;
    track.uuid = track_of(TRACK_PROCESS, 0);
    track.process = &process;
    packet.track_descriptor = &track;
    packet.interned_data = &data;
    packet.sequence_flags =
        EVPROF__PERFETTO__TRACE_PACKET__SEQUENCE_FLAGS__SEQ_INCREMENTAL_STATE_CLEARED;
    put_packet(w, &packet);
}

static void
put_goroutine_tracks(writing_t *w, uint32_t row)
{
    const evprof_timeline_goroutine_t *g = &w->s->goroutines[row];
    Evprof__Perfetto__ThreadDescriptor thread =
        EVPROF__PERFETTO__THREAD_DESCRIPTOR__INIT;
    track_t track = EVPROF__PERFETTO__TRACK_DESCRIPTOR__INIT;
    track_t states = EVPROF__PERFETTO__TRACK_DESCRIPTOR__INIT;
    thread.has_pid = true;
    thread.pid = PROCESS;
    thread.has_tid = true;
    thread.tid = (int64_t)(g->id & INT64_MAX);
    track.thread = &thread;
    put_track(w, track_of(TRACK_GOROUTINE, row), 0,
              g->name[0] != '\0' ? g->name : "?", &track);
    put_track(w, track_of(TRACK_STATES, row), track_of(TRACK_GOROUTINE, row),
              "state", &states);
}

static void
put_counter_track(writing_t *w, enum track_kind kind, const char *name,
                  Evprof__Perfetto__CounterDescriptor__Unit unit)
{
    track_t track = EVPROF__PERFETTO__TRACK_DESCRIPTOR__INIT;
    Evprof__Perfetto__CounterDescriptor counter =
        EVPROF__PERFETTO__COUNTER_DESCRIPTOR__INIT;
    counter.has_unit = true;
    counter.unit = unit;
    track.counter = &counter;
    put_track(w, track_of(kind, 0), track_of(TRACK_PROCESS, 0), name, &track);
}

/* ---- Events ---- */

/* What is optional of an event. */
typedef struct extra {
    const char *name; /* NULL: it is an end */
    uint32_t stack;
    uint64_t flow_from;
    uint64_t flow_to;
    const char *text; /* an annotation */
    const char *text_name;
    uint64_t number; /* another, where it has a name */
    const char *number_name;
} extra_t;

/* The text with control characters escaped; `keeps` owns it. NULL for "". */
static char *
visible_text(writing_t *w, const char *text, evprof_buf_t *keeps)
{
    evprof_visible_add(keeps, text, strlen(text), "");
    w->failed = w->failed || keeps->failed;
    return keeps->data;
}

static void
put_event(writing_t *w, uint64_t track, int64_t ns,
          Evprof__Perfetto__TrackEvent__Type type, const extra_t *extra)
{
    packet_t packet = EVPROF__PERFETTO__TRACE_PACKET__INIT;
    event_t event = EVPROF__PERFETTO__TRACK_EVENT__INIT;
    Evprof__Perfetto__DebugAnnotation notes[2] = {
        EVPROF__PERFETTO__DEBUG_ANNOTATION__INIT,
        EVPROF__PERFETTO__DEBUG_ANNOTATION__INIT
    };
    Evprof__Perfetto__DebugAnnotation *list[2];
    uint64_t from = extra->flow_from;
    uint64_t to = extra->flow_to;
    evprof_buf_t texts[3] = { { 0 } };
    event.has_type = true;
    event.type = type;
    event.has_track_uuid = true;
    event.track_uuid = track;
    event.has_name_iid = extra->name != NULL;
    event.name_iid = extra->name != NULL ? name_number(w, extra->name) : 0;
    event.has_callstack_iid = extra->stack != 0;
    event.callstack_iid = extra->stack != 0 ? stack_number(w, extra->stack) : 0;
    event.n_flow_ids = from != 0;
    event.flow_ids = &from;
    event.n_terminating_flow_ids = to != 0;
    event.terminating_flow_ids = &to;
    event.debug_annotations = list;
    if (extra->text != NULL) {
        Evprof__Perfetto__DebugAnnotation *note = &notes[0];
        note->name = visible_text(w, extra->text_name, &texts[0]);
        note->string_value = visible_text(w, extra->text, &texts[1]);
        list[event.n_debug_annotations++] = note;
    }
    if (extra->number_name != NULL) {
        Evprof__Perfetto__DebugAnnotation *note = &notes[1];
        note->name = visible_text(w, extra->number_name, &texts[2]);
        note->has_uint_value = true;
        note->uint_value = extra->number;
        list[event.n_debug_annotations++] = note;
    }
    packet.has_timestamp = true;
    packet.timestamp = (uint64_t)ns;
    packet.track_event = &event;
    put_packet(w, &packet);
    evprof_buf_free(&texts[0]);
    evprof_buf_free(&texts[1]);
    evprof_buf_free(&texts[2]);
}

/* A slice, as far as it lies within what is shown. */
static void
put_slice(writing_t *w, uint64_t track, int64_t start_ns, int64_t end_ns,
          const extra_t *extra)
{
    const evprof_timeline_spans_t *s = w->s;
    static const extra_t nothing = { .name = NULL };
    int64_t start = start_ns > s->from_ns ? start_ns : s->from_ns;
    int64_t end = end_ns < s->to_ns ? end_ns : s->to_ns;
    if (end > start) {
        put_event(w, track, start, BEGIN, extra);
        put_event(w, track, end, END, &nothing);
    }
}

static void
put_counter(writing_t *w, enum track_kind kind, int64_t ns, int64_t value)
{
    packet_t packet = EVPROF__PERFETTO__TRACE_PACKET__INIT;
    event_t event = EVPROF__PERFETTO__TRACK_EVENT__INIT;
    event.has_type = true;
    event.type = COUNTER;
    event.has_track_uuid = true;
    event.track_uuid = track_of(kind, 0);
    event.has_counter_value = true;
    event.counter_value = value;
    packet.has_timestamp = true;
    packet.timestamp = (uint64_t)ns;
    packet.track_event = &event;
    put_packet(w, &packet);
}

/* The name of a wait is its reason, where the trace gives one. */
static const char *
name_of(const evprof_timeline_span_t *span)
{
    return span->state == EVPROF_GO_WAITING && span->reason[0] != '\0'
               ? span->reason
               : evprof_timeline_state(span);
}

/* An arrow leads from whatever ended a wait to the span that follows the
 * wait. */
static void
put_states(writing_t *w, uint32_t row)
{
    const evprof_timeline_spans_t *s = w->s;
    const evprof_timeline_goroutine_t *g = &s->goroutines[row];
    uint64_t arrow = 0;
    for (uint32_t i = 0; i < g->count; i++) {
        const evprof_timeline_span_t *span = &s->items[g->first + i];
        const extra_t slice = { .name = name_of(span),
                                .stack = span->state == EVPROF_GO_RUNNABLE
                                             ? 0
                                             : span->stack,
                                .flow_to = arrow };
        put_slice(w, track_of(TRACK_STATES, row), span->start_ns, span->end_ns,
                  &slice);
        arrow = 0;
        if (span->waker != 0 && span->end_ns > s->from_ns &&
            span->end_ns < s->to_ns) {
            const extra_t wake = { .name = "wake",
                                   .stack = span->waker_stack,
                                   .flow_from = ++w->flow,
                                   .number_name = "wakes",
                                   .number = g->id };
            arrow = w->flow;
            put_event(w, track_of(TRACK_STATES, span->waker - 1), span->end_ns,
                      INSTANT, &wake);
        }
    }
}

static void
put_regions(writing_t *w)
{
    const evprof_timeline_spans_t *s = w->s;
    for (size_t i = 0; i < s->region_count; i++) {
        const evprof_timeline_mark_t *region = &s->regions[i];
        const extra_t slice = { .name = region->name,
                                .stack = region->stack,
                                .number_name = "task",
                                .number = region->task };
        if (region->is_begun) {
            put_slice(w, track_of(TRACK_GOROUTINE, region->start_goroutine - 1),
                      region->start_ns, region->end_ns, &slice);
        }
    }
}

/* Tasks by their numbers; the later of two of one number is kept. */
static void
put_tasks(writing_t *w, evprof_timeline_map_t *ids)
{
    const evprof_timeline_spans_t *s = w->s;
    for (size_t i = 0; i < s->task_count && !w->failed; i++) {
        const evprof_timeline_mark_t *task = &s->tasks[i];
        track_t track = EVPROF__PERFETTO__TRACK_DESCRIPTOR__INIT;
        bool is_new;
        uint64_t row = number_of(w, ids, task->task, &is_new) - 1;
        uint32_t parent = evprof_timeline_map_find(ids, task->parent);
        const extra_t slice = { .name = task->name,
                                .stack = task->stack,
                                .number_name = "task",
                                .number = task->task };
        if (is_new) {
            put_track(w, track_of(TRACK_TASK, row),
                      parent == EVPROF_INDEX_END || parent == row
                          ? track_of(TRACK_PROCESS, 0)
                          : track_of(TRACK_TASK, parent),
                      task->name, &track);
        }
        put_slice(w, track_of(TRACK_TASK, row), task->start_ns, task->end_ns,
                  &slice);
    }
}

/* Writes the events that are no slices: log lines, samples, counters. */
static void
put_moments(writing_t *w, const evprof_timeline_map_t *tasks)
{
    const evprof_timeline_spans_t *s = w->s;
    int64_t running = 0;
    for (size_t i = 0; i < s->t->event_count && !w->failed; i++) {
        const evprof_timeline_event_t *e = &s->t->events[i];
        uint32_t row = evprof_timeline_row(s, e->by);
        uint32_t task = evprof_timeline_map_find(tasks, e->of);
        int64_t change =
            e->kind != EVPROF_TIMELINE_STATE || e->from == e->to
                ? 0
                : (e->to == EVPROF_GO_RUNNING) - (e->from == EVPROF_GO_RUNNING);
        running += change;
        if (e->ns < s->from_ns || e->ns > s->to_ns) {
            continue;
        }
        const extra_t moment = {
            .name = e->kind == EVPROF_TIMELINE_SAMPLE ? "CPU sample" : e->text,
            .stack = e->stack,
            .text = e->kind == EVPROF_TIMELINE_LOG ? e->more : NULL,
            .text_name = e->text
        };
        if (e->kind == EVPROF_TIMELINE_HEAP) {
            put_counter(w, TRACK_HEAP, e->ns, (int64_t)(e->value & INT64_MAX));
        } else if (change != 0) {
            put_counter(w, TRACK_RUNNING, e->ns, running);
        } else if (e->kind == EVPROF_TIMELINE_LOG && task != EVPROF_INDEX_END) {
            put_event(w, track_of(TRACK_TASK, task), e->ns, INSTANT, &moment);
        } else if ((e->kind == EVPROF_TIMELINE_LOG ||
                    e->kind == EVPROF_TIMELINE_LABEL ||
                    e->kind == EVPROF_TIMELINE_SAMPLE) &&
                   row != EVPROF_INDEX_END) {
            put_event(w, track_of(TRACK_GOROUTINE, row), e->ns, INSTANT,
                      &moment);
        }
    }
}

/* ---- The trace ---- */

static void
begin(writing_t *w, const evprof_timeline_spans_t *s,
      const evprof_writer_t *out)
{
    defined_t *d = &w->defined;
    w->s = s;
    evprof_stream_begin(&w->out, out);
    evprof__perfetto__interned_data__init(&d->data);
    for (size_t i = 0; i < NEW_NAMES; i++) {
        d->name_list[i] = &d->names[i];
    }
    for (size_t i = 0; i < NEW_FRAMES; i++) {
        d->function_list[i] = &d->functions[i];
        d->file_list[i] = &d->files[i];
        d->frame_list[i] = &d->frames[i];
    }
    d->stack_list[0] = &d->stack;
    d->data.event_names = d->name_list;
    d->data.function_names = d->function_list;
    d->data.source_paths = d->file_list;
    d->data.frames = d->frame_list;
    d->data.callstacks = d->stack_list;
}

static void
free_writing(writing_t *w)
{
    evprof_timeline_map_free(&w->names);
    evprof_timeline_map_free(&w->functions);
    evprof_timeline_map_free(&w->files);
    evprof_timeline_map_free(&w->frames);
    evprof_timeline_map_free(&w->stacks);
    for (size_t i = 0; i < NEW_NAMES; i++) {
        evprof_buf_free(&w->defined.name_texts[i]);
    }
    free(w->packed);
    free(w);
}

int
evprof_timeline_perfetto(const evprof_timeline_spans_t *s,
                         const evprof_writer_t *out, evprof_error_t *err)
{
    evprof_timeline_map_t tasks = { .keys = NULL };
    writing_t *w = calloc(1, sizeof(*w));
    if (w == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    begin(w, s, out);
    put_process(w);
    put_counter_track(
        w, TRACK_HEAP, "heap",
        EVPROF__PERFETTO__COUNTER_DESCRIPTOR__UNIT__UNIT_SIZE_BYTES);
    put_counter_track(w, TRACK_RUNNING, "running",
                      EVPROF__PERFETTO__COUNTER_DESCRIPTOR__UNIT__UNIT_COUNT);
    for (uint32_t row = 0; row < s->ids.count && !w->failed; row++) {
        put_goroutine_tracks(w, row);
    }
    for (uint32_t row = 0; row < s->ids.count && !w->failed; row++) {
        put_states(w, row);
    }
    put_regions(w);
    put_tasks(w, &tasks);
    put_moments(w, &tasks);
    bool failed = w->failed;
    int status = evprof_stream_end(&w->out);
    evprof_timeline_map_free(&tasks);
    free_writing(w);
    return failed || status == EVPROF_ENOMEM
               ? evprof_fail(err, EVPROF_ENOMEM, "out of memory")
               : status;
}
