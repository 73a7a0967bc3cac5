/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_TEMPLATE_H
#define EVPROF_BASE_TEMPLATE_H

#include "core/base/buf.h"

/*
 * Pages are files with marks like @TITLE@ (capital letters and "_") where
 * something is to be filled in.
 */

/* Appends what stands for the mark of that name, without its "@". */
typedef void (*evprof_fill_fn)(void *ctx, const char *name, size_t len,
                               evprof_buf_t *out);

/* Appends `text` with all its marks filled in. */
void evprof_template_fill(evprof_buf_t *out, const char *text,
                          evprof_fill_fn fill, void *ctx);

/* True when the mark's name is `word`. */
bool evprof_template_is(const char *name, size_t len, const char *word);

#endif
