/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TRACE_VIEW_H
#define EVPROF_TRACE_VIEW_H

/* An event as it is read, from the words that ring.h describes. */

#include <stddef.h>
#include <stdint.h>

#include "core/trace/event.h"

typedef struct evprof_trace_view {
    enum evprof_trace_type type;
    const uint64_t *args;
    const uint64_t *pcs; /* leaf first */
    size_t depth;
    const char *text;
    size_t text_len;
} evprof_trace_view_t;

/* The event whose words begin at `at`; points into them. */
static inline evprof_trace_view_t
evprof_trace_view(const uint64_t *at)
{
    size_t arg_count = at[0] >> 8 & 0xff;
    size_t depth = at[0] >> 16 & 0xffff;
    return (evprof_trace_view_t){
        .type = (enum evprof_trace_type)(at[0] & 0xff),
        .args = at + 2,
        .pcs = at + 2 + arg_count,
        .depth = depth,
        .text = (const char *)(at + 2 + arg_count + depth),
        .text_len = at[0] >> 32,
    };
}

#endif
