/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: scene NAME FILE [CONF]
 * Runs the scene while its trace is recorded, writes that to FILE, and prints
 * "waited MS" for the time that the function `waits_here` measured itself. With
 * SCENE_FILTER set it runs under a seccomp filter.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <evprof/evprof.h>
#include <evprof/trace.h>

#include "core/runtime/recording.h"
#include "tests/thread_state.h"

#define ROUNDS 20
#define HOLD_NS 10000000L

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t semaphore;
static int produced;
static _Atomic int64_t waited_ns;

static int64_t
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Burns time instead of sleeping, which would be a wait of its own. */
static void
work(int64_t ns)
{
    int64_t end = now_ns() + ns;
    while (now_ns() < end) {
    }
}

static void
sleep_ns(long ns)
{
    struct timespec time = { .tv_nsec = ns };
    nanosleep(&time, NULL);
}

typedef int (*wait_fn)(void *object);

__attribute__((noinline)) static void
waits_here(wait_fn wait, void *object)
{
    int64_t start = now_ns();
    wait(object);
    waited_ns += now_ns() - start;
}

static int
lock_mutex(void *object)
{
    return pthread_mutex_lock(object);
}

static int
lock_for_writing(void *object)
{
    return pthread_rwlock_wrlock(object);
}

static int
take_semaphore(void *object)
{
    return sem_wait(object);
}

static int
wait_at_barrier(void *object)
{
    return pthread_barrier_wait(object);
}

static int
join_thread(void *object)
{
    return pthread_join(*(pthread_t *)object, NULL);
}

static int
wait_for_event(void *object)
{
    struct epoll_event event;
    return epoll_wait(*(int *)object, &event, 1, -1);
}

static pthread_t
start(void *(*routine)(void *), void *arg)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, routine, arg) != 0) {
        abort();
    }
    return thread;
}

/* ---- Scenes ---- */

static void *
mutex_holder(void *arg)
{
    sem_t *held = arg;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        sem_post(held);
        sleep_ns(HOLD_NS);
        pthread_mutex_unlock(&mutex);
        sem_wait(&semaphore);
    }
    return NULL;
}

static void
scene_mutex(void)
{
    sem_t held;
    sem_init(&held, 0, 0);
    pthread_t holder = start(mutex_holder, &held);
    for (int i = 0; i < ROUNDS; i++) {
        sem_wait(&held);
        waits_here(lock_mutex, &mutex);
        pthread_mutex_unlock(&mutex);
        sem_post(&semaphore);
    }
    pthread_join(holder, NULL);
}

/* Two threads take turns, so that each waits for the other. */
static void *
ping(void *arg)
{
    sem_t *turns = arg;
    for (int i = 0; i < ROUNDS; i++) {
        sem_wait(&turns[0]);
        pthread_mutex_lock(&mutex);
        sem_post(&turns[1]);
        work(HOLD_NS);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void
scene_pingpong(void)
{
    sem_t turns[2];
    sem_init(&turns[0], 0, 1);
    sem_init(&turns[1], 0, 0);
    pthread_t other = start(ping, turns);
    for (int i = 0; i < ROUNDS; i++) {
        sem_wait(&turns[1]);
        waits_here(lock_mutex, &mutex);
        sem_post(&turns[0]);
        work(HOLD_NS / 10);
        pthread_mutex_unlock(&mutex);
    }
    pthread_join(other, NULL);
}

static void *
rwlock_reader(void *arg)
{
    sem_t *held = arg;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_rwlock_rdlock(&rwlock);
        sem_post(held);
        sleep_ns(HOLD_NS);
        pthread_rwlock_unlock(&rwlock);
        sem_wait(&semaphore);
    }
    return NULL;
}

static void
scene_rwlock(void)
{
    sem_t held;
    sem_init(&held, 0, 0);
    pthread_t reader = start(rwlock_reader, &held);
    for (int i = 0; i < ROUNDS; i++) {
        sem_wait(&held);
        waits_here(lock_for_writing, &rwlock);
        pthread_rwlock_unlock(&rwlock);
        sem_post(&semaphore);
    }
    pthread_join(reader, NULL);
}

static int
await_product(void *object)
{
    (void)object;
    return pthread_cond_wait(&condition, &mutex);
}

static void *
producer(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        sleep_ns(HOLD_NS);
        pthread_mutex_lock(&mutex);
        produced++;
        pthread_cond_signal(&condition);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void
scene_cond(void)
{
    pthread_t maker = start(producer, NULL);
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < ROUNDS; i++) {
        while (produced == 0) {
            waits_here(await_product, NULL);
        }
        produced--;
    }
    pthread_mutex_unlock(&mutex);
    pthread_join(maker, NULL);
}

/* Three threads wait for one condition, so that a signal may be anyone's. */
static void *
takes_product(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&mutex);
    while (produced >= 0) {
        while (produced == 0) {
            waits_here(await_product, NULL);
        }
        produced -= produced > 0;
    }
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void
scene_several(void)
{
    pthread_t takers[3];
    for (int i = 0; i < 3; i++) {
        takers[i] = start(takes_product, NULL);
    }
    producer(NULL);
    pthread_mutex_lock(&mutex);
    produced = -1;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < 3; i++) {
        pthread_join(takers[i], NULL);
    }
}

static void *
poster(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        sleep_ns(HOLD_NS);
        sem_post(&semaphore);
    }
    return NULL;
}

static void
scene_semaphore(void)
{
    pthread_t maker = start(poster, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        waits_here(take_semaphore, &semaphore);
    }
    pthread_join(maker, NULL);
}

static void *
late_arrival(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        work(HOLD_NS);
        while (thread_state(getpid()) !=
               'S') { /* the main thread is there first */
        }
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

static void
scene_barrier(void)
{
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_t late = start(late_arrival, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        waits_here(wait_at_barrier, &barrier);
    }
    pthread_join(late, NULL);
}

static void *
worker(void *arg)
{
    (void)arg;
    work(HOLD_NS);
    return NULL;
}

static void
scene_join(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        pthread_t thread = start(worker, NULL);
        waits_here(join_thread, &thread);
    }
}

#define WORKERS 4

static void *
forked(void *arg)
{
    work(*(int *)arg * HOLD_NS / WORKERS);
    return NULL;
}

static void
scene_forkjoin(void)
{
    int parts[WORKERS];
    pthread_t threads[WORKERS];
    for (int i = 0; i < ROUNDS; i++) {
        for (int j = 0; j < WORKERS; j++) {
            parts[j] = j + 1;
            threads[j] = start(forked, &parts[j]);
        }
        for (int j = 0; j < WORKERS; j++) {
            waits_here(join_thread, &threads[j]);
        }
    }
}

static void *
pipe_writer(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        sleep_ns(HOLD_NS);
        if (write(*(int *)arg, "x", 1) != 1) {
            abort();
        }
    }
    return NULL;
}

static void
scene_network(void)
{
    int ends[2];
    char byte;
    int set = epoll_create1(0);
    struct epoll_event event = { .events = EPOLLIN };
    if (pipe(ends) != 0 || epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event)) {
        abort();
    }
    pthread_t writer = start(pipe_writer, &ends[1]);
    for (int i = 0; i < ROUNDS; i++) {
        waits_here(wait_for_event, &set);
        if (read(ends[0], &byte, 1) != 1) {
            abort();
        }
    }
    pthread_join(writer, NULL);
}

static void *
short_life(void *arg)
{
    (void)arg;
    EVPROF_REGION(0, "life");
    return NULL;
}

static void
scene_threads(void)
{
    for (int i = 0; i < 200; i++) {
        pthread_join(start(short_life, NULL), NULL);
    }
}

/* A request that two threads work on, with parts of its own. */
static void *
second_half(void *arg)
{
    evprof_task_t task = *(evprof_task_t *)arg;
    EVPROF_REGION(task, "second half");
    work(1000000);
    evprof_trace_log(task, "status", "200");
    evprof_task_end(task);
    return NULL;
}

static void
scene_tasks(void)
{
    for (int i = 0; i < 10; i++) {
        evprof_task_t task = evprof_task_new(0, "GET /basket");
        evprof_task_t part = evprof_task_new(task, "database");
        int outer = evprof_region_begin(task, "first half");
        int inner = evprof_region_begin(part, "query");
        evprof_task_end(part);
        (void)inner;
        evprof_region_end(outer); /* ends the inner one too */
        evprof_region_end(inner);
        pthread_join(start(second_half, &task), NULL);
    }
}

/* More than a generation, by far more events than a ring holds. */
static void
scene_long(void)
{
    int64_t end = now_ns() + 2500000000;
    pthread_t holder = start(poster, NULL);
    while (now_ns() < end) {
        EVPROF_REGION(0, "turn");
        pthread_mutex_lock(&mutex);
        pthread_mutex_unlock(&mutex);
        evprof_trace_log(0, "turn", "again");
        work(20000);
    }
    pthread_join(holder, NULL);
}

/* More than the collector can fetch between two of its visits. */
static void
scene_flood(void)
{
    for (int i = 0; i < 200000; i++) {
        evprof_trace_log(0, "flood", "one of very many");
    }
}

/* Two threads that want the same processor all the time; the kernel itself
 * counts how often it took it from them. */
static _Atomic long preempted;

static void *
busy(void *arg)
{
    struct rusage before;
    struct rusage after;
    getrusage(RUSAGE_THREAD, &before);
    work(*(int64_t *)arg);
    getrusage(RUSAGE_THREAD, &after);
    preempted += after.ru_nivcsw - before.ru_nivcsw;
    return NULL;
}

static void
scene_preempt(void)
{
    cpu_set_t one;
    int64_t ns = 2000000000;
    pthread_t threads[2];
    sched_getaffinity(0, sizeof(one), &one);
    for (size_t cpu = 0, kept = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &one) && kept++ > 0) {
            CPU_CLR(cpu, &one);
        }
    }
    sched_setaffinity(0, sizeof(one), &one);
    for (int i = 0; i < 2; i++) {
        threads[i] = start(busy, &ns);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    printf("preempted %ld\n", preempted);
}

static _Atomic pid_t reader;

/* A wait that no wrapper sees, as read() is none. */
static void *
reads_here(void *arg)
{
    char byte;
    reader = (pid_t)syscall(SYS_gettid);
    for (int i = 0; i < ROUNDS; i++) {
        if (read(*(int *)arg, &byte, 1) != 1) {
            abort();
        }
        work(HOLD_NS / 10);
    }
    return NULL;
}

static void
scene_unseen(void)
{
    int ends[2];
    if (pipe(ends) != 0) {
        abort();
    }
    pthread_t thread = start(reads_here, &ends[0]);
    for (int i = 0; i < ROUNDS; i++) {
        do {
            sleep_ns(HOLD_NS);
        } while (thread_state(reader) != 'S'); /* in read() */
        if (write(ends[1], "x", 1) != 1) {
            abort();
        }
    }
    pthread_join(thread, NULL);
}

/* The trace is recorded while a thread is inside every kind of call. */
static void *
sits_in_region(void *arg)
{
    (void)arg;
    evprof_region_begin(0, "never ended");
    sem_wait(&semaphore);
    return NULL;
}

static void
scene_open(void)
{
    pthread_t thread = start(sits_in_region, NULL);
    sleep_ns(HOLD_NS);
    pthread_cancel(thread);
    pthread_join(thread, NULL);
    start(sits_in_region, NULL);
    sleep_ns(HOLD_NS);
}

static const struct {
    const char *name;
    void (*run)(void);
} scenes[] = {
    { "mutex", scene_mutex },       { "rwlock", scene_rwlock },
    { "cond", scene_cond },         { "semaphore", scene_semaphore },
    { "barrier", scene_barrier },   { "join", scene_join },
    { "network", scene_network },   { "threads", scene_threads },
    { "tasks", scene_tasks },       { "long", scene_long },
    { "open", scene_open },         { "flood", scene_flood },
    { "pingpong", scene_pingpong }, { "forkjoin", scene_forkjoin },
    { "several", scene_several },   { "preempt", scene_preempt },
    { "unseen", scene_unseen },
};

static int
record(evprof_t *prof, void (*run)(void), const evprof_writer_t *out)
{
    evprof_error_t err = { 0 };
    if (evprof_recording_start(prof, "trace", out, &err) != 0) {
        fprintf(stderr, "start: %s\n", err.message);
        return 1;
    }
    run();
    if (evprof_recording_stop(prof, "trace", &err) != 0) {
        fprintf(stderr, "stop: %s\n", err.message);
        return 1;
    }
    return 0;
}

/* Puts a seccomp filter in force, which lets all through. */
static void
filter_calls(void)
{
    struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog filter = { .len = 1, .filter = &all };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
        abort();
    }
}

int
main(int argc, char **argv)
{
    evprof_error_t err;
    if (getenv("SCENE_FILTER") != NULL) {
        filter_calls();
    }
    evprof_t *prof = evprof_new(argc == 4 ? argv[3] : NULL, &err);
    if (argc < 3 || prof == NULL) {
        fprintf(stderr, "usage: scene NAME FILE [CONF]\n");
        return 2;
    }
    sem_init(&semaphore, 0, 0);
    int fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0644);
    evprof_writer_t out = evprof_writer_fd(fd);
    for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
        if (strcmp(scenes[i].name, argv[1]) == 0) {
            int failed = record(prof, scenes[i].run, &out);
            printf("waited %.3f\n", (double)waited_ns / 1e6);
            evprof_free(prof);
            return failed;
        }
    }
    fprintf(stderr, "no scene %s\n", argv[1]);
    return 2;
}
