/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses which file of an object answers: symbols and DWARF may each be in the
 * file itself or in its separate debug file. */
#include <evprof/status.h>

#include "core/elf/names.h"
#include "core/symbol/packed_sections.h"
#include "core/symbol/query.h"

static int
read_names(const evprof_elf_file_t *own, const evprof_elf_file_t *table,
           evprof_query_t *queries, size_t count, evprof_strings_t *names)
{
    evprof_elf_reader_t elf;
    int status = EVPROF_OK;
    if (evprof_elf_reader_attach(&elf, table->fd)) {
        status = evprof_elf_names(&elf, queries, count, names);
        evprof_elf_reader_close(&elf);
    }
    if (status == EVPROF_OK && evprof_elf_reader_attach(&elf, own->fd)) {
        status = evprof_elf_packed_names(&elf, queries, count, names);
        if (status == EVPROF_OK) {
            status = evprof_elf_plt(&elf, queries, count, names);
        }
        evprof_elf_reader_close(&elf);
    }
    return status;
}

static int
read_files(const evprof_elf_file_t *own, const char *path,
           const char *debug_path, bool with_lines, evprof_query_t *queries,
           size_t count, evprof_strings_t *names, evprof_symbol_file_t *file)
{
    evprof_elf_file_t debug = { .fd = -1 };
    evprof_elf_file_t unpacked = { .fd = -1 };
    bool has_symbols = evprof_elf_has_section(own->elf, ".symtab");
    bool has_dwarf = evprof_elf_has_section(own->elf, ".debug_info");
    if ((!has_symbols || !has_dwarf) &&
        !evprof_elf_open_debug(own, path, &debug) && debug_path != NULL) {
        (void)evprof_elf_open_path(debug_path, &debug);
    }
    bool is_apart = !has_symbols && debug.elf != NULL &&
                    evprof_elf_has_section(debug.elf, ".symtab");
    const evprof_elf_file_t *dwarf =
        has_dwarf || debug.elf == NULL ? own : &debug;
    if (with_lines && evprof_elf_unpack(dwarf, &unpacked)) {
        dwarf = &unpacked;
    }
    int status =
        read_names(own, is_apart ? &debug : own, queries, count, names);
    if (status == EVPROF_OK) {
        status = evprof_dwarf_frames(with_lines ? dwarf->elf : NULL, queries,
                                     count, file);
    }
    evprof_elf_close(&unpacked);
    evprof_elf_close(&debug);
    return status;
}

int
evprof_symbol_resolve(const evprof_elf_file_t *own, const char *path,
                      const char *debug_path, bool with_lines,
                      evprof_query_t *queries, size_t count,
                      evprof_symbol_file_t *file)
{
    if (own->elf == NULL) {
        return evprof_dwarf_frames(NULL, queries, count, file);
    }
    evprof_strings_t names = { 0 };
    int status = read_files(own, path, debug_path, with_lines, queries, count,
                            &names, file);
    evprof_strings_free(&names);
    return status;
}
