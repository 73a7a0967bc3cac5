/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folded stacks, as flame graph tools write and read them: one stack a line,
 * the root first, frames between semicolons, and a number at the end. Lines may
 * be empty or remarks (# or //). Where every line ends with two numbers, it is
 * a difference: what was before and what is after. A number with decimals is
 * rounded, and what rounding takes from one line the next gets, so that sums
 * stay right. Almost any text looks like that, so this format is asked last and
 * wants every line of the beginning to fit.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/analysis/legacy.h"
#include "core/base/error.h"

#include "core/analysis/format.h"

#define PROBED_LINES 8
#define MAX_DIGITS 64
#define COLUMNS 2

/* A line taken apart; spans are empty where there is nothing. */
typedef struct row {
    evprof_span_t stack;
    evprof_span_t numbers[COLUMNS]; /* the last one first */
    size_t count;
} row_t;

typedef struct folded {
    evprof_assembly_t assembly;
    evprof_legacy_stack_t stack;
    size_t columns;
    double carried[COLUMNS]; /* what rounding has left over */
    bool is_rounded;
    size_t line; /* for messages */
} folded_t;

/* Digits, with a sign and decimals if wanted. */
static bool
is_number(evprof_span_t s)
{
    const char *c = s.at;
    bool has_digit = false;
    bool has_point = false;
    c += c < s.end && (*c == '-' || *c == '+');
    for (; c < s.end; c++) {
        bool is_point = *c == '.' && !has_point;
        if (!is_point && !isdigit((unsigned char)*c)) {
            return false;
        }
        has_point = has_point || is_point;
        has_digit = has_digit || !is_point;
    }
    return has_digit;
}

/* "a;b;c 12" or "a;b;c 12 15": the stack and up to two numbers. */
static bool
split_line(evprof_span_t line, size_t most, row_t *out)
{
    *out = (row_t){ .stack = evprof_span_trim(line) };
    while (out->count < most) {
        evprof_span_t s = out->stack;
        const char *at = s.end;
        while (at > s.at && !isspace((unsigned char)at[-1])) {
            at--;
        }
        evprof_span_t word = { at, s.end };
        if (at == s.at || !is_number(word)) {
            break;
        }
        out->numbers[out->count++] = word;
        out->stack = evprof_span_trim((evprof_span_t){ s.at, at });
    }
    return out->count > 0;
}

/* The next line that is neither empty nor a remark. */
static bool
next_row(evprof_span_t *text, evprof_span_t *line, size_t *number)
{
    while (evprof_span_line(text, line)) {
        evprof_span_t inner = evprof_span_trim(*line);
        (*number)++;
        if (inner.at < inner.end && *inner.at != '#' &&
            !evprof_span_starts(inner, "//")) {
            *line = inner;
            return true;
        }
    }
    return false;
}

/* The text without the mark that says it is UTF-8. */
static evprof_span_t
without_mark(const char *data, size_t len)
{
    evprof_span_t text = evprof_span(data, len);
    evprof_take(&text, "\xef\xbb\xbf");
    return text;
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
    evprof_span_t text = without_mark(data, len);
    evprof_span_t line;
    row_t row;
    int rows = 0;
    size_t number = 0;
    while (rows < PROBED_LINES && next_row(&text, &line, &number)) {
        if (!is_text(line) || !split_line(line, 1, &row)) {
            return false;
        }
        rows++;
    }
    return rows > 0;
}

/* 2 when every line has two numbers behind its stack, else 1. */
static size_t
count_columns(evprof_span_t text)
{
    evprof_span_t line;
    row_t row;
    size_t number = 0;
    size_t rows = 0;
    while (next_row(&text, &line, &number)) {
        if (!split_line(line, COLUMNS, &row) || row.count < COLUMNS) {
            return 1;
        }
        rows++;
    }
    return rows > 0 ? COLUMNS : 1;
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

/* Numbers of up to 18 digits are exact; longer ones go through text. */
static int
read_number(folded_t *f, evprof_span_t word, size_t column, int64_t *out,
            evprof_error_t *err)
{
    evprof_span_t digits = word;
    evprof_take(&digits, "+");
    if (evprof_take_int(&digits, out) && digits.at == digits.end) {
        return EVPROF_OK;
    }
    char text[MAX_DIGITS];
    size_t len = evprof_span_len(word);
    double value = INFINITY;
    if (len < sizeof(text)) {
        memcpy(text, word.at, len);
        text[len] = '\0';
        value = strtod(text, NULL) + f->carried[column];
    }
    if (!(fabs(value) < 0x1p63)) {
        return evprof_fail(err, EVPROF_EPARSE,
                           "line %zu: %.*s is more than a 64-bit number holds",
                           f->line, len < 80 ? (int)len : 80, word.at);
    }
    *out = (int64_t)llround(value);
    f->carried[column] = value - (double)*out;
    f->is_rounded = true;
    return EVPROF_OK;
}

static int
read_row(folded_t *f, evprof_span_t line, evprof_error_t *err)
{
    row_t row;
    int64_t values[COLUMNS];
    int status = EVPROF_OK;
    if (!split_line(line, f->columns, &row)) {
        size_t len = evprof_span_len(line);
        return evprof_fail(err, EVPROF_EPARSE,
                           "line %zu has no number at its end: %.*s", f->line,
                           len < 80 ? (int)len : 80, line.at);
    }
    for (size_t i = 0; i < f->columns && status == EVPROF_OK; i++) {
        status =
            read_number(f, row.numbers[f->columns - 1 - i], i, &values[i], err);
    }
    if (status == EVPROF_OK) {
        push_frames(&f->assembly, row.stack, &f->stack);
        evprof_assembly_sample(&f->assembly, f->stack.rows, f->stack.count,
                               values, NULL);
    }
    return status;
}

static void
add_remark(folded_t *f)
{
    static const char remark[] =
        "the numbers had decimals and are rounded; their sums are right";
    evprof_assembly_t *a = &f->assembly;
    if (!f->is_rounded || a->status != EVPROF_OK) {
        return;
    }
    const char **comments =
        evprof_arena_calloc(&a->profile->arena, 1, sizeof(*comments));
    if (comments == NULL) {
        a->status = EVPROF_ENOMEM;
        return;
    }
    comments[0] = evprof_assembly_text(a, remark, sizeof(remark) - 1);
    a->profile->comments = comments;
    a->profile->comment_count = 1;
}

static int
read_profile(const char *data, size_t len, evprof_pprof_t **out,
             evprof_error_t *err)
{
    evprof_span_t text = without_mark(data, len);
    evprof_span_t line;
    folded_t f = { .columns = count_columns(text) };
    int status = EVPROF_OK;
    evprof_assembly_begin(&f.assembly);
    if (f.columns == COLUMNS) {
        evprof_assembly_type(&f.assembly, "before", "count");
        evprof_assembly_type(&f.assembly, "after", "count");
    } else {
        evprof_assembly_type(&f.assembly, "samples", "count");
    }
    while (status == EVPROF_OK && next_row(&text, &line, &f.line)) {
        status = read_row(&f, line, err);
    }
    add_remark(&f);
    evprof_legacy_stack_free(&f.stack);
    return evprof_assembly_end(&f.assembly, status, out, err);
}

const evprof_format_t evprof_format_folded = {
    .name = "folded",
    .summary = "folded stacks, as flame graph tools use them",
    .probe = probe,
    .read = read_profile,
};
