/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_LOCAL_NAMES_H
#define EVPROF_SYMBOL_LOCAL_NAMES_H

/*
 * Functions, files, lines and inlined callers for a profile from anywhere, from
 * the binaries of this machine.
 */

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/profile/pprof.h"

typedef struct evprof_local_how {
    const char *search_path; /* folders with binaries, separated by colons */
    const char *binary;      /* a file that was asked for by name, or NULL */
    const char *store; /* a folder for answers, or NULL: nothing is kept */
    bool is_forced;    /* what has names is named again */
    bool is_fast;      /* from symbol tables only */
    bool is_strict;    /* a mapping that claims anything is left alone */
    void (*say)(void *ctx, const char *line); /* without a newline */
    void *ctx;
    /* Gets the file of that build id, "debuginfo" or "executable", from
     * elsewhere; its path replaces `path`. NULL: files of this machine only. */
    bool (*fetch)(const void *fetch_ctx, const char *build_id, const char *kind,
                  evprof_buf_t *path);
    const void *fetch_ctx;
} evprof_local_how_t;

/*
 * Names the addresses of `p`, and says once which objects could not be read.
 * Names are the linker's; evprof_readable_names() makes them readable.
 * `*is_changed`: something was named. After EVPROF_ENOMEM the profile is of no
 * use.
 */
int evprof_symbolize_local(evprof_pprof_t *p, const evprof_local_how_t *how,
                           bool *is_changed, evprof_error_t *err);

/* Whether a mapping can have no binary: "[vdso]", devices, "//anon". */
bool evprof_mapping_is_special(const evprof_mapping_t *m);

#endif
