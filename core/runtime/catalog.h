/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_CATALOG_H
#define EVPROF_RUNTIME_CATALOG_H

/*
 * What there is to serve, for the adapters' pages and routes. As in job.h, the
 * marked functions are for adapters of ours only.
 */

#include <stdbool.h>
#include <stddef.h>

#include <evprof/evprof.h>
#include <evprof/module.h>

/* The modules of the build, in the order of modules/CMakeLists.txt, NULL last.
 */
extern const evprof_module_t *const evprof_profile_modules[];

typedef struct evprof_entry {
    const char *name;
    const char *summary;
    unsigned flags; /* EVPROF_MODULE_* */
    bool is_on;
    long max_seconds; /* of its longest window */
} evprof_entry_t;

/*
 * Keeps profiles and their names for a loop that looks at them, while another
 * thread may call evprof_free(): that waits for evprof_leave(), so nothing may
 * block in between. False: the profiler is shut down, there is nothing to
 * leave.
 */
EVPROF_API bool evprof_visit(evprof_t *prof);
EVPROF_API void evprof_leave(evprof_t *prof);

/* How many profiles there are, own ones and those switched off included. */
EVPROF_API size_t evprof_catalog_size(evprof_t *prof);

/* Fills `out` with up to `max` of them, sorted by name; returns how many. */
EVPROF_API size_t evprof_catalog_list(evprof_t *prof, evprof_entry_t *out,
                                      size_t max);

/* False when there is none of that name. */
EVPROF_API bool evprof_catalog_find(evprof_t *prof, const char *name,
                                    evprof_entry_t *out);

/* What a profile has to say for the status page; on the worker, nothing for
 * profiles that are off. */
EVPROF_API int evprof_catalog_status(evprof_t *prof, const char *name,
                                     const evprof_writer_t *out);

/* What a profile wants the index page to say of it, or NULL; on the worker. */
EVPROF_API const char *evprof_catalog_note(evprof_t *prof, const char *name);

/* Where scrapers look for fgprof: beside the prefix and not below it. */
#define EVPROF_LEAF_FGPROF "../fgprof"

/* The leaf under which a profile is served: "profile" for "cpu", else its own
 * name; and the other way round. */
EVPROF_API const char *evprof_leaf_of(const char *profile);
EVPROF_API const char *evprof_profile_of(const char *leaf);

/* Whether something else than a profile of that name is served there. */
bool evprof_leaf_is_reserved(const char *name);

/* False once evprof_free() was called. */
EVPROF_API bool evprof_is_open(evprof_t *prof);

/* The path below which all is served: begins and ends with a slash. */
EVPROF_API const char *evprof_prefix(evprof_t *prof);

#endif
