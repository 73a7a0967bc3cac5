/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index shows for each profile what it contains, whether it records now,
 * and how it is taken. No link on the page waits: a profile that needs time has
 * a button. All names are escaped, since applications name profiles.
 */
#include "adapters/evhttp/pages.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/evhttp/page.h"
#include "adapters/evhttp/ui.h"
#include "core/base/html.h"
#include "core/runtime/watch.h"

/* Writes a path as Go's url.URL does: "./" comes before one with a colon, whose
 * part before the colon would read as a scheme. */
static void
put_path(evprof_buf_t *out, const char *path)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        "-_.~$&+,/:;=@";
    if (strchr(path, ':') != NULL) {
        evprof_buf_puts(out, "./");
    }
    for (; *path != '\0'; path++) {
        if (*path == '&') {
            evprof_buf_puts(out, "&amp;");
        } else if (strchr(plain, *path) != NULL) {
            evprof_buf_putc(out, *path);
        } else {
            evprof_buf_printf(out, "%%%02X", (unsigned char)*path);
        }
    }
}

/* ---- One profile ---- */

typedef struct row {
    const evprof_page_t *page;
    const evprof_entry_t *entry;
} row_t;

static const char *
state_of(const row_t *row, const char *note)
{
    unsigned flags = row->entry->module->flags;
    if (!row->entry->is_on) {
        return "off by the configuration";
    }
    if (note != NULL) {
        return "records nothing";
    }
    if ((flags & EVPROF_MODULE_TIMED) != 0) {
        return "records while it is taken";
    }
    return row->entry->module->set_rate != NULL ? "records now" : "";
}

/* Writes the number of a profile's items, for modules that count. */
static void
put_count(const row_t *row, evprof_buf_t *out)
{
    evprof_profile_t *profile =
        evprof_lookup(row->page->prof, row->entry->name);
    bool is_counted = row->entry->module->count != NULL;
    long count = row->entry->is_on && is_counted && profile != NULL
                     ? evprof_profile_count(profile)
                     : 0;
    if (count > 0) {
        evprof_buf_printf(out, "%ld now", count);
    }
}

static const char *
way_to_take(const evprof_entry_t *entry)
{
    unsigned flags = entry->module->flags;
    if (!entry->is_on) {
        return "";
    }
    if ((flags & EVPROF_MODULE_TEXT_ONLY) != 0) {
        return evprof_page_take_text;
    }
    if ((flags & EVPROF_MODULE_TIMED) != 0) {
        return evprof_page_take_timed;
    }
    return (flags & EVPROF_MODULE_DELTA) != 0 ? evprof_page_take_delta
                                              : evprof_page_take_now;
}

static void
fill_row(void *ctx, const char *name, size_t len, evprof_buf_t *out)
{
    const row_t *row = ctx;
    const evprof_module_t *module = row->entry->module;
    const char *note = evprof_catalog_note(row->page->prof, row->entry->name);
    if (evprof_template_is(name, len, "LEAF")) {
        evprof_html_escape(out, row->entry->leaf);
    } else if (evprof_template_is(name, len, "HREF")) {
        put_path(out, row->entry->leaf);
    } else if (evprof_template_is(name, len, "SUMMARY")) {
        evprof_html_escape(out, module->summary);
    } else if (evprof_template_is(name, len, "NOTE")) {
        evprof_html_escape(out, note != NULL ? note : "");
    } else if (evprof_template_is(name, len, "STATE")) {
        evprof_buf_puts(out, state_of(row, note));
    } else if (evprof_template_is(name, len, "COUNT")) {
        put_count(row, out);
    } else if (evprof_template_is(name, len, "TEXT")) {
        evprof_html_escape(out, module->full_text);
    } else if (evprof_template_is(name, len, "VIEW")) {
        if (evprof_ui_is_on(row->page->prof) &&
            (module->flags & EVPROF_MODULE_FILE) == 0) {
            evprof_template_fill(out, evprof_page_view, fill_row, ctx);
        }
    } else if (evprof_template_is(name, len, "TAKE")) {
        evprof_template_fill(out, way_to_take(row->entry), fill_row, ctx);
    } else {
        evprof_page_fill(row->page, name, len, out);
    }
}

/* ---- The list ---- */

typedef struct list {
    evprof_page_t page;
    evprof_entry_t *entries;
    size_t count;
} list_t;

static void
put_moment(void *ctx, const char *line)
{
    evprof_buf_t *out = ctx;
    evprof_buf_puts(out, "<p>watch: ");
    evprof_html_escape(out, line);
    evprof_buf_puts(out, "</p>\n");
}

static void
fill_list(void *ctx, const char *name, size_t len, evprof_buf_t *out)
{
    const list_t *list = ctx;
    bool is_rows = evprof_template_is(name, len, "PROFILES");
    if (evprof_template_is(name, len, "WATCH")) {
        evprof_watching_each(put_moment, out);
        return;
    }
    if (!is_rows && !evprof_template_is(name, len, "LINKS")) {
        evprof_page_fill(&list->page, name, len, out);
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        row_t row = { .page = &list->page, .entry = &list->entries[i] };
        if (is_rows) {
            evprof_template_fill(out, evprof_page_profile, fill_row, &row);
        } else if (row.entry->is_on && row.entry->module->full_text != NULL) {
            evprof_template_fill(out, evprof_page_full_text, fill_row, &row);
        }
    }
}

int
evprof_page_index(evprof_t *prof, const evprof_ask_t *ask,
                  evprof_result_t *result)
{
    (void)ask;
    list_t list = { .count = 0 };
    list.entries = evprof_page_entries(prof, &list.count);
    if (list.entries == NULL) {
        return EVPROF_ENOMEM;
    }
    evprof_page_begin(&list.page, prof);
    evprof_template_fill(&result->body, evprof_page_list, fill_list, &list);
    free(list.entries);
    return result->body.failed ? EVPROF_ENOMEM : EVPROF_OK;
}
