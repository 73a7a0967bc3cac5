/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_CATALOG_H
#define EVPROF_RUNTIME_CATALOG_H

/*
 * The profiles that can be served, for the adapters' pages and routes. As in
 * job.h, functions with EVPROF_API are for our own adapters only.
 */

#include <stdbool.h>
#include <stddef.h>

#include <evprof/evprof.h>
#include <evprof/module.h>

#include "core/base/buf.h"

/* The modules of the build, in the order of modules/CMakeLists.txt, NULL last.
 */
extern EVPROF_API const evprof_module_t *const evprof_profile_modules[];

/*
 * `prof`, or for NULL the process's profiler, made if there is none; `by` is
 * the public function that asks, a static string. As evprof_default().
 */
EVPROF_API evprof_t *evprof_use(evprof_t *prof, const char *by,
                                evprof_error_t *err);

/* All pointers are the module's, valid between evprof_visit() and its end. */
typedef struct evprof_entry {
    const char *name;
    const char *leaf; /* the last part of its URL */
    const evprof_module_t *module;
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

/* Ends a visit that evprof_visit() has let begin. MT-Safe. */
EVPROF_API void evprof_leave(evprof_t *prof);

/* How many profiles there are, own ones and those switched off included. */
EVPROF_API size_t evprof_catalog_size(evprof_t *prof);

/* Fills `out` with up to `max` of them, sorted by name; returns how many. */
EVPROF_API size_t evprof_catalog_list(evprof_t *prof, evprof_entry_t *out,
                                      size_t max);

/* The lines of a profile for the status page, none for a profile that is off.
 * On the worker. */
EVPROF_API int evprof_catalog_status(evprof_t *prof, const char *name,
                                     const evprof_writer_t *out);

/* Writes what profiles lacked since the start, a line for each cause, under a
 * name that no profile has: "symbols", or "other" for profiles of the
 * application. */
EVPROF_API int evprof_catalog_losses(const char *name,
                                     const evprof_writer_t *out);

/* Appends the meaning of the line with that name of `len` bytes; false: there
 * is no such line. */
EVPROF_API bool evprof_catalog_loss_meaning(const char *name, size_t len,
                                            evprof_buf_t *out);

/* A profile's remark for the index page, or NULL. On the worker. */
EVPROF_API const char *evprof_catalog_note(evprof_t *prof, const char *name);

/* Fills `out` with the profile that is served at the last part of a URL: a
 * leaf, an alias, or a name. False: there is none. */
EVPROF_API bool evprof_catalog_find_leaf(evprof_t *prof, const char *leaf,
                                         evprof_entry_t *out);

/* The paths of Go's net/http/pprof, NULL last. Clients made for Go ask for them
 * whether or not a module serves them. */
extern EVPROF_API const char *const evprof_go_leaves[];

/* Whether a page, a path of Go's or another profile is served at that leaf. */
bool evprof_leaf_is_reserved(evprof_t *prof, const char *leaf);

/* Sets the rate of a module that has one; returns the one before.
 * EVPROF_EOFF: the profile is switched off, or there is no profiler. */
EVPROF_API long evprof_catalog_set_rate(evprof_t *prof,
                                        const evprof_module_t *module,
                                        long rate);

/* Sets a comment, a static string, that every profile made from now on carries;
 * NULL: none. MT-Safe, lock-free. */
EVPROF_API void evprof_remark(const char *text);

/* False once evprof_free() was called. */
EVPROF_API bool evprof_is_open(evprof_t *prof);

/* The path below which all is served: begins and ends with a slash. */
EVPROF_API const char *evprof_prefix(evprof_t *prof);

#endif
