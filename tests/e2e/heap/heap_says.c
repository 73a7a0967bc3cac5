/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Says what heap profiles say of this process: "ok" or the reason why there are
 * none. Built once for each way to link. usage: heap_says [CONF]
 */
#include <string.h>
#include <unistd.h>

#include <evprof/evprof.h>

#ifdef CALLS_MALLOC
#include <stdlib.h>
void *volatile kept;
#endif
#ifdef EARLY_LOCKS
#include <pthread.h>

static pthread_mutex_t early = PTHREAD_MUTEX_INITIALIZER;

static void *
lock_and_allocate(void *arg)
{
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&early);
        free(malloc(100));
        pthread_mutex_unlock(&early);
    }
    return arg;
}

/* Before main(), and before constructors without a priority. */
__attribute__((constructor(101))) static void
begin_early(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, lock_and_allocate, NULL) == 0) {
        lock_and_allocate(NULL);
        pthread_join(thread, NULL);
    }
}
#endif
#ifdef OWN_MALLOC_CONF
const char *malloc_conf __attribute__((visibility("default"))) =
    "background_thread:false";
#endif

static int
discard(void *ctx, const void *data, size_t len)
{
    (void)ctx;
    (void)data;
    (void)len;
    return 0;
}

static int
say(const char *text)
{
    return write(STDOUT_FILENO, text, strlen(text)) < 0 ||
           write(STDOUT_FILENO, "\n", 1) < 0;
}

int
main(int argc, char **argv)
{
    evprof_error_t err = { .message = "ok" };
    evprof_writer_t out = { .write = discard };
#ifdef CALLS_MALLOC
    kept = malloc(100);
#endif
    evprof_t *prof = evprof_new(argc > 1 ? argv[1] : NULL, &err);
    evprof_profile_t *heap = evprof_lookup(prof, "heap");
    if (heap == NULL) {
        return say(prof == NULL ? err.message : "no profile called heap");
    }
    int status = evprof_profile_write(heap, &out, 0, &err);
    evprof_free(prof);
    return say(status == 0 ? "ok" : err.message);
}
