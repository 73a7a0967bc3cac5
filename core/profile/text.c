/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of net/http/pprof for ?debug=1, which people read and old tools
 * parse: the "@" line has return addresses, the "#" lines the calls before
 * them. Columns are aligned as by Go's text/tabwriter with tabs of eight: each
 * cell is padded with tabs to the widest of its block, plus one.
 */
#include "core/profile/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/utf8.h"

#define TAB 8u

/* Template names may have a thousand characters; others are not padded to
 * that. */
#define WIDEST 96u

/* A row of a block; address and function are aligned cells, the rest is not. */
typedef struct text_row {
    char address[24];
    char *function; /* NULL: unknown, the row ends with the address */
    char *place;
} text_row_t;

static void
put_cell(evprof_buf_t *out, const char *cell, size_t widest)
{
    size_t width = (widest + 1 + TAB - 1) / TAB * TAB;
    size_t at = strlen(cell);
    evprof_buf_puts(out, cell);
    do {
        evprof_buf_putc(out, '\t');
        at = (at / TAB + 1) * TAB;
    } while (at < width);
}

/* The name and offset of a function. The offset of an inlined function is that
 * in the function it was inlined into. */
static char *
format_function(const evprof_pprof_t *p, const evprof_line_t *line,
                uint64_t address, evprof_text_entry_fn entry_of)
{
    evprof_buf_t text = { 0 };
    uintptr_t entry = entry_of((uintptr_t)address);
    evprof_buf_puts(&text, p->functions[line->function].name);
    if (entry != 0) {
        evprof_buf_printf(&text, "+0x%" PRIx64, address - entry);
    }
    return text.data;
}

/* The file and line; NULL: unknown, or out of memory. */
static char *
format_place(const evprof_pprof_t *p, const evprof_line_t *line)
{
    const char *file = p->functions[line->function].filename;
    evprof_buf_t text = { 0 };
    evprof_buf_puts(&text, file);
    if (file[0] != '\0' && line->line != 0) {
        evprof_buf_printf(&text, ":%" PRId64, line->line);
    }
    return text.data;
}

bool
evprof_text_has_call(const char *name)
{
    const char *end = strrchr(name, ')');
    return end != NULL && strchr(end, ':') == NULL;
}

static size_t
count_rows(const evprof_pprof_t *p, const evprof_sample_t *sample)
{
    size_t rows = 0;
    for (uint32_t i = 0; i < sample->location_count; i++) {
        uint32_t lines = p->locations[sample->locations[i]].line_count;
        rows += lines != 0 ? lines : 1;
    }
    return rows;
}

static text_row_t *
add_rows(const evprof_pprof_t *p, const evprof_location_t *location,
         evprof_text_entry_fn entry, text_row_t *row)
{
    uint32_t lines = location->line_count != 0 ? location->line_count : 1;
    for (uint32_t i = 0; i < lines; i++, row++) {
        (void)snprintf(row->address, sizeof(row->address), "0x%" PRIx64,
                       location->address);
        if (location->line_count != 0 &&
            location->lines[i].function != EVPROF_NO_INDEX) {
            row->function = format_function(p, &location->lines[i],
                                            location->address, entry);
            row->place = format_place(p, &location->lines[i]);
        }
    }
    return row;
}

static void
put_rows(const text_row_t *rows, size_t count, evprof_buf_t *out)
{
    size_t address = 0;
    size_t function = 0;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].function != NULL) {
            size_t length = strlen(rows[i].function);
            function = length > function ? length : function;
            length = strlen(rows[i].address);
            address = length > address ? length : address;
        }
    }
    function = function < WIDEST ? function : WIDEST;
    for (size_t i = 0; i < count; i++) {
        evprof_buf_puts(out, "#\t");
        if (rows[i].function == NULL) {
            evprof_buf_puts(out, rows[i].address);
        } else if (rows[i].place == NULL || rows[i].place[0] == '\0') {
            put_cell(out, rows[i].address, address);
            evprof_buf_puts(out, rows[i].function);
        } else {
            put_cell(out, rows[i].address, address);
            put_cell(out, rows[i].function, function);
            evprof_utf8_clean(out, rows[i].place, strlen(rows[i].place));
        }
        evprof_buf_putc(out, '\n');
    }
}

void
evprof_text_frames(const evprof_pprof_t *p, const evprof_sample_t *sample,
                   evprof_text_entry_fn entry, evprof_buf_t *out)
{
    size_t count = count_rows(p, sample);
    text_row_t *rows = calloc(count + 1, sizeof(*rows));
    if (rows == NULL) {
        out->failed = true;
        return;
    }
    text_row_t *row = rows;
    for (uint32_t i = 0; i < sample->location_count; i++) {
        row = add_rows(p, &p->locations[sample->locations[i]], entry, row);
    }
    put_rows(rows, count, out);
    for (size_t i = 0; i < count; i++) {
        free(rows[i].function);
        free(rows[i].place);
    }
    free(rows);
}

void
evprof_text_pcs(const evprof_pprof_t *p, const evprof_sample_t *sample,
                evprof_buf_t *out)
{
    for (uint32_t i = 0; i < sample->location_count; i++) {
        uint64_t call = p->locations[sample->locations[i]].address;
        evprof_buf_printf(out, " 0x%" PRIx64, call + 1);
    }
}

/* Quotes a label's text like Go's %q. */
static void
put_quoted(evprof_buf_t *out, const char *text)
{
    evprof_buf_putc(out, '"');
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == '"' || c == '\\') {
            evprof_buf_printf(out, "\\%c", c);
        } else if (c == '\n') {
            evprof_buf_puts(out, "\\n");
        } else if (c == '\t') {
            evprof_buf_puts(out, "\\t");
        } else if (c == '\r') {
            evprof_buf_puts(out, "\\r");
        } else if (c < ' ' || c == 0x7f) {
            evprof_buf_printf(out, "\\x%02x", c);
        } else {
            evprof_buf_putc(out, *at);
        }
    }
    evprof_buf_putc(out, '"');
}

static int
compare_keys(const void *a, const void *b)
{
    const evprof_label_t *const *one = a;
    const evprof_label_t *const *other = b;
    return strcmp((*one)->key, (*other)->key);
}

void
evprof_text_labels(const evprof_sample_t *sample, evprof_buf_t *out)
{
    const evprof_label_t **sorted =
        calloc(sample->label_count + 1u, sizeof(void *));
    if (sorted == NULL) {
        out->failed = true;
        return;
    }
    size_t count = 0;
    for (uint32_t i = 0; i < sample->label_count; i++) {
        if (sample->labels[i].text != NULL) {
            sorted[count++] = &sample->labels[i];
        }
    }
    qsort(sorted, count, sizeof(void *), compare_keys);
    for (size_t i = 0; i < count; i++) {
        evprof_buf_puts(out, i == 0 ? "# labels: {" : ", ");
        put_quoted(out, sorted[i]->key);
        evprof_buf_putc(out, ':');
        put_quoted(out, sorted[i]->text);
    }
    if (count != 0) {
        evprof_buf_puts(out, "}\n");
    }
    free(sorted);
}

/* The most frequent first; equal counts in the order of the samples, which
 * their addresses give since both are in one array. */
static int
compare_counts(const void *a, const void *b)
{
    const evprof_sample_t *one = *(const evprof_sample_t *const *)a;
    const evprof_sample_t *other = *(const evprof_sample_t *const *)b;
    if (one->values[0] != other->values[0]) {
        return one->values[0] > other->values[0] ? -1 : 1;
    }
    return one < other ? -1 : one > other;
}

int
evprof_text_counts(const evprof_pprof_t *p, const char *name,
                   evprof_text_entry_fn entry, evprof_buf_t *out)
{
    const evprof_sample_t **sorted =
        calloc(p->sample_count + 1, sizeof(void *));
    if (sorted == NULL) {
        return EVPROF_ENOMEM;
    }
    int64_t total = 0;
    for (size_t i = 0; i < p->sample_count; i++) {
        sorted[i] = &p->samples[i];
        total += p->samples[i].values[0];
    }
    qsort(sorted, p->sample_count, sizeof(void *), compare_counts);
    evprof_buf_printf(out, "%s profile: total %" PRId64 "\n", name, total);
    for (size_t i = 0; i < p->sample_count; i++) {
        evprof_buf_printf(out, "%" PRId64 " @", sorted[i]->values[0]);
        evprof_text_pcs(p, sorted[i], out);
        evprof_buf_putc(out, '\n');
        evprof_text_labels(sorted[i], out);
        evprof_text_frames(p, sorted[i], entry, out);
        evprof_buf_putc(out, '\n');
    }
    free(sorted);
    return out->failed ? EVPROF_ENOMEM : EVPROF_OK;
}
