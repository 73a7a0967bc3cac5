/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as the code of a function: an instruction never reaches beyond them, is
 * the same with fewer bytes behind it, and the depth of a frame is either not
 * told or one that a stack can have. The first byte says where the call is.
 */
#include <stdlib.h>
#include <string.h>

#include "core/unwind/frame_depth.h"
#include "core/unwind/insn_x86_64.h"
#include "tests/fuzz/fuzz.h"

static void
require(bool condition)
{
    if (!condition) {
        abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    intptr_t depth = 0;
    if (len < 2) {
        return 0;
    }
    /* A copy that ends where memory does. */
    size_t size = len - 1;
    uint8_t *code = malloc(size);
    require(code != NULL);
    memcpy(code, data + 1, size);
    for (size_t at = 0; at < size; at++) {
        evprof_insn_t insn = evprof_insn_decode(code + at, size - at);
        require(insn.length <= size - at);
        if (insn.length > 0) {
            evprof_insn_t again = evprof_insn_decode(code + at, insn.length);
            require(again.length == insn.length && again.kind == insn.kind &&
                    again.value == insn.value);
        }
    }
    if (evprof_frame_depth(code, size, data[0] % (size + 1), &depth)) {
        require(depth >= 0 && depth <= 1 << 30);
    }
    free(code);
    return 0;
}
