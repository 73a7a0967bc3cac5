/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_BASE_PATH_H
#define EVPROF_BASE_PATH_H

#include <stdbool.h>
#include <string.h>

#include "core/base/buf.h"

/*
 * Appends the shortest equivalent of `path` by text alone: no doubled slashes,
 * no ".", no inner ".."; "." for the empty path.
 */
void evprof_path_clean(evprof_buf_t *out, const char *path);

/* Appends the last element of `path`, trailing slashes left out; "." for the
 * empty path, "/" for one of slashes only. */
void evprof_path_base(evprof_buf_t *out, const char *path);

/* The part of `path` behind its last slash, all of it where there is none; ""
 * for one that ends with a slash. Signal-safe. */
static inline const char *
evprof_path_leaf(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Appends `dir`, a slash and `name`, cleaned; an empty part is left out. */
void evprof_path_join(evprof_buf_t *out, const char *dir, const char *name);

/* True only when cleaning would change nothing, so that no copy is needed;
 * false for some clean paths that begin with "..". */
bool evprof_path_is_clean(const char *path);

#endif
