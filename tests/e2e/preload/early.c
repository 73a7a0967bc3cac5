/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library that is preloaded beside evprof and does in its constructor, the
 * first that may run, all that evprof's wrappers stand before; its allocator
 * looks libc's up by dlsym, which allocates, as many tools' do.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))

EXPORTED void *malloc(size_t size);
EXPORTED void *calloc(size_t count, size_t size);

typedef void *malloc_fn(size_t);

static _Alignas(16) char first_memory[1 << 16];
static atomic_size_t first_used;
static atomic_int is_looking;
static malloc_fn *next_malloc;

static void *
take_first_memory(size_t size)
{
    size_t at = atomic_fetch_add(&first_used, (size + 15) / 16 * 16);
    return at + size <= sizeof(first_memory) ? first_memory + at : NULL;
}

void *
malloc(size_t size)
{
    if (next_malloc == NULL && atomic_exchange(&is_looking, 1) == 0) {
        void *symbol = dlsym(RTLD_NEXT, "malloc");
        memcpy(&next_malloc, &symbol, sizeof(next_malloc));
    }
    return next_malloc != NULL ? next_malloc(size) : take_first_memory(size);
}

void *
calloc(size_t count, size_t size)
{
    void *out = malloc(count * size);
    return out == NULL ? NULL : memset(out, 0, count * size);
}

static void *
run(void *arg)
{
    return arg;
}

__attribute__((constructor(101))) static void
begin(void)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
    pthread_t thread;
    sem_t semaphore;
    pthread_mutex_lock(&mutex);
    pthread_rwlock_wrlock(&rwlock);
    if (sem_init(&semaphore, 0, 0) == 0 && sem_post(&semaphore) == 0) {
        (void)sem_wait(&semaphore);
    }
    if (pthread_create(&thread, NULL, run, NULL) == 0) {
        pthread_join(thread, NULL);
    }
    pthread_rwlock_unlock(&rwlock);
    pthread_mutex_unlock(&mutex);
}
