/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_HEAP_MISSING_H
#define EVPROF_HEAP_MISSING_H

/*
 * A heap profile where there can be none, for scrapers that take a refusal for
 * a server that is down: its columns, no samples, and why.
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

/* A module's state that keeps the reason in `err`. EVPROF_ENOMEM. */
int evprof_heap_missing_new(const evprof_error_t *why, void **state,
                            evprof_error_t *err);
void evprof_heap_missing_free(void *state);

/* Fills `out` with an empty profile and the reason as a comment.
 * EVPROF_ENOMEM. */
int evprof_heap_missing_snapshot(const void *state, enum evprof_loss_of who,
                                 evprof_builder_t *out, evprof_error_t *err);

/* Writes the reason as text. Returns the writer's status. */
int evprof_heap_missing_text(const void *state, const evprof_writer_t *out);

#endif
