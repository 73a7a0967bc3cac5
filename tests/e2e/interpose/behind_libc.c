/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that is linked with libc before libevprof, or gets it by a plugin:
 * our wrappers are nobody's then, but what the library itself calls must still
 * be found, and a profile must come out.
 */
#include <evprof/evprof.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static void *
nothing(void *arg)
{
    return arg;
}

static int
count_bytes(void *ctx, const void *data, size_t len)
{
    (void)data;
    *(size_t *)ctx += len;
    return 0;
}

int
main(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    size_t written = 0;
    evprof_writer_t out = { count_bytes, &written };
    evprof_error_t err = { 0 };
    evprof_t *prof = evprof_new(NULL, &err);
    pthread_t thread;
    if (prof == NULL || evprof_cpu_start(prof, &out, &err) != 0) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    pthread_mutex_lock(&lock);
    pthread_create(&thread, NULL, nothing, NULL);
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
    if (evprof_cpu_stop(prof, &err) != 0 || written == 0) {
        fprintf(stderr, "no profile: %s\n", err.message);
        return 1;
    }
    evprof_free(prof);
    return 0;
}
