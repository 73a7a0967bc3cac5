/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_CONTENDED_H
#define EVPROF_RUNTIME_CONTENDED_H

/*
 * The hooks that the modules block and mutex share; their state says which of
 * the two it is.
 */

#include <evprof/module.h>

#include "core/sample/contention.h"

/* The state of such a module, a static one. */
typedef struct evprof_contended {
    enum evprof_contention_kind kind;
    const char *title; /* of the text: "--- TITLE:" */
} evprof_contended_t;

/* Those that need nothing of the module's own, as fields of it. */
#define EVPROF_CONTENDED_HOOKS                                                 \
    .snapshot = evprof_contended_snapshot, .count = evprof_contended_count,    \
    .text = evprof_contended_text

/* Fills `out` with the recorded stacks. EVPROF_ENOMEM. */
int evprof_contended_snapshot(void *state, const evprof_ask_t *ask,
                              evprof_builder_t *out, evprof_error_t *err);

/* How many stacks are recorded. */
long evprof_contended_count(void *state);

/* Writes the lines of the status page that both have, behind the module's own.
 * What the writer returned. */
int evprof_contended_status(void *state, const evprof_writer_t *out);

/* Go's debug=1 text: what scales the numbers, and for each stack its delay, its
 * count and its frames, the longest delay first. */
int evprof_contended_text(void *state, const evprof_ask_t *ask,
                          const evprof_writer_t *out, evprof_error_t *err);

#endif
