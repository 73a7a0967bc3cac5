/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of each label with what their samples sum up to. A block per key;
 * in it the column of values is aligned to the right.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/stream.h"
#include "core/base/unit.h"
#include "core/base/utf8.h"
#include "core/report/report.h"

struct value {
    const char *key; /* interned, as is `name` */
    const char *name;
    int64_t weight;
};

struct tally {
    evprof_view_t *view;
    evprof_strings_t strings;
    struct value *values;
    size_t count;
    size_t cap;
    uint32_t *slots; /* value + 1 */
    size_t slot_count;
    evprof_buf_t text;
};

static size_t
slot_of(const struct tally *t, const char *key, const char *name)
{
    const char *pair[2] = { key, name };
    return evprof_hash(pair, sizeof(pair), 0) & (t->slot_count - 1);
}

static bool
grow(struct tally *t)
{
    size_t cap = t->cap == 0 ? 64 : t->cap * 2;
    struct value *values = realloc(t->values, cap * sizeof(*values));
    if (values == NULL) {
        return false;
    }
    t->values = values;
    uint32_t *slots = calloc(cap * 2, sizeof(*slots));
    if (slots == NULL || cap > UINT32_MAX / 4) {
        free(slots);
        return false;
    }
    free(t->slots);
    t->slots = slots;
    t->cap = cap;
    t->slot_count = cap * 2;
    for (size_t i = 0; i < t->count; i++) {
        size_t at = slot_of(t, values[i].key, values[i].name);
        while (slots[at] != 0) {
            at = (at + 1) & (t->slot_count - 1);
        }
        slots[at] = (uint32_t)i + 1;
    }
    return true;
}

/* False: out of memory. */
static bool
count_value(struct tally *t, const char *key, const char *name, int64_t weight)
{
    key = evprof_strings_intern(&t->strings, key);
    name = evprof_strings_intern(&t->strings, name);
    if (key == NULL || name == NULL || (t->count == t->cap && !grow(t))) {
        return false;
    }
    size_t at = slot_of(t, key, name);
    while (t->slots[at] != 0) {
        struct value *v = &t->values[t->slots[at] - 1];
        if (v->key == key && v->name == name) {
            v->weight += weight;
            return true;
        }
        at = (at + 1) & (t->slot_count - 1);
    }
    t->values[t->count] = (struct value){ key, name, weight };
    t->slots[at] = (uint32_t)++t->count;
    return true;
}

static bool
count_label(struct tally *t, const evprof_label_t *label, int64_t weight)
{
    if (label->text != NULL) {
        return count_value(t, label->key, label->text, weight);
    }
    evprof_buf_clear(&t->text);
    evprof_unit_format(&t->text, label->number,
                       evprof_view_label_unit(t->view, label->key),
                       evprof_view_output_unit(t->view));
    return !t->text.failed && count_value(t, label->key, t->text.data, weight);
}

static bool
count_all(struct tally *t)
{
    const evprof_pprof_t *p = evprof_view_profile(t->view);
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *s = &p->samples[i];
        for (uint32_t j = 0; j < s->label_count; j++) {
            if (!count_label(t, &s->labels[j],
                             evprof_view_weight(t->view, s))) {
                return false;
            }
        }
    }
    return true;
}

static uint64_t
magnitude(int64_t value)
{
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

/* By key, then the heaviest first, then by name. */
static int
compare_values(const void *a, const void *b)
{
    const struct value *l = a;
    const struct value *r = b;
    int order = strcmp(l->key, r->key);
    if (order == 0 && l->weight != r->weight) {
        uint64_t lw = magnitude(l->weight);
        uint64_t rw = magnitude(r->weight);
        return lw == rw ? 0 : lw > rw ? -1 : 1;
    }
    return order != 0 ? order : strcmp(l->name, r->name);
}

/* "1.20s (12.0%):", the share only where there is a total. */
static void
print_cell(struct tally *t, int64_t weight)
{
    int64_t total = evprof_view_total(t->view);
    evprof_buf_clear(&t->text);
    evprof_view_print(t->view, &t->text, weight);
    if (total > 0) {
        char percent[EVPROF_PERCENT_SIZE];
        evprof_buf_printf(&t->text, " (%s)",
                          evprof_unit_percent(percent, weight, total));
    }
    evprof_buf_putc(&t->text, ':');
}

static void
print_heading(struct tally *t, evprof_buf_t *out, const char *key,
              int64_t weight)
{
    int64_t total = evprof_view_total(t->view);
    evprof_buf_printf(out, " %s: Total ", key);
    evprof_view_print(t->view, out, weight);
    evprof_buf_puts(out, " of ");
    evprof_view_print(t->view, out, total);
    if (total > 0) {
        char percent[EVPROF_PERCENT_SIZE];
        evprof_buf_printf(out, " (%s)",
                          evprof_unit_percent(percent, weight, total));
    }
    evprof_buf_putc(out, '\n');
}

static void
print_key(struct tally *t, evprof_buf_t *out, const struct value *values,
          size_t count)
{
    int64_t weight = 0;
    size_t width = 0;
    for (size_t i = 0; i < count; i++) {
        weight += values[i].weight;
        print_cell(t, values[i].weight);
        size_t len = t->text.failed ? 0 : evprof_utf8_count(t->text.data);
        width = len > width ? len : width;
    }
    print_heading(t, out, values[0].key, weight);
    size_t indent = evprof_utf8_count(values[0].key) + 2;
    for (size_t i = 0; i < count; i++) {
        print_cell(t, values[i].weight);
        evprof_utf8_pad_left(out, "", indent);
        evprof_utf8_pad_left(out, t->text.failed ? "" : t->text.data,
                             width + 1);
        evprof_buf_printf(out, " %s\n", values[i].name);
    }
    evprof_buf_putc(out, '\n');
}

static int
write_tags(evprof_view_t *view, const evprof_writer_t *out, evprof_error_t *err)
{
    struct tally t = { .view = view };
    int status = EVPROF_ENOMEM;
    if (count_all(&t)) {
        if (t.count > 1) {
            qsort(t.values, t.count, sizeof(*t.values), compare_values);
        }
        evprof_stream_t s;
        evprof_stream_begin(&s, out);
        for (size_t i = 0; i < t.count;) {
            size_t end = i;
            while (end < t.count && t.values[end].key == t.values[i].key) {
                end++;
            }
            print_key(&t, &s.buf, t.values + i, end - i);
            evprof_stream_poll(&s);
            i = end;
        }
        status = evprof_stream_end(&s);
    } else {
        evprof_fail(err, status, "tags: out of memory");
    }
    free(t.values);
    free(t.slots);
    evprof_buf_free(&t.text);
    evprof_strings_free(&t.strings);
    return status;
}

const evprof_report_t evprof_report_tags = {
    .name = "tags",
    .summary = "Outputs all tags in the profile",
    .usage = "tags [tag_regex]* [-ignore_regex]* [>file]\n"
             "List tags with key:value matching tag_regex and exclude "
             "ignore_regex.",
    .flags = EVPROF_REPORT_TAG_WORDS,
    .suffix = "",
    .write = write_tags,
};
