/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_SYMBOL_CACHE_H
#define EVPROF_SYMBOL_SYMBOL_CACHE_H

/*
 * Answers about addresses, by file. An answer is small: frames that point at
 * functions, which are shared. Only answers stay in memory, never symbol tables
 * or DWARF, so that the bound holds whatever the size of a file. One thread at
 * a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/elf/query.h"

/* All strings are interned in the file's cache; unset ones are "". */
typedef struct evprof_symbol_function {
    const char *name;        /* for people */
    const char *system_name; /* as the linker knows it */
    const char *file;
    int64_t start_line; /* 0: unknown */
} evprof_symbol_function_t;

typedef struct evprof_symbol_frame {
    const evprof_symbol_function_t *function;
    int64_t line;   /* 0: unknown */
    int64_t column; /* 0: unknown */
} evprof_symbol_frame_t;

/* The frames at one address, innermost first; none when nothing is known. */
typedef struct evprof_symbol {
    uint64_t vaddr; /* in the file's own address space */
    uint64_t start; /* of the function in the symbol table, 0: unknown */
    const evprof_symbol_frame_t *frames;
    uint32_t count;
    bool is_from_dwarf;
} evprof_symbol_t;

typedef struct evprof_symbol_file evprof_symbol_file_t;
typedef struct evprof_symbol_cache {
    evprof_symbol_file_t *files; /* a list */
    size_t max_bytes;
    uint64_t clock; /* counts uses */
    /* The readable form of a linker's name, from malloc, or NULL; the hook may
     * be NULL, names then stay as they are. */
    char *(*demangle)(const char *name);
} evprof_symbol_cache_t;

/* The answers for the file that `key` names, made when new; NULL: no memory. */
evprof_symbol_file_t *evprof_symbol_cache_file(evprof_symbol_cache_t *cache,
                                               const char *key);

/* Bytes that all answers take now. */
size_t evprof_symbol_cache_bytes(const evprof_symbol_cache_t *cache);

/* Forgets the files that were used longest ago until the bound holds; answers
 * handed out before are then gone. */
void evprof_symbol_cache_trim(evprof_symbol_cache_t *cache);

/* Frees every file of the cache. */
void evprof_symbol_cache_free(evprof_symbol_cache_t *cache);

/* The answer for an address, or NULL when it was not asked before. Valid until
 * the next addition. */
const evprof_symbol_t *evprof_symbol_file_find(const evprof_symbol_file_t *file,
                                               uint64_t vaddr);

/* How many answers there are. */
size_t evprof_symbol_file_count(const evprof_symbol_file_t *file);

/* Answer `i`, in the order in which they came. Valid until the next addition.
 */
const evprof_symbol_t *evprof_symbol_file_at(const evprof_symbol_file_t *file,
                                             size_t i);

/* Why the file could not be read, as a part of a sentence; NULL: it was. */
void evprof_symbol_file_set_unread(evprof_symbol_file_t *file, const char *why);

/* What was set so; NULL: the file was read. */
const char *evprof_symbol_file_unread(const evprof_symbol_file_t *file);

/* Some of its answers are without lines, as the helper gave none. */
void evprof_symbol_file_set_lineless(evprof_symbol_file_t *file);

/* Whether that was said of the file. */
bool evprof_symbol_file_is_lineless(const evprof_symbol_file_t *file);

/* Forgets a file, so that it is read again. */
void evprof_symbol_cache_forget(evprof_symbol_cache_t *cache,
                                evprof_symbol_file_t *file);

/* Keeps an answer; its frames are copied. EVPROF_ENOMEM. */
int evprof_symbol_file_add(evprof_symbol_file_t *file,
                           const evprof_symbol_t *symbol);

/* Keeps the symbol table's answer to the query, which may be empty.
 * EVPROF_ENOMEM. */
int evprof_symbol_file_add_named(evprof_symbol_file_t *file,
                                 const evprof_query_t *query);

/*
 * The file's one record of a function; strings are copied, NULL counts as "".
 * Where `name` is NULL it is made from `system_name`. NULL: no memory.
 */
const evprof_symbol_function_t *
evprof_symbol_file_function(evprof_symbol_file_t *file, const char *name,
                            const char *system_name, const char *source,
                            int64_t start_line);

#endif
