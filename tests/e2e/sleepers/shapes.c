/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shapes plain|hard: threads asleep in many calls, below frames of many shapes.
 * `plain` are those of ordinary code: recursion, large frames, arguments on the
 * stack, callbacks, a signal handler. `hard` are frames of variable size, above
 * what earlier calls of the same functions have left on the stack, and tail
 * calls into them. It ends when it is killed.
 */
#include <alloca.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#define SHAPE __attribute__((noinline)) static

typedef void (*call_fn)(void);
typedef void (*shape_fn)(int depth, call_fn call);

static volatile int sink;

/* ---- Calls that sleep ---- */

static void
do_pause(void)
{
    pause();
}

static void
do_sleep(void)
{
    sleep(3600);
}

static void
do_poll(void)
{
    poll(NULL, 0, -1);
}

static void
do_select(void)
{
    select(0, NULL, NULL, NULL, NULL);
}

static void
do_epoll(void)
{
    struct epoll_event event;
    epoll_wait(epoll_create1(0), &event, 1, -1);
}

static void
do_semaphore(void)
{
    sem_t never;
    sem_init(&never, 0, 0);
    sem_wait(&never);
}

static void
do_condition(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t never = PTHREAD_COND_INITIALIZER;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 3600;
    pthread_mutex_lock(&mutex);
    pthread_cond_timedwait(&never, &mutex, &until);
}

static void
do_read(void)
{
    int ends[2];
    char line[80];
    FILE *file = pipe(ends) == 0 ? fdopen(ends[0], "r") : NULL;
    if (file != NULL) {
        (void)!fgets(line, sizeof(line), file);
    }
}

static const call_fn calls[] = { do_pause,     do_sleep, do_poll,
                                 do_select,    do_epoll, do_semaphore,
                                 do_condition, do_read };
enum { CALLS = sizeof(calls) / sizeof(calls[0]) };

/* ---- Frames ---- */

SHAPE void
recurse(int depth, call_fn call)
{
    volatile int words[8];
    words[depth & 7] = depth;
    if (depth > 0) {
        recurse(depth - 1, call);
    } else {
        call();
    }
    sink += words[depth & 7];
}

/* Arguments beyond the registers are pushed. */
SHAPE void
push_arguments(int depth, call_fn call, long a, long b, long c, long d, long e,
               long f)
{
    recurse(depth, call);
    sink += (int)(a + b + c + d + e + f);
}

SHAPE void
take_much_room(int depth, call_fn call)
{
    char bytes[20000];
    memset(bytes, depth, sizeof(bytes));
    push_arguments(depth, call, 1, 2, 3, 4, 5, 6);
    sink += bytes[depth];
}

static _Thread_local call_fn called_back;

static int
compare(const void *a, const void *b)
{
    called_back();
    return a < b;
}

SHAPE void
call_back(int depth, call_fn call)
{
    int items[3] = { depth, 1, 2 };
    called_back = call;
    qsort(items, 3, sizeof(items[0]), compare);
    sink += items[0];
}

static void
handle(int sig)
{
    called_back();
    sink += sig;
}

SHAPE void
sleep_in_handler(int depth, call_fn call)
{
    called_back = call;
    signal(SIGUSR2, handle);
    raise(SIGUSR2);
    sink += depth;
}

SHAPE void
vary(int depth, call_fn call)
{
    char *bytes = alloca(64 + (size_t)depth * 48);
    if (call != NULL) {
        call();
    }
    sink += bytes[depth];
}

static void
do_nothing(void)
{
    sink++;
}

/* Leaves frames of vary() where its next call has its array. */
SHAPE void
leave_frames(int depth)
{
    char bytes[256];
    vary(depth % 3, do_nothing);
    memset(bytes, 0, sizeof(bytes));
    sink += bytes[depth];
}

SHAPE void
vary_above_stale(int depth, call_fn call)
{
    leave_frames(depth);
    vary(8, call);
    sink++;
}

SHAPE void
vary_by_tail_call(int depth, call_fn call)
{
    leave_frames(depth);
    vary(depth + 9, call);
}

SHAPE void
recurse_varying(int depth, call_fn call)
{
    char *bytes = alloca(16 + (size_t)depth * 32);
    bytes[depth] = 1;
    if (depth > 0) {
        recurse_varying(depth - 1, call);
    } else {
        call();
    }
    sink += bytes[depth];
}

static const shape_fn plain[] = { recurse, take_much_room, call_back,
                                  sleep_in_handler, NULL };
static const shape_fn hard[] = { vary, vary_above_stale, vary_by_tail_call,
                                 recurse_varying, NULL };

typedef struct job {
    shape_fn shape;
    call_fn call;
} job_t;

static void *
run(void *arg)
{
    const job_t *job = arg;
    job->shape(5, job->call);
    return NULL;
}

int
main(int argc, char **argv)
{
    static job_t jobs[4 * CALLS];
    size_t count = 0;
    const shape_fn *shapes =
        argc > 1 && strcmp(argv[1], "hard") == 0 ? hard : plain;
    for (; *shapes != NULL; shapes++) {
        for (int i = 0; i < CALLS; i++) {
            pthread_t thread;
            jobs[count] = (job_t){ *shapes, calls[i] };
            pthread_create(&thread, NULL, run, &jobs[count++]);
        }
    }
    for (;;) {
        pause();
    }
}
