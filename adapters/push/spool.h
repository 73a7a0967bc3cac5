/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PUSH_SPOOL_H
#define EVPROF_PUSH_SPOOL_H

/*
 * The folder of a queue. Each process has a part of it, a folder in there whose
 * lock goes with the process, so that no message is ever two processes'. Who
 * starts takes the first part that nobody holds, with what was left in it; what
 * lies in other parts of the dead is taken over later. One thread at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <evprof/status.h>

#include "core/base/buf.h"

typedef struct evprof_spool evprof_spool_t;

/* Takes a part. NULL: `err` says why. */
evprof_spool_t *evprof_spool_open(const char *folder, evprof_error_t *err);

/* Gives it back; messages stay, an empty part goes. NULL is ignored. */
void evprof_spool_close(evprof_spool_t *spool);

/* In the child of a fork: lets go of the parent's part and leaves it. */
void evprof_spool_abandon(evprof_spool_t *spool);

/* The parts that there are, whoever has them; 1 at least. */
size_t evprof_spool_parts(const evprof_spool_t *spool);

/* Keeps a message by its number, whole or not at all. */
bool evprof_spool_write(const evprof_spool_t *spool, uint64_t number,
                        const evprof_buf_t *message);

/* Appends it; false: it cannot be read. */
bool evprof_spool_read(const evprof_spool_t *spool, uint64_t number,
                       evprof_buf_t *out);

/* Deletes the message; one that is gone already is no fault. */
void evprof_spool_remove(const evprof_spool_t *spool, uint64_t number);

/* Takes it out of the messages and leaves it there by the name "set-aside", in
 * the place of the one before. */
void evprof_spool_set_aside(const evprof_spool_t *spool, uint64_t number);

/* Told of a message, oldest first; false: no more. */
typedef bool (*evprof_spool_visit_fn)(void *ctx, uint64_t number, size_t len);

/* All that are in the part. */
void evprof_spool_each(const evprof_spool_t *spool, evprof_spool_visit_fn visit,
                       void *ctx);

/*
 * Moves messages of processes that are gone into this part, numbered from
 * `number` on, up to `max_bytes` of them, and tells of each. A part that is
 * empty then goes.
 */
void evprof_spool_take_over(const evprof_spool_t *spool, uint64_t number,
                            uint64_t max_bytes, evprof_spool_visit_fn visit,
                            void *ctx);

#endif
