/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TRACE_TEXTS_H
#define EVPROF_TRACE_TEXTS_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/index.h"
#include "core/base/strings.h"

/* Texts that events name, each once, numbered from 1. One thread at a time.
 * Zero-initialised is empty and valid. */
typedef struct evprof_trace_texts {
    evprof_strings_t set;
    const char **items; /* by number - 1 */
    size_t count;
    size_t cap;
    evprof_index_t index;
} evprof_trace_texts_t;

/* The number of `len` bytes, cut to what Go's reader takes; 0: out of memory.
 */
uint32_t evprof_trace_texts_add(evprof_trace_texts_t *texts, const char *text,
                                size_t len);

/* Frees the memory; the table is empty afterwards. */
void evprof_trace_texts_free(evprof_trace_texts_t *texts);

#endif
