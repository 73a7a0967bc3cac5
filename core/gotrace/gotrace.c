/* SPDX-License-Identifier: Apache-2.0 */
/* A batch begins with byte 1, then generation, thread, time and length. */
#include "core/gotrace/gotrace.h"

void
evprof_go_put(evprof_buf_t *out, uint64_t number)
{
    while (number >= 0x80) {
        evprof_buf_putc(out, (char)(number | 0x80));
        number >>= 7;
    }
    evprof_buf_putc(out, (char)number);
}

void
evprof_go_put_batch(evprof_buf_t *out, uint64_t generation, uint64_t thread,
                    uint64_t time, const evprof_buf_t *payload)
{
    evprof_buf_putc(out, EVPROF_GO_BATCH);
    evprof_go_put(out, generation);
    evprof_go_put(out, thread);
    evprof_go_put(out, time);
    evprof_go_put(out, payload->len);
    evprof_buf_add(out, payload->data, payload->len);
    if (payload->failed) {
        out->failed = true;
    }
}
