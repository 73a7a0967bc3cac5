/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_RECORDING_H
#define EVPROF_RUNTIME_RECORDING_H

#include <evprof/evprof.h>
#include <evprof/export.h>
#include <evprof/module.h>

/*
 * Opens a window of a TIMED profile that the application ends itself. `out` is
 * copied and called by evprof_recording_stop(). One at a time for a profile.
 * EVPROF_EINVAL: no profiler; EVPROF_EBUSY, EVPROF_EOFF, EVPROF_ESTATE: called
 * by a module's hook, or the profiler is shut down; what `begin` says. MT-Safe.
 */
EVPROF_API int evprof_recording_start(evprof_t *prof, const char *profile,
                                      const evprof_writer_t *out,
                                      evprof_error_t *err);

/* Ends it and writes the profile on the calling thread; EVPROF_OK where there
 * is none. What the writer or the snapshot says. MT-Safe. */
EVPROF_API int evprof_recording_stop(evprof_t *prof, const char *profile,
                                     evprof_error_t *err);

/* Writes on the calling thread what the file of such a window has had so far,
 * or since the last call; the window goes on, and its end writes the rest.
 * EVPROF_ENOTSUP: a file of that profile has no parts; EVPROF_ESTATE: no window
 * is open. What the writer or the module says. MT-Safe. */
EVPROF_API int evprof_recording_part(evprof_t *prof, const char *profile,
                                     const evprof_writer_t *out,
                                     evprof_error_t *err);

/* As evprof_profile_write(), for a request of any kind. */
int evprof_profile_take(evprof_profile_t *p, const evprof_ask_t *ask,
                        const evprof_writer_t *out, evprof_error_t *err);

/* Cancels the jobs of windows that are still open, and frees the windows. */
void evprof_recordings_drop(evprof_t *prof);

#endif
