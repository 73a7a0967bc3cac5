/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_FLAGS_H
#define EVPROF_CLI_FLAGS_H

#include <stdbool.h>

/* True when the file is an executable or a library of some system, by the first
 * bytes of it. */
bool cli_is_binary(const char *file);

/* True for a build id in hex that is not also the name of a file. */
bool cli_is_build_id(const char *word);

#endif
