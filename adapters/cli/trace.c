/* SPDX-License-Identifier: Apache-2.0 */
/* Execution traces. A trace may be compressed like every other source. */
#include "adapters/cli/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/cli/read_source.h"
#include "core/analysis/unpack.h"
#include "core/base/error.h"
#include "core/base/flag_text.h"
#include "core/base/new_file.h"
#include "core/base/parse.h"
#include "core/timeline/perfetto.h"
#include "core/timeline/print.h"
#include "core/timeline/profile.h"
#include "core/timeline/views.h"

#define MAX_BYTES ((size_t)4 << 30)

/* Rows of a view, where -nodecount does not say. */
#define GOROUTINES_SHOWN 40u
#define OTHERS_SHOWN 10u

/* ---- Reading ---- */

typedef struct loaded {
    evprof_timeline_t *t;
    evprof_timeline_spans_t spans;
} loaded_t;

static bool
may_be_trace(const void *data, size_t len)
{
    return evprof_unpack_is_packed(data, len) ||
           evprof_timeline_may_be(data, len);
}

static int
read_trace(void *ctx, const char *name, const void *data, size_t len,
           evprof_error_t *err)
{
    evprof_timeline_t **out = ctx;
    evprof_unpacked_t unpacked;
    (void)name;
    int status = evprof_unpack(data, len, MAX_BYTES, &unpacked, err);
    if (status == EVPROF_OK) {
        status = evprof_timeline_read(unpacked.data, unpacked.len, out, err);
        evprof_unpacked_free(&unpacked);
    }
    return status;
}

/* A time such as 1.2s or 300ms, seconds without a unit. */
static bool
parse_time(const char *text, int64_t *out)
{
    double seconds = 0;
    if (evprof_parse_double(text, &seconds)) {
        *out = seconds >= 0 && seconds <= 1e9 ? (int64_t)(seconds * 1e9) : -1;
    } else if (!evprof_flag_duration(text, out)) {
        return false;
    }
    return *out >= 0;
}

static int
limit_time(const char *flag, const char *text, int64_t start_ns, int64_t *out,
           evprof_error_t *err)
{
    int64_t ns;
    if (text == NULL) {
        return EVPROF_OK;
    }
    if (!parse_time(text, &ns)) {
        return evprof_fail(err, EVPROF_EPARSE,
                           "-%s: \"%s\" is no time such as 1.2s or 300ms", flag,
                           text);
    }
    *out = start_ns + ns;
    return EVPROF_OK;
}

static int
limit(const cli_t *cli, evprof_timeline_spans_t *s, evprof_error_t *err)
{
    int64_t start = s->t->start_ns;
    int status = limit_time("from", cli->trace.from, start, &s->from_ns, err);
    if (status == EVPROF_OK) {
        status = limit_time("to", cli->trace.to, start, &s->to_ns, err);
    }
    if (status == EVPROF_OK && s->from_ns >= s->to_ns) {
        return evprof_fail(err, EVPROF_EINVAL,
                           "-from and -to leave nothing of the trace, which "
                           "lasts %.6fs",
                           (double)(s->t->end_ns - start) / 1e9);
    }
    return status;
}

static int
load(const cli_t *cli, loaded_t *out, evprof_error_t *err)
{
    evprof_error_t why;
    evprof_timeline_t *t = NULL;
    const cli_reader_t reader = { .may_be = may_be_trace,
                                  .read = read_trace,
                                  .ctx = &t };
    int status = cli_source_give(cli, cli->trace.file, &reader, &why);
    if (status != EVPROF_OK) {
        return evprof_fail(err, status, "%s: %s", cli->trace.file, why.message);
    }
    if (t->is_cut) {
        cli_complain("evprof: %s: it ends within a part of the trace, which is "
                     "left out",
                     cli->trace.file);
    }
    *out = (loaded_t){ .t = t };
    status = evprof_timeline_spans_make(t, &out->spans, err);
    if (status == EVPROF_OK) {
        status = limit(cli, &out->spans, err);
    }
    if (status != EVPROF_OK) {
        evprof_timeline_spans_free(&out->spans);
        evprof_timeline_free(t);
    }
    return status;
}

static void
unload(loaded_t *l)
{
    evprof_timeline_spans_free(&l->spans);
    evprof_timeline_free(l->t);
}

/* ---- Showing ---- */

/* ", 3 tasks"; nothing for none. */
static void
put_count(evprof_buf_t *out, size_t count, const char *noun)
{
    if (count > 0) {
        evprof_buf_printf(out, ", %zu %s%s", count, noun,
                          count == 1 ? "" : "s");
    }
}

static void
put_head(const evprof_timeline_spans_t *s, evprof_buf_t *out)
{
    const evprof_timeline_t *t = s->t;
    size_t samples = 0;
    for (size_t i = 0; i < t->event_count; i++) {
        samples += t->events[i].kind == EVPROF_TIMELINE_SAMPLE;
    }
    evprof_buf_puts(out, "Trace of ");
    evprof_timeline_put_time(out, t->end_ns - t->start_ns, 0);
    put_count(out, s->ids.count, evprof_timeline_noun(t));
    put_count(out, t->event_count, "event");
    put_count(out, s->task_count, "task");
    put_count(out, s->region_count, "region");
    put_count(out, samples, "CPU sample");
    evprof_buf_putc(out, '\n');
    if (s->from_ns > t->start_ns || s->to_ns < t->end_ns) {
        evprof_buf_puts(out, "Shown from ");
        evprof_timeline_put_moment(out, s, s->from_ns);
        evprof_buf_puts(out, " to ");
        evprof_timeline_put_moment(out, s, s->to_ns);
        evprof_buf_putc(out, '\n');
    }
    evprof_buf_putc(out, '\n');
}

static int
write_text(const cli_t *cli, const evprof_timeline_spans_t *s,
           const evprof_writer_t *out, evprof_error_t *err)
{
    int64_t asked = cli->options.nodecount;
    size_t others = asked > 0 ? (size_t)asked : OTHERS_SHOWN;
    evprof_buf_t text = { 0 };
    put_head(s, &text);
    evprof_timeline_view_states(s, asked > 0 ? (size_t)asked : GOROUTINES_SHOWN,
                                &text);
    evprof_timeline_view_slowest(s, others, &text);
    evprof_timeline_view_latency(s, others, &text);
    evprof_timeline_view_wakers(s, others, &text);
    int status = text.failed ? evprof_fail(err, EVPROF_ENOMEM, "out of memory")
                             : evprof_buf_write(&text, out);
    evprof_buf_free(&text);
    return status;
}

static int
write_form(const cli_t *cli, const evprof_timeline_spans_t *s,
           const evprof_writer_t *out, evprof_error_t *err)
{
    return cli->trace.is_perfetto ? evprof_timeline_perfetto(s, out, err)
                                  : write_text(cli, s, out, err);
}

/* To a file that appears when it is whole, or to standard output. */
static int
write_out(const cli_t *cli, const evprof_timeline_spans_t *s,
          evprof_error_t *err)
{
    const char *name = cli->options.output;
    if (name[0] == '\0') {
        evprof_writer_t out = evprof_writer_fd(STDOUT_FILENO);
        int status = write_form(cli, s, &out, err);
        return status == EVPROF_EIO
                   ? evprof_fail(err, status, "standard output: write: %s",
                                 strerror(errno))
                   : status;
    }
    evprof_new_file_t file;
    int status = evprof_new_file_begin(&file, name, err);
    if (status != EVPROF_OK) {
        return status;
    }
    evprof_writer_t out = evprof_new_file_writer(&file);
    return evprof_new_file_end(&file, write_form(cli, s, &out, err), err);
}

int
cli_trace_show(const cli_t *cli, evprof_error_t *err)
{
    loaded_t l;
    bool is_to_screen = cli->options.output[0] == '\0' && isatty(STDOUT_FILENO);
    if (cli->trace.is_perfetto && is_to_screen) {
        return evprof_fail(err, EVPROF_EINVAL,
                           "-perfetto is no text: name a file with -output");
    }
    int status = load(cli, &l, err);
    if (status == EVPROF_OK) {
        status = write_out(cli, &l.spans, err);
        unload(&l);
    }
    return status;
}

int
cli_trace_profile(const cli_t *cli, evprof_pprof_t **out, evprof_error_t *err)
{
    loaded_t l;
    int status = load(cli, &l, err);
    if (status == EVPROF_OK) {
        status =
            evprof_timeline_profile(&l.spans, cli->trace.profile, out, err);
        unload(&l);
    }
    return status;
}
