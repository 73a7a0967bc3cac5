/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every sample with its stack. A large profile makes gigabytes of this, so each
 * location's lines are written once, as they stand below the leaf, and then
 * only copied.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/stream.h"
#include "core/base/unit.h"
#include "core/base/utf8.h"
#include "core/report/report.h"

#define RULE                                                                   \
    "-----------+-------------------------------------------------------\n"
/* The column of values, and three spaces to the column of names. */
#define INDENT ((size_t)13)

typedef struct block {
    size_t offset; /* in the texts */
    size_t len;
} block_t;

typedef struct traces {
    evprof_view_t *view;
    evprof_stream_t s;
    evprof_buf_t texts;
    block_t *blocks;    /* of each location */
    evprof_buf_t lines; /* label lines of a sample, one string each */
    char **sorted;
    size_t sorted_cap;
} traces_t;

static void
add_block(traces_t *t, const evprof_graph_t *g, uint32_t location)
{
    size_t count;
    evprof_node_t *const *nodes = evprof_graph_location(g, location, &count);
    size_t start = t->texts.len;
    for (size_t i = 0; i < count; i++) {
        evprof_buf_printf(&t->texts, "%*s%s%s\n", (int)INDENT, "",
                          nodes[i]->name, i + 1 < count ? " (inline)" : "");
    }
    t->blocks[location] = (block_t){ start, t->texts.len - start };
}

static int
make_blocks(traces_t *t, evprof_error_t *err)
{
    const evprof_pprof_t *p = evprof_view_profile(t->view);
    evprof_graph_t *g;
    int status = evprof_graph_new_places(p, &g, err);
    if (status != EVPROF_OK) {
        return status;
    }
    t->blocks = calloc(p->location_count + 1, sizeof(*t->blocks));
    if (t->blocks != NULL) {
        for (size_t i = 0; i < p->location_count; i++) {
            add_block(t, g, (uint32_t)i);
        }
    }
    evprof_graph_free(g);
    return t->blocks != NULL && !t->texts.failed
               ? EVPROF_OK
               : evprof_fail(err, EVPROF_ENOMEM, "traces: out of memory");
}

/* Whether an earlier label of the same kind has this key: its values are on
 * that one's line. */
static bool
is_repeated(const evprof_sample_t *s, uint32_t index)
{
    const evprof_label_t *label = &s->labels[index];
    for (uint32_t i = 0; i < index; i++) {
        if (s->labels[i].key == label->key &&
            (s->labels[i].text != NULL) == (label->text != NULL)) {
            return true;
        }
    }
    return false;
}

/* One line for a key: all its values in this sample. */
static void
add_label_line(traces_t *t, const evprof_sample_t *s, uint32_t index)
{
    const evprof_label_t *label = &s->labels[index];
    evprof_buf_t *out = &t->lines;
    evprof_utf8_pad_left(out, label->key, 10);
    evprof_buf_puts(out, ": ");
    for (uint32_t i = index; i < s->label_count; i++) {
        const evprof_label_t *other = &s->labels[i];
        if (other->key != label->key ||
            (other->text != NULL) != (label->text != NULL)) {
            continue;
        }
        evprof_buf_putc(out, ' ');
        if (other->text != NULL) {
            evprof_buf_puts(out, other->text);
        } else {
            evprof_unit_format(out, other->number,
                               evprof_view_label_unit(t->view, other->key),
                               "auto");
        }
    }
    evprof_buf_puts(out, "\n");
    evprof_buf_putc(out, '\0');
}

static int
compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts the collected lines and writes them. */
static void
write_lines(traces_t *t, size_t count)
{
    if (count > t->sorted_cap) {
        char **sorted = realloc(t->sorted, count * sizeof(*sorted));
        if (sorted == NULL) {
            t->s.buf.failed = true;
            return;
        }
        t->sorted = sorted;
        t->sorted_cap = count;
    }
    if (t->lines.failed) {
        t->s.buf.failed = true;
        return;
    }
    char *at = t->lines.data;
    for (size_t i = 0; i < count; i++) {
        t->sorted[i] = at;
        at += strlen(at) + 1;
    }
    if (count > 1) {
        qsort(t->sorted, count, sizeof(*t->sorted), compare_lines);
    }
    for (size_t i = 0; i < count; i++) {
        evprof_buf_puts(&t->s.buf, t->sorted[i]);
    }
}

/* Text labels first, then numbers; each kind sorted by line. */
static void
write_labels(traces_t *t, const evprof_sample_t *s)
{
    for (int is_number = 0; is_number < 2; is_number++) {
        size_t count = 0;
        evprof_buf_clear(&t->lines);
        for (uint32_t i = 0; i < s->label_count; i++) {
            bool is_other_kind = (s->labels[i].text == NULL) != is_number;
            if (!is_other_kind && !is_repeated(s, i)) {
                add_label_line(t, s, i);
                count++;
            }
        }
        if (count > 0) {
            write_lines(t, count);
        }
    }
}

static void
write_sample(traces_t *t, const evprof_sample_t *s)
{
    evprof_buf_t *out = &t->s.buf;
    evprof_buf_add(out, RULE, sizeof(RULE) - 1);
    if (s->label_count > 0) {
        write_labels(t, s);
    }
    evprof_view_print_wide(t->view, out, evprof_view_value(t->view, s), 10);
    block_t first = t->blocks[s->locations[0]];
    evprof_buf_puts(out, "   ");
    evprof_buf_add(out, t->texts.data + first.offset + INDENT,
                   first.len - INDENT);
    for (uint32_t i = 1; i < s->location_count; i++) {
        block_t b = t->blocks[s->locations[i]];
        evprof_buf_add(out, t->texts.data + b.offset, b.len);
    }
    evprof_stream_poll(&t->s);
}

static int
write_traces(evprof_view_t *view, const evprof_writer_t *out,
             evprof_error_t *err)
{
    traces_t t = { .view = view };
    int status = make_blocks(&t, err);
    if (status == EVPROF_OK) {
        evprof_stream_begin(&t.s, out);
        evprof_heading_t labels = { 0 };
        evprof_view_profile_labels(view, &labels);
        evprof_buf_printf(&t.s.buf, "%s\n",
                          labels.text.len > 0 ? labels.text.data : "");
        evprof_buf_free(&labels.text);
        const evprof_pprof_t *p = evprof_view_profile(view);
        for (size_t i = 0; i < p->sample_count; i++) {
            if (p->samples[i].location_count > 0) {
                write_sample(&t, &p->samples[i]);
            }
        }
        evprof_buf_puts(&t.s.buf, RULE);
        status = evprof_stream_end(&t.s);
    }
    evprof_buf_free(&t.texts);
    evprof_buf_free(&t.lines);
    free(t.blocks);
    free(t.sorted);
    return status;
}

const evprof_report_t evprof_report_traces = {
    .name = "traces",
    .summary = "Every sample with its stack",
    .flags = EVPROF_REPORT_PLAIN,
    .suffix = "",
    .write = write_traces,
};
