/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses which file of an object answers: symbols and DWARF may each be in the
 * file itself or in its separate debug file. */
#include <stdlib.h>

#include <evprof/status.h>

#include "core/elf/names.h"
#include "core/symbol/dwarf_reader.h"
#include "core/symbol/packed_sections.h"
#include "core/symbol/query.h"

struct evprof_symbol_source {
    const evprof_elf_file_t *own;
    evprof_elf_file_t debug; /* closed: there is none, or none is needed */
    evprof_file_stamp_t debug_stamp;
    evprof_elf_file_t unpacked; /* a copy of the file with DWARF, or closed */
    const evprof_elf_file_t *table; /* has the symbols */
    evprof_packed_table_t packed;
    evprof_dwarf_reader_t dwarf;
    uint64_t unpacked_size;
};

/* ---- Opening ---- */

static void
open_debug(evprof_symbol_source_t *s, const char *path, const char *debug_path)
{
    if (!evprof_elf_open_debug(s->own, path, &s->debug) && debug_path != NULL) {
        (void)evprof_elf_open_path(debug_path, &s->debug);
    }
    s->debug_stamp = evprof_file_stamp(s->debug.fd);
}

static void
open_dwarf(evprof_symbol_source_t *s, const evprof_elf_file_t *dwarf)
{
    s->unpacked_size = evprof_elf_unpacked_size(dwarf->elf);
    if (evprof_elf_unpack(dwarf, &s->unpacked)) {
        dwarf = &s->unpacked;
    }
    s->dwarf.elf = dwarf->elf;
}

evprof_symbol_source_t *
evprof_symbol_source_open(const evprof_elf_file_t *own, const char *path,
                          const char *debug_path, bool with_lines)
{
    evprof_symbol_source_t *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        return NULL;
    }
    s->own = s->table = own;
    s->debug.fd = s->unpacked.fd = -1;
    if (own->elf == NULL) {
        return s;
    }
    bool has_symbols = evprof_elf_has_section(own->elf, ".symtab");
    bool has_dwarf = evprof_elf_has_section(own->elf, ".debug_info");
    if (!has_symbols || !has_dwarf) {
        open_debug(s, path, debug_path);
    }
    bool is_apart = s->debug.elf != NULL;
    if (is_apart && !has_symbols &&
        evprof_elf_has_section(s->debug.elf, ".symtab")) {
        s->table = &s->debug;
    }
    if (with_lines) {
        open_dwarf(s, is_apart && !has_dwarf ? &s->debug : own);
    }
    return s;
}

void
evprof_symbol_source_close(evprof_symbol_source_t *s)
{
    evprof_dwarf_close(&s->dwarf);
    evprof_packed_table_free(&s->packed);
    evprof_elf_close(&s->unpacked);
    evprof_elf_close(&s->debug);
    free(s);
}

/* ---- Answering ---- */

static int
read_names(evprof_symbol_source_t *s, evprof_query_t *queries, size_t count,
           evprof_strings_t *names)
{
    evprof_elf_reader_t elf;
    int status = EVPROF_OK;
    if (evprof_elf_reader_attach(&elf, s->table->fd)) {
        status = evprof_elf_names(&elf, queries, count, names);
        evprof_elf_reader_close(&elf);
    }
    if (status == EVPROF_OK && evprof_elf_reader_attach(&elf, s->own->fd)) {
        status =
            evprof_elf_packed_names(&s->packed, &elf, queries, count, names);
        if (status == EVPROF_OK) {
            status = evprof_elf_plt(&elf, queries, count, names);
        }
        evprof_elf_reader_close(&elf);
    }
    return status;
}

int
evprof_symbol_source_answer(evprof_symbol_source_t *s, evprof_query_t *queries,
                            size_t count, evprof_symbol_file_t *file)
{
    evprof_strings_t names = { 0 };
    int status =
        s->own->elf == NULL ? EVPROF_OK : read_names(s, queries, count, &names);
    if (status == EVPROF_OK) {
        status = evprof_dwarf_frames(&s->dwarf, queries, count, file);
    }
    evprof_strings_free(&names);
    return status;
}

bool
evprof_symbol_source_is_worth_keeping(const evprof_symbol_source_t *s)
{
    const evprof_file_stamp_t now = evprof_file_stamp(s->debug.fd);
    return (s->dwarf.dwarf != NULL || s->packed.image != NULL) &&
           evprof_file_stamp_equal(&now, &s->debug_stamp);
}

size_t
evprof_symbol_source_bytes(const evprof_symbol_source_t *s)
{
    return (size_t)s->unpacked_size + s->packed.len + s->dwarf.held +
           s->dwarf.strings.arena.total;
}

int
evprof_symbol_resolve(const evprof_elf_file_t *own, const char *path,
                      const char *debug_path, bool with_lines,
                      evprof_query_t *queries, size_t count,
                      evprof_symbol_file_t *file)
{
    evprof_symbol_source_t *s =
        evprof_symbol_source_open(own, path, debug_path, with_lines);
    if (s == NULL) {
        return EVPROF_ENOMEM;
    }
    int status = evprof_symbol_source_answer(s, queries, count, file);
    evprof_symbol_source_close(s);
    return status;
}
