/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folded stacks, as flame graph tools write and read them: one stack a line,
 * the root first, frames between semicolons, and a number at the end. Almost
 * any text looks like that, so this format is asked last and wants every line
 * of the beginning to fit.
 */
#include <string.h>

#include "core/analysis/legacy.h"
#include "core/base/error.h"

#include "core/analysis/format.h"

#define PROBED_LINES 8

/* "a;b;c 12": the stack and the number. */
static bool
split_line(evprof_span_t line, evprof_span_t *stack, int64_t *value)
{
    line = evprof_span_trim(line);
    const char *blank = memrchr(line.at, ' ', evprof_span_len(line));
    if (blank == NULL || blank == line.at) {
        return false;
    }
    evprof_span_t number = { blank + 1, line.end };
    *stack = evprof_span_trim((evprof_span_t){ line.at, blank });
    return evprof_take_int(&number, value) && number.at == number.end;
}

static bool
is_text(evprof_span_t line)
{
    for (const char *c = line.at; c < line.end; c++) {
        if ((unsigned char)*c < ' ' && *c != '\t') {
            return false;
        }
    }
    return true;
}

static bool
probe(const char *data, size_t len)
{
    evprof_span_t text = evprof_span(data, len);
    evprof_span_t line;
    evprof_span_t stack;
    int64_t value = 0;
    int lines = 0;
    while (lines < PROBED_LINES && evprof_span_content(&text, &line)) {
        if (!is_text(line) || !split_line(line, &stack, &value)) {
            return false;
        }
        lines++;
    }
    return lines > 0;
}

/* Pushes the frames, the leaf first. */
static void
push_frames(evprof_assembly_t *a, evprof_span_t frames,
            evprof_legacy_stack_t *stack)
{
    stack->count = 0;
    while (frames.at < frames.end) {
        const char *semicolon =
            memrchr(frames.at, ';', evprof_span_len(frames));
        const char *start = semicolon == NULL ? frames.at : semicolon + 1;
        evprof_named_frame_t frame = { .name = start,
                                       .name_len = (size_t)(frames.end - start),
                                       .mapping = EVPROF_NO_INDEX };
        evprof_legacy_push_row(a, stack, evprof_assembly_frame(a, &frame));
        frames.end = semicolon == NULL ? frames.at : semicolon;
    }
}

static int
read_profile(const char *data, size_t len, evprof_pprof_t **out,
             evprof_error_t *err)
{
    evprof_assembly_t a;
    evprof_legacy_stack_t stack = { 0 };
    evprof_span_t text = evprof_span(data, len);
    evprof_span_t line;
    evprof_span_t frames;
    int64_t value = 0;
    int status = EVPROF_OK;
    evprof_assembly_begin(&a);
    evprof_assembly_type(&a, "samples", "count");
    while (status == EVPROF_OK && evprof_span_content(&text, &line)) {
        if (!split_line(line, &frames, &value)) {
            status = evprof_legacy_malformed(line, err);
            break;
        }
        push_frames(&a, frames, &stack);
        evprof_assembly_sample(&a, stack.rows, stack.count, &value, NULL);
    }
    evprof_legacy_stack_free(&stack);
    return evprof_assembly_end(&a, status, out, err);
}

const evprof_format_t evprof_format_folded = {
    .name = "folded",
    .summary = "folded stacks, as flame graph tools use them",
    .probe = probe,
    .read = read_profile,
};
