/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of `perf script`: for each event a line with the thread, the time
 * and the event's name, then its stack, the leaf first, and an empty line:
 *
 *     server 4711/4713 [001]  1234.567890:   10101010 cycles:u:
 *             55d0c0a1 work+0x12 (/srv/bin/server)
 *             55d0c0f0 main+0x40 (/srv/bin/server)
 *
 * Every event counts as one sample and as its period, with the thread's name as
 * a label.
 */
#include <ctype.h>
#include <string.h>

#include "core/analysis/legacy.h"
#include "core/base/error.h"

#include "core/analysis/format.h"

/* The line before a stack. */
typedef struct event {
    evprof_span_t thread;
    evprof_span_t name;
    double seconds;
    int64_t period;
} event_t;

typedef struct script {
    evprof_assembly_t assembly;
    evprof_legacy_stack_t stack;
    event_t event;
    bool has_event;
    double first;
    double last;
    size_t line; /* for messages */
} script_t;

/* "1234.567890:"; the word alone. */
static bool
read_time(evprof_span_t word, double *out)
{
    int64_t whole = 0;
    int64_t part = 0;
    if (!evprof_take_digits(&word, &whole) || !evprof_take(&word, ".")) {
        return false;
    }
    const char *start = word.at;
    if (!evprof_take_digits(&word, &part) || !evprof_take(&word, ":") ||
        word.at != word.end) {
        return false;
    }
    double scale = 1;
    for (const char *c = start; c < word.end - 1; c++) {
        scale *= 10;
    }
    *out = (double)whole + (double)part / scale;
    return true;
}

/* Behind the time: "[period] name:". */
static bool
read_name(evprof_span_t rest, event_t *out)
{
    evprof_span_t word;
    evprof_take_spaces(&rest);
    if (!evprof_take_word(&rest, &word)) {
        return false;
    }
    out->period = 1;
    evprof_span_t number = word;
    int64_t period = 0;
    if (evprof_take_digits(&number, &period) && number.at == number.end) {
        out->period = period;
        evprof_take_spaces(&rest);
        if (!evprof_take_word(&rest, &word)) {
            return false;
        }
    }
    if (word.end[-1] != ':') {
        return false;
    }
    out->name = (evprof_span_t){ word.at, word.end - 1 };
    return word.end - word.at > 1;
}

/* The name of a thread may have blanks: all before the last word with a digit
 * first, its number, that stands before the time. */
static bool
read_event(evprof_span_t line, event_t *out)
{
    evprof_span_t rest = line;
    evprof_span_t word;
    const char *thread_end = NULL;
    if (line.at == line.end || isspace((unsigned char)*line.at)) {
        return false;
    }
    while (evprof_take_word(&rest, &word)) {
        if (read_time(word, &out->seconds)) {
            out->thread = evprof_span_trim((evprof_span_t){
                line.at, thread_end == NULL ? word.at : thread_end });
            return read_name(rest, out);
        }
        if (word.at > line.at && isdigit((unsigned char)*word.at)) {
            thread_end = word.at;
        }
        evprof_take_spaces(&rest);
    }
    return false;
}

static bool
probe(const char *data, size_t len)
{
    evprof_span_t text = evprof_span(data, len);
    evprof_span_t line;
    event_t event;
    return evprof_span_content(&text, &line) && read_event(line, &event);
}

static uint32_t
find_module(evprof_assembly_t *a, evprof_span_t file)
{
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

/* Cuts "+0x12" off a symbol. */
static evprof_span_t
without_offset(evprof_span_t symbol)
{
    const char *plus = memrchr(symbol.at, '+', evprof_span_len(symbol));
    if (plus != NULL && plus > symbol.at && symbol.end - plus > 3 &&
        plus[1] == '0' && plus[2] == 'x') {
        symbol.end = plus;
    }
    return symbol;
}

/* "  ADDRESS symbol+0x12 (module)". */
static bool
read_frame(script_t *s, evprof_span_t line)
{
    evprof_assembly_t *a = &s->assembly;
    evprof_span_t rest = evprof_span_trim(line);
    uint64_t address = 0;
    if (!evprof_take_hex(&rest, &address)) {
        return false;
    }
    evprof_span_t symbol = evprof_span_trim(rest);
    evprof_span_t module = { "", "" };
    if (symbol.at < symbol.end && symbol.end[-1] == ')') {
        const char *open = memrchr(symbol.at, '(', evprof_span_len(symbol));
        if (open != NULL && (open == symbol.at || open[-1] == ' ')) {
            module = (evprof_span_t){ open + 1, symbol.end - 1 };
            symbol = evprof_span_trim((evprof_span_t){ symbol.at, open });
        }
    }
    symbol = without_offset(symbol);
    if (symbol.at == symbol.end) {
        symbol = evprof_span("[unknown]", 9);
    }
    evprof_named_frame_t frame = { .name = symbol.at,
                                   .name_len = evprof_span_len(symbol),
                                   .address = address,
                                   .mapping = find_module(a, module) };
    evprof_legacy_push_row(a, &s->stack, evprof_assembly_frame(a, &frame));
    return true;
}

static void
end_event(script_t *s)
{
    if (!s->has_event || s->assembly.status != EVPROF_OK) {
        return;
    }
    evprof_span_t thread = s->event.thread;
    int64_t values[] = { 1, s->event.period };
    evprof_label_t label = {
        .key = "thread",
        .text = evprof_assembly_text(&s->assembly, thread.at,
                                     evprof_span_len(thread)),
        .unit = "",
    };
    evprof_assembly_sample(&s->assembly, s->stack.rows, s->stack.count, values,
                           &label);
    s->has_event = false;
}

/* The first event names the second column; clocks count nanoseconds. */
static void
begin_event(script_t *s)
{
    evprof_assembly_t *a = &s->assembly;
    double seconds = s->event.seconds;
    s->has_event = true;
    s->stack.count = 0;
    if (a->status == EVPROF_OK && a->profile->type_count == 0) {
        evprof_span_t name = s->event.name;
        const char *colon = memchr(name.at, ':', evprof_span_len(name));
        bool is_clock = evprof_span_find(name, "clock") != NULL;
        name.end = colon == NULL || colon == name.at ? name.end : colon;
        evprof_assembly_type(a, "samples", "count");
        evprof_assembly_type(
            a, evprof_assembly_text(a, name.at, evprof_span_len(name)),
            is_clock ? "nanoseconds" : "count");
        s->first = seconds;
        s->last = seconds;
    }
    s->first = seconds < s->first ? seconds : s->first;
    s->last = seconds > s->last ? seconds : s->last;
}

static int
read_line(script_t *s, evprof_span_t line, evprof_error_t *err)
{
    event_t event;
    if (evprof_span_trim(line).at == evprof_span_trim(line).end) {
        end_event(s);
        return EVPROF_OK;
    }
    if (line.at[0] == '#') {
        return EVPROF_OK;
    }
    if (read_event(line, &event)) {
        end_event(s);
        s->event = event;
        begin_event(s);
        return EVPROF_OK;
    }
    if (s->has_event && read_frame(s, line)) {
        return EVPROF_OK;
    }
    return evprof_fail(err, EVPROF_EPARSE,
                       "parsing profile: line %zu is neither an event nor a "
                       "frame of perf script",
                       s->line);
}

static int
read_profile(const char *data, size_t len, evprof_pprof_t **out,
             evprof_error_t *err)
{
    script_t s = { .line = 0 };
    evprof_span_t text = evprof_span(data, len);
    evprof_span_t line;
    int status = EVPROF_OK;
    evprof_assembly_begin(&s.assembly);
    while (status == EVPROF_OK && evprof_span_line(&text, &line)) {
        s.line++;
        status = read_line(&s, line, err);
    }
    end_event(&s);
    if (s.assembly.profile != NULL) {
        s.assembly.profile->duration_ns = (int64_t)((s.last - s.first) * 1e9);
    }
    evprof_legacy_stack_free(&s.stack);
    return evprof_assembly_end(&s.assembly, status, out, err);
}

const evprof_format_t evprof_format_perf_script = {
    .name = "perf_script",
    .summary = "the output of perf script",
    .probe = probe,
    .read = read_profile,
};
