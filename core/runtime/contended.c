/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Go counts delays in cycles of the CPU and says how many there are in a
 * second. Ours are nanoseconds, so that number is 10^9. Labels have no place in
 * this format; stacks that differ in labels only are blocks of their own.
 */
#include "core/runtime/contended.h"

#include <inttypes.h>

#include "core/base/buf.h"
#include "core/profile/builder.h"
#include "core/profile/text.h"
#include "core/runtime/symbols.h"
#include "core/sample/contention_profile.h"

int
evprof_contended_snapshot(void *state, const evprof_ask_t *ask,
                          evprof_builder_t *out, evprof_error_t *err)
{
    const evprof_contended_t *contended = state;
    (void)ask;
    return evprof_contention_write(contended->kind, out, err);
}

long
evprof_contended_count(void *state)
{
    const evprof_contended_t *contended = state;
    return evprof_contention_count(contended->kind);
}

int
evprof_contended_status(void *state, const evprof_writer_t *out)
{
    const evprof_contended_t *contended = state;
    return evprof_contention_status(contended->kind, out);
}

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
        status = evprof_symbols_finish(builder, out, err);
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
        evprof_text_frames(p, sample, evprof_symbols_entry, text);
        evprof_buf_putc(text, '\n');
    }
}

int
evprof_contended_text(void *state, const evprof_ask_t *ask,
                      const evprof_writer_t *out, evprof_error_t *err)
{
    const evprof_contended_t *contended = state;
    evprof_buf_t text = { 0 };
    evprof_pprof_t *p = NULL;
    (void)ask;
    int status = take_profile(contended->kind, &p, err);
    if (status == EVPROF_OK) {
        evprof_buf_printf(&text, "--- %s:\ncycles/second=1000000000\n",
                          contended->title);
        if (contended->kind == EVPROF_CONTENTION_MUTEX) {
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
