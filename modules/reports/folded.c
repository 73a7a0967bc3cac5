/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line a stack: its frames from the root, separated by semicolons, and the
 * sum of its values; what flame graph scripts read. Stacks come in the order of
 * their first sample.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/base/hash.h"
#include "core/base/index.h"
#include "core/base/stream.h"
#include "core/base/sum.h"
#include "core/report/report.h"

/* A semicolon or a newline in a name would end the frame there. */
static void
add_frame(evprof_buf_t *out, const char *name)
{
    size_t len = strcspn(name, ";\n");
    if (name[len] == '\0') {
        evprof_buf_add(out, name, len);
        return;
    }
    for (; *name != '\0'; name++) {
        if (*name == ';' || *name == '\n') {
            evprof_buf_putc(out, ':');
        } else {
            evprof_buf_putc(out, *name);
        }
    }
}

static void
write_stack(evprof_buf_t *out, const evprof_graph_t *g,
            const evprof_sample_t *s)
{
    const char *gap = "";
    for (uint32_t i = s->location_count; i-- > 0;) {
        size_t count;
        evprof_node_t *const *nodes =
            evprof_graph_location(g, s->locations[i], &count);
        while (count-- > 0) {
            evprof_buf_puts(out, gap);
            add_frame(out, nodes[count]->name);
            gap = ";";
        }
    }
}

typedef struct folded_stack {
    const char *text; /* interned */
    int64_t value;
} folded_stack_t;

/* Stacks by their text. */
typedef struct stacks {
    evprof_strings_t texts;
    evprof_index_t index;
    folded_stack_t *items;
    size_t count;
    size_t cap;
} stacks_t;

static uint64_t
hash_text(const char *text)
{
    return evprof_hash_mix((uint64_t)(uintptr_t)text);
}

/* The stack of that text, new with the value 0; NULL: out of memory. */
static folded_stack_t *
find_stack(stacks_t *s, const char *text, size_t len)
{
    text = evprof_strings_add(&s->texts, text, len);
    if (text == NULL) {
        return NULL;
    }
    evprof_index_walk_t walk = evprof_index_walk(&s->index, hash_text(text));
    for (uint32_t row; (row = evprof_index_next(&walk)) != EVPROF_INDEX_END;) {
        if (s->items[row].text == text) {
            return &s->items[row];
        }
    }
    folded_stack_t *items =
        evprof_grow(s->items, &s->cap, s->count + 1, sizeof(*items));
    if (items == NULL || evprof_index_add(&s->index, hash_text(text),
                                          (uint32_t)s->count) != EVPROF_OK) {
        return NULL;
    }
    s->items = items;
    items[s->count] = (folded_stack_t){ .text = text };
    return &items[s->count++];
}

static int
add_up(const evprof_view_t *view, const evprof_graph_t *g, stacks_t *s)
{
    const evprof_pprof_t *p = evprof_view_profile(view);
    evprof_buf_t text = { 0 };
    int status = EVPROF_OK;
    for (size_t i = 0; i < p->sample_count && status == EVPROF_OK; i++) {
        int64_t value = evprof_view_value(view, &p->samples[i]);
        if (value == 0 || p->samples[i].location_count == 0) {
            continue;
        }
        evprof_buf_clear(&text);
        write_stack(&text, g, &p->samples[i]);
        folded_stack_t *stack =
            text.failed ? NULL : find_stack(s, text.data, text.len);
        if (stack == NULL) {
            status = EVPROF_ENOMEM;
        } else {
            stack->value = evprof_sum(stack->value, value);
        }
    }
    evprof_buf_free(&text);
    return status;
}

static int
write_stacks(const stacks_t *stacks, const evprof_writer_t *out)
{
    evprof_stream_t s;
    evprof_stream_begin(&s, out);
    for (size_t i = 0; i < stacks->count; i++) {
        if (stacks->items[i].value != 0) {
            evprof_buf_puts(&s.buf, stacks->items[i].text);
            evprof_buf_putc(&s.buf, ' ');
            evprof_buf_put_int(&s.buf, stacks->items[i].value);
            evprof_buf_putc(&s.buf, '\n');
            evprof_stream_poll(&s);
        }
    }
    return evprof_stream_end(&s);
}

static int
write_folded(evprof_view_t *view, const evprof_writer_t *out,
             evprof_error_t *err)
{
    evprof_graph_t *g;
    int status = evprof_graph_new_places(evprof_view_profile(view), &g, err);
    if (status != EVPROF_OK) {
        return status;
    }
    stacks_t stacks = { .count = 0 };
    status = add_up(view, g, &stacks);
    evprof_graph_free(g);
    status = status == EVPROF_OK
                 ? write_stacks(&stacks, out)
                 : evprof_fail(err, status, "folded: out of memory");
    evprof_strings_free(&stacks.texts);
    evprof_index_free(&stacks.index);
    free(stacks.items);
    return status;
}

const evprof_report_t evprof_report_folded = {
    .name = "folded",
    .summary = "Folded stacks: frames from the root, and a number",
    .flags = EVPROF_REPORT_PLAIN | EVPROF_REPORT_WORDS | EVPROF_REPORT_FILE |
             EVPROF_REPORT_OURS | EVPROF_REPORT_COUNTS,
    .suffix = "",
    .write = write_folded,
};
