/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Go counts delays in cycles of the CPU and says how many there are in a
 * second. Ours are nanoseconds, so that number is 10^9. Labels have no place in
 * this format; stacks that differ in labels only are blocks of their own.
 */
#include "core/runtime/text_contention.h"

#include <inttypes.h>

#include "core/base/buf.h"
#include "core/profile/builder.h"
#include "core/runtime/symbols.h"
#include "core/runtime/text.h"
#include "core/sample/contention_profile.h"

/* The recorded stacks with functions and lines. */
static int
take_profile(enum evprof_contention_kind kind, evprof_pprof_t **out,
             evprof_error_t *err)
{
    evprof_builder_t *builder = evprof_builder_new(0);
    if (builder == NULL) {
        return EVPROF_ENOMEM;
    }
    int status = evprof_contention_write(kind, builder, err);
    if (status == EVPROF_OK) {
        status = evprof_builder_finish(builder, out, err);
    }
    if (status == EVPROF_OK) {
        status = evprof_symbols_fill(*out, err);
    }
    evprof_builder_free(builder);
    return status;
}

static void
put_samples(const evprof_pprof_t *p, evprof_buf_t *text)
{
    for (size_t i = 0; i < p->sample_count; i++) {
        const evprof_sample_t *sample = &p->samples[i];
        evprof_buf_printf(text, "%" PRId64 " %" PRId64 " @", sample->values[1],
                          sample->values[0]);
        evprof_text_pcs(p, sample, text);
        evprof_buf_putc(text, '\n');
        evprof_text_frames(p, sample, text);
        evprof_buf_putc(text, '\n');
    }
}

int
evprof_text_contention(enum evprof_contention_kind kind, const char *title,
                       const evprof_writer_t *out, evprof_error_t *err)
{
    evprof_buf_t text = { 0 };
    evprof_pprof_t *p = NULL;
    int status = take_profile(kind, &p, err);
    if (status == EVPROF_OK) {
        evprof_buf_printf(&text, "--- %s:\ncycles/second=1000000000\n", title);
        if (kind == EVPROF_CONTENTION_MUTEX) {
            evprof_buf_printf(&text, "sampling period=%d\n",
                              evprof_contention_set_mutex_fraction(-1));
        }
        put_samples(p, &text);
        status = evprof_buf_write(&text, out);
    }
    evprof_pprof_free(p);
    evprof_buf_free(&text);
    return status;
}
