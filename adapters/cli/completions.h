/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_COMPLETIONS_H
#define EVPROF_CLI_COMPLETIONS_H

#include <stdbool.h>

#include "core/base/buf.h"

/* Appends the completions for the shell of that name, bash, zsh or fish; false:
 * it is none of them. */
bool cli_completions(evprof_buf_t *out, const char *shell);

#endif
