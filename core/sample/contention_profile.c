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
#include "core/profile/loss.h"
#include "core/sample/bound_names.h"
#include "core/sample/caller_stack.h"

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

/* The profile type, what switches it on, and what records less. */
typedef struct wording {
    enum evprof_loss_of who;
    const char *setting;
    const char *remedy;
    const char *fewer;
} wording_t;

static const wording_t wordings[EVPROF_CONTENTION_KINDS] = {
    [EVPROF_CONTENTION_BLOCK] = {
        .who = EVPROF_LOSS_OF_BLOCK,
        .setting = "rate",
        .remedy = "write \"profile block { rate 10us; }\" or call "
                  "evprof_set_block_rate()",
        .fewer = "a higher rate",
    },
    [EVPROF_CONTENTION_MUTEX] = {
        .who = EVPROF_LOSS_OF_MUTEX,
        .setting = "fraction",
        .remedy = "write \"profile mutex { fraction 10; }\" or call "
                  "evprof_set_mutex_fraction()",
        .fewer = "a higher fraction",
    },
};

/* Events that found no room in the table are counted without a stack. */
static int
write_stackless(const evprof_contention_stats_t *stats, evprof_builder_t *out)
{
    const evprof_stack_t none = { .pcs = NULL };
    const int64_t values[] = { (int64_t)stats->no_room, stats->no_room_ns };
    return stats->no_room == 0
               ? EVPROF_OK
               : evprof_builder_add(out, &none, NULL, 0, values);
}

/* Why there is nothing, or nothing new, to be seen. */
static int
say_empty(enum evprof_contention_kind kind, size_t count, evprof_builder_t *out)
{
    const wording_t *wording = &wordings[kind];
    bool is_on = kind == EVPROF_CONTENTION_BLOCK
                     ? evprof_contention_block_rate() > 0
                     : evprof_contention_set_mutex_fraction(-1) > 0;
    const evprof_lost_t off = { .what = wording->setting,
                                .why = wording->remedy };
    const evprof_lost_t idle = { .what = "0 waits were recorded so far" };
    if (!is_on) {
        return evprof_loss_say(out, wording->who, EVPROF_LOSS_SWITCHED_OFF,
                               &off);
    }
    return count > 0
               ? EVPROF_OK
               : evprof_loss_say(out, wording->who, EVPROF_LOSS_IDLE, &idle);
}

static int
write_losses(enum evprof_contention_kind kind, size_t count,
             evprof_builder_t *out)
{
    evprof_contention_stats_t stats;
    const wording_t *wording = &wordings[kind];
    evprof_contention_stats(kind, &stats);
    const evprof_lost_t many = { .n = stats.lost,
                                 .of = (uint64_t)stats.lost_ns,
                                 .what = wording->fewer };
    const evprof_lost_t full = { .n = stats.no_room,
                                 .of = stats.stacks,
                                 .what = "contentions" };
    int status = write_stackless(&stats, out);
    if (status == EVPROF_OK && many.n > 0) {
        status = evprof_loss_say(out, wording->who, EVPROF_LOSS_TOO_MANY_EVENTS,
                                 &many);
    }
    if (status == EVPROF_OK && full.n > 0) {
        status =
            evprof_loss_say(out, wording->who, EVPROF_LOSS_TABLE_FULL, &full);
    }
    if (status == EVPROF_OK) {
        status = evprof_say_unbound(out, wording->who, "pthread_mutex_lock");
    }
    return status == EVPROF_OK ? say_empty(kind, count, out) : status;
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
        status = write_losses(kind, list.count, out);
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
