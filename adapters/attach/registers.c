/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DWARF's numbers of x86-64 are those of its psABI (figure 3.36), where 16 is
 * the return address, which the program counter stands for; those of aarch64
 * (AADWARF64) equal the kernel's.
 */
#include "adapters/attach/registers.h"

#include <asm/perf_regs.h>
#include <string.h>

#define BIT(n) (UINT64_C(1) << (n))

#if defined(__x86_64__)

const uint64_t evprof_registers_mask =
    (BIT(PERF_REG_X86_IP + 1) - 1) |
    (BIT(PERF_REG_X86_R15 + 1) - BIT(PERF_REG_X86_R8));
const unsigned evprof_registers_count = 17;

uint64_t
evprof_registers_sort(const uint64_t *in, uint64_t out[EVPROF_REGISTERS_MAX],
                      uint64_t *sp)
{
    /* The kernel's order is ax bx cx dx si di bp sp ip. */
    static const unsigned char dwarf_of[] = { 0, 3, 2, 1, 4, 5, 6, 7, 16 };
    for (unsigned i = 0; i < sizeof(dwarf_of); i++) {
        out[dwarf_of[i]] = in[i];
    }
    memcpy(out + 8, in + sizeof(dwarf_of), 8 * sizeof(*in));
    *sp = out[7];
    return out[16];
}

#elif defined(__aarch64__)

const uint64_t evprof_registers_mask = BIT(PERF_REG_ARM64_PC + 1) - 1;
const unsigned evprof_registers_count = 32;

uint64_t
evprof_registers_sort(const uint64_t *in, uint64_t out[EVPROF_REGISTERS_MAX],
                      uint64_t *sp)
{
    memcpy(out, in, 33 * sizeof(*in));
    *sp = in[PERF_REG_ARM64_SP];
    return in[PERF_REG_ARM64_PC];
}

#endif
