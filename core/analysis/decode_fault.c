/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults of a file: malformed bytes end the reading at once, contradictions are
 * kept until all is read.
 */
#include <stdarg.h>

#include "core/analysis/decode_state.h"
#include "core/base/buf.h"
#include "core/base/error.h"

int
evprof_decoder_malformed(evprof_decoder_t *d, const char *what)
{
    return evprof_fail(d->err, EVPROF_EPARSE, "malformed %s in profile.proto",
                       what);
}

const char *
evprof_decoder_text(evprof_decoder_t *d, uint64_t number)
{
    if (number < d->string_count) {
        return d->strings[number];
    }
    evprof_fail(d->err, EVPROF_EPARSE, "string %llu of a table of %zu",
                (unsigned long long)number, d->string_count);
    return NULL;
}

void
evprof_decoder_fault(evprof_decoder_t *d, enum evprof_fault_rank rank,
                     const char *format, ...)
{
    if (d->fault.status != EVPROF_OK && (int)rank >= d->fault_rank) {
        return;
    }
    evprof_buf_t text = { 0 };
    va_list args;
    va_start(args, format);
    evprof_buf_vprintf(&text, format, args);
    va_end(args);
    d->fault_rank = (int)rank;
    evprof_fail(&d->fault, EVPROF_EINVAL, "the profile contradicts itself: %s",
                text.failed ? "inconsistent" : text.data);
    evprof_buf_free(&text);
}
