/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A deep copy. Tables are copied whole, then their texts are interned anew; an
 * index by address makes that one hash of the text for each different text.
 */
#include <stdlib.h>
#include <string.h>

#include "core/base/grow.h"
#include "core/base/index.h"
#include "core/profile/pprof.h"

typedef struct copier {
    const evprof_pprof_t *from;
    evprof_pprof_t *to;
    const char **olds; /* texts of `from` */
    const char **news; /* the same of `to` */
    size_t old_cap;
    size_t new_cap;
    evprof_index_t index; /* of olds, by address */
    bool failed;
} copier_t;

static void *
dup_rows(copier_t *c, const void *rows, size_t count, size_t size)
{
    void *copy = evprof_arena_calloc(&c->to->arena, count, size);
    c->failed = c->failed || copy == NULL;
    if (copy != NULL && count > 0) {
        memcpy(copy, rows, count * size);
    }
    return copy;
}

static const char *
add_text(copier_t *c, const char *text, uint64_t hash)
{
    size_t count = c->index.count;
    const char *copy = evprof_strings_intern(&c->to->strings, text);
    const char **olds =
        evprof_grow(c->olds, &c->old_cap, count + 1, sizeof(*olds));
    c->olds = olds == NULL ? c->olds : olds;
    const char **news =
        evprof_grow(c->news, &c->new_cap, count + 1, sizeof(*news));
    c->news = news == NULL ? c->news : news;
    if (copy == NULL || olds == NULL || news == NULL ||
        evprof_index_add(&c->index, hash, (uint32_t)count) != EVPROF_OK) {
        c->failed = true;
        return NULL;
    }
    olds[count] = text;
    news[count] = copy;
    return copy;
}

static void
move_text(copier_t *c, const char **text)
{
    if (*text == NULL || c->failed) {
        return;
    }
    uint64_t hash = (uint64_t)(uintptr_t)*text;
    evprof_index_walk_t walk = evprof_index_walk(&c->index, hash);
    uint32_t row =
        c->olds == NULL ? EVPROF_INDEX_END : evprof_index_next(&walk);
    while (row != EVPROF_INDEX_END && c->olds[row] != *text) {
        row = evprof_index_next(&walk);
    }
    *text = row == EVPROF_INDEX_END ? add_text(c, *text, hash) : c->news[row];
}

static void
copy_samples(copier_t *c)
{
    evprof_pprof_t *p = c->to;
    for (size_t i = 0; i < p->sample_count && !c->failed; i++) {
        evprof_sample_t *s = &p->samples[i];
        s->locations =
            dup_rows(c, s->locations, s->location_count, sizeof(*s->locations));
        s->values = dup_rows(c, s->values, p->type_count, sizeof(*s->values));
        s->labels = dup_rows(c, s->labels, s->label_count, sizeof(*s->labels));
        for (uint32_t n = 0; n < s->label_count && !c->failed; n++) {
            move_text(c, &s->labels[n].key);
            move_text(c, &s->labels[n].text);
            move_text(c, &s->labels[n].unit);
        }
    }
}

static void
copy_tables(copier_t *c)
{
    evprof_pprof_t *p = c->to;
    for (size_t i = 0; i < p->mapping_count; i++) {
        move_text(c, &p->mappings[i].file);
        move_text(c, &p->mappings[i].build_id);
    }
    for (size_t i = 0; i < p->function_count; i++) {
        move_text(c, &p->functions[i].name);
        move_text(c, &p->functions[i].system_name);
        move_text(c, &p->functions[i].filename);
    }
    for (size_t i = 0; i < p->location_count && !c->failed; i++) {
        evprof_location_t *l = &p->locations[i];
        l->lines = dup_rows(c, l->lines, l->line_count, sizeof(*l->lines));
    }
    for (size_t i = 0; i < p->type_count; i++) {
        move_text(c, &p->types[i].type);
        move_text(c, &p->types[i].unit);
    }
    for (size_t i = 0; i < p->comment_count; i++) {
        move_text(c, &p->comments[i]);
    }
}

static void
copy_header(copier_t *c)
{
    const evprof_pprof_t *from = c->from;
    evprof_pprof_t *to = c->to;
    evprof_strings_t strings = to->strings;
    evprof_arena_t arena = to->arena;
    *to = *from;
    to->strings = strings;
    to->arena = arena;
    move_text(c, &to->period_type.type);
    move_text(c, &to->period_type.unit);
    move_text(c, &to->drop_frames);
    move_text(c, &to->keep_frames);
    move_text(c, &to->default_type);
    move_text(c, &to->doc_url);
}

evprof_pprof_t *
evprof_pprof_copy(const evprof_pprof_t *from)
{
    copier_t c = { .from = from, .to = evprof_pprof_new() };
    if (c.to == NULL) {
        return NULL;
    }
    copy_header(&c);
    evprof_pprof_t *to = c.to;
    to->types = dup_rows(&c, from->types, from->type_count, sizeof(*to->types));
    to->samples =
        dup_rows(&c, from->samples, from->sample_count, sizeof(*to->samples));
    to->mappings = dup_rows(&c, from->mappings, from->mapping_count,
                            sizeof(*to->mappings));
    to->locations = dup_rows(&c, from->locations, from->location_count,
                             sizeof(*to->locations));
    to->functions = dup_rows(&c, from->functions, from->function_count,
                             sizeof(*to->functions));
    to->comments = dup_rows(&c, from->comments, from->comment_count,
                            sizeof(*to->comments));
    if (!c.failed) {
        copy_tables(&c);
        copy_samples(&c);
    }
    free(c.olds);
    free(c.news);
    evprof_index_free(&c.index);
    if (c.failed) {
        evprof_pprof_free(to);
        return NULL;
    }
    return to;
}
