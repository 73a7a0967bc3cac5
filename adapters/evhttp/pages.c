/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index lists what can be asked for, sorted by name, with the counts of
 * now. No link on it waits: a profile that needs time is shown with the command
 * that takes it. All names are escaped, as applications name profiles.
 */
#include "adapters/evhttp/pages.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/evhttp/flight.h"
#include "core/base/html.h"
#include "core/runtime/catalog.h"

/* A path as Go's url.URL writes it. A colon in it would read as a scheme. */
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
        if (strchr(plain, *path) != NULL) {
            evprof_buf_putc(out, *path);
        } else {
            evprof_buf_printf(out, "%%%02X", (unsigned char)*path);
        }
    }
}

static long
count_of(evprof_t *prof, const char *name)
{
    evprof_profile_t *profile = evprof_lookup(prof, name);
    return profile != NULL ? evprof_profile_count(profile) : -1;
}

static void
put_link(evprof_buf_t *out, const evprof_entry_t *entry)
{
    const char *leaf = entry->leaf;
    bool is_text = (entry->module->flags & EVPROF_MODULE_TEXT_ONLY) != 0;
    if (!entry->is_on || (entry->module->flags & EVPROF_MODULE_TIMED) != 0) {
        evprof_html_escape(out, leaf);
        return;
    }
    evprof_buf_puts(out, "<a href=\"");
    put_path(out, leaf);
    evprof_buf_puts(out, is_text ? "\">" : "?debug=1\">");
    evprof_html_escape(out, leaf);
    evprof_buf_puts(out, "</a>");
}

static void
put_row(evprof_buf_t *out, evprof_t *prof, const evprof_entry_t *entry)
{
    long count = entry->is_on ? count_of(prof, entry->name) : -1;
    evprof_buf_printf(out, "<tr><td>%ld</td><td>", count > 0 ? count : 0);
    put_link(out, entry);
    evprof_buf_puts(out, "</td><td>");
    if (!entry->is_on) {
        evprof_buf_puts(out, "switched off by the configuration. ");
    }
    evprof_html_escape(out, entry->module->summary);
    const char *note = evprof_catalog_note(prof, entry->name);
    if (note != NULL) {
        evprof_buf_putc(out, ' ');
        evprof_html_escape(out, note);
    }
    if (entry->is_on && (entry->module->flags & EVPROF_MODULE_TIMED) != 0) {
        evprof_buf_puts(out, " Takes its time: <code>");
        evprof_html_escape(out, entry->leaf);
        evprof_buf_puts(out, "?seconds=10</code>");
    }
    evprof_buf_puts(out, "</td></tr>\n");
}

/* The link to what ?debug=2 shows, where it shows more. */
static void
put_full_text(evprof_buf_t *out, const evprof_entry_t *entry)
{
    if (entry->is_on && entry->module->full_text != NULL) {
        evprof_buf_puts(out, "<a href=\"");
        put_path(out, entry->leaf);
        evprof_buf_puts(out, "?debug=2\">");
        evprof_html_escape(out, entry->module->full_text);
        evprof_buf_puts(out, "</a> · ");
    }
}

static int
by_leaf(const void *a, const void *b)
{
    const evprof_entry_t *one = a;
    const evprof_entry_t *other = b;
    return strcmp(one->leaf, other->leaf);
}

/* The catalogue of now, sorted by leaf; to be freed, NULL: out of memory. */
static evprof_entry_t *
list_entries(evprof_t *prof, size_t *count)
{
    size_t max = evprof_catalog_size(prof);
    evprof_entry_t *entries = calloc(max + 1, sizeof(*entries));
    if (entries == NULL) {
        return NULL;
    }
    *count = evprof_catalog_list(prof, entries, max);
    qsort(entries, *count, sizeof(*entries), by_leaf);
    return entries;
}

static void
put_head(evprof_buf_t *out, const char *prefix)
{
    evprof_buf_puts(out, "<!DOCTYPE html>\n<html lang=\"en\"><head>"
                         "<meta charset=\"utf-8\">\n<title>");
    evprof_html_escape(out, prefix);
    evprof_buf_puts(out,
                    "</title>\n<style>\n"
                    ":root { color-scheme: light dark }\n"
                    "body { font: 1rem/1.5 sans-serif; margin: 2rem }\n"
                    "td { padding: .1rem 1rem .1rem 0; vertical-align: top }\n"
                    "td:first-child { text-align: right }\n"
                    "</style></head>\n<body>\n<h1>");
    evprof_html_escape(out, prefix);
    evprof_buf_puts(
        out, "</h1>\n<p>Profiles of this process. Without "
             "<code>?debug=1</code> a profile is a file for "
             "<code>evprof</code> and <code>go tool pprof</code>.</p>\n"
             "<table>\n<tr><th>Count</th><th>Profile</th><th></th></tr>\n");
}

int
evprof_page_index(evprof_t *prof, const evprof_ask_t *ask,
                  evprof_result_t *result)
{
    (void)ask;
    size_t count = 0;
    evprof_entry_t *entries = list_entries(prof, &count);
    evprof_buf_t *out = &result->body;
    put_head(out, evprof_prefix(prof));
    for (size_t i = 0; entries != NULL && i < count; i++) {
        put_row(out, prof, &entries[i]);
    }
    evprof_buf_puts(out, "</table>\n<p>");
    for (size_t i = 0; entries != NULL && i < count; i++) {
        put_full_text(out, &entries[i]);
    }
    evprof_buf_puts(out, "<a href=\"status\">status</a></p>\n</body></html>\n");
    bool failed = entries == NULL || out->failed;
    free(entries);
    return failed ? EVPROF_ENOMEM : EVPROF_OK;
}

/* "NAME.LINE" for each line of what a module says about itself. */
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

int
evprof_page_status(evprof_t *prof, const evprof_ask_t *ask,
                   evprof_result_t *result)
{
    (void)ask;
    size_t count = 0;
    evprof_entry_t *entries = list_entries(prof, &count);
    evprof_buf_t *out = &result->body;
    evprof_buf_printf(out,
                      "prefix: %s\n"
                      "requests_in_flight: %u\n",
                      evprof_prefix(prof), evprof_flight_count());
    for (size_t i = 0; entries != NULL && i < count; i++) {
        put_state(out, prof, &entries[i]);
    }
    bool failed = entries == NULL || out->failed;
    free(entries);
    return failed ? EVPROF_ENOMEM : EVPROF_OK;
}
