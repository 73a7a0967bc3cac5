/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_LOCAL_NAMES_H
#define EVPROF_SYMBOL_LOCAL_NAMES_H

/*
 * Gives a profile from any machine functions, files, lines and inlined callers,
 * from the binaries on this machine.
 */

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/profile/pprof.h"

typedef struct evprof_local_how {
    const char *search_path; /* folders with binaries, separated by colons */
    const char *binary;      /* the file that the user has named, or NULL */
    const char *store; /* a folder for answers, or NULL: nothing is kept */
    bool is_forced;    /* locations with names are named again */
    bool is_fast;      /* from symbol tables only */
    bool is_strict;    /* mappings that claim to have any names are skipped */
    void (*say)(void *ctx, const char *line); /* without a newline */
    void *ctx;
    /* Fetches the file with that build id ("debuginfo" or "executable") from
     * elsewhere and sets `path`. NULL: use only files of this machine. */
    bool (*fetch)(const void *fetch_ctx, const char *build_id, const char *kind,
                  evprof_buf_t *path);
    const void *fetch_ctx;
} evprof_local_how_t;

/*
 * Names the addresses of `p`, and reports once which objects could not be read.
 * Names are the linker's; evprof_readable_names() makes them readable. Sets
 * `*is_changed` when something was named. After EVPROF_ENOMEM the profile must
 * not be used.
 */
int evprof_symbolize_local(evprof_pprof_t *p, const evprof_local_how_t *how,
                           bool *is_changed, evprof_error_t *err);

/* Whether the mapping is of a kind that has no binary: "[vdso]", devices,
 * "//anon". */
bool evprof_mapping_is_special(const evprof_mapping_t *m);

#endif
