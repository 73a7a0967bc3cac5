/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_BINARY_H
#define EVPROF_SYMBOL_BINARY_H

/*
 * Finds the file on this machine that a mapping of a profile was made from, and
 * converts the profile's addresses to the file's own.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/profile/pprof.h"
#include "core/symbol/elf_open.h"

/* A file's loadable segments beyond this number are ignored. */
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
    bool is_fixed; /* not relocatable: it is loaded at its own addresses */
    /* Has no code: its offsets may differ from the binary's. */
    bool is_debug_only;
} evprof_binary_t;

/* Why a mapping has no file. */
enum evprof_binary_found {
    EVPROF_BINARY_FOUND,
    EVPROF_BINARY_MISSING,
    EVPROF_BINARY_OTHER, /* there is a file, with another build id */
};

/*
 * Looks for the mapping's file: in each folder of the colon-separated
 * `search_path`, in every layout that pprof knows; then at the mapping's own
 * path; then in the trees of debug files by build id. With `own_first` the
 * mapping's own path is tried before the folders. A file with another build id
 * is skipped, and the first such is described in `other`. Close `out` in any
 * case. MT-Safe.
 */
enum evprof_binary_found
evprof_binary_open(const evprof_mapping_t *mapping, const char *search_path,
                   bool own_first, evprof_binary_t *out, evprof_buf_t *other);
/* As above for one path; after false there is nothing to close. */
bool evprof_binary_open_path(const evprof_mapping_t *mapping, const char *path,
                             evprof_binary_t *out);

/* Closes the file, if one was found. */
void evprof_binary_close(evprof_binary_t *binary);

/* Converts an address of the profile to the file's own. MT-Safe. */
uint64_t evprof_binary_vaddr(const evprof_binary_t *binary,
                             const evprof_mapping_t *mapping, uint64_t address);

#endif
