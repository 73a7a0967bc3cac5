/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_PROFILE_BUILDER_H
#define EVPROF_PROFILE_BUILDER_H

/*
 * Module hooks write a snapshot to a builder. <evprof/module.h> has the calls
 * that fill it; here are those of its owner. A builder merges equal stacks as
 * they come; finish() makes locations of the addresses. Mappings and symbols
 * are added elsewhere, where the loaded objects are known.
 */

#include <evprof/module.h>

#include "core/profile/loss.h"
#include "core/profile/pprof.h"

/* `max_bytes` bounds the memory of stacks and labels, 0: no bound. */
evprof_builder_t *evprof_builder_new(size_t max_bytes);

/* Frees the builder and what is in it; NULL is ignored. */
void evprof_builder_free(evprof_builder_t *b);

/*
 * From now on keeps at most `max_samples` distinct stacks, 0: no bound. What is
 * beyond it is added up in one sample without a stack.
 */
void evprof_builder_limit(evprof_builder_t *b, size_t max_samples);

/* How many additions went to that one sample. */
size_t evprof_builder_folded(const evprof_builder_t *b);

/* Remembers that the profile said this; it is counted by finish(). */
void evprof_builder_lacks(evprof_builder_t *b, enum evprof_loss_of who,
                          enum evprof_loss cause);

/*
 * Turns what was added into what is to be subtracted: values change their sign,
 * and a second snapshot is expected, which declares the same columns again (an
 * EVPROF_ESTATE of evprof_builder_type() says that it does not). Comments are
 * dropped; finish() leaves out samples whose values are all 0.
 */
void evprof_builder_subtract(evprof_builder_t *b);

/*
 * Moves what was added into a profile: samples in the order of their first
 * addition, one location an address (call sites are return address - 1), no
 * mappings, no lines. The builder is then empty. EVPROF_ENOMEM.
 */
int evprof_builder_finish(evprof_builder_t *b, evprof_pprof_t **out,
                          evprof_error_t *err);

#endif
