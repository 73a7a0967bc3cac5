/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_TIMELINE_PROFILE_H
#define EVPROF_TIMELINE_PROFILE_H

#include "core/profile/pprof.h"
#include "core/timeline/spans.h"

/*
 * A timeline as a profile: how often and how long by stack. `kind` is one of
 * those below; "net", "sync", "syscall" and "sched" are those of `go tool
 * trace -pprof`, with the same numbers. EVPROF_EINVAL: it is none of them;
 * EVPROF_ENOMEM.
 */
int evprof_timeline_profile(const evprof_timeline_spans_t *s, const char *kind,
                            evprof_pprof_t **out, evprof_error_t *err);

#endif
