/* SPDX-License-Identifier: Apache-2.0 */
/* Each place remembers the last stack that was counted for it, which replaces a
 * set of places seen, as in core/graph. */
#include "core/report/rows.h"

#include <stdlib.h>

#include "core/base/error.h"

/* ---- Rows ---- */

static void
count_stack(const evprof_stacks_t *s, uint32_t index, uint32_t *last,
            evprof_row_t *rows)
{
    const evprof_view_stack_t *stack = &s->stacks[index];
    for (uint32_t i = 0; i < stack->len; i++) {
        uint32_t frame = s->frames[stack->first + i];
        evprof_row_t *row = &rows[EVPROF_FRAME_PLACE(frame)];
        row->inlined += EVPROF_FRAME_IS_INLINE(frame);
        row->called += !EVPROF_FRAME_IS_INLINE(frame);
        if (last[EVPROF_FRAME_PLACE(frame)] != index + 1) {
            last[EVPROF_FRAME_PLACE(frame)] = index + 1;
            evprof_sum_add(&row->cum, stack->value);
            row->cum_div += stack->divisor;
        }
    }
    if (stack->len > 0) {
        uint32_t leaf = s->frames[stack->first + stack->len - 1];
        evprof_sum_add(&rows[EVPROF_FRAME_PLACE(leaf)].flat, stack->value);
        rows[EVPROF_FRAME_PLACE(leaf)].flat_div += stack->divisor;
    }
}

int
evprof_rows_make(const evprof_stacks_t *s, evprof_row_t **out,
                 evprof_error_t *err)
{
    evprof_row_t *rows = calloc(s->place_count + 1, sizeof(*rows));
    uint32_t *last = calloc(s->place_count + 1, sizeof(*last));
    if (rows == NULL || last == NULL) {
        free(rows);
        free(last);
        return evprof_fail(err, EVPROF_ENOMEM, "table: out of memory");
    }
    for (size_t i = 0; i < s->count; i++) {
        count_stack(s, (uint32_t)i, last, rows);
    }
    free(last);
    *out = rows;
    return EVPROF_OK;
}

static int64_t
mean_of(evprof_sum_t sum, int64_t divisor)
{
    int64_t value = sum.more - sum.less;
    return divisor == 0 ? value : value / divisor;
}

int64_t
evprof_row_flat(const evprof_row_t *row)
{
    return mean_of(row->flat, row->flat_div);
}

int64_t
evprof_row_cum(const evprof_row_t *row)
{
    return mean_of(row->cum, row->cum_div);
}

/* ---- Calls ---- */

typedef struct tally {
    evprof_call_t *calls; /* of each place */
    uint32_t *last;
} tally_t;

static void
add_call(tally_t *t, uint32_t place, uint32_t stamp, int64_t value)
{
    if (t->last[place] != stamp) {
        t->last[place] = stamp;
        evprof_sum_add(&t->calls[place].sum, value);
    }
}

static void
add_calls(const evprof_stacks_t *s, uint32_t index, uint32_t place,
          tally_t *callers, tally_t *callees)
{
    const evprof_view_stack_t *stack = &s->stacks[index];
    for (uint32_t i = 1; i < stack->len; i++) {
        uint32_t from = EVPROF_FRAME_PLACE(s->frames[stack->first + i - 1]);
        uint32_t to = EVPROF_FRAME_PLACE(s->frames[stack->first + i]);
        if (from == to) {
            continue;
        }
        if (to == place) {
            add_call(callers, from, index + 1, stack->value);
        }
        if (from == place) {
            add_call(callees, to, index + 1, stack->value);
        }
    }
}

static int
by_weight(const void *a, const void *b)
{
    int64_t l = evprof_sum_width(((const evprof_call_t *)a)->sum);
    int64_t r = evprof_sum_width(((const evprof_call_t *)b)->sum);
    uint32_t lp = ((const evprof_call_t *)a)->place;
    uint32_t rp = ((const evprof_call_t *)b)->place;
    return l != r ? (l > r ? -1 : 1) : lp < rp ? -1 : lp > rp;
}

/* Keeps the places that some stack has beside the one asked for, sorted, and
 * hands the array out. Returns how many they are. */
static size_t
gather_calls(tally_t *t, size_t place_count, evprof_call_t **out)
{
    size_t count = 0;
    for (size_t i = 0; i < place_count; i++) {
        if (t->last[i] != 0) {
            t->calls[count] = t->calls[i];
            t->calls[count++].place = (uint32_t)i;
        }
    }
    if (count > 1) {
        qsort(t->calls, count, sizeof(*t->calls), by_weight);
    }
    *out = t->calls;
    return count;
}

static bool
make_tally(tally_t *t, size_t place_count)
{
    t->calls = calloc(place_count + 1, sizeof(*t->calls));
    t->last = calloc(place_count + 1, sizeof(*t->last));
    return t->calls != NULL && t->last != NULL;
}

int
evprof_calls_make(const evprof_stacks_t *s, uint32_t place, evprof_calls_t *out,
                  evprof_error_t *err)
{
    tally_t callers = { 0 };
    tally_t callees = { 0 };
    bool is_ready = make_tally(&callers, s->place_count) &&
                    make_tally(&callees, s->place_count);
    for (size_t i = 0; is_ready && i < s->count; i++) {
        add_calls(s, (uint32_t)i, place, &callers, &callees);
    }
    if (is_ready) {
        out->caller_count =
            gather_calls(&callers, s->place_count, &out->callers);
        out->callee_count =
            gather_calls(&callees, s->place_count, &out->callees);
    } else {
        free(callers.calls);
        free(callees.calls);
    }
    free(callers.last);
    free(callees.last);
    return is_ready ? EVPROF_OK
                    : evprof_fail(err, EVPROF_ENOMEM, "calls: out of memory");
}

void
evprof_calls_free(evprof_calls_t *calls)
{
    free(calls->callers);
    free(calls->callees);
    *calls = (evprof_calls_t){ 0 };
}

/* ---- Search ---- */

static bool
has_match(const evprof_stacks_t *s, const evprof_view_stack_t *stack,
          const bool *is_match)
{
    for (uint32_t i = 0; i < stack->len; i++) {
        if (is_match[EVPROF_FRAME_PLACE(s->frames[stack->first + i])]) {
            return true;
        }
    }
    return false;
}

int
evprof_stacks_search(const evprof_stacks_t *s, evprof_regex_t *pattern,
                     evprof_found_t *out, evprof_error_t *err)
{
    *out = (evprof_found_t){ 0 };
    out->is_match = calloc(s->place_count + 1, sizeof(*out->is_match));
    if (out->is_match == NULL) {
        return evprof_fail(err, EVPROF_ENOMEM, "search: out of memory");
    }
    for (size_t i = 0; i < s->place_count; i++) {
        out->is_match[i] = evprof_regex_match(pattern, s->places[i].name) ||
                           evprof_regex_match(pattern, s->places[i].file);
        out->count += out->is_match[i];
    }
    for (size_t i = 0; i < s->count; i++) {
        if (has_match(s, &s->stacks[i], out->is_match)) {
            evprof_sum_add(&out->sum, s->stacks[i].value);
        }
    }
    return EVPROF_OK;
}
