/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sums of contention.c go on growing while they are read, so they are
 * copied before they are sorted; stacks and labels stay where they are for
 * ever.
 */
#include "core/sample/contention_profile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/error.h"
#include "core/base/grow.h"
#include "core/sample/here.h"

enum { TEXT_MAX = 256 };

typedef struct list {
    evprof_contention_t *items;
    size_t count;
    size_t cap;
} list_t;

static int
append(void *ctx, const evprof_contention_t *contention)
{
    list_t *list = ctx;
    evprof_contention_t *items =
        evprof_grow(list->items, &list->cap, list->count + 1, sizeof(*items));
    if (items == NULL) {
        return EVPROF_ENOMEM;
    }
    list->items = items;
    items[list->count++] = *contention;
    return EVPROF_OK;
}

static int
by_delay(const void *a, const void *b)
{
    const evprof_contention_t *one = a;
    const evprof_contention_t *other = b;
    return (one->delay_ns < other->delay_ns) -
           (one->delay_ns > other->delay_ns);
}

static int
write_head(evprof_builder_t *out)
{
    int status = evprof_builder_type(out, "contentions", "count");
    if (status == EVPROF_OK) {
        status = evprof_builder_type(out, "delay", "nanoseconds");
    }
    if (status == EVPROF_OK) {
        status = evprof_builder_period(out, "contentions", "count", 1);
    }
    evprof_builder_time(out, 0, 0);
    return status;
}

static int
write_items(const list_t *list, evprof_builder_t *out)
{
    int status = EVPROF_OK;
    for (size_t i = 0; i < list->count && status == EVPROF_OK; i++) {
        const evprof_contention_t *item = &list->items[i];
        const int64_t values[] = { item->count, item->delay_ns };
        const evprof_label_set_t *labels = item->labels;
        status = evprof_builder_add(out, &item->stack,
                                    labels == NULL ? NULL : labels->items,
                                    labels == NULL ? 0 : labels->count, values);
    }
    return status;
}

static int
write_losses(enum evprof_contention_kind kind, evprof_builder_t *out)
{
    evprof_contention_stats_t stats;
    evprof_contention_stats(kind, &stats);
    uint64_t events = stats.lost + stats.no_room;
    if (events == 0) {
        return EVPROF_OK;
    }
    return evprof_builder_comment(
        out,
        "%" PRIu64 " contentions with %" PRId64
        " ns of delay are missing: too many a second, or too many stacks",
        events, stats.lost_ns + stats.no_room_ns);
}

int
evprof_contention_write(enum evprof_contention_kind kind, evprof_builder_t *out,
                        evprof_error_t *err)
{
    list_t list = { 0 };
    /* Objects loaded since are walked by tables from now on. */
    (void)evprof_here_prepare();
    int status = evprof_contention_each(kind, append, &list);
    if (list.count > 0) {
        qsort(list.items, list.count, sizeof(*list.items), by_delay);
    }
    if (status == EVPROF_OK) {
        status = write_head(out);
    }
    if (status == EVPROF_OK) {
        status = write_items(&list, out);
    }
    if (status == EVPROF_OK) {
        status = write_losses(kind, out);
    }
    free(list.items);
    return status == EVPROF_OK
               ? status
               : evprof_fail(err, status, "%s", evprof_status_text(status));
}

int
evprof_contention_status(enum evprof_contention_kind kind,
                         const evprof_writer_t *out)
{
    evprof_contention_stats_t stats;
    char text[TEXT_MAX];
    evprof_contention_stats(kind, &stats);
    int len = snprintf(text, sizeof(text),
                       "stacks_taken: %" PRIu64 "\nevents_lost: %" PRIu64
                       "\nevents_without_room: %" PRIu64
                       "\nwaits_without_unlocker: %" PRIu64 "\n",
                       stats.stacks, stats.lost, stats.no_room, stats.unqueued);
    return out->write(out->ctx, text, (size_t)len);
}
