/* SPDX-License-Identifier: Apache-2.0 */
/* 999 workers on one mutex, and what block and mutex say of them, written to
 * DIRECTORY/block.pb.gz and DIRECTORY/mutex.pb.gz. usage: crowd DIRECTORY */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <evprof/evprof.h>

enum { WORKERS = 999, HELD_NS = 20000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static long
elapsed_ns(const struct timespec *since)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - since->tv_sec) * 1000000000 + now.tv_nsec -
           since->tv_nsec;
}

__attribute__((noinline)) static void
hold_mutex(void)
{
    struct timespec since;
    pthread_mutex_lock(&mutex);
    clock_gettime(CLOCK_MONOTONIC, &since);
    while (elapsed_ns(&since) < HELD_NS) {
    }
    pthread_mutex_unlock(&mutex);
    __asm__ volatile("");
}

static void *
work(void *arg)
{
    hold_mutex();
    return arg;
}

static int
save(evprof_t *prof, const char *directory, const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s.pb.gz", directory, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    evprof_writer_t out = evprof_writer_fd(fd);
    int status = evprof_profile_write(evprof_lookup(prof, name), &out, 0, NULL);
    close(fd);
    return status;
}

int
main(int argc, char **argv)
{
    static pthread_t threads[WORKERS];
    pthread_attr_t attr;
    evprof_t *prof = evprof_new(NULL, NULL);
    if (argc != 2 || prof == NULL) {
        return 2;
    }
    evprof_set_block_rate(prof, 1);
    evprof_set_mutex_fraction(prof, 1);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 65536);
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < WORKERS; i++) {
        if (pthread_create(&threads[i], &attr, work, NULL) != 0) {
            return 2;
        }
    }
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
    }
    int failed = save(prof, argv[1], "block") | save(prof, argv[1], "mutex");
    evprof_free(prof);
    return failed != 0;
}
