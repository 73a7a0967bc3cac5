/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_CONTENTION_PROFILE_H
#define EVPROF_SAMPLE_CONTENTION_PROFILE_H

#include <evprof/module.h>

#include "core/sample/contention.h"

/*
 * Writes all that was recorded of `kind` as Go's block and mutex profiles have
 * it: contentions and delay, the longest delay first, and a comment where
 * something was lost. EVPROF_ENOMEM, EVPROF_ELIMIT.
 */
int evprof_contention_write(enum evprof_contention_kind kind,
                            evprof_builder_t *out, evprof_error_t *err);

/* The lines of the status page. */
int evprof_contention_status(enum evprof_contention_kind kind,
                             const evprof_writer_t *out);

#endif
