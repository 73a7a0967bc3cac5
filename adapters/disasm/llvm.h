/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_DISASM_LLVM_H
#define EVPROF_DISASM_LLVM_H

#include "core/symbol/disassembler.h"

/* Through LLVM's C interface, from whichever libLLVM is installed; NULL: none.
 */
const evprof_disassembler_t *evprof_disasm_llvm(void);

#endif
