/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CONF_INCLUDE_H
#define EVPROF_CONF_INCLUDE_H

/*
 * Calls `each` with the path of every file that matches `pattern` (glob(7)),
 * sorted by name; hidden files only where the pattern has the dot. A relative
 * pattern starts at `folder`. A pattern without wildcards is passed on whether
 * or not the file exists; one with wildcards may match nothing. Stops at the
 * first status of `each` that is not EVPROF_OK and returns it; EVPROF_ENOMEM.
 * When the pattern cannot be followed, `fault` becomes a fragment in static
 * memory.
 */
int evprof_include_each(const char *folder, const char *pattern,
                        int (*each)(void *ctx, const char *path), void *ctx,
                        const char **fault);

#endif
