/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PROFILE_BUILDER_H
#define EVPROF_PROFILE_BUILDER_H

/*
 * A builder takes a module's snapshot and makes a profile of it.
 * <evprof/module.h> has the calls for modules, this header those for the
 * builder's owner. A builder merges equal stacks as they come; finish() makes
 * locations of their addresses. Mappings and symbols are added elsewhere, where
 * the loaded objects are known.
 */

#include <evprof/module.h>

#include "core/profile/loss.h"
#include "core/profile/pprof.h"

/* Makes a builder. `max_bytes` bounds the memory of stacks and labels; 0: no
 * bound. NULL: out of memory. */
evprof_builder_t *evprof_builder_new(size_t max_bytes);

/* Frees the builder and what is in it; NULL is ignored. */
void evprof_builder_free(evprof_builder_t *b);

/*
 * Bounds the number of distinct stacks from now on; 0: no bound. Further stacks
 * are added up in one sample without a stack.
 */
void evprof_builder_limit(evprof_builder_t *b, size_t max_samples);

/* How many additions went to the sample of evprof_builder_limit(). */
size_t evprof_builder_folded(const evprof_builder_t *b);

/* Notes that a comment of the profile reports this loss; finish() counts it. */
void evprof_builder_lacks(evprof_builder_t *b, enum evprof_loss_of who,
                          enum evprof_loss cause);

/*
 * Turns the first of two snapshots into what is subtracted: its values change
 * their sign. The second snapshot is expected to declare the same columns
 * again; evprof_builder_type() returns EVPROF_ESTATE if it does not. Comments
 * are dropped, and finish() drops samples whose values are all 0.
 */
void evprof_builder_subtract(evprof_builder_t *b);

/*
 * Makes a profile of what was added: samples in the order of their first
 * addition, one location for each address (call sites are return address - 1),
 * no mappings, no lines. The builder is then empty. EVPROF_ENOMEM.
 */
int evprof_builder_finish(evprof_builder_t *b, evprof_pprof_t **out,
                          evprof_error_t *err);

#endif
