/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tags split a node's weight by the labels of its samples: all string labels of
 * a sample together are one tag, and below each such combination the numeric
 * label "bytes" makes tags of its own. They are counted in a table keyed by
 * node and names, then handed out to the nodes.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/sum.h"
#include "core/base/unit.h"
#include "core/base/visible.h"
#include "core/graph/internal.h"

#define FIRST_TAGS ((size_t)256)

typedef struct counter {
    evprof_graph_t *g;
    uint32_t *owners; /* node of each tag */
    size_t cap;
    uint32_t *slots; /* tag + 1 */
    size_t slot_count;
    uint32_t *last_sample; /* of each node */
    evprof_buf_t text;
    const char **parts; /* of the combination that is being joined */
    size_t part_cap;
} counter_t;

typedef struct tag_key {
    uint64_t node;
    const char *labels;
    const char *name;
} tag_key_t;

/* What one sample adds to a node: its weight, and its labels. */
typedef struct load {
    const evprof_sample_t *sample;
    const char *labels; /* joined, interned; "" for none */
    int64_t value;
    int64_t divisor;
} load_t;

static size_t
slot_of(const counter_t *c, const tag_key_t *key)
{
    return evprof_hash(key, sizeof(*key), 0) & (c->slot_count - 1);
}

static bool
grow(counter_t *c)
{
    evprof_graph_t *g = c->g;
    size_t cap = c->cap == 0 ? FIRST_TAGS : c->cap * 2;
    evprof_tag_t *tags = realloc(g->tags, cap * sizeof(*tags));
    if (tags == NULL) {
        return false;
    }
    g->tags = tags;
    uint32_t *owners = realloc(c->owners, cap * sizeof(*owners));
    if (owners == NULL) {
        return false;
    }
    memset(owners + g->tag_count, 0, (cap - g->tag_count) * sizeof(*owners));
    c->owners = owners;
    uint32_t *slots = calloc(cap * 2, sizeof(*slots));
    if (slots == NULL || cap >= EVPROF_NO_INDEX / 2) {
        free(slots);
        return false;
    }
    free(c->slots);
    c->slots = slots;
    c->cap = cap;
    c->slot_count = cap * 2;
    for (size_t i = 0; i < g->tag_count; i++) {
        tag_key_t key = { owners[i], tags[i].labels, tags[i].name };
        size_t at = slot_of(c, &key);
        while (slots[at] != 0) {
            at = (at + 1) & (c->slot_count - 1);
        }
        slots[at] = (uint32_t)i + 1;
    }
    return true;
}

/* The tag of `key`; a string tag has no labels (NULL). NULL: no memory. */
static evprof_tag_t *
find_tag(counter_t *c, const tag_key_t *key)
{
    evprof_graph_t *g = c->g;
    if (g->tag_count == c->cap && !grow(c)) {
        return NULL;
    }
    size_t at = slot_of(c, key);
    while (c->slots[at] != 0) {
        uint32_t i = c->slots[at] - 1;
        if (c->owners[i] == key->node && g->tags[i].labels == key->labels &&
            g->tags[i].name == key->name) {
            return &g->tags[i];
        }
        at = (at + 1) & (c->slot_count - 1);
    }
    c->owners[g->tag_count] = (uint32_t)key->node;
    evprof_tag_t *tag = &g->tags[g->tag_count++];
    *tag = (evprof_tag_t){ .name = key->name,
                           .unit = "",
                           .labels = key->labels,
                           .is_numeric = key->labels != NULL };
    c->slots[at] = (uint32_t)g->tag_count;
    return tag;
}

static void
add_weight(evprof_tag_t *tag, const load_t *load, bool is_flat)
{
    if (is_flat) {
        tag->flat = evprof_sum(tag->flat, load->value);
        tag->flat_div = evprof_sum(tag->flat_div, load->divisor);
    } else {
        tag->cum = evprof_sum(tag->cum, load->value);
        tag->cum_div = evprof_sum(tag->cum_div, load->divisor);
    }
}

static bool
add_number(counter_t *c, uint32_t node, const load_t *load,
           const evprof_label_t *label, bool is_flat)
{
    evprof_graph_t *g = c->g;
    evprof_buf_clear(&c->text);
    evprof_unit_format(&c->text, label->number, g->options.tag_unit,
                       g->options.output_unit);
    tag_key_t key = { node, load->labels, NULL };
    if (!c->text.failed) {
        key.name = evprof_strings_add(&g->strings, c->text.data, c->text.len);
    }
    size_t before = g->tag_count;
    evprof_tag_t *tag = key.name == NULL ? NULL : find_tag(c, &key);
    if (tag == NULL) {
        return false;
    }
    if (g->tag_count != before) {
        tag->unit = g->options.tag_unit;
        tag->value = label->number;
    }
    add_weight(tag, load, is_flat);
    return true;
}

static bool
add_tags(counter_t *c, uint32_t node, const load_t *load, bool is_flat)
{
    if (load->labels[0] != '\0') {
        tag_key_t key = { node, NULL, load->labels };
        evprof_tag_t *tag = find_tag(c, &key);
        if (tag == NULL) {
            return false;
        }
        add_weight(tag, load, is_flat);
    }
    for (uint32_t i = 0; i < load->sample->label_count; i++) {
        const evprof_label_t *label = &load->sample->labels[i];
        if (label->text == NULL && strcmp(label->key, "bytes") == 0 &&
            !add_number(c, node, load, label, is_flat)) {
            return false;
        }
    }
    return true;
}

static int
compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
is_shown(const evprof_label_t *label)
{
    return label->text != NULL && strcmp(label->key, EVPROF_LABEL_BASE) != 0;
}

static void
add_visible(evprof_buf_t *out, const char *text)
{
    evprof_visible_add(out, text, strlen(text), "");
}

/* Collects "key:value" of each string label, sorted; false: no memory. */
static bool
collect_parts(counter_t *c, const evprof_sample_t *s, size_t *count)
{
    *count = 0;
    if (s->label_count > c->part_cap) {
        const char **parts = realloc(c->parts, s->label_count * sizeof(*parts));
        if (parts == NULL) {
            return false;
        }
        c->parts = parts;
        c->part_cap = s->label_count;
    }
    for (uint32_t i = 0; i < s->label_count; i++) {
        const evprof_label_t *label = &s->labels[i];
        if (!is_shown(label)) {
            continue;
        }
        evprof_buf_clear(&c->text);
        add_visible(&c->text, label->key);
        evprof_buf_putc(&c->text, ':');
        add_visible(&c->text, label->text);
        const char *part =
            c->text.failed
                ? NULL
                : evprof_strings_add(&c->g->strings, c->text.data, c->text.len);
        if (part == NULL) {
            return false;
        }
        c->parts[(*count)++] = part;
    }
    if (*count > 1) {
        qsort(c->parts, *count, sizeof(*c->parts), compare_text);
    }
    return true;
}

/* All string labels of a sample as one interned text, a line each; NULL: no
 * memory. */
static const char *
join_labels(counter_t *c, const evprof_sample_t *s)
{
    size_t count;
    if (!collect_parts(c, s, &count)) {
        return NULL;
    }
    evprof_buf_clear(&c->text);
    for (size_t i = 0; i < count; i++) {
        evprof_buf_puts(&c->text, i > 0 ? "\n" : "");
        evprof_buf_puts(&c->text, c->parts[i]);
    }
    return c->text.failed
               ? NULL
               : evprof_strings_add(&c->g->strings,
                                    c->text.data == NULL ? "" : c->text.data,
                                    c->text.len);
}

static bool
add_in_graph(counter_t *c, const load_t *load, uint32_t stamp)
{
    const evprof_graph_t *g = c->g;
    const evprof_sample_t *s = load->sample;
    for (uint32_t i = 0; i < s->location_count; i++) {
        uint32_t first = g->first_line[s->locations[i]];
        uint32_t end = g->first_line[s->locations[i] + 1];
        for (uint32_t j = first; j < end; j++) {
            uint32_t place = g->line_place[j];
            if (!g->places[place].is_kept) {
                continue;
            }
            if (i == 0 && j == first && !add_tags(c, place, load, true)) {
                return false;
            }
            if (c->last_sample[place] == stamp) {
                continue;
            }
            c->last_sample[place] = stamp;
            if (!add_tags(c, place, load, false)) {
                return false;
            }
        }
    }
    return true;
}

static bool
add_in_tree(counter_t *c, const load_t *load, evprof_leaf_t leaf)
{
    const evprof_graph_t *g = c->g;
    if (leaf.node == EVPROF_NO_INDEX) {
        return true;
    }
    if (leaf.is_own && g->all[leaf.node].is_kept &&
        !add_tags(c, leaf.node, load, true)) {
        return false;
    }
    for (uint32_t node = leaf.node;;) {
        if (g->all[node].is_kept && !add_tags(c, node, load, false)) {
            return false;
        }
        if (g->edges[node].is_removed) {
            return true;
        }
        node = (uint32_t)(g->edges[node].src - g->all);
    }
}

static bool
add_samples(counter_t *c)
{
    evprof_graph_t *g = c->g;
    const evprof_pprof_t *p = g->profile;
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *s = &p->samples[i];
        load_t load = { .sample = s,
                        .value = s->values[g->options.value],
                        .divisor = g->options.is_mean ? s->values[0] : 0 };
        if (s->label_count == 0 || (load.value == 0 && load.divisor == 0)) {
            continue;
        }
        load.labels = join_labels(c, s);
        if (load.labels == NULL) {
            return false;
        }
        bool is_added = g->options.is_tree
                            ? add_in_tree(c, &load, g->leaves[i])
                            : add_in_graph(c, &load, (uint32_t)i + 1);
        if (!is_added) {
            return false;
        }
    }
    return true;
}

/* Gives each node the list of its tags, in the order of their first sample. */
static bool
hand_out(counter_t *c)
{
    evprof_graph_t *g = c->g;
    evprof_tag_t **next = evprof_arena_calloc(&g->arena, g->tag_count + 1,
                                              sizeof(evprof_tag_t *));
    if (next == NULL) {
        return false;
    }
    for (size_t i = 0; i < g->tag_count; i++) {
        g->all[c->owners[i]].tag_count++;
    }
    for (size_t i = 0; i < g->all_count; i++) {
        g->all[i].tags = next;
        next += g->all[i].tag_count;
        g->all[i].tag_count = 0;
    }
    for (size_t i = 0; i < g->tag_count; i++) {
        evprof_node_t *n = &g->all[c->owners[i]];
        n->tags[n->tag_count++] = &g->tags[i];
    }
    return true;
}

int
evprof_graph_make_tags(evprof_graph_t *g)
{
    counter_t c = { .g = g };
    c.last_sample = calloc(g->all_count + 1, sizeof(*c.last_sample));
    bool is_done =
        c.last_sample != NULL && grow(&c) && add_samples(&c) && hand_out(&c);
    free(c.owners);
    free(c.slots);
    free(c.last_sample);
    free(c.parts);
    evprof_buf_free(&c.text);
    return is_done ? EVPROF_OK : EVPROF_ENOMEM;
}

void
evprof_graph_trim_tags(evprof_graph_t *g, int64_t cutoff)
{
    for (size_t i = 0; i < g->node_count; i++) {
        evprof_node_t *n = g->nodes[i];
        size_t kept = 0;
        for (size_t j = 0; j < n->tag_count; j++) {
            if (evprof_magnitude(n->tags[j]->flat) >= cutoff ||
                evprof_magnitude(n->tags[j]->cum) >= cutoff) {
                n->tags[kept++] = n->tags[j];
            }
        }
        n->tag_count = kept;
    }
}

static int
compare_flat(const void *a, const void *b)
{
    const evprof_tag_t *l = *(evprof_tag_t *const *)a;
    const evprof_tag_t *r = *(evprof_tag_t *const *)b;
    int64_t lw = evprof_magnitude(l->flat);
    int64_t rw = evprof_magnitude(r->flat);
    if (lw != rw) {
        return lw > rw ? -1 : 1;
    }
    return l->flat != r->flat ? 0 : strcmp(l->name, r->name);
}

static int
compare_cum(const void *a, const void *b)
{
    const evprof_tag_t *l = *(evprof_tag_t *const *)a;
    const evprof_tag_t *r = *(evprof_tag_t *const *)b;
    int64_t lw = evprof_magnitude(l->cum);
    int64_t rw = evprof_magnitude(r->cum);
    if (lw != rw) {
        return lw > rw ? -1 : 1;
    }
    return l->cum != r->cum ? 0 : compare_flat(a, b);
}

void
evprof_tags_sort(evprof_tag_t **tags, size_t count, bool by_flat)
{
    if (count > 1) {
        qsort(tags, count, sizeof(evprof_tag_t *),
              by_flat ? compare_flat : compare_cum);
    }
}
