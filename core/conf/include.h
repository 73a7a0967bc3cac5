/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CONF_INCLUDE_H
#define EVPROF_CONF_INCLUDE_H

/*
 * Calls `each` with the path of every file that `pattern` (glob(7)) names, in
 * the order of their names; hidden files only where the pattern says the dot.
 * A relative pattern starts at `folder`. Without wildcards the path is passed
 * on whether it exists or not; with them it may match nothing. Stops at the
 * first status of `each` that is not 0 and returns it; EVPROF_ENOMEM. A pattern
 * that cannot be followed is said in `fault` as a fragment in static memory.
 */
int evprof_include_each(const char *folder, const char *pattern,
                        int (*each)(void *ctx, const char *path), void *ctx,
                        const char **fault);

#endif
