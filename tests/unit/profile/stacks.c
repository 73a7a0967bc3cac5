/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/profile/stacks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"

#include "tests/unit/profile/tests.h"

enum { ROWS_MAX = 64, FRAMES_MAX = 16, COLUMNS_MAX = 4 };

static const char *const column_names[COLUMNS_MAX] = { "one", "two", "three",
                                                       "four" };

static const char *
text_of(evprof_pprof_t *p, const char *from, size_t len)
{
    const char *text = evprof_strings_add(&p->strings, from, len);
    assert_non_null(text);
    return text;
}

static void *
room(evprof_pprof_t *p, size_t count, size_t size)
{
    void *rows = evprof_arena_calloc(&p->arena, count, size);
    assert_non_null(rows);
    return rows;
}

static uint32_t
find_function(evprof_pprof_t *p, const char *from, size_t len)
{
    const char *at = memchr(from, '@', len);
    size_t name_len = at == NULL ? len : (size_t)(at - from);
    const char *name = text_of(p, from, name_len);
    const char *file =
        at == NULL ? text_of(p, "", 0) : text_of(p, at + 1, len - name_len - 1);
    for (uint32_t i = 0; i < p->function_count; i++) {
        if (p->functions[i].name == name && p->functions[i].filename == file) {
            return i;
        }
    }
    assert_true(p->function_count < ROWS_MAX);
    p->functions[p->function_count] =
        (evprof_function_t){ p->function_count + 1, name, name, file, 0 };
    return (uint32_t)p->function_count++;
}

static bool
same_lines(const evprof_location_t *l, const evprof_line_t *lines, size_t count)
{
    for (size_t i = 0; i < count && l->line_count == count; i++) {
        if (l->lines[i].function != lines[i].function) {
            return false;
        }
    }
    return l->line_count == count;
}

static uint32_t
find_location(evprof_pprof_t *p, const char *from, size_t len)
{
    evprof_line_t lines[FRAMES_MAX] = { 0 };
    size_t count = 0;
    for (size_t end = len; end > 0;) {
        size_t start = end;
        while (start > 0 && from[start - 1] != '>') {
            start--;
        }
        lines[count++].function = find_function(p, from + start, end - start);
        end = start > 0 ? start - 1 : 0;
    }
    for (uint32_t i = 0; i < p->location_count; i++) {
        if (same_lines(&p->locations[i], lines, count)) {
            return i;
        }
    }
    assert_true(p->location_count < ROWS_MAX);
    evprof_line_t *own = room(p, count, sizeof(*own));
    memcpy(own, lines, count * sizeof(*own));
    p->locations[p->location_count] =
        (evprof_location_t){ .id = p->location_count + 1,
                             .address = evprof_hash(from, len, 0) >> 16,
                             .lines = own,
                             .line_count = (uint32_t)count,
                             .mapping = EVPROF_NO_INDEX };
    return (uint32_t)p->location_count++;
}

static void
read_stack(evprof_pprof_t *p, evprof_sample_t *s, const char *at, size_t len)
{
    s->locations = room(p, FRAMES_MAX, sizeof(*s->locations));
    const char *end = at + len;
    while (end > at) {
        const char *start = end;
        while (start > at && start[-1] != ';') {
            start--;
        }
        s->locations[s->location_count++] =
            find_location(p, start, (size_t)(end - start));
        end = start > at ? start - 1 : at;
    }
}

static void
read_label(evprof_pprof_t *p, evprof_sample_t *s, const char *at, size_t len)
{
    const char *equals = memchr(at, '=', len);
    assert_non_null(equals);
    const char *colon = memchr(at, ':', (size_t)(equals - at));
    const char *key_end = colon == NULL ? equals : colon;
    evprof_label_t label = { .key = text_of(p, at, (size_t)(key_end - at)),
                             .unit = text_of(p, "", 0) };
    if (colon == NULL) {
        label.text = text_of(p, equals + 1, (size_t)(at + len - equals - 1));
    } else {
        label.unit = text_of(p, colon + 1, (size_t)(equals - colon - 1));
        label.number = strtoll(equals + 1, NULL, 10);
    }
    s->labels[s->label_count++] = label;
}

static const char *
read_word(const char *at, size_t *len)
{
    at += *at == ' ';
    *len = strcspn(at, " \n");
    return at;
}

static const char *
read_sample(evprof_pprof_t *p, const char *at)
{
    assert_true(p->sample_count < ROWS_MAX);
    evprof_sample_t *s = &p->samples[p->sample_count++];
    size_t len = 0;
    at = read_word(at, &len);
    read_stack(p, s, at, len);
    at = read_word(at + len, &len);
    s->values = room(p, COLUMNS_MAX, sizeof(*s->values));
    s->labels = room(p, FRAMES_MAX, sizeof(*s->labels));
    char *next = NULL;
    size_t columns = 0;
    const char *value = at;
    do {
        s->values[columns++] = strtoll(value, &next, 10);
        value = next + 1;
    } while (*next == ',');
    assert_true(p->type_count == 0 || p->type_count == columns);
    p->type_count = columns;
    for (at = read_word(at + len, &len); len > 0;
         at = read_word(at + len, &len)) {
        read_label(p, s, at, len);
    }
    return at + (*at == '\n');
}

evprof_pprof_t *
make_stacks(const char *text)
{
    evprof_pprof_t *p = evprof_pprof_new();
    assert_non_null(p);
    p->samples = room(p, ROWS_MAX, sizeof(*p->samples));
    p->locations = room(p, ROWS_MAX, sizeof(*p->locations));
    p->functions = room(p, ROWS_MAX, sizeof(*p->functions));
    p->types = room(p, COLUMNS_MAX, sizeof(*p->types));
    while (*text != '\0') {
        text = read_sample(p, text);
    }
    for (size_t i = 0; i < p->type_count; i++) {
        p->types[i] = (evprof_value_type_t){ text_of(p, column_names[i],
                                                     strlen(column_names[i])),
                                             text_of(p, "count", 5) };
    }
    return p;
}

static void
show_location(evprof_buf_t *out, const evprof_pprof_t *p, uint32_t row)
{
    const evprof_location_t *l = &p->locations[row];
    for (uint32_t i = l->line_count; i-- > 0;) {
        const evprof_function_t *f = &p->functions[l->lines[i].function];
        evprof_buf_puts(out, f->name);
        if (f->filename[0] != '\0') {
            evprof_buf_printf(out, "@%s", f->filename);
        }
        evprof_buf_puts(out, i > 0 ? ">" : "");
    }
}

static void
show_label(evprof_buf_t *out, const evprof_label_t *label)
{
    if (label->text != NULL) {
        evprof_buf_printf(out, " %s=%s", label->key, label->text);
    } else {
        evprof_buf_printf(out, " %s:%s=%lld", label->key, label->unit,
                          (long long)label->number);
    }
}

char *
show_stacks(const evprof_pprof_t *p)
{
    evprof_buf_t out = { 0 };
    evprof_buf_puts(&out, "");
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *s = &p->samples[i];
        for (uint32_t n = s->location_count; n-- > 0;) {
            show_location(&out, p, s->locations[n]);
            evprof_buf_puts(&out, n > 0 ? ";" : "");
        }
        for (size_t c = 0; c < p->type_count; c++) {
            evprof_buf_printf(&out, "%c%lld", c == 0 ? ' ' : ',',
                              (long long)s->values[c]);
        }
        for (uint32_t n = 0; n < s->label_count; n++) {
            show_label(&out, &s->labels[n]);
        }
        evprof_buf_putc(&out, '\n');
    }
    return out.data;
}

void
assert_stacks(const evprof_pprof_t *p, const char *expected)
{
    char *got = show_stacks(p);
    assert_string_equal(got, expected);
    free(got);
    assert_int_equal(evprof_pprof_check(p, NULL), EVPROF_OK);
}
