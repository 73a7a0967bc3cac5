/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Go's text of profiles that count: "goroutine profile: total 7", then one
 * stack a line, "3 @ 0x4310 0x5120".
 */
#include <string.h>

#include "core/analysis/legacy.h"
#include "core/base/error.h"

#include "core/analysis/format.h"

/* Reads "NAME profile: total N" and leaves the name. */
static bool
read_header(evprof_span_t *text, evprof_span_t *name)
{
    evprof_span_t line;
    int64_t total = 0;
    if (!evprof_span_content(text, &line)) {
        return false;
    }
    return evprof_take_word(&line, name) &&
           evprof_take(&line, " profile: total ") &&
           evprof_take_digits(&line, &total) && line.at == line.end;
}

static bool
probe(const char *data, size_t len)
{
    evprof_span_t text = evprof_span(data, len);
    evprof_span_t name;
    return read_header(&text, &name);
}

/* Addresses with a space before each, and nothing else. */
static bool
is_stack(evprof_span_t s)
{
    do {
        if (!evprof_take(&s, " 0x")) {
            return false;
        }
        const char *digits = s.at;
        while (s.at < s.end && strchr("0123456789abcdef", *s.at) != NULL &&
               *s.at != '\0') {
            s.at++;
        }
        if (s.at == digits) {
            return false;
        }
    } while (s.at < s.end);
    return true;
}

static int
read_sample(evprof_assembly_t *a, evprof_span_t line,
            evprof_legacy_stack_t *stack, evprof_error_t *err)
{
    int64_t count = 0;
    stack->count = 0;
    if (!evprof_take_digits(&line, &count) || !evprof_take(&line, " @") ||
        !is_stack(line)) {
        return evprof_fail(err, EVPROF_EPARSE, "a line does not fit its kind");
    }
    int status = evprof_legacy_push_all(a, stack, line, err);
    if (status == EVPROF_OK) {
        evprof_assembly_sample(a, stack->rows, stack->count, &count, NULL);
    }
    return status;
}

static int
read_profile(const char *data, size_t len, evprof_pprof_t **out,
             evprof_error_t *err)
{
    evprof_span_t text = evprof_span(data, len);
    evprof_span_t line;
    if (!read_header(&text, &line)) {
        return EVPROF_ENOTSUP;
    }
    evprof_assembly_t a;
    evprof_legacy_stack_t stack = { 0 };
    evprof_assembly_begin(&a);
    const char *name = evprof_assembly_text(&a, line.at, evprof_span_len(line));
    evprof_assembly_type(&a, name, "count");
    evprof_assembly_period(&a, name, "count", 1);
    int status = EVPROF_OK;
    evprof_span_t rest = text;
    while (status == EVPROF_OK && evprof_span_content(&text, &line) &&
           !evprof_span_starts(line, "---")) {
        status = read_sample(&a, line, &stack, err);
        rest = text;
    }
    if (status == EVPROF_OK) {
        status = evprof_legacy_finish(&a, rest, err);
    }
    evprof_legacy_stack_free(&stack);
    return evprof_assembly_end(&a, status, out, err);
}

const evprof_format_t evprof_format_count = {
    .name = "count",
    .summary = "Go's text form of goroutine, threadcreate and own profiles",
    .probe = probe,
    .read = read_profile,
};
