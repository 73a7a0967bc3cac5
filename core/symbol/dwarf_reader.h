/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_DWARF_READER_H
#define EVPROF_SYMBOL_DWARF_READER_H

/* State and functions shared by the files that read DWARF. Strings they return
 * live as long as the reader. */

#include <elfutils/libdw.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/index.h"
#include "core/base/strings.h"
#include "core/symbol/query.h"

typedef struct evprof_dwarf_scope {
    const void *die;
    const char *name;
} evprof_dwarf_scope_t;

/* The children of a DIE, in order of offset. */
typedef struct evprof_dwarf_children {
    const void *parent;
    void **items;
    size_t count;
} evprof_dwarf_children_t;

/* Zero-initialised but for `elf`, it is ready for questions. */
typedef struct evprof_dwarf_reader {
    Elf *elf; /* NULL: there is no DWARF, and frames come from symbols alone */
    Dwarf *dwarf;
    size_t held;    /* estimate of the bytes that libdw holds */
    bool has_units; /* libdw has parsed the head of every unit */
    evprof_symbol_file_t *file;
    evprof_strings_t strings;
    evprof_buf_t scratch;
    /* Qualified names by DIE; valid as long as libdw's handle. */
    evprof_index_t scope_index;
    evprof_dwarf_scope_t *scopes;
    size_t scope_count;
    size_t scope_cap;
    evprof_index_t children_index;
    evprof_dwarf_children_t *children;
    size_t children_count;
    size_t children_cap;
} evprof_dwarf_reader_t;

/*
 * Adds to `file` an answer for each query: frames from DWARF, or from the
 * query's symbol where DWARF has none. The reader may be asked again.
 * EVPROF_ENOMEM.
 */
int evprof_dwarf_frames(evprof_dwarf_reader_t *reader, evprof_query_t *queries,
                        size_t count, evprof_symbol_file_t *file);

/* Frees what the reader holds, but for `elf`. */
void evprof_dwarf_close(evprof_dwarf_reader_t *reader);

/* Forgets all pointers into libdw's handle, which is about to be closed. */
void evprof_dwarf_names_forget(evprof_dwarf_reader_t *reader);

/* The names of a frame; `name` is NULL where it follows from `system_name`. */
typedef struct evprof_dwarf_name {
    const char *name;
    const char *system_name; /* NULL: the frame has no name */
} evprof_dwarf_name_t;

/*
 * The names of a function or of an inlined call. `query` is given only for the
 * function that contains the code: its symbol may be the better name.
 */
evprof_dwarf_name_t evprof_dwarf_name_of(evprof_dwarf_reader_t *reader,
                                         Dwarf_Die *die,
                                         const evprof_query_t *query);

/* The source position of a frame; unknown parts are NULL and 0. */
typedef struct evprof_dwarf_place {
    const char *source;
    int64_t line;
    int64_t column;
} evprof_dwarf_place_t;

/* The source position of an address, by the line table. */
evprof_dwarf_place_t evprof_dwarf_place_of_pc(evprof_dwarf_reader_t *reader,
                                              Dwarf_Die *unit, uint64_t vaddr);

/* The source position of an inlined call in its caller. */
evprof_dwarf_place_t evprof_dwarf_place_of_call(evprof_dwarf_reader_t *reader,
                                                Dwarf_Die *inlined);

/* The line of the function's declaration if that is in `source`; else 0. */
int64_t evprof_dwarf_start_line(evprof_dwarf_reader_t *reader, Dwarf_Die *die,
                                const char *source);

#endif
