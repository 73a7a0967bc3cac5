/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PUSH_QUEUE_H
#define EVPROF_PUSH_QUEUE_H

/*
 * Messages that wait to be sent, oldest first, in memory or in a folder, and
 * bounded: when there is no room the oldest ones go and are counted. A folder
 * has one bound for all processes, of which each has an equal share. One that
 * could not be sent lets the others pass. One thread at a time.
 */

#include <stdint.h>

#include <evprof/status.h>

#include "core/base/buf.h"

typedef struct evprof_queue evprof_queue_t;

/* What it holds and has lost. */
typedef struct evprof_queue_stats {
    uint64_t messages;
    uint64_t bytes;
    uint64_t dropped;   /* messages that had to go for want of room */
    uint64_t failed;    /* that could not be kept at all */
    uint64_t set_aside; /* at which the engine has failed again and again */
} evprof_queue_stats_t;

/* How often the engine may fail at a message while it takes others. */
#define EVPROF_QUEUE_STRIKES 10

/* With `folder` NULL in memory. NULL: `err` says why. */
evprof_queue_t *evprof_queue_open(const char *folder, uint64_t max_bytes,
                                  evprof_error_t *err);

/* What is in the folder stays there. NULL is ignored. */
void evprof_queue_close(evprof_queue_t *queue);

/* In the child of a fork: lets go of the parent's folder. The rest is not
 * freed, as the parent may have been changing it. */
void evprof_queue_abandon(evprof_queue_t *queue);

/* Adds a message at the end, whose bytes are copied. */
void evprof_queue_add(evprof_queue_t *queue, const evprof_buf_t *message);

/* Copies the oldest one that was not postponed, or the oldest when all were;
 * false: there is none. */
bool evprof_queue_peek(evprof_queue_t *queue, evprof_buf_t *out);

/* Takes the one that evprof_queue_peek() gave last out of the queue. */
void evprof_queue_drop(evprof_queue_t *queue);

/*
 * Lets others pass the one that evprof_queue_peek() gave last. `is_its_own`:
 * the engine has failed at it; when it has taken others since it failed the
 * last time, so many times, the message is set aside. True: it was.
 */
bool evprof_queue_postpone(evprof_queue_t *queue, bool is_its_own);

/* Takes over what processes that are gone have left in the folder, as far as
 * there is room; nothing unless the queue is empty. */
void evprof_queue_take_over(evprof_queue_t *queue);

/* What it holds now, and has lost since it was opened. */
evprof_queue_stats_t evprof_queue_stats(const evprof_queue_t *queue);

#endif
