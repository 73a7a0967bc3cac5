/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks of all threads, as Google's servers write them at /threadz:
 *
 *     --- Thread 7fae (name: worker/12) stack: ---
 *       PC: @ 0x4d1  ...
 *       @ 0x4e2  ...
 *
 * with "same as previous thread" instead of a stack that repeats.
 */
#include "core/analysis/legacy.h"
#include "core/analysis/proc_maps.h"
#include "core/base/error.h"

#include "core/analysis/format.h"

/* "--- threadz N ---". */
static bool
is_start(evprof_span_t line)
{
    int64_t number = 0;
    const char *found = evprof_span_find(line, "--- threadz ");
    if (found == NULL) {
        return false;
    }
    line.at = found;
    return evprof_take(&line, "--- threadz ") &&
           evprof_take_digits(&line, &number) && evprof_take(&line, " ---");
}

/* "--- Thread HEX (name: NAME/NUMBER) stack: ---". */
static bool
is_thread(evprof_span_t line)
{
    uint64_t id = 0;
    int64_t number = 0;
    const char *found = evprof_span_find(line, "--- Thread ");
    if (found == NULL) {
        return false;
    }
    line.at = found;
    if (!evprof_take(&line, "--- Thread ") || !evprof_take_hex(&line, &id) ||
        !evprof_take(&line, " (name: ")) {
        return false;
    }
    const char *slash;
    while ((slash = evprof_span_find(line, "/")) != NULL) {
        line.at = slash + 1;
        evprof_span_t rest = line;
        if (evprof_take_digits(&rest, &number) &&
            evprof_take(&rest, ") stack: ---")) {
            return true;
        }
    }
    return false;
}

static bool
probe(const char *data, size_t len)
{
    evprof_span_t text = evprof_span(data, len);
    evprof_span_t line;
    return evprof_span_content(&text, &line) &&
           (is_start(line) || is_thread(line));
}

/* Reads a stack and leaves the line that ended it, or an empty one. */
static int
read_stack(evprof_assembly_t *a, evprof_span_t *text, evprof_span_t *line,
           evprof_legacy_stack_t *stack, evprof_error_t *err)
{
    bool same = false;
    stack->count = 0;
    while (evprof_span_line(text, line)) {
        *line = evprof_span_trim(*line);
        if (evprof_span_starts(*line, "---")) {
            stack->count = same ? 0 : stack->count;
            return EVPROF_OK;
        }
        if (evprof_span_find(*line, "same as previous thread") != NULL) {
            same = true;
            continue;
        }
        evprof_span_t rest = *line;
        uint64_t address = 0;
        int found;
        while ((found = evprof_take_address(&rest, &address)) > 0) {
            /* The leaf was running, the others are return addresses. */
            evprof_legacy_push(a, stack,
                               stack->count > 0 ? address - 1 : address);
        }
        if (found < 0) {
            return evprof_legacy_malformed(*line, err);
        }
    }
    line->at = line->end;
    stack->count = same ? 0 : stack->count;
    return EVPROF_OK;
}

static void
add_thread(evprof_assembly_t *a, const evprof_legacy_stack_t *stack)
{
    const int64_t one = 1;
    if (stack->count > 0) {
        evprof_assembly_sample(a, stack->rows, stack->count, &one, NULL);
    } else if (a->status == EVPROF_OK && a->profile->sample_count > 0) {
        a->profile->samples[a->profile->sample_count - 1].values[0]++;
    }
}

/* Reads threads until the memory map; `line` is the first one's. */
static int
read_threads(evprof_assembly_t *a, evprof_span_t *text, evprof_span_t line,
             evprof_error_t *err)
{
    evprof_legacy_stack_t stack = { 0 };
    int status = EVPROF_OK;
    bool more = line.at < line.end;
    while (more && status == EVPROF_OK && !evprof_maps_sentinel(line) &&
           !evprof_span_starts(line, "---- no stack trace for")) {
        if (!is_thread(line)) {
            status = EVPROF_ENOTSUP;
            break;
        }
        status = read_stack(a, text, &line, &stack, err);
        if (status == EVPROF_OK) {
            add_thread(a, &stack);
        }
        more = line.at < line.end;
    }
    evprof_legacy_stack_free(&stack);
    if (status == EVPROF_OK && evprof_maps_sentinel(line)) {
        return evprof_legacy_finish_maps(a, *text, err);
    }
    return status == EVPROF_OK ? evprof_legacy_finish(a, *text, err) : status;
}

static int
read_profile(const char *data, size_t len, evprof_pprof_t **out,
             evprof_error_t *err)
{
    evprof_span_t text = evprof_span(data, len);
    evprof_span_t line;
    if (!probe(data, len)) {
        return EVPROF_ENOTSUP;
    }
    bool found = evprof_span_content(&text, &line);
    if (is_start(line)) {
        do {
            found = evprof_span_line(&text, &line);
        } while (found && !evprof_maps_sentinel(line) &&
                 !evprof_span_starts(line, "-"));
    }
    line.at = found ? line.at : line.end;
    evprof_assembly_t a;
    evprof_assembly_begin(&a);
    evprof_assembly_type(&a, "thread", "count");
    evprof_assembly_period(&a, "thread", "count", 1);
    int status = read_threads(&a, &text, line, err);
    if (status == EVPROF_OK) {
        evprof_legacy_drop_doubles(a.profile);
    }
    return evprof_assembly_end(&a, status, out, err);
}

const evprof_format_t evprof_format_thread = {
    .name = "thread",
    .summary = "stacks of all threads, as /threadz writes them",
    .probe = probe,
    .read = read_profile,
};
