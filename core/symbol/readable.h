/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SYMBOL_READABLE_H
#define EVPROF_SYMBOL_READABLE_H

/*
 * Readable names for the tool and the helper program: demangles C++ and both
 * manglings of Rust by libiberty. Not part of the runtime library.
 */

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/profile/pprof.h"

enum evprof_readable {
    EVPROF_READABLE_PLAIN,     /* no parameters, no template arguments */
    EVPROF_READABLE_TEMPLATES, /* no parameters */
    EVPROF_READABLE_FULL,
    EVPROF_READABLE_NONE, /* the linker's names, unchanged */
};

typedef struct evprof_readable_how {
    enum evprof_readable form;
    bool is_forced; /* names that are readable already are made anew */
    bool is_strict; /* exactly pprof's names: lambdas keep their parameters, and
                       copies of a function stay apart */
} evprof_readable_how_t;

/* Appends the readable form of a linker's name; the name itself when it has
 * none. MT-Safe. */
void evprof_readable_name(evprof_buf_t *out, const char *system_name,
                          const evprof_readable_how_t *how);

/* Gives the functions of `p` readable names; sets `*is_changed` when a name has
 * changed. EVPROF_ENOMEM. */
int evprof_readable_names(evprof_pprof_t *p, const evprof_readable_how_t *how,
                          bool *is_changed);

#endif
