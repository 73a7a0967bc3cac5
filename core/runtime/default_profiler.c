/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What NULL means where a profiler is asked for. The files that ask lie below
 * the one that makes it, so that one leaves its function here.
 */
#include "core/runtime/catalog.h"
#include "core/runtime/runtime.h"

evprof_t *(*evprof_use_maker)(const char *by, evprof_error_t *err);

evprof_t *
evprof_use(evprof_t *prof, const char *by, evprof_error_t *err)
{
    return prof != NULL ? prof : evprof_use_maker(by, err);
}
