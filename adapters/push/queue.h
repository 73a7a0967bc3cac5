/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PUSH_QUEUE_H
#define EVPROF_PUSH_QUEUE_H

/*
 * The queue of messages to send, oldest first, in memory or in a folder. It is
 * bounded: when there is no room, the oldest messages are dropped and counted.
 * The bound of a folder is for all processes together, and each has an equal
 * share. A message that could not be sent lets others pass. One thread at a
 * time.
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
    uint64_t set_aside; /* not taken again and again, while others were */
} evprof_queue_stats_t;

/* A message has a strike when it is not taken while others are, and
 * EVPROF_QUEUE_FAILURE of them when the engine failed at it. So many strikes
 * set it aside. */
enum { EVPROF_QUEUE_STRIKES = 100, EVPROF_QUEUE_FAILURE = 10 };

/* Opens a queue in `folder`, or in memory where that is NULL. NULL: `err` says
 * why. */
evprof_queue_t *evprof_queue_open(const char *folder, uint64_t max_bytes,
                                  evprof_error_t *err);

/* Closes the queue. Messages in a folder stay there. NULL is ignored. */
void evprof_queue_close(evprof_queue_t *queue);

/* In the child of a fork: lets go of the parent's folder. The rest is not
 * freed, as the parent may have been changing it. */
void evprof_queue_abandon(evprof_queue_t *queue);

/* Adds a message at the end, whose bytes are copied. */
void evprof_queue_add(evprof_queue_t *queue, const evprof_buf_t *message);

/* Copies the oldest one that was not postponed, or the oldest when all were;
 * false: there is none. */
bool evprof_queue_peek(evprof_queue_t *queue, evprof_buf_t *out);

/* Removes the message that evprof_queue_peek() gave last. */
void evprof_queue_drop(evprof_queue_t *queue);

/*
 * Lets other messages pass the one that evprof_queue_peek() gave last, which
 * has a strike when others were taken since its last failure. `is_its_own`: the
 * engine failed at this message, which counts more. True: that was the last
 * strike, and the message was set aside.
 */
bool evprof_queue_postpone(evprof_queue_t *queue, bool is_its_own);

/* Takes over messages that dead processes left in the folder, as far as there
 * is room, and drops those that alone exceed its share. Does nothing unless the
 * queue is empty. */
void evprof_queue_take_over(evprof_queue_t *queue);

/* What the queue holds now, and what it has lost since it was opened. */
evprof_queue_stats_t evprof_queue_stats(const evprof_queue_t *queue);

#endif
