/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process with C++ code has the C++ runtime's __cxa_demangle loaded, and a
 * process without has nothing to demangle. So the runtime library needs no
 * demangler of its own; libiberty's would bring its licence into every server.
 * Where the C++ runtime is linked statically and not exported, names stay
 * mangled, and viewers demangle them.
 */
#include "core/symbol/demangle.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/lock.h"
#include "core/base/own_thread.h"
#include "core/base/plain_name.h"
#include "core/objects/objects.h"

/* Demanglers use stack in proportion to the length of the name. */
#define MAX_NAME_LEN ((size_t)8192)

typedef char *(*demangle_fn)(const char *name, char *buffer, size_t *len,
                             int *status);

/* A copy, since ISO C cannot cast the result of dlsym() to a function. */
static demangle_fn
find_in(void *handle)
{
    demangle_fn demangle = NULL;
    void *symbol = dlsym(handle, "__cxa_demangle");
    memcpy(&demangle, &symbol, sizeof(demangle));
    return demangle;
}

/* A plugin's C++ runtime may be outside the global scope, so it is looked up by
 * its file name, without being loaded. */
static demangle_fn
find_in_library(const char *soname)
{
    void *handle = dlopen(soname, RTLD_LAZY | RTLD_NOLOAD);
    /* The handle is kept: the function must not be unloaded. */
    return handle == NULL ? NULL : find_in(handle);
}

/* How long a search for the demangler may delay a profile. */
#define LOOK_NS INT64_C(200000000)

static struct {
    _Atomic(demangle_fn) known;
    /* The loader's count of loaded objects at the last complete search. */
    _Atomic uint64_t seen;
    /* That count at the start of the current search. */
    uint64_t count;
    /* The process whose thread searches; 0: none does. */
    _Atomic pid_t process;
    _Atomic uint32_t is_ended; /* of the current search; a futex */
} look;

static int
take_count(struct dl_phdr_info *info, size_t size, void *count)
{
    (void)size;
    *(uint64_t *)count = info->dlpi_adds;
    return 1;
}

static uint64_t
objects_so_far(void)
{
    uint64_t count = 0;
    (void)evprof_objects_walk(take_count, &count);
    return count;
}

static void *
look_around(void *unused)
{
    demangle_fn demangle = find_in(RTLD_DEFAULT);
    if (demangle == NULL) {
        demangle = find_in_library("libstdc++.so.6");
    }
    if (demangle == NULL) {
        demangle = find_in_library("libc++abi.so.1");
    }
    look.known = demangle;
    atomic_store(&look.seen, look.count);
    atomic_store(&look.process, 0);
    atomic_store(&look.is_ended, 1);
    evprof_futex_wake(&look.is_ended);
    return unused;
}

/* Most programs with C++ code have its runtime from the start. */
__attribute__((constructor(102))) static void
find_early(void)
{
    look.known = find_in(RTLD_DEFAULT);
    look.seen = objects_so_far();
}

/*
 * Searches on a thread of its own, since the search waits for a thread that is
 * in dlopen(), possibly for ever. In that case names stay mangled, and only the
 * searching thread waits on.
 */
static void
look_again(uint64_t count)
{
    pthread_t thread;
    look.count = count;
    atomic_store(&look.is_ended, 0);
    if (evprof_own_thread_start(EVPROF_OWN_DEMANGLER, &thread, look_around,
                                NULL) != 0) {
        atomic_store(&look.process, 0);
        return;
    }
    pthread_detach(thread);
    (void)evprof_futex_await(&look.is_ended, 0,
                             evprof_clock_ns(CLOCK_MONOTONIC) + LOOK_NS);
}

/* Searches again when more objects were loaded since the last complete search.
 * A search that no thread could be made for, or that a fork left behind in the
 * parent, is not complete. */
static demangle_fn
find_demangler(void)
{
    pid_t own = getpid();
    pid_t looking = atomic_load(&look.process);
    if (look.known == NULL && looking != own) {
        uint64_t count = objects_so_far();
        if (atomic_load(&look.seen) != count &&
            atomic_compare_exchange_strong(&look.process, &looking, own)) {
            look_again(count);
        }
    }
    return look.known;
}

char *
evprof_demangle(const char *name)
{
    if (name[0] != '_' || name[1] != 'Z' ||
        strnlen(name, MAX_NAME_LEN) == MAX_NAME_LEN) {
        return NULL;
    }
    demangle_fn demangle = find_demangler();
    if (demangle == NULL) {
        return NULL;
    }
    char *full = demangle(name, NULL, NULL, NULL);
    evprof_buf_t plain = { 0 };
    if (full != NULL) {
        evprof_plain_name(&plain, full,
                          EVPROF_NAME_DROP_PARAMS | EVPROF_NAME_DROP_TEMPLATES |
                              EVPROF_NAME_DROP_LAMBDA_PARAMS);
    }
    free(full);
    if (plain.failed) {
        evprof_buf_free(&plain);
    }
    return plain.data;
}
