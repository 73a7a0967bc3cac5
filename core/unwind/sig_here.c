/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks that begin in ordinary code, and the marker functions. The registers
 * are captured here, so the first frames are this function and its caller; both
 * are left out.
 */
#include "core/unwind/sig_arch.h"
#include "core/unwind/sig_map.h"
#include "core/unwind/sig_walk.h"
#include "core/unwind/unwind.h"

_Atomic(const evprof_map_t *) evprof_map_current;
evprof_epoch_t evprof_map_epoch;
atomic_bool evprof_map_is_stale;

/* The bodies differ, so that no linker folds the functions into one. */
void
evprof_mark_unknown_caller(void)
{
    __asm__ volatile("# unknown caller" ::: "memory");
    atomic_thread_fence(memory_order_seq_cst);
}

void
evprof_mark_truncated(void)
{
    __asm__ volatile("# truncated" ::: "memory");
    atomic_signal_fence(memory_order_seq_cst);
}

/* This function's frame and its caller's. */
#define OWN_FRAMES 2u

__attribute__((noinline)) void
evprof_walk_here(const evprof_unwinder_t *unwinder, evprof_walk_t *walk,
                 size_t skip)
{
    evprof_regs_t regs;
    EVPROF_ARCH_CAPTURE(&regs);
    unwinder->walk_regs(walk, &regs, skip + OWN_FRAMES);
    /* Not a tail call: the captured frame must outlive the walk. */
    __asm__ volatile("" ::: "memory");
}

bool
evprof_unwind_is_stale(void)
{
    return atomic_load_explicit(&evprof_map_is_stale, memory_order_relaxed);
}
