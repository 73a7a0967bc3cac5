/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_SYMBOL_CACHE_H
#define EVPROF_SYMBOL_SYMBOL_CACHE_H

/*
 * Answers about addresses, by file. An answer is a list of frames that point at
 * shared functions. Only answers are kept in memory, never symbol tables or
 * DWARF, so the bound on memory holds whatever the size of a file. One thread
 * at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/elf/query.h"

/* Strings are interned in the evprof_symbol_file_t; unknown ones are "". */
typedef struct evprof_symbol_function {
    const char *name;        /* for people */
    const char *system_name; /* the linker's name */
    const char *file;
    int64_t start_line; /* 0: unknown */
} evprof_symbol_function_t;

typedef struct evprof_symbol_frame {
    const evprof_symbol_function_t *function;
    int64_t line;   /* 0: unknown */
    int64_t column; /* 0: unknown */
} evprof_symbol_frame_t;

/* The frames at one address, innermost first; no frames: nothing is known. */
typedef struct evprof_symbol {
    uint64_t vaddr; /* in the file's own address space */
    uint64_t start; /* of the function in the symbol table, 0: unknown */
    const evprof_symbol_frame_t *frames;
    uint32_t count;
    bool is_from_dwarf;
} evprof_symbol_t;

typedef struct evprof_symbol_file evprof_symbol_file_t;
typedef struct evprof_symbol_cache {
    evprof_symbol_file_t *files; /* linked list */
    size_t max_bytes;
    uint64_t clock; /* counts uses */
    /* Returns the readable form of a linker's name, allocated by malloc, or
     * NULL. Without this hook names stay as they are. */
    char *(*demangle)(const char *name);
} evprof_symbol_cache_t;

/* The answers for the file with that key, added if it is new; NULL: no
 * memory. */
evprof_symbol_file_t *evprof_symbol_cache_file(evprof_symbol_cache_t *cache,
                                               const char *key);

/* Bytes that all answers take. */
size_t evprof_symbol_cache_bytes(const evprof_symbol_cache_t *cache);

/* Removes the least recently used files until the bound holds. Pointers to
 * their answers become invalid. */
void evprof_symbol_cache_trim(evprof_symbol_cache_t *cache);

/* Frees every file of the cache. */
void evprof_symbol_cache_free(evprof_symbol_cache_t *cache);

/* The answer for an address; NULL: it was not looked up yet. Valid until the
 * next addition. */
const evprof_symbol_t *evprof_symbol_file_find(const evprof_symbol_file_t *file,
                                               uint64_t vaddr);

/* The number of answers. */
size_t evprof_symbol_file_count(const evprof_symbol_file_t *file);

/* Answer `i`, in order of addition. Valid until the next addition. */
const evprof_symbol_t *evprof_symbol_file_at(const evprof_symbol_file_t *file,
                                             size_t i);

/* Notes why the file could not be read, as a part of a sentence; NULL: it
 * could. */
void evprof_symbol_file_set_unread(evprof_symbol_file_t *file, const char *why);

/* The reason that was set, or NULL. */
const char *evprof_symbol_file_unread(const evprof_symbol_file_t *file);

/* Notes that some answers have no lines because the helper gave none. */
void evprof_symbol_file_set_lineless(evprof_symbol_file_t *file);

/* Whether evprof_symbol_file_set_lineless() was called. */
bool evprof_symbol_file_is_lineless(const evprof_symbol_file_t *file);

/* Removes a file, so that it is read again. */
void evprof_symbol_cache_forget(evprof_symbol_cache_t *cache,
                                evprof_symbol_file_t *file);

/* Adds an answer; its frames are copied. EVPROF_ENOMEM. */
int evprof_symbol_file_add(evprof_symbol_file_t *file,
                           const evprof_symbol_t *symbol);

/* Adds the symbol table's answer to a query, which may be an empty one.
 * EVPROF_ENOMEM. */
int evprof_symbol_file_add_named(evprof_symbol_file_t *file,
                                 const evprof_query_t *query);

/*
 * The file's record of a function, added if it is new. Strings are copied; NULL
 * counts as "". If `name` is NULL it is made from `system_name`. NULL: no
 * memory.
 */
const evprof_symbol_function_t *
evprof_symbol_file_function(evprof_symbol_file_t *file, const char *name,
                            const char *system_name, const char *source,
                            int64_t start_line);

#endif
