/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_MANUAL_H
#define EVPROF_CLI_MANUAL_H

#include <stdbool.h>

#include "core/base/buf.h"

/* Appends the manual page evprof(1) in the language mdoc, when `name` is "man";
 * else false. */
bool cli_manual(evprof_buf_t *out, const char *name);

#endif
