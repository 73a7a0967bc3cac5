/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resolves NULL to the process's profiler. Its users lie below the file that
 * makes the profiler, which therefore leaves its function here.
 */
#include "core/runtime/catalog.h"
#include "core/runtime/runtime.h"

evprof_t *(*evprof_use_maker)(const char *by, evprof_error_t *err);

evprof_t *
evprof_use(evprof_t *prof, const char *by, evprof_error_t *err)
{
    return prof != NULL ? prof : evprof_use_maker(by, err);
}
