/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_CLI_CODE_H
#define EVPROF_CLI_CODE_H

#include "adapters/cli/cli.h"
#include "core/symbol/code.h"

/* The folders in which binaries are looked for, separated by colons; "" when
 * there are none. */
const char *cli_search_path(void);

/* The source of machine code and its disassembler for reports; valid for the
 * life of the process. */
const evprof_code_source_t *cli_code(const cli_t *cli);

#endif
