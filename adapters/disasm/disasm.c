/* SPDX-License-Identifier: Apache-2.0 */
/* Which disassembler there is. EVPROF_DISASSEMBLER=capstone passes LLVM over,
 * whose library takes long to load on a slow disk. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/disasm/capstone.h"
#include "adapters/disasm/llvm.h"

static const evprof_disassembler_t *chosen;

static void
choose(void)
{
    const char *wanted = getenv("EVPROF_DISASSEMBLER");
    if (wanted == NULL || strcmp(wanted, "capstone") != 0) {
        chosen = evprof_disasm_llvm();
    }
    if (chosen == NULL) {
        chosen = &evprof_disasm_capstone;
    }
}

const evprof_disassembler_t *
evprof_disassembler(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, choose);
    return chosen;
}
