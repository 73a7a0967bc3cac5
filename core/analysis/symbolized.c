/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles with their names before them, as google-pprof --raw and jeprof --raw
 * print them and memprof of PHP does:
 *
 *     --- symbol
 *     binary=/srv/bin/server
 *     0x0000000000401136 inner--outer
 *     ---
 *     --- heapprofile
 *     heap profile: ...
 *
 * A line of the first part names an address, inlined functions first; the
 * second part is a profile of any format.
 */
#include "core/analysis/symbolized.h"

#include <stdlib.h>
#include <string.h>

#include "core/analysis/naming.h"
#include "core/base/error.h"
#include "core/base/grow.h"

static const char title[] = "--- symbol";
static const char separator[] = "--";

bool
evprof_symbolized_is(evprof_span_t text)
{
    return evprof_span_starts(text, title);
}

static int
compare_symbols(const void *one, const void *other)
{
    const evprof_raw_symbol_t *a = one;
    const evprof_raw_symbol_t *b = other;
    return (a->address > b->address) - (a->address < b->address);
}

/* "<0000000000001178>" behind a name says where nm found it. */
static evprof_span_t
without_start(evprof_span_t name)
{
    enum { DIGITS = 16 };
    if (evprof_span_len(name) < DIGITS + 3 || name.end[-1] != '>' ||
        name.end[-DIGITS - 2] != '<') {
        return name;
    }
    evprof_span_t digits = { name.end - DIGITS - 1, name.end - 1 };
    uint64_t start;
    if (evprof_take_hex(&digits, &start) && digits.at == digits.end) {
        name.end -= DIGITS + 2;
    }
    return name;
}

/* "0x401136 name", or "binary=FILE". */
static int
read_symbol(evprof_symbolized_t *t, evprof_span_t line)
{
    evprof_raw_symbol_t symbol;
    line = evprof_span_trim(line);
    if (evprof_take(&line, "binary=")) {
        t->binary = line;
        return EVPROF_OK;
    }
    if (!evprof_take(&line, "0x") || !evprof_take_hex(&line, &symbol.address)) {
        return EVPROF_OK;
    }
    symbol.name = evprof_span_trim(line);
    evprof_raw_symbol_t *items =
        evprof_grow(t->items, &t->cap, t->count + 1, sizeof(*items));
    if (items == NULL) {
        return EVPROF_ENOMEM;
    }
    t->items = items;
    items[t->count++] = symbol;
    return EVPROF_OK;
}

int
evprof_symbolized_split(evprof_symbolized_t *t, evprof_span_t *text,
                        evprof_error_t *err)
{
    evprof_span_t line;
    int status = EVPROF_OK;
    *t = (evprof_symbolized_t){ .binary = { "", "" } };
    evprof_span_line(text, &line);
    while (status == EVPROF_OK && evprof_span_line(text, &line) &&
           !evprof_span_starts(line, "---")) {
        status = read_symbol(t, line);
    }
    if (status != EVPROF_OK) {
        return evprof_fail(err, status, "out of memory for the symbols");
    }
    if (t->count > 1) {
        qsort(t->items, t->count, sizeof(*t->items), compare_symbols);
    }
    evprof_span_t next = *text;
    bool is_marked = evprof_span_line(&next, &line) &&
                     evprof_span_starts(line, "--- ") &&
                     !evprof_span_starts(line, title);
    /* What follows may have a first line of that look itself. */
    if (is_marked && !evprof_span_starts(line, "--- contention") &&
        !evprof_span_starts(line, "--- Thread")) {
        *text = next;
    }
    if (text->at == text->end) {
        return evprof_fail(err, EVPROF_EPARSE,
                           "it holds symbols and no profile: read the file "
                           "that they were made of");
    }
    return evprof_symbolized_is(*text)
               ? evprof_fail(err, EVPROF_EPARSE,
                             "behind its symbols there are symbols again")
               : EVPROF_OK;
}

/* The names of one symbol, inlined functions first. */
static size_t
split_names(evprof_span_t name, evprof_span_t *out)
{
    size_t count = 0;
    name = without_start(name);
    while (count + 1 < EVPROF_NAMING_MAX) {
        const char *end = evprof_span_find(name, separator);
        evprof_span_t before = { name.at, end };
        static const char minus[] = "operator";
        size_t len = sizeof(minus) - 1;
        bool is_operator = end != NULL && evprof_span_len(before) >= len &&
                           memcmp(end - len, minus, len) == 0;
        if (end == NULL || is_operator || end == name.at) {
            break;
        }
        out[count++] = without_start(before);
        name.at = end + sizeof(separator) - 1;
    }
    if (name.at < name.end) {
        out[count++] = without_start(name);
    }
    return count;
}

static const evprof_raw_symbol_t *
find_symbol(const evprof_symbolized_t *t, uint64_t address)
{
    const evprof_raw_symbol_t wanted = { .address = address };
    return t->count == 0 ? NULL
                         : bsearch(&wanted, t->items, t->count, sizeof(wanted),
                                   compare_symbols);
}

/* Return addresses are less one in a profile; some tables have them so, others
 * as they were. */
static void
name_locations(const evprof_symbolized_t *t, evprof_naming_t *naming)
{
    const evprof_pprof_t *p = naming->profile;
    for (size_t i = 0; i < p->location_count; i++) {
        const evprof_location_t *l = &p->locations[i];
        const evprof_raw_symbol_t *symbol = find_symbol(t, l->address);
        symbol = symbol != NULL ? symbol : find_symbol(t, l->address + 1);
        if (symbol != NULL && l->line_count == 0) {
            evprof_span_t names[EVPROF_NAMING_MAX];
            size_t count = split_names(symbol->name, names);
            evprof_naming_set(naming, (uint32_t)i, names, count);
        }
    }
}

int
evprof_symbolized_apply(const evprof_symbolized_t *t, evprof_pprof_t *p,
                        evprof_error_t *err)
{
    evprof_naming_t naming;
    evprof_naming_begin(&naming, p);
    name_locations(t, &naming);
    int status = evprof_naming_end(&naming);
    for (size_t i = 0; i < p->mapping_count && status == EVPROF_OK; i++) {
        p->mappings[i].has_functions = true;
    }
    if (status == EVPROF_OK && t->binary.at < t->binary.end &&
        p->mapping_count > 0 && p->mappings[0].file[0] == '\0') {
        const char *file = evprof_strings_add(&p->strings, t->binary.at,
                                              evprof_span_len(t->binary));
        status = file != NULL ? EVPROF_OK : EVPROF_ENOMEM;
        p->mappings[0].file = file != NULL ? file : "";
    }
    return status == EVPROF_OK
               ? status
               : evprof_fail(err, status, "out of memory for the symbols");
}

void
evprof_symbolized_free(evprof_symbolized_t *t)
{
    free(t->items);
    *t = (evprof_symbolized_t){ .binary = { "", "" } };
}
