/* SPDX-License-Identifier: Apache-2.0 */
#include "core/report/document.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/index.h"
#include "core/base/json.h"
#include "core/base/sum.h"

int
evprof_document_begin(evprof_document_t *d, const evprof_stacks_t *s,
                      evprof_buf_t *out, evprof_error_t *err)
{
    *d = (evprof_document_t){ .out = out, .s = s };
    d->is_used = calloc(s->place_count + 1, sizeof(*d->is_used));
    if (d->is_used == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "page: out of memory");
    }
    evprof_buf_putc(out, '{');
    return EVPROF_OK;
}

void
evprof_document_member(evprof_document_t *d, const char *key)
{
    evprof_buf_printf(d->out, "%s\"%s\":", d->members++ > 0 ? ",\n" : "", key);
}

/* ---- Columns ---- */

/* Begins a column of numbers of the object that is being written. */
static void
begin_column(evprof_buf_t *out, const char *name)
{
    bool is_first =
        out->len == 0 || out->failed || out->data[out->len - 1] == '{';
    evprof_buf_printf(out, "%s\"%s\":[", is_first ? "" : ",", name);
}

static void
put_item(evprof_buf_t *out, size_t index, int64_t value)
{
    if (index > 0) {
        evprof_buf_putc(out, ',');
    }
    evprof_buf_put_int(out, value);
}

/* A column with one number for each of `count` items. */
typedef int64_t (*number_fn)(const void *items, size_t index);

static void
put_column(evprof_buf_t *out, const char *name, const void *items, size_t count,
           number_fn number)
{
    begin_column(out, name);
    for (size_t i = 0; i < count; i++) {
        put_item(out, i, number(items, i));
    }
    evprof_buf_putc(out, ']');
}

/* ---- Meta ---- */

static void
put_bool(evprof_buf_t *out, const char *key, bool value)
{
    evprof_buf_printf(out, ",\"%s\":%s", key, value ? "true" : "false");
}

void
evprof_document_meta(evprof_document_t *d)
{
    const evprof_stacks_t *s = d->s;
    evprof_sum_t shown = { 0 };
    for (size_t i = 0; i < s->count; i++) {
        evprof_sum_add(&shown, s->stacks[i].value);
    }
    evprof_document_member(d, "meta");
    evprof_buf_t *out = d->out;
    evprof_buf_putc(out, '{');
    evprof_json_member(out, "title", s->title);
    evprof_buf_putc(out, ',');
    evprof_json_member(out, "type", s->type);
    evprof_buf_putc(out, ',');
    evprof_json_member(out, "unit", s->unit);
    evprof_buf_putc(out, ',');
    evprof_json_member(out, "outputUnit", s->output_unit);
    evprof_buf_putc(out, ',');
    evprof_json_member(out, "labels", s->labels);
    evprof_buf_printf(out, ",\"ratio\":%.17g,\"total\":%lld", s->ratio,
                      (long long)s->total);
    evprof_buf_printf(out, ",\"more\":%lld,\"less\":%lld",
                      (long long)shown.more, (long long)shown.less);
    evprof_buf_printf(out, ",\"stacks\":%zu,\"places\":%zu", s->count,
                      s->place_count);
    put_bool(out, "mean", s->is_mean);
    put_bool(out, "compared", s->is_compared);
    put_bool(out, "signed", s->is_signed);
    evprof_buf_putc(out, '}');
}

/* ---- Profile ---- */

#define MAX_LABEL_KEYS 64

/* The keys of labels that samples have, without those of comparisons. */
static size_t
list_label_keys(const evprof_pprof_t *p, const char *keys[MAX_LABEL_KEYS])
{
    size_t count = 0;
    for (size_t i = 0; i < p->sample_count && count < MAX_LABEL_KEYS; i++) {
        const evprof_sample_t *sample = &p->samples[i];
        for (uint32_t j = 0; j < sample->label_count; j++) {
            const char *key = sample->labels[j].key;
            size_t at = 0;
            while (at < count && keys[at] != key) {
                at++;
            }
            if (at == count && count < MAX_LABEL_KEYS &&
                strncmp(key, "pprof::", 7) != 0) {
                keys[count++] = key;
            }
        }
    }
    return count;
}

static void
put_texts(evprof_buf_t *out, const char *key, const char *const *texts,
          size_t count)
{
    evprof_buf_printf(out, ",\"%s\":[", key);
    for (size_t i = 0; i < count; i++) {
        evprof_buf_puts(out, i > 0 ? "," : "");
        evprof_json_string(out, texts[i]);
    }
    evprof_buf_putc(out, ']');
}

void
evprof_document_profile(evprof_document_t *d, const evprof_pprof_t *p)
{
    evprof_document_member(d, "profile");
    evprof_buf_t *out = d->out;
    evprof_buf_puts(out, "{\"types\":[");
    for (size_t i = 0; i < p->type_count; i++) {
        evprof_buf_puts(out, i > 0 ? ",[" : "[");
        evprof_json_string(out, p->types[i].type);
        evprof_buf_putc(out, ',');
        evprof_json_string(out, p->types[i].unit);
        evprof_buf_putc(out, ']');
    }
    evprof_buf_putc(out, ']');
    const char *keys[MAX_LABEL_KEYS];
    put_texts(out, "labels", keys, list_label_keys(p, keys));
    put_texts(out, "comments", p->comments, p->comment_count);
    evprof_buf_putc(out, ',');
    evprof_json_member(out, "doc", p->doc_url);
    evprof_buf_printf(out, ",\"timeNs\":%lld,\"durationNs\":%lld}",
                      (long long)p->time_ns, (long long)p->duration_ns);
}

/* ---- Flame graphs ---- */

static int64_t
box_place(const void *boxes, size_t i)
{
    uint32_t place = ((const evprof_fold_box_t *)boxes)[i].place;
    return place == EVPROF_NO_INDEX ? -1 : (int64_t)place;
}

static int64_t
box_depth(const void *boxes, size_t i)
{
    return ((const evprof_fold_box_t *)boxes)[i].depth;
}

static int64_t
box_cum(const void *boxes, size_t i)
{
    return ((const evprof_fold_box_t *)boxes)[i].cum.more;
}

static int64_t
box_cum_less(const void *boxes, size_t i)
{
    return ((const evprof_fold_box_t *)boxes)[i].cum.less;
}

static int64_t
box_self(const void *boxes, size_t i)
{
    return ((const evprof_fold_box_t *)boxes)[i].self.more;
}

static int64_t
box_self_less(const void *boxes, size_t i)
{
    return ((const evprof_fold_box_t *)boxes)[i].self.less;
}

static int64_t
box_hidden(const void *boxes, size_t i)
{
    return ((const evprof_fold_box_t *)boxes)[i].hidden;
}

static int64_t
box_repeat(const void *boxes, size_t i)
{
    return ((const evprof_fold_box_t *)boxes)[i].repeat;
}

static int64_t
box_inline(const void *boxes, size_t i)
{
    return ((const evprof_fold_box_t *)boxes)[i].is_inline;
}

void
evprof_document_flame(evprof_document_t *d, const char *key,
                      const evprof_fold_t *fold)
{
    evprof_document_member(d, key);
    evprof_buf_t *out = d->out;
    const evprof_fold_box_t *boxes = fold->boxes;
    evprof_buf_printf(out, "{\"narrowest\":%.9g", fold->narrowest);
    put_column(out, "place", boxes, fold->count, box_place);
    put_column(out, "depth", boxes, fold->count, box_depth);
    put_column(out, "cum", boxes, fold->count, box_cum);
    put_column(out, "self", boxes, fold->count, box_self);
    put_column(out, "hidden", boxes, fold->count, box_hidden);
    put_column(out, "inline", boxes, fold->count, box_inline);
    if (d->s->repeats != NULL) {
        put_column(out, "repeat", boxes, fold->count, box_repeat);
    }
    if (d->s->is_signed) {
        put_column(out, "cumLess", boxes, fold->count, box_cum_less);
        put_column(out, "selfLess", boxes, fold->count, box_self_less);
    }
    evprof_buf_putc(out, '}');
    for (size_t i = 0; i < fold->count; i++) {
        if (boxes[i].place != EVPROF_NO_INDEX) {
            d->is_used[boxes[i].place] = true;
        }
    }
}

/* ---- Rows ---- */

typedef struct sorted {
    const evprof_row_t *rows;
    const evprof_stacks_t *s;
    uint32_t *order;
    size_t count;
    bool by_cum;
} sorted_t;

/* False for places without a frame in any stack, and for decreases where those
 * are left out. */
static bool
is_row(const evprof_stacks_t *s, const evprof_row_t *row)
{
    int64_t flat = evprof_row_flat(row);
    bool is_less = flat < 0 || (flat == 0 && evprof_row_cum(row) < 0);
    return row->inlined + row->called > 0 && !(s->drops_negative && is_less);
}

static int
by_value(const void *a, const void *b, void *ctx)
{
    const sorted_t *sorted = ctx;
    uint32_t lp = *(const uint32_t *)a;
    uint32_t rp = *(const uint32_t *)b;
    const evprof_row_t *l = &sorted->rows[lp];
    const evprof_row_t *r = &sorted->rows[rp];
    int64_t lf = evprof_magnitude(evprof_row_flat(l));
    int64_t rf = evprof_magnitude(evprof_row_flat(r));
    int64_t lc = evprof_magnitude(evprof_row_cum(l));
    int64_t rc = evprof_magnitude(evprof_row_cum(r));
    if (sorted->by_cum && lc != rc) {
        return lc > rc ? -1 : 1;
    }
    if (lf != rf) {
        return lf > rf ? -1 : 1;
    }
    if (lc != rc) {
        return lc > rc ? -1 : 1;
    }
    return strcmp(sorted->s->places[lp].name, sorted->s->places[rp].name);
}

static int64_t
row_place(const void *ctx, size_t i)
{
    return ((const sorted_t *)ctx)->order[i];
}

static const evprof_row_t *
row_at(const void *ctx, size_t i)
{
    const sorted_t *sorted = ctx;
    return &sorted->rows[sorted->order[i]];
}

static int64_t
row_flat(const void *ctx, size_t i)
{
    return evprof_row_flat(row_at(ctx, i));
}

static int64_t
row_cum(const void *ctx, size_t i)
{
    return evprof_row_cum(row_at(ctx, i));
}

static int64_t
row_flat_less(const void *ctx, size_t i)
{
    return row_at(ctx, i)->flat.less;
}

static int64_t
row_cum_less(const void *ctx, size_t i)
{
    return row_at(ctx, i)->cum.less;
}

/* 2: inlined everywhere, 1: in part, 0: never. */
static int64_t
row_inline(const void *ctx, size_t i)
{
    const evprof_row_t *row = row_at(ctx, i);
    return row->inlined == 0 ? 0 : row->called == 0 ? 2 : 1;
}

static void
put_rows(evprof_document_t *d, const sorted_t *sorted, size_t count)
{
    evprof_buf_t *out = d->out;
    evprof_document_member(d, "rows");
    evprof_buf_printf(out, "{\"count\":%zu", sorted->count);
    put_column(out, "place", sorted, count, row_place);
    put_column(out, "flat", sorted, count, row_flat);
    put_column(out, "cum", sorted, count, row_cum);
    put_column(out, "inline", sorted, count, row_inline);
    if (d->s->is_signed) {
        put_column(out, "flatLess", sorted, count, row_flat_less);
        put_column(out, "cumLess", sorted, count, row_cum_less);
    }
    evprof_buf_putc(out, '}');
    for (size_t i = 0; i < count; i++) {
        d->is_used[sorted->order[i]] = true;
    }
}

int
evprof_document_rows(evprof_document_t *d, const evprof_row_t *rows,
                     const char *sort, size_t count, evprof_error_t *err)
{
    size_t places = d->s->place_count;
    sorted_t sorted = { .rows = rows,
                        .s = d->s,
                        .by_cum = strcmp(sort, "cum") == 0 };
    sorted.order = calloc(places + 1, sizeof(*sorted.order));
    if (sorted.order == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "table: out of memory");
    }
    for (size_t i = 0; i < places; i++) {
        if (is_row(d->s, &rows[i])) {
            sorted.order[sorted.count++] = (uint32_t)i;
        }
    }
    if (sorted.count > 1) {
        qsort_r(sorted.order, sorted.count, sizeof(*sorted.order), by_value,
                &sorted);
    }
    put_rows(d, &sorted, count < sorted.count ? count : sorted.count);
    free(sorted.order);
    return EVPROF_OK;
}

/* ---- Calls ---- */

static int64_t
call_place(const void *calls, size_t i)
{
    return ((const evprof_call_t *)calls)[i].place;
}

static int64_t
call_more(const void *calls, size_t i)
{
    return ((const evprof_call_t *)calls)[i].sum.more;
}

static int64_t
call_less(const void *calls, size_t i)
{
    return ((const evprof_call_t *)calls)[i].sum.less;
}

static void
put_calls(evprof_document_t *d, const char *key, const evprof_call_t *calls,
          size_t count)
{
    evprof_buf_printf(d->out, ",\"%s\":{", key);
    put_column(d->out, "place", calls, count, call_place);
    put_column(d->out, "more", calls, count, call_more);
    put_column(d->out, "less", calls, count, call_less);
    evprof_buf_putc(d->out, '}');
    for (size_t i = 0; i < count; i++) {
        d->is_used[calls[i].place] = true;
    }
}

void
evprof_document_calls(evprof_document_t *d, uint32_t place,
                      const evprof_calls_t *calls)
{
    evprof_document_member(d, "calls");
    evprof_buf_printf(d->out, "{\"place\":%u", place);
    put_calls(d, "callers", calls->callers, calls->caller_count);
    put_calls(d, "callees", calls->callees, calls->callee_count);
    evprof_buf_putc(d->out, '}');
    d->is_used[place] = true;
}

/* ---- Search ---- */

void
evprof_document_found(evprof_document_t *d, const evprof_found_t *found)
{
    evprof_buf_t *out = d->out;
    evprof_document_member(d, "found");
    evprof_buf_printf(out, "{\"count\":%zu,\"more\":%lld,\"less\":%lld",
                      found->count, (long long)found->sum.more,
                      (long long)found->sum.less);
    begin_column(out, "place");
    size_t written = 0;
    for (size_t i = 0; i < d->s->place_count; i++) {
        if (found->is_match[i]) {
            put_item(out, written++, (int64_t)i);
        }
    }
    evprof_buf_puts(out, "]}");
}

/* ---- Places ---- */

/* Texts that many places share, numbered in the order of their first use. */
typedef struct texts {
    const char **items;
    size_t count;
    evprof_index_t index;
    bool failed;
} texts_t;

/* The number of a text. Equal texts of the stacks have equal addresses. */
static int64_t
number_text(texts_t *t, const char *text)
{
    uint64_t hash = evprof_hash_mix((uint64_t)(uintptr_t)text);
    evprof_index_walk_t walk = evprof_index_walk(&t->index, hash);
    uint32_t row;
    while ((row = evprof_index_next(&walk)) != EVPROF_INDEX_END) {
        if (t->items[row] == text) {
            return row;
        }
    }
    row = (uint32_t)t->count;
    t->failed =
        t->failed || evprof_index_add(&t->index, hash, row) != EVPROF_OK;
    t->items[t->count++] = text;
    return row;
}

/* Which text a column names. */
enum place_text { PLACE_FILE, PLACE_OBJECT };

static void
put_place_texts(evprof_document_t *d, const char *name, enum place_text which,
                texts_t *texts)
{
    size_t written = 0;
    begin_column(d->out, name);
    for (size_t i = 0; i < d->s->place_count; i++) {
        const evprof_stack_place_t *place = &d->s->places[i];
        if (d->is_used[i]) {
            put_item(d->out, written++,
                     number_text(texts, which == PLACE_FILE ? place->file
                                                            : place->object));
        }
    }
    evprof_buf_putc(d->out, ']');
}

static void
put_place_numbers(evprof_document_t *d)
{
    size_t written = 0;
    begin_column(d->out, "id");
    for (size_t i = 0; i < d->s->place_count; i++) {
        if (d->is_used[i]) {
            put_item(d->out, written++, (int64_t)i);
        }
    }
    evprof_buf_putc(d->out, ']');
    written = 0;
    begin_column(d->out, "line");
    for (size_t i = 0; i < d->s->place_count; i++) {
        if (d->is_used[i]) {
            put_item(d->out, written++, d->s->places[i].line);
        }
    }
    evprof_buf_putc(d->out, ']');
}

static void
put_place_names(evprof_document_t *d)
{
    const char *gap = "";
    begin_column(d->out, "name");
    for (size_t i = 0; i < d->s->place_count; i++) {
        if (d->is_used[i]) {
            evprof_buf_puts(d->out, gap);
            evprof_json_string(d->out, d->s->places[i].name);
            gap = ",";
        }
    }
    evprof_buf_putc(d->out, ']');
}

void
evprof_document_end(evprof_document_t *d)
{
    texts_t texts = { 0 };
    texts.items = calloc(d->s->place_count * 2 + 1, sizeof(*texts.items));
    if (texts.items == NULL) {
        d->out->failed = true;
    } else {
        evprof_document_member(d, "places");
        evprof_buf_putc(d->out, '{');
        put_place_numbers(d);
        put_place_names(d);
        put_place_texts(d, "file", PLACE_FILE, &texts);
        put_place_texts(d, "object", PLACE_OBJECT, &texts);
        put_texts(d->out, "texts", texts.items, texts.count);
        evprof_buf_putc(d->out, '}');
        d->out->failed = d->out->failed || texts.failed;
    }
    evprof_buf_puts(d->out, "}\n");
    evprof_index_free(&texts.index);
    free(texts.items);
    free(d->is_used);
    d->is_used = NULL;
}
