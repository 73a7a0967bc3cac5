/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_CODE_H
#define EVPROF_SYMBOL_CODE_H

/*
 * The machine code of a binary: which functions it has, their bytes, their text
 * and the source of each instruction. One thread at a time.
 */

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/strings.h"
#include "core/elf/reader.h"
#include "core/symbol/binary.h"
#include "core/symbol/disassembler.h"
#include "core/symbol/query.h"

/* A function of the symbol table. Names are the linker's. */
/* Instructions of a function whose places are not known yet. */
typedef struct evprof_listing evprof_listing_t;

typedef struct evprof_routine {
    uint64_t start;
    uint64_t end;
    const char **names; /* the one to show first */
    size_t name_count;
} evprof_routine_t;

typedef struct evprof_instruction {
    uint64_t vaddr;
    uint64_t size;
    const char *text;
    const evprof_symbol_t *places; /* NULL: nothing is known */
} evprof_instruction_t;

typedef struct evprof_code {
    evprof_binary_t binary;
    evprof_elf_file_t debug;
    evprof_elf_reader_t reader; /* of the binary */
    int machine;
    evprof_routine_t *routines; /* by address; they do not overlap */
    size_t routine_count;
    evprof_routine_t *variables; /* the same for data */
    size_t variable_count;
    evprof_listing_t *listings; /* those without places yet */
    evprof_arena_t arena;
    evprof_strings_t strings;
    evprof_symbol_cache_t cache;
    evprof_buf_t scratch;
} evprof_code_t;

/* Where code is found; see evprof_binary_open(). */
typedef struct evprof_code_source {
    const char *search_path;
    const char *binary; /* what was asked for by name, or NULL */
    /* The disassembler, opened when it is first needed; NULL and a reason. */
    const evprof_disassembler_t *(*disassembler)(evprof_error_t *err);
    /* Gets a binary that is not here, as in core/symbol/local_names.h; or NULL.
     */
    bool (*fetch)(const void *fetch_ctx, const char *build_id, const char *kind,
                  evprof_buf_t *path);
    const void *fetch_ctx;
} evprof_code_source_t;

/* To be closed in any case. EVPROF_ENOENT: there is no such binary here;
 * EVPROF_ENOMEM. */
int evprof_code_open(const evprof_mapping_t *mapping,
                     const evprof_code_source_t *source, evprof_code_t *out,
                     evprof_error_t *err);

/* Closes the files; what was read of them is freed. */
void evprof_code_close(evprof_code_t *code);

/* The function that holds the address, or NULL. */
const evprof_routine_t *evprof_code_routine(const evprof_code_t *code,
                                            uint64_t vaddr);

/*
 * The instructions of a function; they live as long as `code`. Their places
 * come with evprof_code_find_places(). EVPROF_ENOTSUP: there is no disassembler
 * for them, EVPROF_ENOENT: the file has no bytes for them, EVPROF_ENOMEM.
 */
int evprof_code_disassemble(evprof_code_t *code,
                            const evprof_routine_t *routine,
                            const evprof_disassembler_t *disassembler,
                            bool is_intel, evprof_instruction_t **out,
                            size_t *count, evprof_error_t *err);

/* Gives all instructions of `code` their places from debug information: once
 * for all functions, since each time the whole of it is gone through.
 * EVPROF_ENOMEM.
 */
int evprof_code_find_places(evprof_code_t *code, evprof_error_t *err);

#endif
