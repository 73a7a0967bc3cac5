/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libdwfl steps from frame to frame; it asks us for registers, for words of
 * the stack, which come out of the sample's copy, and for words of the objects,
 * which are read from the process. What lies beyond the copy is never read from
 * the living stack: it is another one by now.
 *
 * Objects that are loaded later are learned when a leaf lies in none, twice a
 * second at most. Debug information is not looked for: call-frame data is in
 * the objects themselves, and names are found later, by the tool.
 */
#include "adapters/attach/stack.h"

#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "adapters/attach/registers.h"
#include "core/base/clock.h"
#include "core/base/error.h"

#define RELOAD_NS (INT64_C(500) * 1000 * 1000)

struct evprof_tracer {
    Dwfl *dwfl;
    pid_t pid;
    bool is_attached;
    int64_t learned_ns;
    /* Of the sample that is walked. */
    uint64_t registers[EVPROF_REGISTERS_MAX];
    uint64_t pc;
    uint64_t sp;
    const unsigned char *stack;
    size_t stack_size;
    evprof_traced_t *out;
};

/* ---- Objects ---- */

/* Opens the file as the process sees it, which may live in another mount
 * namespace. */
static int
find_elf(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
         char **file, Elf **elf)
{
    const evprof_tracer_t *tracer = *data;
    char path[4096 + 64];
    if (tracer != NULL && name[0] == '/') {
        (void)snprintf(path, sizeof(path), "/proc/%d/root%s", (int)tracer->pid,
                       name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            *file = NULL;
            *elf = NULL;
            return fd;
        }
    }
    return dwfl_linux_proc_find_elf(module, data, name, base, file, elf);
}

static int
find_no_debuginfo(Dwfl_Module *module, void **data, const char *name,
                  Dwarf_Addr base, const char *file, const char *link,
                  GElf_Word crc, char **out)
{
    (void)module, (void)data, (void)name, (void)base;
    (void)file, (void)link, (void)crc, (void)out;
    return -1;
}

static int
give_tracer(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
            void *tracer)
{
    (void)module, (void)name, (void)base;
    *data = tracer;
    return DWARF_CB_OK;
}

static int
learn(evprof_tracer_t *tracer)
{
    dwfl_report_begin_add(tracer->dwfl);
    int error = dwfl_linux_proc_report(tracer->dwfl, tracer->pid);
    (void)dwfl_report_end(tracer->dwfl, NULL, NULL);
    (void)dwfl_getmodules(tracer->dwfl, give_tracer, tracer, 0);
    tracer->learned_ns = evprof_clock_ns(CLOCK_MONOTONIC);
    return error;
}

/* ---- What libdwfl asks ---- */

static pid_t
next_thread(Dwfl *dwfl, void *ctx, void **thread)
{
    const evprof_tracer_t *tracer = ctx;
    (void)dwfl;
    if (*thread != NULL) {
        return 0;
    }
    *thread = ctx;
    return tracer->pid;
}

static bool
get_thread(Dwfl *dwfl, pid_t tid, void *ctx, void **thread)
{
    (void)dwfl, (void)tid;
    *thread = ctx;
    return true;
}

static bool
read_memory(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *out, void *ctx)
{
    const evprof_tracer_t *tracer = ctx;
    if (address - tracer->sp < tracer->stack_size &&
        tracer->stack_size - (address - tracer->sp) >= sizeof(*out)) {
        memcpy(out, tracer->stack + (address - tracer->sp), sizeof(*out));
        return true;
    }
    if (dwfl_addrmodule(dwfl, address) == NULL) {
        return false;
    }
    struct iovec to = { .iov_base = out, .iov_len = sizeof(*out) };
    struct iovec from = { .iov_len = sizeof(*out) };
    memcpy(&from.iov_base, &address, sizeof(from.iov_base));
    return process_vm_readv(tracer->pid, &to, 1, &from, 1, 0) ==
           (ssize_t)sizeof(*out);
}

static bool
set_registers(Dwfl_Thread *thread, void *ctx)
{
    const evprof_tracer_t *tracer = ctx;
#if defined(__aarch64__)
    dwfl_thread_state_register_pc(thread, tracer->pc);
#endif
    return dwfl_thread_state_registers(thread, 0, evprof_registers_count,
                                       tracer->registers);
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
    .next_thread = next_thread,
    .get_thread = get_thread,
    .memory_read = read_memory,
    .set_initial_registers = set_registers,
};

static int
take_frame(Dwfl_Frame *frame, void *ctx)
{
    evprof_tracer_t *tracer = ctx;
    evprof_traced_t *out = tracer->out;
    Dwarf_Addr pc;
    bool is_interrupted;
    if (out->count == EVPROF_STACK_FRAMES ||
        !dwfl_frame_pc(frame, &pc, &is_interrupted) || pc == 0) {
        return DWARF_CB_ABORT;
    }
    out->pcs[out->count++] = is_interrupted ? pc : pc - 1;
    return DWARF_CB_OK;
}

/* ---- Stacks ---- */

int
evprof_tracer_new(pid_t pid, evprof_tracer_t **out, evprof_error_t *err)
{
    static const Dwfl_Callbacks callbacks = {
        .find_elf = find_elf,
        .find_debuginfo = find_no_debuginfo,
    };
    evprof_tracer_t *tracer = calloc(1, sizeof(*tracer));
    if (tracer == NULL || (tracer->dwfl = dwfl_begin(&callbacks)) == NULL) {
        free(tracer);
        return evprof_fail(err, EVPROF_ENOMEM, "out of memory");
    }
    tracer->pid = pid;
    int error = learn(tracer);
    if (error != 0) {
        char text[EVPROF_ERRNO_TEXT_SIZE];
        evprof_tracer_free(tracer);
        return evprof_fail(err, EVPROF_EIO, "its maps cannot be read: %s",
                           evprof_errno_text(error, text, sizeof(text)));
    }
    *out = tracer;
    return EVPROF_OK;
}

void
evprof_tracer_free(evprof_tracer_t *tracer)
{
    if (tracer != NULL) {
        dwfl_end(tracer->dwfl);
        free(tracer);
    }
}

/* Follows call-frame data; false: some frame has none that serves. */
static bool
walk_tables(evprof_tracer_t *tracer, const evprof_event_t *event)
{
    tracer->pc =
        evprof_registers_sort(event->registers, tracer->registers, &tracer->sp);
    tracer->stack = event->stack;
    tracer->stack_size = event->stack_size;
    if (dwfl_addrmodule(tracer->dwfl, tracer->pc) == NULL &&
        evprof_clock_ns(CLOCK_MONOTONIC) - tracer->learned_ns > RELOAD_NS) {
        (void)learn(tracer);
    }
    if (!tracer->is_attached) {
        tracer->is_attached = dwfl_attach_state(tracer->dwfl, NULL, tracer->pid,
                                                &thread_callbacks, tracer);
    }
    return tracer->is_attached &&
           dwfl_getthread_frames(tracer->dwfl, event->tid, take_frame,
                                 tracer) == 0;
}

/* The kernel's own walk; it marks where the user's part begins. */
static void
walk_chain(const evprof_event_t *event, evprof_traced_t *out)
{
    out->count = 0;
    for (size_t i = 0;
         i < event->chain_count && out->count < EVPROF_STACK_FRAMES; i++) {
        uint64_t pc = event->chain[i];
        if (pc < (uint64_t)PERF_CONTEXT_MAX && pc != 0) {
            out->pcs[out->count] = out->count == 0 ? pc : pc - 1;
            out->count++;
        }
    }
}

void
evprof_tracer_walk(evprof_tracer_t *tracer, const evprof_event_t *event,
                   evprof_traced_t *out)
{
    *out = (evprof_traced_t){ .count = 0 };
    tracer->out = out;
    if (event->registers != NULL && walk_tables(tracer, event)) {
        return;
    }
    out->is_broken = true;
    if (event->chain_count > out->count + 1) { /* one is the mark */
        walk_chain(event, out);
    }
}
