/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: consumer DIR
 *
 * Writes DIR/cpu.pb.gz, the CPU profile of a function that is busy, and
 * DIR/mutex.pb.gz, the waits for a mutex: the first needs the signal path to
 * work, the second the wrappers of libc. Mounts the handlers too, so that both
 * libraries are linked.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <event2/event.h>
#include <event2/http.h>

#include <evprof/evhttp.h>
#include <evprof/evprof.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile unsigned long sum;

static double
cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

__attribute__((noinline)) void
busy(void)
{
    double end = cpu_seconds() + 0.4;
    while (cpu_seconds() < end) {
        for (unsigned i = 0; i < 100000; i++) {
            sum += i;
        }
    }
}

static void *
wait_for_it(void *arg)
{
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    return arg;
}

/* The other thread waits for at least as long as this one is busy. */
__attribute__((noinline)) void
keep_waiting(void)
{
    pthread_t thread;
    pthread_mutex_lock(&mutex);
    pthread_create(&thread, NULL, wait_for_it, NULL);
    busy();
    pthread_mutex_unlock(&mutex);
    pthread_join(thread, NULL);
}

static FILE *
open_in(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    return file;
}

static void
check(int status, const evprof_error_t *err)
{
    if (status != EVPROF_OK) {
        fprintf(stderr, "%s\n", err->message);
        exit(1);
    }
}

int
main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : ".";
    evprof_error_t err;
    struct event_base *base = event_base_new();
    struct evhttp *http = evhttp_new(base);
    check(evprof_evhttp_mount(NULL, http, &err), &err);

    FILE *cpu = open_in(folder, "cpu.pb.gz");
    evprof_writer_t out = evprof_writer_file(cpu);
    check(evprof_cpu_start(NULL, &out, &err), &err);
    busy();
    check(evprof_cpu_stop(NULL, &err), &err);
    fclose(cpu);

    evprof_set_mutex_fraction(NULL, 1);
    keep_waiting();
    FILE *waits = open_in(folder, "mutex.pb.gz");
    out = evprof_writer_file(waits);
    check(evprof_profile_write(evprof_lookup(NULL, "mutex"), &out, 0, &err),
          &err);
    fclose(waits);

    evhttp_free(http);
    event_base_free(base);
    printf("evprof %s, compiled for %s\n", evprof_version(), EVPROF_VERSION);
    return 0;
}
