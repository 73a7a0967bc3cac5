/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin whose constructor waits for a thread, so that dlopen() has not
 * returned while that thread makes calls. None of them may need the loader.
 */
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

static const struct timespec past = { .tv_sec = 1 };

static void
read_write_locks(void)
{
    pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
    pthread_rwlock_rdlock(&lock);
    pthread_rwlock_tryrdlock(&lock);
    pthread_rwlock_timedrdlock(&lock, &past);
    pthread_rwlock_clockrdlock(&lock, CLOCK_MONOTONIC, &past);
    pthread_rwlock_trywrlock(&lock);
    pthread_rwlock_timedwrlock(&lock, &past);
    pthread_rwlock_clockwrlock(&lock, CLOCK_MONOTONIC, &past);
    for (int i = 0; i < 4; i++) {
        pthread_rwlock_unlock(&lock);
    }
    pthread_rwlock_wrlock(&lock);
    pthread_rwlock_unlock(&lock);
}

static void
conditions(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    pthread_mutex_timedlock(&mutex, &past);
    pthread_cond_timedwait(&condition, &mutex, &past);
    pthread_cond_clockwait(&condition, &mutex, CLOCK_MONOTONIC, &past);
    pthread_mutex_unlock(&mutex);
    pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &past);
    pthread_mutex_unlock(&mutex);
    pthread_cond_signal(&condition);
    pthread_cond_broadcast(&condition);
}

static void
semaphores(void)
{
    sem_t semaphore;
    sem_init(&semaphore, 0, 2);
    sem_wait(&semaphore);
    sem_trywait(&semaphore);
    sem_timedwait(&semaphore, &past);
    sem_clockwait(&semaphore, CLOCK_MONOTONIC, &past);
    sem_post(&semaphore);
    sem_destroy(&semaphore);
}

static void
sleeps(void)
{
    const struct timespec none = { .tv_sec = 0 };
    struct timeval nothing = { .tv_sec = 0 };
    struct epoll_event event;
    int set = epoll_create1(EPOLL_CLOEXEC);
    nanosleep(&none, NULL);
    clock_nanosleep(CLOCK_MONOTONIC, 0, &none, NULL);
    poll(NULL, 0, 0);
    select(0, NULL, NULL, NULL, &nothing);
    epoll_wait(set, &event, 1, 0);
    close(set);
}

static void *
nothing(void *arg)
{
    return arg;
}

static void
threads(void)
{
    pthread_barrier_t barrier;
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 1);
    pthread_barrier_wait(&barrier);
    pthread_barrier_destroy(&barrier);
    if (pthread_create(&thread, NULL, nothing, NULL) != 0 ||
        (pthread_timedjoin_np(thread, NULL, &past) != 0 &&
         pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &past) != 0 &&
         pthread_join(thread, NULL) != 0)) {
        abort();
    }
}

/* What the program wants to have done meanwhile. */
extern void while_it_loads(void);

static void *
call_all(void *arg)
{
    while_it_loads();
    read_write_locks();
    conditions();
    semaphores();
    sleeps();
    threads();
    return arg;
}

__attribute__((constructor)) static void
wait_for_a_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, call_all, NULL) != 0 ||
        pthread_join(thread, NULL) != 0) {
        abort();
    }
}
