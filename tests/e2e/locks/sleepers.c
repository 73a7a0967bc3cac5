/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/locks/sleepers.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <evprof/status.h>

#include "core/sample/thread_info.h"

void *
run_worker(void *arg)
{
    worker_t *self = arg;
    self->tid = (pid_t)syscall(SYS_gettid);
    self->body(self);
    return NULL;
}

enum { WORKERS_MAX = 8 };
static worker_t workers[WORKERS_MAX];
static int worker_count;

FRAME worker_t *
start_worker(void (*body)(worker_t *))
{
    assert_true(worker_count < WORKERS_MAX);
    worker_t *worker = &workers[worker_count];
    memset(worker, 0, sizeof(*worker));
    sem_init(&worker->go, 0, 0);
    worker->body = body;
    assert_int_equal(pthread_create(&worker->thread, NULL, run_worker, worker),
                     0);
    worker_count++;
    return worker;
}

/* Interrupts a wait, whichever that is. */
static void
wake(int sig)
{
    (void)sig;
}

int
take_wakes(void **state)
{
    (void)state;
    struct sigaction action = { .sa_handler = wake };
    return sigaction(SIGUSR1, &action, NULL);
}

int
stop_workers(void **state)
{
    (void)state;
    while (worker_count > 0) {
        worker_t *worker = &workers[--worker_count];
        atomic_store(&worker->is_over, true);
        sem_post(&worker->go);
        while (pthread_tryjoin_np(worker->thread, NULL) == EBUSY) {
            pthread_kill(worker->thread, SIGUSR1);
            sched_yield();
        }
    }
    return 0;
}

static char
state_of(pid_t tid)
{
    evprof_thread_info_t info;
    return evprof_thread_read_status(tid, &info) == EVPROF_OK ? info.state
                                                              : '?';
}

void
await_asleep(const worker_t *worker)
{
    while (worker->tid == 0 || state_of(worker->tid) != 'S') {
        sched_yield();
    }
}

static void
wait_in_epoll(worker_t *self)
{
    int fd = epoll_create1(0);
    struct epoll_event event;
    while (!atomic_load(&self->is_over)) {
        self->interrupted += epoll_wait(fd, &event, 1, -1) < 0;
    }
    close(fd);
}

static void
wait_in_poll(worker_t *self)
{
    while (!atomic_load(&self->is_over)) {
        self->interrupted += poll(NULL, 0, -1) < 0;
    }
}

static void
wait_in_nanosleep(worker_t *self)
{
    const struct timespec hour = { .tv_sec = 3600 };
    while (!atomic_load(&self->is_over)) {
        self->interrupted += nanosleep(&hour, NULL) < 0;
    }
}

static void
wait_in_timed_semaphore(worker_t *self)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 3600;
    while (!atomic_load(&self->is_over)) {
        self->interrupted += sem_timedwait(&self->go, &until) < 0;
    }
}

static void
wait_in_timed_receive(worker_t *self)
{
    int pair[2];
    char byte;
    const struct timeval hour = { .tv_sec = 3600 };
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &hour, sizeof(hour));
    while (!atomic_load(&self->is_over)) {
        self->interrupted += recv(pair[0], &byte, 1, 0) < 0;
    }
    close(pair[0]);
    close(pair[1]);
}

void
start_sleepers(worker_t *out[SLEEPING_CALLS])
{
    static void (*const bodies[SLEEPING_CALLS])(
        worker_t *) = { wait_in_epoll, wait_in_poll, wait_in_nanosleep,
                        wait_in_timed_semaphore, wait_in_timed_receive };
    for (int i = 0; i < SLEEPING_CALLS; i++) {
        out[i] = start_worker(bodies[i]);
    }
}

FRAME_END
