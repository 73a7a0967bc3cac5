/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of each label with what their samples sum up to. A block per key;
 * in it the column of values is aligned to the right.
 */
#include "core/base/stream.h"
#include "core/base/sum.h"
#include "core/base/unit.h"
#include "core/base/utf8.h"
#include "core/report/label_tally.h"

typedef struct printer {
    const evprof_view_t *view;
    evprof_stream_t s;
    evprof_buf_t text; /* the cell at hand */
} printer_t;

/* "1.20s (12.0%):", the share only where there is a total. */
static void
print_cell(printer_t *t, int64_t weight)
{
    int64_t total = evprof_view_total(t->view);
    evprof_buf_clear(&t->text);
    evprof_view_print(t->view, &t->text, weight);
    if (total > 0) {
        char percent[EVPROF_PERCENT_SIZE];
        evprof_buf_printf(&t->text, " (%s)",
                          evprof_unit_percent(percent, weight, total));
    }
    evprof_buf_putc(&t->text, ':');
}

static void
print_heading(printer_t *t, evprof_buf_t *out, const char *key, int64_t weight)
{
    int64_t total = evprof_view_total(t->view);
    evprof_buf_printf(out, " %s: Total ", key);
    evprof_view_print(t->view, out, weight);
    evprof_buf_puts(out, " of ");
    evprof_view_print(t->view, out, total);
    if (total > 0) {
        char percent[EVPROF_PERCENT_SIZE];
        evprof_buf_printf(out, " (%s)",
                          evprof_unit_percent(percent, weight, total));
    }
    evprof_buf_putc(out, '\n');
}

static void
print_key(printer_t *t, evprof_buf_t *out, const evprof_tally_row_t *values,
          size_t count)
{
    int64_t weight = 0;
    size_t width = 0;
    for (size_t i = 0; i < count; i++) {
        weight = evprof_sum(weight, values[i].weight);
        print_cell(t, values[i].weight);
        size_t len = t->text.failed ? 0 : evprof_utf8_count(t->text.data);
        width = len > width ? len : width;
    }
    print_heading(t, out, values[0].key, weight);
    size_t indent = evprof_utf8_count(values[0].key) + 2;
    for (size_t i = 0; i < count; i++) {
        print_cell(t, values[i].weight);
        evprof_utf8_pad_left(out, "", indent);
        evprof_utf8_pad_left(out, t->text.failed ? "" : t->text.data,
                             width + 1);
        evprof_buf_printf(out, " %s\n", values[i].name);
    }
    evprof_buf_putc(out, '\n');
}

static int
write_tags(evprof_view_t *view, const evprof_writer_t *out, evprof_error_t *err)
{
    evprof_tally_t tally;
    int status = evprof_tally_make(view, &tally, err);
    if (status != EVPROF_OK) {
        return status;
    }
    printer_t t = { .view = view };
    evprof_stream_begin(&t.s, out);
    for (size_t i = 0; i < tally.count;) {
        size_t end = evprof_tally_key_end(&tally, i);
        print_key(&t, &t.s.buf, tally.rows + i, end - i);
        evprof_stream_poll(&t.s);
        i = end;
    }
    evprof_buf_free(&t.text);
    evprof_tally_free(&tally);
    return evprof_stream_end(&t.s);
}

const evprof_report_t evprof_report_tags = {
    .name = "tags",
    .summary = "Labels, their values and the weight of each",
    .flags = EVPROF_REPORT_PLAIN | EVPROF_REPORT_TAG_WORDS,
    .suffix = "",
    .write = write_tags,
};
