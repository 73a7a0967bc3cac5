/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PUSH_SPOOL_H
#define EVPROF_PUSH_SPOOL_H

/*
 * The folder of a queue. Each process has a part of it: a subfolder with a lock
 * that ends with the process, so that no message belongs to two processes. A
 * process takes the first part that has no owner, with the messages in it;
 * messages in other parts without an owner are taken over later. One thread at
 * a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <evprof/status.h>

#include "core/base/buf.h"

typedef struct evprof_spool evprof_spool_t;

/* Takes a part. NULL: `err` says why. */
evprof_spool_t *evprof_spool_open(const char *folder, evprof_error_t *err);

/* Gives the part back. Its messages stay; an empty part is removed. NULL is
 * ignored. */
void evprof_spool_close(evprof_spool_t *spool);

/* In the child of a fork: lets go of the parent's part and leaves it. */
void evprof_spool_abandon(evprof_spool_t *spool);

/* The number of parts of the folder, with and without an owner; at least 1. */
size_t evprof_spool_parts(const evprof_spool_t *spool);

/* Keeps a message by its number, whole or not at all. */
bool evprof_spool_write(const evprof_spool_t *spool, uint64_t number,
                        const evprof_buf_t *message);

/* Appends the bytes of the message to `out`. False: it cannot be read. */
bool evprof_spool_read(const evprof_spool_t *spool, uint64_t number,
                       evprof_buf_t *out);

/* Deletes the message; one that is gone already is no fault. */
void evprof_spool_remove(const evprof_spool_t *spool, uint64_t number);

/* Takes a message out of the queue and keeps it in the file "set-aside", which
 * replaces the one before. */
void evprof_spool_set_aside(const evprof_spool_t *spool, uint64_t number);

/* Called for each message, oldest first. False ends the calls. */
typedef bool (*evprof_spool_visit_fn)(void *ctx, uint64_t number, size_t len);

/* All that are in the part. */
void evprof_spool_each(const evprof_spool_t *spool, evprof_spool_visit_fn visit,
                       void *ctx);

/*
 * Moves messages of dead processes into this part, numbered from `number` on,
 * up to `max_bytes` of them, and calls `visit` for each. A message that is
 * larger by itself is removed; returns how many were. A part that is empty
 * afterwards is removed.
 */
uint64_t evprof_spool_take_over(const evprof_spool_t *spool, uint64_t number,
                                uint64_t max_bytes, evprof_spool_visit_fn visit,
                                void *ctx);

#endif
