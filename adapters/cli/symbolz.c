/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mapping of a merged profile is found again in its sources by its build id
 * or file; one that has neither bears its source's address in the meantime, so
 * that mappings of two servers stay apart. Addresses are posted as the server
 * knows them: a merge moves mappings that were loaded elsewhere.
 */
#include "adapters/cli/symbolz.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/analysis/naming.h"
#include "core/base/error.h"
#include "core/base/parse.h"
#include "core/symbol/local_names.h"

struct cli_place {
    char *key;      /* build id, file, or the item's address */
    uint64_t start; /* where that server has it */
};

static const char *
key_of(const evprof_mapping_t *m)
{
    return m->build_id[0] != '\0' ? m->build_id : m->file;
}

int
cli_symbolz_note(cli_item_t *item, evprof_pprof_t *p)
{
    item->places = calloc(p->mapping_count + 1, sizeof(*item->places));
    for (size_t i = 0; item->places != NULL && i < p->mapping_count; i++) {
        evprof_mapping_t *m = &p->mappings[i];
        if (key_of(m)[0] == '\0') {
            m->file = evprof_strings_intern(&p->strings, item->shown);
        }
        char *key = m->file == NULL ? NULL : strdup(key_of(m));
        if (key == NULL) {
            return EVPROF_ENOMEM;
        }
        item->places[item->place_count++] = (struct cli_place){ key, m->start };
    }
    return item->places == NULL ? EVPROF_ENOMEM : EVPROF_OK;
}

void
cli_symbolz_forget(cli_item_t *item)
{
    for (size_t i = 0; i < item->place_count; i++) {
        free(item->places[i].key);
    }
    free(item->places);
    item->places = NULL;
    item->place_count = 0;
}

/* ---- One mapping ---- */

typedef struct row {
    uint64_t address;
    uint32_t location;
} row_t;

static int
by_address(const void *a, const void *b)
{
    const row_t *x = a;
    const row_t *y = b;
    return (x->address > y->address) - (x->address < y->address);
}

/* The locations of mapping `m` by address, and what to post for those without
 * lines. */
static row_t *
find_rows(const evprof_pprof_t *p, uint32_t m, uint64_t offset, size_t *count,
          evprof_buf_t *question)
{
    row_t *rows = calloc(p->location_count + 1, sizeof(*rows));
    *count = 0;
    for (size_t i = 0; rows != NULL && i < p->location_count; i++) {
        const evprof_location_t *l = &p->locations[i];
        if (l->mapping != m) {
            continue;
        }
        rows[(*count)++] = (row_t){ l->address, (uint32_t)i };
        if (l->address != 0 && l->line_count == 0) {
            evprof_buf_printf(question, "%s0x%" PRIx64,
                              question->len == 0 ? "" : "+",
                              l->address + offset);
        }
    }
    if (rows != NULL) {
        qsort(rows, *count, sizeof(*rows), by_address);
    }
    return rows;
}

/* "0x401000<space>name": false for lines that say something else. */
static bool
read_answer(char *line, uint64_t *address, const char **name)
{
    char *at = strstr(line, "0x");
    size_t len = at == NULL ? 0 : strspn(at + 2, "0123456789abcdefABCDEF");
    size_t gap = len == 0 ? 0 : strspn(at + 2 + len, " \t");
    if (gap == 0) {
        return false;
    }
    at[2 + len] = '\0';
    *name = at + 2 + len + gap;
    return evprof_parse_hex64(at, address);
}

static void
apply_answer(evprof_pprof_t *p, const row_t *rows, size_t count,
             uint64_t offset, char *answer)
{
    evprof_naming_t naming;
    char *rest = answer;
    evprof_naming_begin(&naming, p);
    for (char *line; (line = strsep(&rest, "\n")) != NULL && rest != NULL;) {
        uint64_t address;
        const char *name;
        if (!read_answer(line, &address, &name)) {
            continue;
        }
        const row_t wanted = { .address = address - offset };
        const row_t *row =
            bsearch(&wanted, rows, count, sizeof(*rows), by_address);
        if (row != NULL) {
            const evprof_span_t span = evprof_span(name, strlen(name));
            evprof_naming_set(&naming, row->location, &span, 1);
        }
    }
    if (evprof_naming_end(&naming) != EVPROF_OK) {
        cli_complain("out of memory for the names of functions");
    }
}

/* Asks one server for the names of one mapping; false: it gave none. */
static bool
ask(const cli_t *cli, const cli_item_t *item, uint64_t start, evprof_pprof_t *p,
    uint32_t m)
{
    evprof_buf_t question = { 0 };
    evprof_buf_t answer = { 0 };
    evprof_error_t err = { 0 };
    size_t count;
    uint64_t offset = start - p->mappings[m].start;
    row_t *rows = find_rows(p, m, offset, &count, &question);
    bool is_answered = true;
    if (rows != NULL && question.len > 0 && !question.failed) {
        is_answered = cli_remote_post(cli, item, question.data, &answer,
                                      &err) == EVPROF_OK;
    }
    if (!is_answered) {
        cli_complain("%s", err.message);
    } else if (answer.len > 0) {
        evprof_buf_puts(&answer, "");
        apply_answer(p, rows, count, offset, answer.data);
    }
    p->mappings[m].has_functions |= is_answered;
    free(rows);
    evprof_buf_free(&question);
    evprof_buf_free(&answer);
    return is_answered;
}

/* ---- All of them ---- */

static bool
ask_for_mapping(const cli_t *cli, const cli_item_t *items, size_t count,
                evprof_pprof_t *p, uint32_t m)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t n = 0; n < items[i].place_count; n++) {
            const struct cli_place *place = &items[i].places[n];
            if (strcmp(place->key, key_of(&p->mappings[m])) == 0) {
                return ask(cli, &items[i], place->start, p, m);
            }
        }
    }
    return false;
}

void
cli_symbolz_unname(const cli_item_t *items, size_t count, evprof_pprof_t *p)
{
    for (size_t m = 0; m < p->mapping_count; m++) {
        evprof_mapping_t *map = &p->mappings[m];
        for (size_t i = 0; i < count && map->build_id[0] == '\0'; i++) {
            if (items[i].is_remote && items[i].shown != NULL &&
                strcmp(map->file, items[i].shown) == 0) {
                map->file = evprof_strings_intern(&p->strings, "");
                break;
            }
        }
    }
}

bool
cli_symbolz(const cli_t *cli, bool is_forced, const cli_item_t *items,
            size_t count, evprof_pprof_t *p)
{
    bool is_changed = false;
    for (size_t m = 0; m < p->mapping_count; m++) {
        const evprof_mapping_t *map = &p->mappings[m];
        if ((is_forced || !map->has_functions) &&
            !evprof_mapping_is_special(map)) {
            is_changed = ask_for_mapping(cli, items, count, p, (uint32_t)m) ||
                         is_changed;
        }
    }
    return is_changed;
}
