/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libunwind, for stacks taken outside handlers and as the tests' second
 * opinion. It is opened locally: in the global scope its _Unwind_* functions
 * would take over C++ exceptions. It never runs in a handler: its cache waits
 * for a lock of the loader, and a thread in dlopen may be what was interrupted.
 */
#define UNW_LOCAL_ONLY
#include <libunwind.h>

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "core/unwind/sig_unwind.h"
#include "core/unwind/sig_walk.h"

#define TEXT_OF(name) #name
#define SYMBOL_TEXT(name) TEXT_OF(name)

static struct {
    __typeof__(unw_init_local2) *init;
    __typeof__(unw_step) *step;
    __typeof__(unw_get_reg) *get_reg;
} calls;

static pthread_once_t open_once = PTHREAD_ONCE_INIT;

static void
open_library(void)
{
    void *handle = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        return;
    }
    void *init = dlsym(handle, SYMBOL_TEXT(unw_init_local2));
    void *step = dlsym(handle, SYMBOL_TEXT(unw_step));
    void *get_reg = dlsym(handle, SYMBOL_TEXT(unw_get_reg));
    if (init != NULL && get_reg != NULL) {
        memcpy(&calls.init, &init, sizeof(init));
        memcpy(&calls.get_reg, &get_reg, sizeof(get_reg));
        memcpy(&calls.step, &step, sizeof(step));
    }
}

static int
load(void)
{
    pthread_once(&open_once, open_library);
    return calls.step == NULL ? EVPROF_ENOTSUP : EVPROF_OK;
}

/* Whether `pc` is at libc's return from a signal handler. unw_is_signal_frame()
 * says no where that code has call-frame data. */
EVPROF_UNCHECKED static bool
is_signal_return(uintptr_t pc)
{
    unsigned char code[EVPROF_SIGNAL_RETURN];
    evprof_pinned_t pinned = evprof_map_pin();
    const evprof_segment_t *segment = evprof_map_find(pinned.map, pc);
    bool is_readable = segment != NULL && segment->limit - pc > sizeof(code) &&
                       evprof_map_is_loaded(segment);
    evprof_map_unpin(pinned);
    for (size_t i = 0; is_readable && i < sizeof(code); i++) {
        code[i] = *(const volatile unsigned char *)(pc + i); // NOLINT
    }
    return is_readable && evprof_arch_is_signal_return(code);
}

static void
walk_from(evprof_walk_t *walk, unw_context_t *context, int flags, size_t skip)
{
    walk->count = 0;
    walk->flags = 0;
    unw_cursor_t cursor;
    if (calls.step == NULL || calls.init(&cursor, context, flags) != 0) {
        evprof_walk_broken(walk);
        return;
    }
    bool is_exact = flags == UNW_INIT_SIGNAL_FRAME;
    bool is_first = true;
    int more = 0;
    do {
        unw_word_t pc = 0;
        calls.get_reg(&cursor, UNW_REG_IP, &pc);
        if (pc == 0) {
            return;
        }
        uintptr_t given = (uintptr_t)pc + (is_exact && !is_first);
        if (!evprof_walk_add(walk, &skip, given)) {
            return;
        }
        is_first = false;
        is_exact = is_signal_return((uintptr_t)pc) ||
                   is_signal_return((uintptr_t)pc - EVPROF_SIGNAL_SYSCALL);
        more = calls.step(&cursor);
    } while (more > 0);
    if (more < 0) {
        evprof_walk_broken(walk);
    }
}

/* On aarch64 unw_context_t lacks the end of ucontext_t, which holds registers
 * that no unwinder needs. */
_Static_assert(sizeof(unw_context_t) <= sizeof(ucontext_t),
               "libunwind's context is a part of the kernel's");

static void
walk_context(evprof_walk_t *walk, const void *ucontext)
{
    unw_context_t context;
    memcpy(&context, ucontext, sizeof(context));
    walk_from(walk, &context, UNW_INIT_SIGNAL_FRAME, 0);
}

static void
walk_regs(evprof_walk_t *walk, const evprof_regs_t *regs, size_t skip)
{
    ucontext_t registers;
    memset(&registers, 0, sizeof(registers));
    evprof_arch_to_context(regs->pc, regs->r, &registers);
    unw_context_t context;
    memcpy(&context, &registers, sizeof(context));
    walk_from(walk, &context, UNW_INIT_SIGNAL_FRAME, skip);
}

const evprof_unwinder_t evprof_unwinder_libunwind = {
    .name = "libunwind",
    .is_signal_safe = false,
    .refusal = "waits for the loader's lock and must not run in a signal "
               "handler; use it for stacks taken outside handlers",
    .load = load,
    .walk_context = walk_context,
    .walk_regs = walk_regs,
};
