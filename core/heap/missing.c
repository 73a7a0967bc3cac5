/* SPDX-License-Identifier: Apache-2.0 */
#include "core/heap/missing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/heap/heap.h"
#include "core/heap/stacks.h"

const char *const evprof_heap_on_missing_names[] = { "error", "empty", NULL };

int
evprof_heap_missing_new(const evprof_error_t *why, void **state,
                        evprof_error_t *err)
{
    char *kept = strdup(why->message);
    *state = kept;
    return kept != NULL ? EVPROF_OK
                        : evprof_fail(err, EVPROF_ENOMEM, "out of memory");
}

void
evprof_heap_state_close(void *state)
{
    if (state == NULL) {
        evprof_heap_close();
    }
    free(state);
}

static int
write_empty(const char *why, enum evprof_loss_of who, evprof_builder_t *out,
            evprof_error_t *err)
{
    const evprof_lost_t lost = { .why = why };
    int status = evprof_heap_columns(out);
    if (status == EVPROF_OK) {
        status = evprof_builder_default_type(
            out, who == EVPROF_LOSS_OF_HEAP ? "inuse_space" : "alloc_space");
    }
    if (status == EVPROF_OK) {
        status = evprof_builder_period(out, "space", "bytes", 1);
    }
    if (status == EVPROF_OK) {
        status = evprof_loss_say(out, who, EVPROF_LOSS_NO_HEAP, &lost);
    }
    return status == EVPROF_OK
               ? EVPROF_OK
               : evprof_fail(err, status, "heap: out of memory");
}

int
evprof_heap_state_snapshot(void *state, const evprof_ask_t *ask,
                           enum evprof_loss_of who, evprof_builder_t *out,
                           evprof_error_t *err)
{
    return state != NULL ? write_empty(state, who, out, err)
                         : evprof_heap_snapshot(ask, who, out, err);
}

static int
write_reason(const char *why, const evprof_writer_t *out)
{
    char line[1024];
    int len =
        snprintf(line, sizeof(line), "# there is no heap profile: %s\n", why);
    size_t most = sizeof(line) - 1;
    return out->write(out->ctx, line, (size_t)len < most ? (size_t)len : most);
}

int
evprof_heap_state_text(void *state, const evprof_ask_t *ask,
                       enum evprof_loss_of who, const evprof_writer_t *out,
                       evprof_error_t *err)
{
    return state != NULL ? write_reason(state, out)
                         : evprof_heap_text(ask, who, out, err);
}

int
evprof_heap_state_status(void *state, const evprof_writer_t *out)
{
    return state != NULL ? write_reason(state, out) : evprof_heap_status(out);
}

long
evprof_heap_state_count(void *state)
{
    return state != NULL ? -1 : evprof_heap_count();
}
