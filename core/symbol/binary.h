/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_BINARY_H
#define EVPROF_SYMBOL_BINARY_H

/*
 * The file that a mapping of a profile was made from, as it is found on this
 * machine, and the way from the profile's addresses to the file's own.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/profile/pprof.h"
#include "core/symbol/elf_open.h"

/* More loadable segments than this are not looked at. */
#define EVPROF_BINARY_SEGMENTS 64

typedef struct evprof_binary_segment {
    uint64_t offset; /* in the file */
    uint64_t size;   /* in the file */
    uint64_t vaddr;
    bool is_code;
} evprof_binary_segment_t;

typedef struct evprof_binary {
    evprof_elf_file_t file; /* closed: not found */
    evprof_buf_t path;
    evprof_binary_segment_t segments[EVPROF_BINARY_SEGMENTS];
    size_t segment_count;
    bool is_fixed;      /* not relocatable: addresses are those of the file */
    bool is_debug_only; /* holds no code: offsets may differ from the file's */
} evprof_binary_t;

/* Why a mapping has no file. */
enum evprof_binary_found {
    EVPROF_BINARY_FOUND,
    EVPROF_BINARY_MISSING,
    EVPROF_BINARY_OTHER, /* what is there has another build id */
};

/*
 * Looks for the mapping's file: below each folder of the colon-separated
 * `search_path` in every layout that pprof knows, then by the mapping's own
 * name, then in the trees of debug files by its build id. A file whose build id
 * differs is passed over; its path and id then go to `other`. With `own_first`
 * the mapping's own name comes before the folders. To be closed in any case.
 * MT-Safe.
 */
enum evprof_binary_found
evprof_binary_open(const evprof_mapping_t *mapping, const char *search_path,
                   bool own_first, evprof_binary_t *out, evprof_buf_t *other);
/* The same for one path; nothing is to be closed after a failure. */
bool evprof_binary_open_path(const evprof_mapping_t *mapping, const char *path,
                             evprof_binary_t *out);

/* Closes the file, if one was found. */
void evprof_binary_close(evprof_binary_t *binary);

/* The file's own address for one of the profile's. MT-Safe. */
uint64_t evprof_binary_vaddr(const evprof_binary_t *binary,
                             const evprof_mapping_t *mapping, uint64_t address);

#endif
