/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that waits for the end of the work, and draws when it wakes first.
 */
#include "adapters/cli/busy_line.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define FIRST_MS 500
#define NEXT_MS 250

static void
add_ms(struct timespec *at, long ms)
{
    at->tv_nsec += ms * 1000000;
    at->tv_sec += at->tv_nsec / 1000000000;
    at->tv_nsec %= 1000000000;
}

static void *
draw(void *arg)
{
    cli_busy_t *busy = arg;
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    struct timespec at = start;
    add_ms(&at, FIRST_MS);
    bool is_drawn = false;
    pthread_mutex_lock(&busy->lock);
    while (!busy->is_over) {
        pthread_cond_timedwait(&busy->ended, &busy->lock, &at);
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        bool is_due = now.tv_sec > at.tv_sec ||
                      (now.tv_sec == at.tv_sec && now.tv_nsec >= at.tv_nsec);
        if (!busy->is_over && is_due) {
            fprintf(stderr, "\r\033[K%s... %.1f s", busy->what,
                    (double)(now.tv_sec - start.tv_sec) +
                        (double)(now.tv_nsec - start.tv_nsec) / 1e9);
            is_drawn = true;
            add_ms(&at, NEXT_MS);
        }
    }
    pthread_mutex_unlock(&busy->lock);
    if (is_drawn) {
        fputs("\r\033[K", stderr);
    }
    return NULL;
}

void
cli_busy_begin(cli_busy_t *busy, const char *what)
{
    *busy = (cli_busy_t){ .what = what };
    if (isatty(STDERR_FILENO) == 0) {
        return;
    }
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&busy->lock, NULL);
    pthread_cond_init(&busy->ended, &clock);
    pthread_condattr_destroy(&clock);
    busy->is_on = pthread_create(&busy->thread, NULL, draw, busy) == 0;
}

void
cli_busy_end(cli_busy_t *busy)
{
    if (!busy->is_on) {
        return;
    }
    pthread_mutex_lock(&busy->lock);
    busy->is_over = true;
    pthread_cond_signal(&busy->ended);
    pthread_mutex_unlock(&busy->lock);
    pthread_join(busy->thread, NULL);
    pthread_mutex_destroy(&busy->lock);
    pthread_cond_destroy(&busy->ended);
    busy->is_on = false;
}
