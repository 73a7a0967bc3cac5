/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_ATTACH_REGISTERS_H
#define EVPROF_ATTACH_REGISTERS_H

/*
 * The user registers that a sample carries. The kernel writes those of a mask
 * in ascending order of its own numbers (asm/perf_regs.h); libdw wants them by
 * the numbers of the machine's DWARF.
 */

#include <stdint.h>

#define EVPROF_REGISTERS_MAX 33

/* The kernel's mask of the registers that unwinding needs. */
extern const uint64_t evprof_registers_mask;

/* How many of `out` evprof_registers_sort() fills: DWARF's numbers from 0 on.
 */
extern const unsigned evprof_registers_count;

/* From the kernel's order to DWARF's; returns the program counter, and puts the
 * stack pointer in `*sp`. */
uint64_t evprof_registers_sort(const uint64_t *in,
                               uint64_t out[EVPROF_REGISTERS_MAX],
                               uint64_t *sp);

#endif
