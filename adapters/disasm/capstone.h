/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_DISASM_CAPSTONE_H
#define EVPROF_DISASM_CAPSTONE_H

#include "core/symbol/disassembler.h"

/* Through Capstone, which this shared object is linked with. */
extern const evprof_disassembler_t evprof_disasm_capstone;

#endif
