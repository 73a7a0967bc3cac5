/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heap and contention profiles of Java servers: "--- heapz 1 ---" or "---
 * contentionz 1 ---", lines "name = value", samples "value count @ ids", then
 * what each id stands for. The ids are no addresses.
 */
#include <ctype.h>

#include "core/analysis/legacy.h"
#include "core/base/error.h"
#include "core/heap/heap_v2.h"

#include "core/analysis/format.h"

/* Bytes between two samples of the Java agent. */
#define HEAP_RATE 524288

typedef struct java {
    evprof_assembly_t assembly;
    evprof_legacy_stack_t stack;
    bool is_heap;
    int64_t period; /* 0: values are complete */
} java_t;

static bool
take_title(evprof_span_t *text, bool *is_heap)
{
    evprof_span_t line;
    if (!evprof_span_line(text, &line)) {
        return false;
    }
    line = evprof_span_trim(line);
    *is_heap = evprof_span_equals(line, "--- heapz 1 ---");
    return *is_heap || evprof_span_equals(line, "--- contentionz 1 ---");
}

static bool
probe(const char *data, size_t len)
{
    evprof_span_t text = evprof_span(data, len);
    bool is_heap;
    return take_title(&text, &is_heap);
}

static int
malformed_attribute(evprof_span_t line, evprof_error_t *err)
{
    return evprof_fail(err, EVPROF_EPARSE,
                       "its attribute %.*s is not understood",
                       (int)evprof_span_len(line), line.at);
}

static void
add_columns(java_t *j, evprof_span_t unit_text)
{
    evprof_assembly_t *a = &j->assembly;
    const char *unit =
        evprof_assembly_text(a, unit_text.at, evprof_span_len(unit_text));
    evprof_assembly_type(a, j->is_heap ? "inuse_objects" : "contentions",
                         "count");
    evprof_assembly_type(a, j->is_heap ? "inuse_space" : "delay", unit);
}

static int
read_attribute(java_t *j, evprof_span_t line, const char *equals,
               evprof_error_t *err)
{
    evprof_assembly_t *a = &j->assembly;
    evprof_span_t key = evprof_span_trim((evprof_span_t){ line.at, equals });
    evprof_span_t value =
        evprof_span_trim((evprof_span_t){ equals + 1, line.end });
    int64_t number = 0;
    if (evprof_span_equals(key, "format")) {
        return evprof_span_equals(value, "java") ? EVPROF_OK : EVPROF_ENOTSUP;
    }
    if (evprof_span_equals(key, "resolution")) {
        bool is_first = a->profile != NULL && a->profile->type_count == 0;
        if (is_first) {
            add_columns(j, value);
        }
        return is_first ? EVPROF_OK : EVPROF_ENOTSUP;
    }
    bool is_period = evprof_span_equals(key, "sampling period");
    if (j->is_heap ||
        (!is_period && !evprof_span_equals(key, "ms since reset"))) {
        return EVPROF_ENOTSUP;
    }
    if (!evprof_span_number(value, &number)) {
        return malformed_attribute(line, err);
    }
    if (is_period) {
        j->period = number;
        evprof_assembly_period(a, "contentions", "count", number);
    } else if (a->status == EVPROF_OK) {
        a->profile->duration_ns = (int64_t)((uint64_t)number * 1000000);
    }
    return EVPROF_OK;
}

/* Reads lines with "=" in them; `text` is then at the first other one. */
static int
read_attributes(java_t *j, evprof_span_t *text, evprof_error_t *err)
{
    evprof_span_t rest = *text;
    evprof_span_t line;
    while (evprof_span_line(&rest, &line)) {
        line = evprof_span_trim(line);
        const char *equals = evprof_span_find(line, "=");
        if (line.at < line.end) {
            int status = EVPROF_OK;
            if (equals == NULL) {
                break;
            }
            status = read_attribute(j, line, equals, err);
            if (status != EVPROF_OK) {
                return status;
            }
        }
        *text = rest;
    }
    return EVPROF_OK;
}

static int
scale_values(const java_t *j, int64_t *values, evprof_label_t *label,
             evprof_span_t line, evprof_error_t *err)
{
    if (j->is_heap) {
        if (values[0] == 0) {
            return evprof_fail(err, EVPROF_EPARSE,
                               "the sample %.*s counts no objects",
                               (int)evprof_span_len(line), line.at);
        }
        label->number = values[1] / values[0];
        evprof_heap_unbias(HEAP_RATE, &values[0], &values[1]);
        return EVPROF_OK;
    }
    for (size_t i = 0; i < 2 && j->period != 0; i++) {
        values[i] = (int64_t)((uint64_t)values[i] * (uint64_t)j->period);
    }
    return EVPROF_OK;
}

/* "VALUE COUNT @ 0x1 0x2". 1: read, 0: the line is no sample, or a status. */
static int
read_sample(java_t *j, evprof_span_t line, evprof_error_t *err)
{
    evprof_assembly_t *a = &j->assembly;
    evprof_span_t rest = line;
    int64_t values[2];
    if (!evprof_take_digits(&rest, &values[1]) || !evprof_take(&rest, " ")) {
        return EVPROF_OK;
    }
    evprof_take_spaces(&rest);
    if (!evprof_take_digits(&rest, &values[0]) || !evprof_take(&rest, " ")) {
        return EVPROF_OK;
    }
    evprof_take_spaces(&rest);
    if (!evprof_take(&rest, "@ ")) {
        return EVPROF_OK;
    }
    evprof_label_t label = { .key = "bytes", .unit = "" };
    int status = scale_values(j, values, &label, line, err);
    uint64_t id = 0;
    int found;
    j->stack.count = 0;
    while ((found = evprof_take_address(&rest, &id)) > 0) {
        evprof_legacy_push(a, &j->stack, id);
    }
    if (status == EVPROF_OK && found < 0) {
        status = evprof_legacy_malformed(line, err);
    }
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_assembly_sample(a, j->stack.rows, j->stack.count, values,
                           j->is_heap ? &label : NULL);
    return 1;
}

static int
read_samples(java_t *j, evprof_span_t *text, evprof_error_t *err)
{
    evprof_span_t rest = *text;
    evprof_span_t line;
    while (evprof_span_line(&rest, &line)) {
        line = evprof_span_trim(line);
        int result = line.at < line.end ? read_sample(j, line, err) : 1;
        if (result <= 0) {
            return result;
        }
        *text = rest;
    }
    return EVPROF_OK;
}

static int
read_profile(const char *data, size_t len, evprof_pprof_t **out,
             evprof_error_t *err)
{
    evprof_span_t text = evprof_span(data, len);
    java_t j = { .period = 0 };
    if (!take_title(&text, &j.is_heap)) {
        return EVPROF_ENOTSUP;
    }
    evprof_assembly_begin(&j.assembly);
    int status = read_attributes(&j, &text, err);
    if (status == EVPROF_OK) {
        status = read_samples(&j, &text, err);
    }
    const evprof_pprof_t *p = j.assembly.profile;
    if (status == EVPROF_OK && p != NULL && p->type_count == 0 &&
        p->sample_count > 0) {
        status = evprof_fail(err, EVPROF_EPARSE,
                             "it has samples, but no sample "
                             "types");
    }
    if (status == EVPROF_OK) {
        status = evprof_legacy_finish_java(&j.assembly, text, err);
    }
    evprof_legacy_stack_free(&j.stack);
    return evprof_assembly_end(&j.assembly, status, out, err);
}

const evprof_format_t evprof_format_java = {
    .name = "java",
    .summary = "heap and contention profiles of Java servers",
    .probe = probe,
    .read = read_profile,
};
