/* SPDX-License-Identifier: Apache-2.0 */
/*
 * late LIBRARY PROFILE FILE: a program that is not linked with the library
 * brings it in by dlopen(), contends for a lock and makes a thread, and writes
 * the profile.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <evprof/evprof.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *
fight(void *unused)
{
    const struct timespec moment = { .tv_nsec = 1000000 };
    for (int i = 0; i < 20; i++) {
        pthread_mutex_lock(&lock);
        nanosleep(&moment, NULL);
        pthread_mutex_unlock(&lock);
    }
    return unused;
}

static void *
sleep_on(void *unused)
{
    const struct timespec long_time = { .tv_sec = 1000 };
    nanosleep(&long_time, NULL);
    return unused;
}

#define FIND(name)                                                             \
    __typeof__(name) *own_##name;                                              \
    do {                                                                       \
        void *symbol = dlsym(library, #name);                                  \
        memcpy(&own_##name, &symbol, sizeof(symbol));                          \
    } while (0)

int
main(int argc, char **argv)
{
    evprof_error_t err;
    pthread_t thread;
    void *library = argc == 4 ? dlopen(argv[1], RTLD_NOW) : NULL;
    FILE *file = argc == 4 ? fopen(argv[3], "we") : NULL;
    if (library == NULL || file == NULL) {
        fprintf(stderr, "%s\n", argc == 4 ? dlerror() : "three arguments");
        return 2;
    }
    FIND(evprof_new);
    FIND(evprof_lookup);
    FIND(evprof_set_block_rate);
    FIND(evprof_set_mutex_fraction);
    FIND(evprof_profile_write);
    FIND(evprof_writer_file);
    evprof_t *prof = own_evprof_new(NULL, &err);
    if (prof == NULL) {
        fprintf(stderr, "%s\n", err.message);
        return 2;
    }
    own_evprof_set_block_rate(prof, 1);
    own_evprof_set_mutex_fraction(prof, 1);
    pthread_create(&thread, NULL, fight, NULL);
    fight(NULL);
    pthread_join(thread, NULL);
    pthread_create(&thread, NULL, sleep_on, NULL);
    evprof_writer_t out = own_evprof_writer_file(file);
    int status = own_evprof_profile_write(own_evprof_lookup(prof, argv[2]),
                                          &out, 0, &err);
    if (status != EVPROF_OK || fclose(file) != 0) {
        fprintf(stderr, "%s\n", err.message);
        return 2;
    }
    return 0;
}
