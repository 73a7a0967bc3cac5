/* SPDX-License-Identifier: Apache-2.0 */
/* usage: busy CONF ADDRESS
 * A program that listens on ADDRESS, prints "ready", and has much for every
 * type of profile: threads that come and go, many that wait, a lock that is
 * fought for. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <evprof/evhttp.h>
#include <evprof/evprof.h>

enum { WAITING = 200, FIGHTING = 3 };

static pthread_mutex_t fought = PTHREAD_MUTEX_INITIALIZER;
static volatile unsigned long work;

static void *
wait_for_ever(void *unused)
{
    for (;;) {
        pause();
    }
    return unused;
}

static void *
fight(void *unused)
{
    for (;;) {
        pthread_mutex_lock(&fought);
        for (int i = 0; i < 1000; i++) {
            work++;
        }
        pthread_mutex_unlock(&fought);
    }
    return unused;
}

static void *
come_and_go(void *unused)
{
    usleep(100);
    return unused;
}

static pthread_t
start(void *(*run)(void *))
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, NULL) != 0) {
        fputs("no thread\n", stderr);
        exit(1);
    }
    return thread;
}

int
main(int argc, char **argv)
{
    evprof_error_t err = { 0 };
    evprof_t *prof = argc == 3 ? evprof_new(argv[1], &err) : NULL;
    if (prof == NULL || evprof_listen(prof, argv[2], &err) != EVPROF_OK) {
        fprintf(stderr, "busy: %s\n", err.message);
        return 1;
    }
    for (int i = 0; i < WAITING; i++) {
        start(wait_for_ever);
    }
    for (int i = 0; i < FIGHTING; i++) {
        start(fight);
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        pthread_join(start(come_and_go), NULL);
    }
}
