/* SPDX-License-Identifier: Apache-2.0 */
/* Files, lines and columns. Relative paths are joined to the unit's compilation
 * folder, so that equal names in two programs stay distinct. */
#include <dwarf.h>
#include <string.h>

#include "core/symbol/dwarf_reader.h"

static const char *
join_folder(evprof_dwarf_reader_t *reader, Dwarf_Die *unit, const char *path)
{
    Dwarf_Attribute attr;
    if (path == NULL || path[0] == '/') {
        return path;
    }
    const char *folder =
        dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attr));
    if (folder == NULL || folder[0] == '\0') {
        return path;
    }
    evprof_buf_clear(&reader->scratch);
    evprof_buf_printf(&reader->scratch, "%s/%s", folder, path);
    return reader->scratch.failed
               ? path
               : evprof_strings_intern(&reader->strings, reader->scratch.data);
}

/* The file that the attribute's number means in the attribute's unit; may be
 * NULL. dwarf_decl_file() is not used: it aborts on split units (0.188). */
static const char *
file_of(evprof_dwarf_reader_t *reader, Dwarf_Attribute *attr)
{
    Dwarf_Die unit;
    Dwarf_Word number = 0;
    Dwarf_Files *files = NULL;
    size_t count = 0;
    if (dwarf_formudata(attr, &number) != 0 ||
        dwarf_cu_info(attr->cu, NULL, NULL, &unit, NULL, NULL, NULL, NULL) !=
            0 ||
        dwarf_getsrcfiles(&unit, &files, &count) != 0) {
        return NULL;
    }
    return join_folder(reader, &unit, dwarf_filesrc(files, number, NULL, NULL));
}

int64_t
evprof_dwarf_start_line(evprof_dwarf_reader_t *reader, Dwarf_Die *die,
                        const char *source)
{
    int line = 0;
    Dwarf_Attribute attr;
    if (source == NULL ||
        dwarf_attr_integrate(die, DW_AT_decl_file, &attr) == NULL ||
        dwarf_decl_line(die, &line) != 0) {
        return 0;
    }
    const char *declared = file_of(reader, &attr);
    return declared != NULL && strcmp(declared, source) == 0 ? line : 0;
}

evprof_dwarf_place_t
evprof_dwarf_place_of_pc(evprof_dwarf_reader_t *reader, Dwarf_Die *unit,
                         uint64_t vaddr)
{
    evprof_dwarf_place_t place = { NULL, 0, 0 };
    int number = 0;
    Dwarf_Line *row = dwarf_getsrc_die(unit, vaddr);
    if (row != NULL) {
        place.source =
            join_folder(reader, unit, dwarf_linesrc(row, NULL, NULL));
        if (dwarf_lineno(row, &number) == 0) {
            place.line = number;
        }
        if (dwarf_linecol(row, &number) == 0) {
            place.column = number;
        }
    }
    return place;
}

static int64_t
number_of(Dwarf_Die *die, unsigned name)
{
    Dwarf_Attribute attr;
    Dwarf_Word number = 0;
    return dwarf_formudata(dwarf_attr(die, name, &attr), &number) == 0
               ? (int64_t)number
               : 0;
}

evprof_dwarf_place_t
evprof_dwarf_place_of_call(evprof_dwarf_reader_t *reader, Dwarf_Die *inlined)
{
    evprof_dwarf_place_t place = { NULL, 0, 0 };
    Dwarf_Attribute attr;
    if (dwarf_attr(inlined, DW_AT_call_file, &attr) != NULL) {
        place.source = file_of(reader, &attr);
    }
    place.line = number_of(inlined, DW_AT_call_line);
    place.column = number_of(inlined, DW_AT_call_column);
    return place;
}
