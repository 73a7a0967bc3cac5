/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of entries by age; an entry has its bytes, or the number of its file.
 *
 * A message that the engine can never process must be told from an engine that
 * is away, at which all messages fail. So a failure counts against a message
 * only if the engine has taken others since the last one; a failure by which
 * the engine defends itself (429) counts little, since it meets messages by
 * chance.
 */
#include "adapters/push/queue.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/push/spool.h"
#include "core/base/error.h"

typedef struct entry {
    struct entry *next;
    uint64_t number; /* of its file */
    size_t len;
    bool is_postponed;
    unsigned strikes;
    uint64_t gone_before; /* how many others had, when it failed last */
    char bytes[];         /* none in a folder */
} entry_t;

struct evprof_queue {
    evprof_spool_t *spool; /* NULL: in memory */
    uint64_t max_bytes;
    uint64_t next_number;
    uint64_t gone; /* messages that were taken or refused */
    entry_t *first;
    entry_t *last;
    entry_t *peeked; /* NULL: it has had to go since */
    evprof_queue_stats_t stats;
};

static bool
append(evprof_queue_t *q, uint64_t number, const char *bytes, size_t len)
{
    size_t kept = q->spool == NULL && bytes != NULL ? len : 0;
    entry_t *entry = malloc(sizeof(*entry) + kept);
    if (entry == NULL) {
        return false;
    }
    *entry = (entry_t){ .number = number, .len = len, .gone_before = q->gone };
    if (kept > 0) {
        memcpy(entry->bytes, bytes, kept);
    }
    if (q->last != NULL) {
        q->last->next = entry;
    } else {
        q->first = entry;
    }
    q->last = entry;
    q->stats.messages++;
    q->stats.bytes += len;
    return true;
}

/* Takes an entry out of the list. The caller removes its file. */
static void
forget(evprof_queue_t *q, entry_t *entry)
{
    entry_t **link = &q->first;
    entry_t *before = NULL;
    while (*link != entry) {
        before = *link;
        link = &before->next;
    }
    *link = entry->next;
    if (q->last == entry) {
        q->last = before;
    }
    q->stats.messages--;
    q->stats.bytes -= entry->len;
    if (q->peeked == entry) {
        q->peeked = NULL;
    }
    free(entry);
}

static void
discard(evprof_queue_t *q, entry_t *entry)
{
    if (q->spool != NULL) {
        evprof_spool_remove(q->spool, entry->number);
    }
    forget(q, entry);
}

/* The most bytes that the queue may hold. The bound of a folder is shared by
 * its parts. */
static uint64_t
bound_of(const evprof_queue_t *q)
{
    return q->spool != NULL ? q->max_bytes / evprof_spool_parts(q->spool)
                            : q->max_bytes;
}

/* Drops the oldest entries until `more` bytes fit within the bound. */
static void
make_room(evprof_queue_t *q, uint64_t bound, size_t more)
{
    while (q->first != NULL && q->stats.bytes + more > bound) {
        discard(q, q->first);
        q->stats.dropped++;
    }
}

/* Of a file that is there already. */
static bool
adopt(void *ctx, uint64_t number, size_t len)
{
    evprof_queue_t *q = ctx;
    q->next_number = number + 1;
    return append(q, number, NULL, len);
}

evprof_queue_t *
evprof_queue_open(const char *folder, uint64_t max_bytes, evprof_error_t *err)
{
    evprof_queue_t *q = calloc(1, sizeof(*q));
    if (q == NULL) {
        evprof_fail(err, EVPROF_ENOMEM, "out of memory");
        return NULL;
    }
    q->max_bytes = max_bytes;
    if (folder == NULL) {
        return q;
    }
    q->spool = evprof_spool_open(folder, err);
    if (q->spool == NULL) {
        evprof_queue_close(q);
        return NULL;
    }
    evprof_spool_each(q->spool, adopt, q);
    make_room(q, bound_of(q), 0);
    return q;
}

void
evprof_queue_close(evprof_queue_t *q)
{
    if (q == NULL) {
        return;
    }
    while (q->first != NULL) {
        forget(q, q->first);
    }
    evprof_spool_close(q->spool);
    free(q);
}

void
evprof_queue_abandon(evprof_queue_t *q)
{
    if (q != NULL && q->spool != NULL) {
        evprof_spool_abandon(q->spool);
    }
}

void
evprof_queue_add(evprof_queue_t *q, const evprof_buf_t *message)
{
    uint64_t bound = bound_of(q);
    if (message->len > bound) {
        q->stats.failed++;
        return;
    }
    make_room(q, bound, message->len);
    uint64_t number = q->next_number++;
    if (q->spool != NULL && !evprof_spool_write(q->spool, number, message)) {
        q->stats.failed++;
    } else if (!append(q, number, message->data, message->len)) {
        q->stats.failed++;
    }
}

/* The next to be sent. */
static entry_t *
choose(evprof_queue_t *q)
{
    entry_t *entry = q->first;
    while (entry != NULL && entry->is_postponed) {
        entry = entry->next;
    }
    if (entry == NULL) {
        for (entry_t *one = q->first; one != NULL; one = one->next) {
            one->is_postponed = false;
        }
        entry = q->first;
    }
    return entry;
}

bool
evprof_queue_peek(evprof_queue_t *q, evprof_buf_t *out)
{
    entry_t *entry;
    while ((entry = choose(q)) != NULL) {
        evprof_buf_clear(out);
        if (q->spool == NULL) {
            evprof_buf_add(out, entry->bytes, entry->len);
        }
        if (q->spool == NULL
                ? !out->failed
                : evprof_spool_read(q->spool, entry->number, out)) {
            q->peeked = entry;
            return true;
        }
        q->stats.failed++;
        discard(q, entry);
    }
    return false;
}

void
evprof_queue_drop(evprof_queue_t *q)
{
    q->gone++;
    if (q->peeked != NULL) {
        discard(q, q->peeked);
    }
}

bool
evprof_queue_postpone(evprof_queue_t *q, bool is_its_own)
{
    entry_t *entry = q->peeked;
    if (entry == NULL) {
        return false;
    }
    entry->is_postponed = true;
    if (entry->gone_before == q->gone) {
        return false;
    }
    entry->gone_before = q->gone;
    entry->strikes += is_its_own ? EVPROF_QUEUE_FAILURE : 1;
    if (entry->strikes < EVPROF_QUEUE_STRIKES) {
        return false;
    }
    if (q->spool != NULL) {
        evprof_spool_set_aside(q->spool, entry->number);
    }
    forget(q, entry);
    q->stats.set_aside++;
    return true;
}

void
evprof_queue_take_over(evprof_queue_t *q)
{
    if (q->spool != NULL && q->first == NULL) {
        q->stats.dropped += evprof_spool_take_over(q->spool, q->next_number,
                                                   bound_of(q), adopt, q);
    }
}

evprof_queue_stats_t
evprof_queue_stats(const evprof_queue_t *q)
{
    return q->stats;
}
