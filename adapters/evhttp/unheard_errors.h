/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_UNHEARD_ERRORS_H
#define EVPROF_EVHTTP_UNHEARD_ERRORS_H

#include <evprof/export.h>
#include <evprof/status.h>

/*
 * For a mount whose caller passes no `err`: writes the reason of a failure to
 * standard error, in one line. This is all that the library prints without
 * being told to. Returns `status`. Any thread.
 */
EVPROF_API int evprof_unheard(int status, const evprof_error_t *err);

#endif
