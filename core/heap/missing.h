/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_HEAP_MISSING_H
#define EVPROF_HEAP_MISSING_H

/*
 * A heap profile where there can be none, for scrapers that take a refusal for
 * a server that is down: its columns, no samples, and why. The modules heap and
 * allocs have it, or the heap itself, behind the same hooks.
 */

#include <evprof/directive.h>
#include <evprof/module.h>

#include "core/profile/loss.h"

/* The values of `on_missing`. */
enum evprof_heap_on_missing { EVPROF_HEAP_ERROR, EVPROF_HEAP_EMPTY };

/* The directive, for a field of type int. */
#define EVPROF_HEAP_ON_MISSING(at)                                             \
    {                                                                          \
        .name = "on_missing", .args = "error|empty",                           \
        .help = "Where there can be no heap profile: 501 with the reason, or " \
                "an empty profile with a comment, as scrapers want it that "   \
                "take the first for a server that is down.",                   \
        .by_default = "error", .min_args = 1, .max_args = 1, .offset = (at),   \
        .data = evprof_heap_on_missing_names, .set = evprof_set_choice         \
    }
extern const char *const evprof_heap_on_missing_names[];

/*
 * The state of the modules heap and allocs: NULL for a heap that is open, else
 * the reason why there can be none, which this makes of `why`. EVPROF_ENOMEM.
 */
int evprof_heap_missing_new(const evprof_error_t *why, void **state,
                            evprof_error_t *err);

/* Fills `out` with the heap, or with the columns alone and the reason as a
 * comment. EVPROF_ENOMEM, and what evprof_heap_snapshot() says. */
int evprof_heap_state_snapshot(void *state, const evprof_ask_t *ask,
                               enum evprof_loss_of who, evprof_builder_t *out,
                               evprof_error_t *err);

/* Writes the heap as Go's debug=1 text, or the reason as a line. What the
 * writer returned. */
int evprof_heap_state_text(void *state, const evprof_ask_t *ask,
                           enum evprof_loss_of who, const evprof_writer_t *out,
                           evprof_error_t *err);

/* Writes the lines of the status page, or the reason. What the writer returned.
 */
int evprof_heap_state_status(void *state, const evprof_writer_t *out);

/* The stacks of the heap; -1: there is none. */
long evprof_heap_state_count(void *state);

/* Closes the heap, or frees the reason. */
void evprof_heap_state_close(void *state);

#endif
