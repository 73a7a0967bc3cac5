/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source lines with their weights. Without file= an index: every file and
 * function with its weight, the heaviest first. With file= the lines of that
 * file that have a weight, with the text around them where the file can be
 * read. A line counts once for each stack, so that recursion is not counted
 * twice.
 *
 * Only files that the profile names are read, below source_path.
 */
#include "adapters/web/call.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/report/source.h"

/* How many lines without a weight are shown around those with one. */
#define MARGIN 8
#define MAX_LINES 20000

/* The view at the granularity of lines, whatever the options say. */
static int
see_lines(evprof_web_call_t *call, const evprof_seen_t **out,
          evprof_error_t *err)
{
    int status =
        evprof_options_set(&call->options, "granularity", "lines", err);
    return status == EVPROF_OK ? evprof_web_stacks(call, out, err) : status;
}

/* ---- The index ---- */

/* The sums of the lines of one function or file. */
typedef struct part {
    const char *function; /* NULL: this is a file */
    const char *file;
    int64_t first_line;
    int64_t flat;
    int64_t cum;
    uint32_t last; /* the stack counted last, plus one */
} part_t;

typedef struct parts {
    part_t *items;
    uint32_t *of_place; /* index of a part */
    size_t count;
} parts_t;

static int
compare_files(const void *a, const void *b, void *ctx)
{
    const evprof_stacks_t *s = ctx;
    return strcmp(s->places[*(const uint32_t *)a].file,
                  s->places[*(const uint32_t *)b].file);
}

static int
compare_functions(const void *a, const void *b, void *ctx)
{
    const evprof_stacks_t *s = ctx;
    int order = compare_files(a, b, ctx);
    return order != 0 ? order
                      : strcmp(s->places[*(const uint32_t *)a].function,
                               s->places[*(const uint32_t *)b].function);
}

typedef int (*compare_fn)(const void *a, const void *b, void *ctx);

/* Makes one part for all places that `compare` finds equal. False: out of
 * memory. */
static bool
make_parts(evprof_stacks_t *s, compare_fn compare, parts_t *out)
{
    uint32_t *order = calloc(s->place_count + 1, sizeof(*order));
    out->items = calloc(s->place_count + 1, sizeof(*out->items));
    out->of_place = calloc(s->place_count + 1, sizeof(*out->of_place));
    if (order == NULL || out->items == NULL || out->of_place == NULL) {
        free(order);
        return false;
    }
    for (size_t i = 0; i < s->place_count; i++) {
        order[i] = (uint32_t)i;
    }
    if (s->place_count > 1) {
        qsort_r(order, s->place_count, sizeof(*order), compare, s);
    }
    for (size_t i = 0; i < s->place_count; i++) {
        const evprof_stack_place_t *place = &s->places[order[i]];
        if (i == 0 || compare(&order[i - 1], &order[i], s) != 0) {
            out->items[out->count++] = (part_t){ .function = place->function,
                                                 .file = place->file,
                                                 .first_line = place->line };
        }
        part_t *part = &out->items[out->count - 1];
        if (place->line > 0 && place->line < part->first_line) {
            part->first_line = place->line;
        }
        out->of_place[order[i]] = (uint32_t)(out->count - 1);
    }
    free(order);
    return true;
}

static void
count_parts(const evprof_stacks_t *s, parts_t *parts)
{
    for (size_t i = 0; i < s->count; i++) {
        const evprof_view_stack_t *stack = &s->stacks[i];
        for (uint32_t j = 0; j < stack->len; j++) {
            uint32_t frame = s->frames[stack->first + j];
            part_t *part =
                &parts->items[parts->of_place[EVPROF_FRAME_PLACE(frame)]];
            if (part->last != i + 1) {
                part->last = (uint32_t)i + 1;
                part->cum += stack->value;
            }
            if (j + 1 == stack->len) {
                part->flat += stack->value;
            }
        }
    }
}

static int
by_cum(const void *a, const void *b)
{
    const part_t *l = a;
    const part_t *r = b;
    if (l->cum != r->cum) {
        return l->cum > r->cum ? -1 : 1;
    }
    if (l->flat != r->flat) {
        return l->flat > r->flat ? -1 : 1;
    }
    return strcmp(l->function, r->function);
}

static void
put_parts(evprof_buf_t *out, const parts_t *parts)
{
    evprof_buf_puts(out, "[");
    for (size_t i = 0; i < parts->count; i++) {
        const part_t *part = &parts->items[i];
        evprof_buf_puts(out, i > 0 ? ",\n{" : "{");
        evprof_json_member(out, "function", part->function);
        evprof_buf_putc(out, ',');
        evprof_json_member(out, "file", part->file);
        evprof_buf_printf(out, ",\"line\":%lld,\"flat\":%lld,\"cum\":%lld}",
                          (long long)part->first_line, (long long)part->flat,
                          (long long)part->cum);
    }
    evprof_buf_puts(out, "]");
}

static int
put_index(evprof_document_t *d, evprof_stacks_t *s, const char *key,
          compare_fn compare, evprof_error_t *err)
{
    parts_t parts = { 0 };
    if (!make_parts(s, compare, &parts)) {
        free(parts.items);
        free(parts.of_place);
        return evprof_fail(err, EVPROF_ENOMEM, "source: out of memory");
    }
    count_parts(s, &parts);
    if (parts.count > 1) {
        qsort(parts.items, parts.count, sizeof(*parts.items), by_cum);
    }
    evprof_document_member(d, key);
    put_parts(d->out, &parts);
    free(parts.items);
    free(parts.of_place);
    return EVPROF_OK;
}

/* ---- One file ---- */

typedef struct line {
    int64_t number;
    int64_t flat;
    int64_t cum;
    uint32_t last;
} line_t;

static int
by_number(const void *a, const void *b)
{
    int64_t l = ((const line_t *)a)->number;
    int64_t r = ((const line_t *)b)->number;
    return l < r ? -1 : l > r;
}

/* The lines of the file that have places, by number; NULL: out of memory. */
static line_t *
list_lines(const evprof_stacks_t *s, const char *file, size_t *count)
{
    line_t *lines = calloc(s->place_count + 1, sizeof(*lines));
    *count = 0;
    for (size_t i = 0; lines != NULL && i < s->place_count; i++) {
        if (strcmp(s->places[i].file, file) == 0) {
            lines[(*count)++].number = s->places[i].line;
        }
    }
    if (*count > 1) {
        qsort(lines, *count, sizeof(*lines), by_number);
        size_t kept = 1;
        for (size_t i = 1; i < *count; i++) {
            if (lines[i].number != lines[kept - 1].number) {
                lines[kept++] = lines[i];
            }
        }
        *count = kept;
    }
    return lines;
}

static void
count_lines(const evprof_stacks_t *s, const char *file, line_t *lines,
            size_t count)
{
    for (size_t i = 0; i < s->count; i++) {
        const evprof_view_stack_t *stack = &s->stacks[i];
        for (uint32_t j = 0; j < stack->len; j++) {
            const evprof_stack_place_t *place =
                &s->places[EVPROF_FRAME_PLACE(s->frames[stack->first + j])];
            if (strcmp(place->file, file) != 0) {
                continue;
            }
            line_t key = { .number = place->line };
            line_t *line =
                bsearch(&key, lines, count, sizeof(*lines), by_number);
            if (line->last != i + 1) {
                line->last = (uint32_t)i + 1;
                line->cum += stack->value;
            }
            line->flat += j + 1 == stack->len ? stack->value : 0;
        }
    }
}

static void
put_text_line(evprof_buf_t *out, int64_t number, const line_t *line,
              const char *text)
{
    evprof_buf_printf(
        out, "%s[%lld,%lld,%lld,", out->data[out->len - 1] == '[' ? "" : ",\n",
        (long long)number, line != NULL ? (long long)line->flat : 0LL,
        line != NULL ? (long long)line->cum : 0LL);
    evprof_json_string(out, text != NULL ? text : "");
    evprof_buf_putc(out, ']');
}

/* The lines of a folded range, which the page unfolds. */
static void
put_range(evprof_buf_t *out, evprof_sources_t *sources, const char *file,
          int64_t from, int64_t to)
{
    evprof_buf_putc(out, '[');
    for (int64_t at = from; at <= to && !out->failed; at++) {
        const char *text = evprof_sources_line(sources, file, at);
        if (text == NULL) {
            break;
        }
        put_text_line(out, at, NULL, text);
    }
    evprof_buf_putc(out, ']');
}

/* Writes each line with a weight and those around it, as [number, flat, cum,
 * text]. */
static void
put_lines(evprof_buf_t *out, evprof_sources_t *sources, const char *file,
          const line_t *lines, size_t count)
{
    int64_t next = 1;
    size_t written = 0;
    evprof_buf_putc(out, '[');
    for (size_t i = 0; i < count && written < MAX_LINES && !out->failed; i++) {
        int64_t number = lines[i].number;
        int64_t from = number - MARGIN > next ? number - MARGIN : next;
        int64_t to = number + MARGIN;
        if (i + 1 < count && lines[i + 1].number <= to) {
            to = lines[i + 1].number - 1;
        }
        for (int64_t at = from; at <= to; at++, written++) {
            const char *text = evprof_sources_line(sources, file, at);
            if (text != NULL || at == number) {
                put_text_line(out, at, at == number ? &lines[i] : NULL, text);
            }
        }
        next = to + 1;
    }
    evprof_buf_putc(out, ']');
}

static int
put_file(evprof_web_call_t *call, evprof_document_t *d,
         const evprof_stacks_t *s, const char *file, evprof_error_t *err)
{
    size_t count;
    line_t *lines = list_lines(s, file, &count);
    if (lines == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "source: out of memory");
    }
    if (count == 0) {
        free(lines);
        return evprof_fail(err, EVPROF_ENOENT,
                           "the profile names no such file");
    }
    count_lines(s, file, lines, count);
    bool may_read = evprof_site_setup(call->site)->hooks.may_read_sources;
    evprof_sources_t *sources;
    int status = evprof_sources_new(call->options.source_path,
                                    call->options.trim_path, &sources, err);
    if (status == EVPROF_OK) {
        evprof_document_member(d, "file");
        evprof_json_string(d->out, file);
        evprof_document_member(d, "lines");
        int64_t from = evprof_param_int(&call->params, "from", 1, INT32_MAX, 0);
        int64_t to =
            evprof_param_int(&call->params, "to", from, from + MAX_LINES, 0);
        if (from > 0) {
            put_range(d->out, sources, may_read ? file : "", from, to);
        } else {
            put_lines(d->out, sources, may_read ? file : "", lines, count);
        }
        const char *problem = may_read
                                  ? evprof_sources_problem(sources, file)
                                  : "this server does not show source text";
        evprof_document_member(d, "problem");
        evprof_json_string(d->out, problem != NULL ? problem : "");
        evprof_sources_free(sources);
    }
    free(lines);
    return status;
}

int
evprof_web_source(evprof_web_call_t *call, evprof_buf_t *out,
                  evprof_error_t *err)
{
    const evprof_seen_t *seen;
    evprof_document_t d;
    int status = see_lines(call, &seen, err);
    if (status == EVPROF_OK) {
        status = evprof_document_begin(&d, seen->stacks, out, err);
    }
    if (status != EVPROF_OK) {
        return status;
    }
    const char *file = evprof_param(&call->params, "file");
    if (file != NULL) {
        status = put_file(call, &d, seen->stacks, file, err);
    } else {
        evprof_web_put_head(call, &d, seen);
        status =
            put_index(&d, seen->stacks, "functions", compare_functions, err);
        if (status == EVPROF_OK) {
            status = put_index(&d, seen->stacks, "files", compare_files, err);
        }
    }
    evprof_document_end(&d);
    return status;
}
