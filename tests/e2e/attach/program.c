/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: program PLUGIN: burns CPU time until a line comes on standard input,
 * at the end of 100 frames and in a second thread, then in the plugin, and
 * then says how much CPU time it took.
 */
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef void turns_fn(long (*turn)(long), long count);

static _Thread_local volatile unsigned long sink;
static atomic_bool is_over;

__attribute__((noinline)) static long
turn(long n)
{
    for (long i = 0; i < 20000; i++) {
        sink = sink * 31 + (unsigned long)(i * n);
    }
    return (long)(sink & 1);
}

/* The array makes the frame's size one that only tables or pointers tell. */
__attribute__((noinline)) static long
descend(int depth, long n)
{
    volatile long room[16];
    room[0] = depth == 0 ? turn(n) : descend(depth - 1, n) + 1;
    return room[0];
}

static void *
second_thread(void *arg)
{
    (void)pthread_setname_np(pthread_self(), "second");
    while (!atomic_load(&is_over)) {
        turn(3);
    }
    return arg;
}

static bool
is_asked(void)
{
    char byte;
    struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
    return poll(&in, 1, 0) > 0 && read(STDIN_FILENO, &byte, 1) >= 0;
}

int
main(int argc, char **argv)
{
    pthread_t thread;
    struct timespec used;
    if (argc != 2 || pthread_create(&thread, NULL, second_thread, NULL) != 0) {
        return 2;
    }
    puts("ready");
    (void)fflush(stdout);
    while (!is_asked()) {
        descend(100, 7);
    }
    void *plugin = dlopen(argv[1], RTLD_NOW);
    void *symbol = plugin == NULL ? NULL : dlsym(plugin, "plugin_turns");
    turns_fn *turns = NULL;
    memcpy(&turns, &symbol, sizeof(turns));
    while (turns != NULL && !is_asked()) {
        turns(turn, 100);
    }
    atomic_store(&is_over, true);
    pthread_join(thread, NULL);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    printf("%ld\n", (long)used.tv_sec * 1000 + used.tv_nsec / 1000000);
    return turns == NULL;
}
