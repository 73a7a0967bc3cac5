/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_REPORT_SETTINGS_H
#define EVPROF_REPORT_SETTINGS_H

#include <stddef.h>

#include "core/base/buf.h"
#include "core/report/options.h"

/*
 * Named sets of options in the file where pprof keeps them, and in its form, so
 * that both can read what either wrote: of an option only what is not its zero
 * value, output, paths, column and divisor left out.
 */
typedef struct evprof_setting {
    char *name;
    evprof_options_t options;
} evprof_setting_t;

typedef struct evprof_settings {
    evprof_setting_t *items;
    size_t count;
} evprof_settings_t;

/* $XDG_CONFIG_HOME/pprof/settings.json, by default in ~/.config. EVPROF_ENOENT:
 * neither is known; EVPROF_ENOMEM. */
int evprof_settings_file(evprof_buf_t *out, evprof_error_t *err);

/* Reads the file; a missing one counts as empty. EVPROF_EPARSE, EVPROF_EIO,
 * EVPROF_ENOMEM. */
int evprof_settings_read(const char *file, evprof_settings_t *out,
                         evprof_error_t *err);

/* Writes the whole file anew, and its directory if need be. EVPROF_EIO. */
int evprof_settings_write(const char *file, const evprof_settings_t *settings,
                          evprof_error_t *err);

/* Adds a copy of the options under a name, or replaces what has it.
 * EVPROF_EINVAL: no name; EVPROF_ENOMEM. */
int evprof_settings_set(evprof_settings_t *settings, const char *name,
                        const evprof_options_t *options, evprof_error_t *err);

/* Removes the options of that name. EVPROF_ENOENT: "config NAME not found". */
int evprof_settings_remove(evprof_settings_t *settings, const char *name,
                           evprof_error_t *err);

/* The options under that name, or NULL. */
const evprof_options_t *evprof_settings_find(const evprof_settings_t *settings,
                                             const char *name);

/* Frees all sets of options. */
void evprof_settings_free(evprof_settings_t *settings);

#endif
