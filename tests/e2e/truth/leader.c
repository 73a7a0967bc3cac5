/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leader PROFILE...: the first thread ends by pthread_exit(), another one works
 * and writes each profile to PROFILE.pb.gz, and the command line to `cmdline`.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <evprof/evprof.h>

#include "core/runtime/recording.h"

enum { BLOCKS = 200 };

static int count;
static char **names;
static pthread_t leader;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *volatile blocks[BLOCKS];

__attribute__((noinline)) static void
burn_on(void)
{
    struct timespec now;
    do {
        for (volatile int i = 0; i < 200000; i++) {
        }
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    } while (now.tv_sec == 0 && now.tv_nsec < 500000000);
}

__attribute__((noinline)) static void
allocate_on(void)
{
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(100000);
    }
}

__attribute__((noinline)) static void *
fight_on(void *unused)
{
    const struct timespec moment = { .tv_nsec = 1000000 };
    for (int i = 0; i < 20; i++) {
        pthread_mutex_lock(&lock);
        nanosleep(&moment, NULL);
        pthread_mutex_unlock(&lock);
    }
    return unused;
}

__attribute__((noinline)) static void *
sleep_on(void *unused)
{
    const struct timespec long_time = { .tv_sec = 1000 };
    nanosleep(&long_time, NULL);
    return unused;
}

static void
must(bool is_good, const char *what, const char *why)
{
    if (!is_good) {
        fprintf(stderr, "%s: %s\n", what, why);
        exit(2);
    }
}

static bool
is_window(const char *name)
{
    return strcmp(name, "cpu") == 0 || strcmp(name, "wall") == 0;
}

static void
write_all(FILE **files)
{
    evprof_error_t err = { .message = "" };
    for (int i = 0; i < count; i++) {
        evprof_writer_t out = evprof_writer_file(files[i]);
        int status = is_window(names[i])
                         ? evprof_recording_stop(NULL, names[i], &err)
                         : evprof_profile_write(evprof_lookup(NULL, names[i]),
                                                &out, 0, &err);
        must(status == EVPROF_OK && fclose(files[i]) == 0, names[i],
             err.message);
    }
}

static void *
work(void *unused)
{
    FILE *files[16];
    char path[64];
    pthread_t thread;
    evprof_error_t err = { .message = "" };
    pthread_join(leader, NULL);
    must(evprof_new(NULL, &err) != NULL, "evprof_new", err.message);
    evprof_set_block_rate(NULL, 1);
    evprof_set_mutex_fraction(NULL, 1);
    for (int i = 0; i < count; i++) {
        (void)snprintf(path, sizeof(path), "%s.pb.gz", names[i]);
        files[i] = fopen(path, "we");
        must(files[i] != NULL, path, "cannot be written");
        evprof_writer_t out = evprof_writer_file(files[i]);
        must(!is_window(names[i]) ||
                 evprof_recording_start(NULL, names[i], &out, &err) ==
                     EVPROF_OK,
             names[i], err.message);
    }
    pthread_create(&thread, NULL, sleep_on, NULL);
    pthread_create(&thread, NULL, fight_on, NULL);
    fight_on(NULL);
    pthread_join(thread, NULL);
    allocate_on();
    burn_on();
    write_all(files);
    exit(0);
    return unused;
}

int
main(int argc, char **argv)
{
    pthread_t thread;
    count = argc - 1;
    names = argv + 1;
    leader = pthread_self();
    if (count > 16 || pthread_create(&thread, NULL, work, NULL) != 0) {
        return 2;
    }
    pthread_exit(NULL);
}
