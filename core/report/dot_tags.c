/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small boxes beside a node that say which labels its weight comes from: at
 * most four sets of string labels, and for each of those at most four values of
 * the numeric one. More values are put into four groups, around the four
 * heaviest.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/sum.h"
#include "core/base/unit.h"
#include "core/report/dot.h"

#define MAX_BOXES ((size_t)4)
#define NAME_SIZE 64

typedef struct boxes {
    evprof_dot_t *d;
    bool by_flat; /* inner nodes: only what is their own */
    bool has_any;
} boxes_t;

/* A value, or a range of values, of the numeric label. */
typedef struct group {
    evprof_tag_t sum; /* what is shown; the mean where that is asked for */
    char *name;
    evprof_tag_t **members;
    size_t count;
} group_t;

static void
draw_box(boxes_t *b, const char *from, const char *box, const char *name,
         int64_t weight, const char *style)
{
    evprof_dot_t *d = b->d;
    evprof_buf_printf(d->out, "%s [label = \"", box);
    evprof_dot_escape_lines(d->out, name);
    evprof_buf_printf(d->out, "\" id=\"%s\" fontsize=8 shape=box3d tooltip=\"",
                      box);
    evprof_dot_print(d, weight);
    evprof_buf_printf(d->out, "\"]\n%s -> %s [label=\" ", from, box);
    evprof_dot_print(d, weight);
    evprof_buf_puts(d->out, "\" weight=100 tooltip=\"");
    evprof_dot_print(d, weight);
    evprof_buf_puts(d->out, "\" labeltooltip=\"");
    evprof_dot_print(d, weight);
    evprof_buf_printf(d->out, "\"%s]\n", style);
    b->has_any = true;
}

static double
distance(const evprof_tag_t *tag, const evprof_tag_t *centre)
{
    double value = evprof_unit_scale(tag->value, tag->unit, centre->unit, NULL);
    return fabs(value - (double)centre->value);
}

static size_t
nearest_group(const group_t *groups, const evprof_tag_t *tag)
{
    size_t best = 0;
    double least = distance(tag, groups[0].members[0]);
    for (size_t i = 1; i < MAX_BOXES; i++) {
        double d = distance(tag, groups[i].members[0]);
        if (d < least) {
            best = i;
            least = d;
        }
    }
    return best;
}

static int64_t
in_unit_of(const evprof_tag_t *tag, const evprof_tag_t *other)
{
    return (int64_t)evprof_unit_scale(tag->value, tag->unit, other->unit, NULL);
}

/* Sums up a group and appends its name; false: no memory. */
static bool
sum_group(group_t *group, evprof_buf_t *names)
{
    const evprof_tag_t *low = group->members[0];
    const evprof_tag_t *high = group->members[0];
    evprof_tag_t sum = *low;
    for (size_t i = 1; i < group->count; i++) {
        const evprof_tag_t *tag = group->members[i];
        low = in_unit_of(tag, low) < low->value ? tag : low;
        high = in_unit_of(tag, high) > high->value ? tag : high;
        sum.flat = evprof_sum(sum.flat, tag->flat);
        sum.flat_div = evprof_sum(sum.flat_div, tag->flat_div);
        sum.cum = evprof_sum(sum.cum, tag->cum);
        sum.cum_div = evprof_sum(sum.cum_div, tag->cum_div);
    }
    group->sum = (evprof_tag_t){ .flat = evprof_tag_flat(&sum),
                                 .cum = evprof_tag_cum(&sum) };
    evprof_buf_clear(names);
    evprof_unit_format(names, low->value, low->unit, "auto");
    if (group->count > 1) {
        evprof_buf_puts(names, "..");
        evprof_unit_format(names, high->value, high->unit, "auto");
    }
    group->name = names->failed ? NULL : strdup(names->data);
    group->sum.name = group->name;
    return group->name != NULL;
}

/* Shows the value's name as the range it stands for. */
static void
draw_number(boxes_t *b, const char *from, size_t index, const evprof_tag_t *tag)
{
    int64_t flat = evprof_tag_flat(tag);
    int64_t cum = evprof_tag_cum(tag);
    bool is_whole = b->by_flat || flat == cum;
    int64_t weight = is_whole ? flat : cum;
    if (weight != 0) {
        char box[NAME_SIZE];
        snprintf(box, sizeof(box), "N%s_%zu", from, index);
        draw_box(b, from, box, tag->name, weight,
                 is_whole ? "" : " style=\"dotted\"");
    }
}

static void
draw_groups(boxes_t *b, const char *from, group_t *groups)
{
    evprof_tag_t *sums[MAX_BOXES];
    evprof_buf_t names = { 0 };
    for (size_t i = 0; i < MAX_BOXES; i++) {
        b->d->out->failed |= !sum_group(&groups[i], &names);
        sums[i] = &groups[i].sum;
    }
    evprof_buf_free(&names);
    if (!b->d->out->failed) {
        evprof_tags_sort(sums, MAX_BOXES, b->by_flat);
        for (size_t i = 0; i < MAX_BOXES; i++) {
            draw_number(b, from, i, sums[i]);
        }
    }
    for (size_t i = 0; i < MAX_BOXES; i++) {
        free(groups[i].name);
    }
}

static void
draw_many(boxes_t *b, const char *from, evprof_tag_t **tags, size_t count)
{
    group_t groups[MAX_BOXES] = { { .count = 0 } };
    evprof_tag_t **room = calloc(MAX_BOXES * count, sizeof(evprof_tag_t *));
    if (room == NULL) {
        b->d->out->failed = true;
        return;
    }
    for (size_t i = 0; i < MAX_BOXES; i++) {
        groups[i].members = room + i * count;
        groups[i].members[groups[i].count++] = tags[i];
    }
    for (size_t i = MAX_BOXES; i < count; i++) {
        group_t *group = &groups[nearest_group(groups, tags[i])];
        group->members[group->count++] = tags[i];
    }
    draw_groups(b, from, groups);
    free(room);
}

/* The node's numeric tags that came with `labels`. */
static void
draw_numbers(boxes_t *b, const evprof_node_t *node, const char *from,
             const char *labels)
{
    evprof_tag_t **tags = calloc(node->tag_count + 1, sizeof(evprof_tag_t *));
    if (tags == NULL) {
        b->d->out->failed = true;
        return;
    }
    size_t count = 0;
    for (size_t i = 0; i < node->tag_count; i++) {
        if (node->tags[i]->is_numeric &&
            strcmp(node->tags[i]->labels, labels) == 0) {
            tags[count++] = node->tags[i];
        }
    }
    evprof_tags_sort(tags, count, b->by_flat);
    if (count > MAX_BOXES) {
        draw_many(b, from, tags, count);
    } else {
        for (size_t i = 0; i < count; i++) {
            draw_number(b, from, i, tags[i]);
        }
    }
    free(tags);
}

static void
draw_labels(boxes_t *b, const evprof_node_t *node, evprof_tag_t **tags,
            size_t count)
{
    char from[NAME_SIZE];
    snprintf(from, sizeof(from), "N%zu", node->rank);
    evprof_tags_sort(tags, count, b->by_flat);
    for (size_t i = 0; i < count && i < MAX_BOXES; i++) {
        const evprof_tag_t *tag = tags[i];
        int64_t weight =
            b->by_flat ? evprof_tag_flat(tag) : evprof_tag_cum(tag);
        if (weight == 0) {
            continue;
        }
        char box[NAME_SIZE];
        snprintf(box, sizeof(box), "N%zu_%zu", node->rank, i);
        draw_box(b, from, box, tag->name, weight, "");
        draw_numbers(b, node, box, tag->name);
    }
    draw_numbers(b, node, from, "");
}

bool
evprof_dot_draw_tags(evprof_dot_t *d, const evprof_node_t *node)
{
    /* A leaf also answers for callees that were left out. */
    boxes_t b = { .d = d, .by_flat = node->out_count > 0 };
    evprof_tag_t **tags = calloc(node->tag_count + 1, sizeof(evprof_tag_t *));
    if (tags == NULL) {
        d->out->failed = true;
        return false;
    }
    size_t count = 0;
    for (size_t i = 0; i < node->tag_count; i++) {
        if (!node->tags[i]->is_numeric) {
            tags[count++] = node->tags[i];
        }
    }
    draw_labels(&b, node, tags, count);
    free(tags);
    return b.has_any;
}
