/* SPDX-License-Identifier: Apache-2.0 */
/* Locks of every kind before anything of ours can have been made ready: in a
 * constructor that runs before all others, and in malloc. The allocator below
 * is guarded by a pthread mutex that all threads fight for, and every wait for
 * it is recorded, so whatever allocates while recording would deadlock here.
 * usage: early [behind], alone or with the library preloaded; behind libc, the
 * library's wrappers are nobody's */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <evprof/evprof.h>

/* ---- malloc: from the front of one array, never given back ---- */

static pthread_mutex_t heap_lock = PTHREAD_MUTEX_INITIALIZER;
static _Alignas(16) unsigned char heap[(size_t)192 << 20];
static size_t heap_used;

/* Others come while it is taken, on one CPU too. */
static atomic_bool is_slow;

/* The size in front of each block, for realloc. */
enum { HEADER = 16 };

EVPROF_API void *
malloc(size_t size)
{
    size_t need = (size + HEADER + 15) & ~(size_t)15;
    pthread_mutex_lock(&heap_lock);
    unsigned char *block =
        need <= sizeof(heap) - heap_used ? heap + heap_used : NULL;
    heap_used += block != NULL ? need : 0;
    if (atomic_load_explicit(&is_slow, memory_order_relaxed)) {
        sched_yield();
    }
    pthread_mutex_unlock(&heap_lock);
    if (block == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    memcpy(block, &size, sizeof(size));
    return block + HEADER;
}

EVPROF_API void
free(void *block)
{
    (void)block;
}

EVPROF_API void *
calloc(size_t count, size_t size)
{
    /* Memory of the array is zero and used once. */
    return malloc(count * size);
}

EVPROF_API void *
realloc(void *block, size_t size)
{
    size_t old = 0;
    void *more = malloc(size);
    if (block != NULL && more != NULL) {
        memcpy(&old, (unsigned char *)block - HEADER, sizeof(old));
        memcpy(more, block, old < size ? old : size);
    }
    return more;
}

EVPROF_API void *
aligned_alloc(size_t alignment, size_t size)
{
    uintptr_t block = (uintptr_t)malloc(size + alignment);
    return (void *)((block + alignment - 1) / alignment * alignment);
}

EVPROF_API int
posix_memalign(void **out, size_t alignment, size_t size)
{
    *out = aligned_alloc(alignment, size);
    return *out == NULL ? ENOMEM : 0;
}

/* ---- Before main ---- */

static int early_failures;

static void
check(int failed)
{
    early_failures += failed != 0;
}

/* Preinit functions run before the constructors of all libraries. */
static void
lock_everything(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    const struct timespec past = { .tv_sec = 1 };
    sem_t semaphore;
    sem_init(&semaphore, 0, 1);
    check(pthread_mutex_lock(&mutex));
    check(pthread_cond_timedwait(&condition, &mutex, &past) != ETIMEDOUT);
    check(pthread_mutex_unlock(&mutex));
    check(pthread_mutex_trylock(&mutex));
    check(pthread_mutex_unlock(&mutex));
    check(pthread_rwlock_rdlock(&rwlock));
    check(pthread_rwlock_unlock(&rwlock));
    check(pthread_rwlock_wrlock(&rwlock));
    check(pthread_rwlock_unlock(&rwlock));
    check(sem_wait(&semaphore));
}

__attribute__((section(".preinit_array"),
               used)) static void (*const before_all)(void) = lock_everything;

enum { THREADS = 4, BLOCKS = 10000 };

static void *
allocate(void *arg)
{
    for (int i = 0; i < BLOCKS; i++) {
        if (malloc((size_t)(i % 64) + 1) == NULL) {
            return arg;
        }
    }
    return NULL;
}

static int
drop(void *ctx, const void *data, size_t len)
{
    (void)data;
    *(size_t *)ctx += len;
    return 0;
}

int
main(int argc, char **argv)
{
    bool is_behind = argc > 1 && strcmp(argv[1], "behind") == 0;
    pthread_t threads[THREADS];
    evprof_t *prof = evprof_new(NULL, NULL);
    if (early_failures != 0 || prof == NULL) {
        fprintf(stderr, "%d early calls failed\n", early_failures);
        return 1;
    }
    evprof_set_block_rate(prof, 1);
    evprof_set_mutex_fraction(prof, 1);
    atomic_store(&is_slow, true);
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, allocate, heap);
    }
    int failed = 0;
    for (int i = 0; i < THREADS; i++) {
        void *value;
        pthread_join(threads[i], &value);
        failed |= value != NULL;
    }
    atomic_store(&is_slow, false);
    failed |= !is_behind &&
              (evprof_profile_count(evprof_lookup(prof, "block")) == 0 ||
               evprof_profile_count(evprof_lookup(prof, "mutex")) == 0);
    size_t bytes = 0;
    evprof_writer_t out = { .write = drop, .ctx = &bytes };
    failed |= evprof_profile_write(evprof_lookup(prof, "mutex"), &out, 0, NULL);
    evprof_free(prof);
    if (failed || bytes == 0) {
        fprintf(stderr, "allocations failed, or nobody waited\n");
        return 1;
    }
    puts("ok");
    return 0;
}
