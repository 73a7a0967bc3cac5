/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The status page: what is on, what was sampled and what was lost. "name:
 * value" lines for programs, or a table of the same lines with their meanings.
 */
#include <stdlib.h>
#include <string.h>

#include "adapters/evhttp/page.h"
#include "adapters/evhttp/pages.h"
#include "adapters/evhttp/pending.h"
#include "core/base/html.h"
#include "core/runtime/push.h"
#include "core/runtime/watch.h"

/* ---- Text ---- */

/* Appends "NAME.LINE" for each line of a module's status. */
static void
put_lines(evprof_buf_t *out, const char *name, const evprof_buf_t *text)
{
    const char *at = text->data;
    const char *end = at + text->len;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline != NULL ? newline : end;
        evprof_buf_printf(out, "%s.", name);
        evprof_buf_add(out, at, (size_t)(stop - at));
        evprof_buf_putc(out, '\n');
        at = stop + 1;
    }
}

static void
put_state(evprof_buf_t *out, evprof_t *prof, const evprof_entry_t *entry)
{
    evprof_buf_t text = { 0 };
    evprof_writer_t writer = evprof_writer_buf(&text);
    evprof_buf_printf(out, "%s: %s\n", entry->name,
                      entry->is_on ? "on" : "off");
    evprof_catalog_status(prof, entry->name, &writer);
    if (text.len > 0) {
        put_lines(out, entry->name, &text);
    }
    evprof_buf_free(&text);
}

static void
put_losses(evprof_buf_t *out)
{
    static const char *const names[] = { "symbols", "other" };
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        evprof_buf_t text = { 0 };
        evprof_writer_t writer = evprof_writer_buf(&text);
        evprof_catalog_losses(names[i], &writer);
        if (text.len > 0) {
            put_lines(out, names[i], &text);
        }
        evprof_buf_free(&text);
    }
}

/* Appends the status lines of a part that is not a profile. */
static void
put_service(evprof_buf_t *out, const char *name,
            int (*tell)(const evprof_writer_t *out))
{
    evprof_buf_t text = { 0 };
    evprof_writer_t writer = evprof_writer_buf(&text);
    if (tell(&writer) == EVPROF_OK && text.len > 0) {
        put_lines(out, name, &text);
    }
    evprof_buf_free(&text);
}

int
evprof_page_status(evprof_t *prof, const evprof_ask_t *ask,
                   evprof_result_t *result)
{
    (void)ask;
    size_t count = 0;
    evprof_entry_t *entries = evprof_page_entries(prof, &count);
    evprof_buf_t *out = &result->body;
    evprof_buf_printf(out,
                      "prefix: %s\n"
                      "requests_in_flight: %u\n",
                      evprof_prefix(prof), evprof_pending_count());
    for (size_t i = 0; entries != NULL && i < count; i++) {
        put_state(out, prof, &entries[i]);
    }
    put_losses(out);
    put_service(out, "push", evprof_push_status);
    put_service(out, "watch", evprof_watching_status);
    bool failed = entries == NULL || out->failed;
    free(entries);
    return failed ? EVPROF_ENOMEM : EVPROF_OK;
}

/* ---- A table ---- */

/* A part of a text, without a NUL at its end. */
typedef struct piece {
    const char *at;
    size_t len;
} piece_t;

typedef struct counter {
    piece_t name;
    piece_t value;
    piece_t meaning;
    bool is_loss;
} counter_t;

static void
put_piece(evprof_buf_t *out, piece_t piece)
{
    evprof_buf_t text = { 0 };
    evprof_buf_add(&text, piece.at, piece.len);
    if (text.failed) {
        out->failed = true;
    } else if (text.len > 0) {
        evprof_html_escape(out, text.data);
    }
    evprof_buf_free(&text);
}

/* Finds the meaning of a counter in counters.txt, by its name without the
 * module's; where it is not there, writes one to `meaning`, which must outlive
 * the counter. */
static void
explain(counter_t *counter, evprof_buf_t *meaning)
{
    static const char state[] = "state";
    const char *dot = memchr(counter->name.at, '.', counter->name.len);
    piece_t key = counter->name;
    bool is_state =
        dot == NULL && counter->value.len <= 3 && counter->value.at[0] == 'o';
    if (is_state) {
        key = (piece_t){ state, sizeof(state) - 1 };
    } else if (dot != NULL) {
        key.len -= (size_t)(dot + 1 - key.at);
        key.at = dot + 1;
    }
    for (const char *line = evprof_page_counters; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        if (len > key.len && memcmp(line, key.at, key.len) == 0 &&
            line[key.len] == '\t') {
            const char *kind = line + key.len + 1;
            size_t kind_len = strcspn(kind, "\t");
            counter->is_loss =
                memcmp(kind, "loss", kind_len) == 0 &&
                !(counter->value.len == 1 && counter->value.at[0] == '0');
            counter->meaning.at = kind + kind_len + 1;
            counter->meaning.len = len - (size_t)(counter->meaning.at - line);
            return;
        }
        line += len + (line[len] == '\n');
    }
    if (evprof_catalog_loss_meaning(key.at, key.len, meaning)) {
        counter->is_loss = true;
        counter->meaning = (piece_t){ meaning->data, meaning->len };
    }
}

void
evprof_status_meaning(const char *name, size_t len, evprof_buf_t *out)
{
    counter_t counter = { .name = { name, len }, .value = { "", 0 } };
    evprof_buf_t meaning = { 0 };
    explain(&counter, &meaning);
    evprof_buf_add(out, counter.meaning.at, counter.meaning.len);
    evprof_buf_free(&meaning);
}

static void
fill_counter(void *ctx, const char *name, size_t len, evprof_buf_t *out)
{
    const counter_t *counter = ctx;
    if (evprof_template_is(name, len, "NAME")) {
        put_piece(out, counter->name);
    } else if (evprof_template_is(name, len, "VALUE")) {
        put_piece(out, counter->value);
    } else if (evprof_template_is(name, len, "MEANING")) {
        put_piece(out, counter->meaning);
    } else if (evprof_template_is(name, len, "CLASS") && counter->is_loss) {
        evprof_buf_puts(out, " class=\"loss\"");
    }
}

typedef struct table {
    evprof_page_t page;
    const evprof_buf_t *lines;
} table_t;

static void
put_counters(evprof_buf_t *out, const evprof_buf_t *lines)
{
    for (const char *line = lines->data; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        const char *colon = memchr(line, ':', len);
        if (colon != NULL) {
            counter_t counter = {
                .name = { line, (size_t)(colon - line) },
                .value = { colon + 2, len - (size_t)(colon + 2 - line) },
            };
            evprof_buf_t meaning = { 0 };
            explain(&counter, &meaning);
            evprof_template_fill(out, evprof_page_counter, fill_counter,
                                 &counter);
            evprof_buf_free(&meaning);
        }
        line += len + (line[len] == '\n');
    }
}

static void
fill_table(void *ctx, const char *name, size_t len, evprof_buf_t *out)
{
    const table_t *table = ctx;
    if (evprof_template_is(name, len, "COUNTERS")) {
        put_counters(out, table->lines);
    } else {
        evprof_page_fill(&table->page, name, len, out);
    }
}

int
evprof_page_status_table(evprof_t *prof, const evprof_ask_t *ask,
                         evprof_result_t *result)
{
    evprof_result_t lines = { 0 };
    int status = evprof_page_status(prof, ask, &lines);
    if (status == EVPROF_OK) {
        table_t table = { .lines = &lines.body };
        evprof_page_begin(&table.page, prof);
        evprof_template_fill(&result->body, evprof_page_states, fill_table,
                             &table);
        status = result->body.failed ? EVPROF_ENOMEM : EVPROF_OK;
    }
    evprof_buf_free(&lines.body);
    return status;
}
