/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pthread_create, in front of libc's: the thread has a record before it exists,
 * and enters the registry before its start routine. It may be called by the
 * constructors of other libraries, before ours have run, and by allocators:
 * nothing here needs to be made ready, and nothing allocates but dlsym's first
 * call.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include <evprof/export.h>

#include "core/interpose/real.h"
#include "core/sample/hooks.h"
#include "core/sample/threads.h"

typedef int (*create_fn)(pthread_t *, const pthread_attr_t *, void *(*)(void *),
                         void *);

/* This wrapper's own frame is no part of the creator's stack. */
enum { OWN_FRAMES = 0 };

#if defined(__SANITIZE_THREAD__)
/* ThreadSanitizer stands before our shared library and passes a routine of its
 * own, which must be the first instrumented code of a thread; ours is
 * instrumented too in such a build. These threads are left to the scan. */
static bool
must_begin_with(void *(*start)(void *))
{
    Dl_info info;
    const void *address;
    memcpy(&address, &start, sizeof(address));
    return dladdr(address, &info) != 0 && info.dli_fname != NULL &&
           strstr(info.dli_fname, "libtsan") != NULL;
}
#else
static bool
must_begin_with(void *(*start)(void *))
{
    (void)start;
    return false;
}
#endif

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>

/* AddressSanitizer stands before our shared library too, and cleans a thread's
 * stack of what it knows of an earlier thread's in the routine that it passes.
 * We come before that, and in the child of a fork stacks are used again whose
 * threads never ended: a few frames of it are cleaned here. */
enum { CLEAN_BYTES = 8192 };
#define BEFORE_SANITIZER __attribute__((no_sanitize("address")))

BEFORE_SANITIZER static void
clean_stack(void)
{
    char *top = __builtin_frame_address(0);
    __asan_unpoison_memory_region(top - CLEAN_BYTES, CLEAN_BYTES);
}
#else
#define BEFORE_SANITIZER

static void
clean_stack(void)
{
}
#endif

EVPROF_HOOK BEFORE_SANITIZER static void *
enter_thread(void *record)
{
    evprof_thread_t *thread = record;
    clean_stack();
    evprof_thread_enter(thread);
    return thread->start(thread->arg);
}

static evprof_real_t real_create = EVPROF_REAL(pthread_create, NULL);

__attribute__((constructor(101))) static void
find_pthread_create(void)
{
    static evprof_real_t *const reals[] = { &real_create };
    evprof_real_find_all(reals, sizeof(reals) / sizeof(reals[0]));
}

EVPROF_API EVPROF_HOOK int
pthread_create(pthread_t *restrict out, const pthread_attr_t *restrict attr,
               void *(*start)(void *), void *restrict arg)
{
    create_fn real = (create_fn)evprof_real(&real_create); // NOLINT
    evprof_thread_t *thread =
        must_begin_with(start) ? NULL : evprof_thread_prepare(OWN_FRAMES);
    if (!thread) {
        return real(out, attr, start, arg);
    }
    thread->start = start;
    thread->arg = arg;
    evprof_thread_announce(thread, __builtin_return_address(0));
    const int failed = real(out, attr, enter_thread, thread);
    if (failed != 0) {
        evprof_thread_abandon(thread);
    }
    return failed;
}
