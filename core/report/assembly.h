/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_REPORT_ASSEMBLY_H
#define EVPROF_REPORT_ASSEMBLY_H

/*
 * The machine code of functions with the weights of a view: what `disasm` and
 * `weblist` show. A sample counts once for an instruction, however often its
 * stack holds it.
 */

#include <stddef.h>
#include <stdint.h>

#include "core/report/report.h"
#include "core/symbol/code.h"

typedef struct evprof_assembly_line {
    const evprof_instruction_t *instruction;
    int64_t flat;
    int64_t cum;
    /* The profile's location where the binary tells no source line, or NULL. */
    const evprof_location_t *location;
} evprof_assembly_line_t;

/* One function with samples. */
typedef struct evprof_disassembly {
    const char *name; /* readable */
    const evprof_routine_t *routine;
    const evprof_mapping_t *mapping;
    evprof_assembly_line_t *lines; /* NULL: see `problem` */
    size_t line_count;
    const char *problem; /* why there are no lines, or NULL */
    int64_t flat;
    int64_t cum;
} evprof_disassembly_t;

typedef struct evprof_assemblies evprof_assemblies_t;

/* Which functions: by the names of their symbols, or by the frames of the
 * profile, inlined ones too, and their files. */
enum evprof_assembly_match { EVPROF_MATCH_SYMBOLS, EVPROF_MATCH_FRAMES };

/*
 * Reads the functions that the view's expression matches, or the one that holds
 * it where it is an address. EVPROF_ENOENT: there is none, with the reason;
 * EVPROF_ENOTSUP: the view has no source of code, EVPROF_ENOMEM.
 */
int evprof_assemblies_read(evprof_view_t *view,
                           enum evprof_assembly_match match,
                           evprof_assemblies_t **out, evprof_error_t *err);

/* Frees the functions and closes their binaries. */
void evprof_assemblies_free(evprof_assemblies_t *all);

/* Sorted by name and address. */
const evprof_disassembly_t *
evprof_assemblies_items(const evprof_assemblies_t *all, size_t *count);

/* The disassembler's name, for people. */
const char *evprof_assemblies_disassembler(const evprof_assemblies_t *all);

#endif
