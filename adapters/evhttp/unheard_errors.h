/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_EVHTTP_UNHEARD_ERRORS_H
#define EVPROF_EVHTTP_UNHEARD_ERRORS_H

#include <evprof/export.h>
#include <evprof/status.h>

/*
 * For a mount whose caller takes no error: writes why it failed to the standard
 * error, one line, the only thing that the library ever prints unasked. Returns
 * `status`. Any thread.
 */
EVPROF_API int evprof_unheard(int status, const evprof_error_t *err);

#endif
