/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_WATCH_H
#define EVPROF_RUNTIME_WATCH_H

/*
 * watch { }: profiles that are taken at the moment when the process uses more
 * than it should, by a thread that looks once a second.
 */

#include <evprof/evprof.h>

#include "core/base/buf.h"

/* Starts the thread where the configuration watches something and there is
 * none; after opening and after each reload. What making a thread says. */
int evprof_watching_start(evprof_t *prof, evprof_error_t *err);

/* Its lines for the status page; none where nothing is watched. Any thread. */
EVPROF_API int evprof_watching_status(const evprof_writer_t *out);

/* Calls `show` for the latest moments, newest first: a line for people. */
EVPROF_API void evprof_watching_each(void (*show)(void *ctx, const char *line),
                                     void *ctx);

#endif
