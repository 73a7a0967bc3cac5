/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The test library stands in front of the allocator and counts. Its functions
 * have default visibility and come before the allocator's in link order, so
 * that every caller in the process finds them first; each forwards to the next
 * definition. Looking that up allocates (dlsym keeps an error string), so until
 * it is known requests are served from a small static area that is never freed.
 *
 * Counters are initial-exec thread-locals: the dynamic model would allocate on
 * a thread's first access, inside malloc. A thread that ends leaves its own to
 * all; what other destructors of it allocate afterwards is left in another
 * turn.
 */
#include "adapters/testing/count.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <evprof/export.h>

#include "core/base/look_up.h"
#include "core/heap/jemalloc.h"

/* What dlsym and the loader ask for before the allocator is known: a few
 * hundred bytes on glibc 2.36; the rest is margin. */
#define EARLY_SIZE ((size_t)16384)

#define THREAD_LOCAL _Thread_local __attribute__((tls_model("initial-exec")))

int mallctl(const char *name, void *old, size_t *old_len, void *new_value,
            size_t new_len) __attribute__((weak));

static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void (*free)(void *);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    size_t (*malloc_usable_size)(void *);
} next;

static atomic_bool is_ready;
static THREAD_LOCAL bool is_resolving;
static THREAD_LOCAL evprof_alloc_count_t counted;
static THREAD_LOCAL const uint64_t *jemalloc_allocated;
static THREAD_LOCAL bool will_leave;
static struct {
    atomic_ullong allocs, bytes;
} ended;
static pthread_key_t at_end;
static atomic_bool has_key;

static _Alignas(max_align_t) char early[EARLY_SIZE];
static atomic_size_t early_used;

static bool
is_early(const void *p)
{
    return (const char *)p >= early && (const char *)p < early + EARLY_SIZE;
}

static void *
early_alloc(size_t size)
{
    size_t whole = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) *
                   sizeof(max_align_t);
    size_t at = atomic_fetch_add(&early_used, whole);
    return whole > EARLY_SIZE || at > EARLY_SIZE - whole ? NULL : early + at;
}

/* False while this thread is inside the look-up itself. */
static bool
resolve(void)
{
    if (atomic_load_explicit(&is_ready, memory_order_acquire)) {
        return true;
    }
    if (is_resolving) {
        return false;
    }
    is_resolving = true;
#define RESOLVE(name)                                                          \
    do {                                                                       \
        void *found = evprof_look_up(RTLD_NEXT, #name);                        \
        memcpy(&next.name, &found, sizeof(found));                             \
    } while (0)
    RESOLVE(malloc);
    RESOLVE(calloc);
    RESOLVE(realloc);
    RESOLVE(free);
    RESOLVE(posix_memalign);
    RESOLVE(aligned_alloc);
    RESOLVE(malloc_usable_size);
#undef RESOLVE
    atomic_store_explicit(&is_ready, true, memory_order_release);
    is_resolving = false;
    return true;
}

static void
leave(void *arg)
{
    (void)arg;
    atomic_fetch_add(&ended.allocs, counted.allocs);
    atomic_fetch_add(&ended.bytes, jemalloc_allocated != NULL
                                       ? *jemalloc_allocated
                                       : counted.bytes);
    counted = (evprof_alloc_count_t){ 0 };
    jemalloc_allocated = NULL;
    will_leave = false;
}

/* The first keys of a process are slots of the thread itself: setting one
 * allocates nothing. */
__attribute__((constructor(101))) static void
make_key(void)
{
    atomic_store(&has_key, pthread_key_create(&at_end, leave) == 0);
}

static void *
count(void *p)
{
    if (p != NULL) {
        counted.allocs++;
        if (mallctl == NULL || jemalloc_allocated == NULL) {
            counted.bytes += next.malloc_usable_size(p);
        }
        if (!will_leave && atomic_load(&has_key)) {
            will_leave = true;
            pthread_setspecific(at_end, &ended);
        }
    }
    return p;
}

EVPROF_API void *
malloc(size_t size)
{
    return resolve() ? count(next.malloc(size)) : early_alloc(size);
}

EVPROF_API void *
calloc(size_t n, size_t size)
{
    if (!resolve()) {
        /* The early area is zeroed and never used twice. */
        return size != 0 && n > EARLY_SIZE / size ? NULL
                                                  : early_alloc(n * size);
    }
    return count(next.calloc(n, size));
}

EVPROF_API void *
realloc(void *p, size_t size)
{
    if (!resolve() || is_early(p)) {
        void *moved = malloc(size);
        if (moved != NULL && p != NULL) {
            size_t room = (size_t)(early + EARLY_SIZE - (char *)p);
            memcpy(moved, p, size < room ? size : room);
        }
        return moved;
    }
    return count(next.realloc(p, size));
}

EVPROF_API void
free(void *p)
{
    if (p != NULL && !is_early(p) && resolve()) {
        next.free(p);
    }
}

EVPROF_API int
posix_memalign(void **out, size_t align, size_t size)
{
    if (!resolve()) {
        return ENOMEM;
    }
    int error = next.posix_memalign(out, align, size);
    if (error == 0) {
        count(*out);
    }
    return error;
}

EVPROF_API void *
aligned_alloc(size_t align, size_t size)
{
    return resolve() ? count(next.aligned_alloc(align, size)) : NULL;
}

evprof_alloc_count_t
evprof_alloc_count(void)
{
    if (mallctl != NULL && jemalloc_allocated == NULL) {
        size_t len = sizeof(jemalloc_allocated);
        mallctl("thread.allocatedp", &jemalloc_allocated, &len, NULL, 0);
    }
    evprof_alloc_count_t now = counted;
    if (jemalloc_allocated != NULL) {
        now.bytes = *jemalloc_allocated;
    }
    now.allocs += atomic_load(&ended.allocs);
    now.bytes += atomic_load(&ended.bytes);
    return now;
}

/* Heap profiles are jemalloc's all the same, and have no frame of this library.
 */
__attribute__((constructor)) static void
announce(void)
{
    evprof_heap_set_counter((uintptr_t)&announce);
}
