/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ANALYSIS_PROC_MAPS_H
#define EVPROF_ANALYSIS_PROC_MAPS_H

/*
 * Memory maps at the end of text profiles: lines of /proc/PID/maps or the brief
 * form "start-end [perm] file [(@offset)] [build id]", executable ones only;
 * "name=value" lines define what $name stands for in later ones.
 */

#include "core/analysis/assemble.h"
#include "core/analysis/lines.h"

/* Whether the line begins such a section. */
bool evprof_maps_sentinel(evprof_span_t line);

/*
 * All of it, at the end of a text format: reads `text`, tidies, orders the
 * assembly, and gives each location with an address the mapping that holds it;
 * if there is none, one that holds everything. EVPROF_ELIMIT: too many of both;
 * EVPROF_ENOMEM.
 */
int evprof_maps_finish(evprof_assembly_t *a, evprof_span_t text,
                       evprof_error_t *err);

#endif
