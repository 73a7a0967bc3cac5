/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin that burns, waits and allocates in functions with its own names,
 * built twice with another TAG. Both have the same size, so that the kernel and
 * the loader put one where the other was.
 */
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

void plugin_work(double seconds, void **out, int count);

__attribute__((noinline)) static void
JOIN(plugin_burn_, TAG)(double seconds)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    const double end = (double)now.tv_sec + (double)now.tv_nsec / 1e9 + seconds;
    do {
        for (volatile int i = 0; i < 200000; i++) {
        }
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    } while ((double)now.tv_sec + (double)now.tv_nsec / 1e9 < end);
}

__attribute__((noinline)) static void
JOIN(plugin_allocate_, TAG)(void *volatile *out)
{
    *out = malloc(30000);
}

__attribute__((noinline)) static void
JOIN(plugin_wait_, TAG)(void)
{
    sem_t never;
    struct timespec until;
    sem_init(&never, 0, 0);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += until.tv_nsec >= 999000000;
    until.tv_nsec = (until.tv_nsec + 1000000) % 1000000000;
    sem_timedwait(&never, &until);
    sem_destroy(&never);
}

__attribute__((visibility("default"))) void
plugin_work(double seconds, void **out, int count)
{
    for (int i = 0; i < count; i++) {
        JOIN(plugin_allocate_, TAG)(&out[i]);
    }
    JOIN(plugin_wait_, TAG)();
    JOIN(plugin_burn_, TAG)(seconds);
}
