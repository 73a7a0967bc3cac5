/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lock contention of C++ (--- contentionz) and old Go (--- mutex:, ---
 * contention:). Lines "name = value" come first, then one stack a line: cycles
 * waited, number of waits, addresses. Both are sampled: times the period.
 */
#include "core/analysis/legacy.h"
#include "core/base/error.h"

#include "core/analysis/format.h"

typedef struct attributes {
    int64_t hz; /* of the cycle counter; 0: delays are nanoseconds */
    int64_t period;
    int64_t duration_ns;
} attributes_t;

static bool
probe(const char *data, size_t len)
{
    evprof_span_t text = evprof_span(data, len);
    return evprof_span_starts(text, "--- contentionz ") ||
           evprof_span_starts(text, "--- mutex:") ||
           evprof_span_starts(text, "--- contention:");
}

/* Takes one attribute in; false: this is some other format. */
static bool
read_attribute(evprof_span_t key, evprof_span_t value, attributes_t *out)
{
    int64_t number = 0;
    if (evprof_span_equals(key, "discarded samples")) {
        return true;
    }
    if (!evprof_span_number(value, &number)) {
        return false;
    }
    if (evprof_span_equals(key, "cycles/second")) {
        out->hz = number;
    } else if (evprof_span_equals(key, "sampling period")) {
        out->period = number;
    } else if (evprof_span_equals(key, "ms since reset")) {
        out->duration_ns = (int64_t)((uint64_t)number * 1000000);
    } else {
        return false; /* Java's has a format and a resolution */
    }
    return true;
}

static int64_t
saturate(double value)
{
    return value >= 0x1p63 ? INT64_MAX : (int64_t)value;
}

static int
read_sample(evprof_assembly_t *a, const attributes_t *at, evprof_span_t line,
            evprof_legacy_stack_t *stack, evprof_error_t *err)
{
    int64_t delay = 0;
    int64_t count = 0;
    evprof_span_t whole = line;
    if (!evprof_take_digits(&line, &delay)) {
        return EVPROF_ENOTSUP;
    }
    evprof_take_spaces(&line);
    if (!evprof_take_digits(&line, &count) || !evprof_take(&line, " @")) {
        return EVPROF_ENOTSUP;
    }
    if (at->period > 0) {
        double scaled = (double)delay * (double)at->period;
        if (at->hz > 0) {
            delay = saturate(scaled / ((double)at->hz / 1e9));
        }
        if (__builtin_mul_overflow(count, at->period, &count)) {
            return evprof_legacy_malformed(whole, err);
        }
    }
    int64_t values[] = { count, delay };
    stack->count = 0;
    int status = evprof_legacy_push_all(a, stack, line, err);
    if (status == EVPROF_OK) {
        evprof_assembly_sample(a, stack->rows, stack->count, values, NULL);
    }
    return status;
}

/* Reads the attributes; `text` is then at the first line that is none. */
static bool
read_attributes(evprof_span_t *text, attributes_t *out)
{
    evprof_span_t rest = *text;
    evprof_span_t line;
    while (evprof_span_content(&rest, &line)) {
        const char *equals = evprof_span_find(line, "=");
        line = evprof_span_trim(line);
        if (equals == NULL || evprof_span_starts(line, "---")) {
            return true;
        }
        evprof_span_t key =
            evprof_span_trim((evprof_span_t){ line.at, equals });
        evprof_span_t value =
            evprof_span_trim((evprof_span_t){ equals + 1, line.end });
        if (!read_attribute(key, value, out)) {
            return false;
        }
        *text = rest;
    }
    return true;
}

static int
read_samples(evprof_assembly_t *a, const attributes_t *attributes,
             evprof_span_t *text, evprof_error_t *err)
{
    evprof_legacy_stack_t stack = { 0 };
    evprof_span_t rest = *text;
    evprof_span_t line;
    int status = EVPROF_OK;
    while (status == EVPROF_OK && evprof_span_content(&rest, &line)) {
        line = evprof_span_trim(line);
        if (evprof_span_starts(line, "---")) {
            break;
        }
        status = read_sample(a, attributes, line, &stack, err);
        *text = rest;
    }
    evprof_legacy_stack_free(&stack);
    return status;
}

static int
read_profile(const char *data, size_t len, evprof_pprof_t **out,
             evprof_error_t *err)
{
    evprof_span_t text = evprof_span(data, len);
    evprof_span_t line;
    attributes_t attributes = { .period = 1 };
    if (!evprof_span_line(&text, &line) ||
        !read_attributes(&text, &attributes)) {
        return EVPROF_ENOTSUP;
    }
    evprof_assembly_t a;
    evprof_assembly_begin(&a);
    evprof_assembly_type(&a, "contentions", "count");
    evprof_assembly_type(&a, "delay", "nanoseconds");
    evprof_assembly_period(&a, "contentions", "count", attributes.period);
    int status = read_samples(&a, &attributes, &text, err);
    if (status == EVPROF_OK) {
        status = evprof_legacy_finish(&a, text, err);
    }
    if (a.profile != NULL) {
        a.profile->duration_ns = attributes.duration_ns;
    }
    return evprof_assembly_end(&a, status, out, err);
}

const evprof_format_t evprof_format_contention = {
    .name = "contention",
    .summary = "lock contention of C++ servers and of old Go",
    .probe = probe,
    .read = read_profile,
};
