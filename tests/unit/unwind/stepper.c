/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel clears the flag while a handler runs and sets it again after. */
#include "tests/unit/unwind/stepper.h"

#include <signal.h>
#include <string.h>

static step_fn step_seen;
static void *step_ctx;
static size_t step_count;

static void
on_trap(int number, siginfo_t *info, void *ucontext)
{
    (void)number;
    (void)info;
    step_count++;
    step_seen(step_ctx, ucontext);
}

__attribute__((always_inline)) static inline void
set_trap_flag(void)
{
    __asm__ volatile("subq $128, %%rsp\n\t"
                     "pushfq\n\t"
                     "orq $0x100, (%%rsp)\n\t"
                     "popfq\n\t"
                     "addq $128, %%rsp" ::
                         : "memory", "cc");
}

__attribute__((always_inline)) static inline void
clear_trap_flag(void)
{
    __asm__ volatile("subq $128, %%rsp\n\t"
                     "pushfq\n\t"
                     "andq $~0x100, (%%rsp)\n\t"
                     "popfq\n\t"
                     "addq $128, %%rsp" ::
                         : "memory", "cc");
}

size_t
step_through(void (*run)(void *arg), void *arg, step_fn seen, void *ctx)
{
    struct sigaction action;
    struct sigaction before;
    memset(&action, 0, sizeof(action));
    action.sa_sigaction = on_trap;
    action.sa_flags = SA_SIGINFO;
    sigfillset(&action.sa_mask);
    step_seen = seen;
    step_ctx = ctx;
    step_count = 0;
    sigaction(SIGTRAP, &action, &before);
    set_trap_flag();
    run(arg);
    clear_trap_flag();
    sigaction(SIGTRAP, &before, NULL);
    return step_count;
}
