/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Problems are found in two passes, by the parser and by the directives, but
 * people want them in the order of the file. They are kept as text in a list
 * and sorted when they are written. A file can have more mistakes than anybody
 * reads, so only a number of them is kept and the rest counted.
 */
#include "core/conf/problems.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/utf8.h"

/* More than any file written by people has. */
#define MOST_KEPT 1000

struct evprof_problem {
    struct evprof_problem *previous;
    evprof_place_t place;
    size_t number;
    bool is_warning;
    const char *text;
};

/* Appends a problem as one readable line, whatever bytes a word of the file
 * has. */
static void
add_clean(evprof_buf_t *line, const evprof_buf_t *raw)
{
    size_t start = line->len;
    evprof_utf8_clean(line, raw->data == NULL ? "" : raw->data, raw->len);
    for (size_t i = start; i < line->len; i++) {
        unsigned char c = (unsigned char)line->data[i];
        if (c < 0x20 || c == 0x7f) {
            line->data[i] = ' ';
        }
    }
}

static void
add_place(evprof_buf_t *line, const evprof_place_t *place)
{
    evprof_buf_t raw = { 0 };
    evprof_buf_puts(&raw, place->file == NULL ? "defaults" : place->file);
    add_clean(line, &raw);
    evprof_buf_free(&raw);
    if (place->line > 0) {
        evprof_buf_printf(line, ":%u:%u", place->line, place->column);
    }
    evprof_buf_puts(line, ": ");
}

/* Whether the problem is in the list. A block that others inherit is read for
 * each of them, and gives its warnings each time. */
static bool
is_kept(const evprof_problems_t *problems, const char *text)
{
    for (const struct evprof_problem *p = problems->first; p != NULL;
         p = p->previous) {
        if (strcmp(p->text, text) == 0) {
            return true;
        }
    }
    return false;
}

static void
keep(evprof_problems_t *problems, const evprof_place_t *place, bool is_warning,
     const evprof_buf_t *raw)
{
    evprof_buf_t line = { 0 };
    add_place(&line, place);
    evprof_buf_puts(&line, is_warning ? "warning: " : "");
    add_clean(&line, raw);
    if (!line.failed && is_warning && is_kept(problems, line.data)) {
        evprof_buf_free(&line);
        return;
    }
    struct evprof_problem *p = evprof_arena_alloc(&problems->arena, sizeof(*p));
    char *text = line.failed ? NULL
                             : evprof_arena_strndup(&problems->arena, line.data,
                                                    line.len);
    evprof_buf_free(&line);
    if (p == NULL || text == NULL) {
        return;
    }
    *p = (struct evprof_problem){ .previous = problems->first,
                                  .place = *place,
                                  .number = problems->kept++,
                                  .is_warning = is_warning,
                                  .text = text };
    problems->first = p;
}

__attribute__((format(printf, 4, 0))) static void
add(evprof_problems_t *problems, const evprof_place_t *place, bool is_warning,
    const char *format, va_list args)
{
    if (problems->kept < MOST_KEPT) {
        evprof_buf_t raw = { 0 };
        evprof_buf_vprintf(&raw, format, args);
        keep(problems, place, is_warning, &raw);
        evprof_buf_free(&raw);
    }
}

void
evprof_problems_add(evprof_problems_t *problems, const evprof_place_t *place,
                    const char *format, ...)
{
    problems->errors++;
    va_list args;
    va_start(args, format);
    add(problems, place, false, format, args);
    va_end(args);
}

void
evprof_problems_warn(evprof_problems_t *problems, const evprof_place_t *place,
                     const char *format, ...)
{
    problems->warnings++;
    va_list args;
    va_start(args, format);
    add(problems, place, true, format, args);
    va_end(args);
}

static int
compare_numbers(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int
by_place(const void *left, const void *right)
{
    const struct evprof_problem *a = *(struct evprof_problem *const *)left;
    const struct evprof_problem *b = *(struct evprof_problem *const *)right;
    int order = compare_numbers(a->place.file_number, b->place.file_number);
    if (order == 0) {
        order = compare_numbers(a->place.line, b->place.line);
    }
    if (order == 0) {
        order = compare_numbers(a->place.column, b->place.column);
    }
    return order != 0 ? order : compare_numbers(a->number, b->number);
}

static int
write_lines(const evprof_problems_t *problems, struct evprof_problem **sorted,
            const evprof_writer_t *out)
{
    evprof_buf_t text = { 0 };
    for (size_t i = 0; i < problems->kept; i++) {
        evprof_buf_puts(&text, sorted[i]->text);
        evprof_buf_putc(&text, '\n');
    }
    size_t found = problems->errors + problems->warnings;
    if (found > problems->kept) {
        evprof_buf_printf(&text, "and %zu further problems\n",
                          found - problems->kept);
    }
    int status = evprof_buf_write(&text, out);
    evprof_buf_free(&text);
    return status;
}

int
evprof_problems_write(const evprof_problems_t *problems,
                      const evprof_writer_t *out)
{
    struct evprof_problem **sorted =
        calloc(problems->kept + 1, sizeof(struct evprof_problem *));
    if (sorted == NULL) {
        return EVPROF_ENOMEM;
    }
    size_t n = 0;
    for (struct evprof_problem *p = problems->first; p != NULL;
         p = p->previous) {
        sorted[n++] = p;
    }
    qsort(sorted, n, sizeof(struct evprof_problem *), by_place);
    int status = write_lines(problems, sorted, out);
    free(sorted);
    return status;
}

const char *
evprof_problems_first(const evprof_problems_t *problems)
{
    struct evprof_problem *best = NULL;
    for (struct evprof_problem *p = problems->first; p != NULL;
         p = p->previous) {
        if (!p->is_warning && (best == NULL || by_place(&p, &best) < 0)) {
            best = p;
        }
    }
    return best == NULL ? NULL : best->text;
}

void
evprof_problems_free(evprof_problems_t *problems)
{
    evprof_arena_free(&problems->arena);
    *problems = (evprof_problems_t){ 0 };
}
