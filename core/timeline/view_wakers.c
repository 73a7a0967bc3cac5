/* SPDX-License-Identifier: Apache-2.0 */
/* Adds up waits by the goroutine that ended them and the place where it did.
 * Goroutines of one name count as one, since a server has many of a kind. */
#include <stdlib.h>

#include "core/base/grow.h"
#include "core/base/hash.h"
#include "core/timeline/print.h"
#include "core/timeline/views.h"

typedef struct waker {
    const char *name;
    const char *reason;
    uint32_t stack;
    size_t count;
    size_t guesses; /* of those: it may have been another */
    int64_t ns;
} waker_t;

typedef struct wakers {
    waker_t *items;
    size_t count;
    size_t cap;
    evprof_index_t index;
    bool failed;
} wakers_t;

/* NULL: out of memory. */
static waker_t *
find(wakers_t *wakers, const waker_t *wanted)
{
    uint64_t hash =
        evprof_hash_mix((uintptr_t)wanted->name ^
                        evprof_hash_mix((uintptr_t)wanted->reason ^
                                        (uint64_t)wanted->stack << 32));
    evprof_index_walk_t walk = evprof_index_walk(&wakers->index, hash);
    uint32_t row = evprof_index_next(&walk);
    for (; row != EVPROF_INDEX_END; row = evprof_index_next(&walk)) {
        waker_t *at = &wakers->items[row];
        if (at->name == wanted->name && at->reason == wanted->reason &&
            at->stack == wanted->stack) {
            return at;
        }
    }
    waker_t *grown = evprof_grow(wakers->items, &wakers->cap, wakers->count + 1,
                                 sizeof(*grown));
    if (grown == NULL) {
        return NULL;
    }
    wakers->items = grown;
    if (evprof_index_add(&wakers->index, hash, (uint32_t)wakers->count) !=
        EVPROF_OK) {
        return NULL;
    }
    grown[wakers->count] = *wanted;
    return &grown[wakers->count++];
}

static int
by_time(const void *a, const void *b)
{
    const waker_t *one = a;
    const waker_t *other = b;
    if (one->ns != other->ns) {
        return one->ns > other->ns ? -1 : 1;
    }
    return one->count > other->count ? -1 : one->count < other->count;
}

static void
put_waker(const evprof_timeline_spans_t *s, const waker_t *waker,
          evprof_buf_t *out)
{
    evprof_timeline_put_time(out, waker->ns, 10);
    evprof_buf_printf(out, "%8zu  ", waker->count);
    evprof_timeline_put_text(out, waker->reason);
    evprof_buf_puts(out, ", by ");
    evprof_timeline_put_text(out, waker->name[0] != '\0' ? waker->name : "?");
    if (waker->stack != 0) {
        evprof_buf_puts(out, " in ");
        evprof_timeline_put_stack(out, s->t, waker->stack);
    }
    if (waker->guesses > 0) {
        evprof_buf_printf(out, " (%zu perhaps by others: several waited)",
                          waker->guesses);
    }
    evprof_buf_putc(out, '\n');
}

void
evprof_timeline_view_wakers(const evprof_timeline_spans_t *s, size_t limit,
                            evprof_buf_t *out)
{
    wakers_t wakers = { .items = NULL };
    for (size_t i = 0; i < s->count && !wakers.failed; i++) {
        const evprof_timeline_span_t *span = &s->items[i];
        int64_t ns = evprof_timeline_within(s, span->start_ns, span->end_ns);
        if (span->waker == 0 || ns == 0) {
            continue;
        }
        const waker_t wanted = { .name = s->goroutines[span->waker - 1].name,
                                 .reason = span->reason,
                                 .stack = span->waker_stack };
        waker_t *waker = find(&wakers, &wanted);
        wakers.failed = waker == NULL;
        if (waker != NULL) {
            waker->count++;
            waker->guesses += span->is_guess;
            waker->ns += ns;
        }
    }
    out->failed = out->failed || wakers.failed;
    if (wakers.count > 0) {
        qsort(wakers.items, wakers.count, sizeof(*wakers.items), by_time);
        evprof_buf_puts(out, "\n   waited   waits  ended\n");
    }
    for (size_t i = 0; i < wakers.count && i < limit; i++) {
        put_waker(s, &wakers.items[i], out);
    }
    if (wakers.count > limit) {
        evprof_buf_printf(out, "and %zu more\n", wakers.count - limit);
    }
    free(wakers.items);
    evprof_index_free(&wakers.index);
}
