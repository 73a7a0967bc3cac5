/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_CODE_H
#define EVPROF_SYMBOL_CODE_H

/*
 * The machine code of a binary: its functions, their bytes, their disassembled
 * text and the source lines of each instruction. One thread at a time.
 */

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/strings.h"
#include "core/elf/reader.h"
#include "core/symbol/binary.h"
#include "core/symbol/disassembler.h"
#include "core/symbol/query.h"

/* The instructions of one function whose source places are not known yet. */
typedef struct evprof_listing evprof_listing_t;

typedef struct evprof_routine {
    uint64_t start;
    uint64_t end;
    const char **names; /* linker names; the one to show comes first */
    size_t name_count;
} evprof_routine_t;

typedef struct evprof_instruction {
    uint64_t vaddr;
    uint64_t size;
    const char *text;
    /* Source place and inlined callers; NULL: unknown. */
    const evprof_symbol_t *places;
} evprof_instruction_t;

typedef struct evprof_code {
    evprof_binary_t binary;
    evprof_elf_file_t debug;
    evprof_elf_reader_t reader; /* of the binary */
    int machine;
    evprof_routine_t *routines; /* functions by address; they do not overlap */
    size_t routine_count;
    evprof_routine_t *variables; /* the same for data */
    size_t variable_count;
    evprof_listing_t *listings; /* waiting for evprof_code_find_places() */
    evprof_arena_t arena;
    evprof_strings_t strings;
    evprof_symbol_cache_t cache;
    evprof_buf_t scratch;
} evprof_code_t;

/* How the binary and a disassembler are found; see evprof_binary_open(). */
typedef struct evprof_code_source {
    const char *search_path;
    const char *binary; /* the file that the user has named, or NULL */
    /* Loads the disassembler when it is first needed; NULL: none, and the
     * reason. */
    const evprof_disassembler_t *(*disassembler)(evprof_error_t *err);
    /* Fetches a binary that is not on this machine, as in
     * core/symbol/local_names.h; or NULL. */
    bool (*fetch)(const void *fetch_ctx, const char *build_id, const char *kind,
                  evprof_buf_t *path);
    const void *fetch_ctx;
} evprof_code_source_t;

/* Opens the mapping's binary. Close `out` in any case. EVPROF_ENOENT: it was
 * not found; EVPROF_ENOMEM. */
int evprof_code_open(const evprof_mapping_t *mapping,
                     const evprof_code_source_t *source, evprof_code_t *out,
                     evprof_error_t *err);

/* Closes the files and frees all that was read from them. */
void evprof_code_close(evprof_code_t *code);

/* The function that holds the address, or NULL. */
const evprof_routine_t *evprof_code_routine(const evprof_code_t *code,
                                            uint64_t vaddr);

/*
 * Disassembles a function; the instructions live as long as `code`, and get
 * their places by evprof_code_find_places(). EVPROF_ENOTSUP: the disassembler
 * does not know the machine, EVPROF_ENOENT: the file lacks the bytes,
 * EVPROF_ENOMEM.
 */
int evprof_code_disassemble(evprof_code_t *code,
                            const evprof_routine_t *routine,
                            const evprof_disassembler_t *disassembler,
                            bool is_intel, evprof_instruction_t **out,
                            size_t *count, evprof_error_t *err);

/* Gives all instructions disassembled so far their places from debug
 * information. Call it once for all functions: each call reads all of that
 * information. EVPROF_ENOMEM. */
int evprof_code_find_places(evprof_code_t *code, evprof_error_t *err);

#endif
