/* SPDX-License-Identifier: Apache-2.0 */
/* What the cases have threads do, and what they have the kernel refuse. */
#include "tests/e2e/truth/truth.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/thread_state.h"

enum { MOST = 64, MEBIBYTE = 1 << 20 };

static pthread_t threads[MOST];
static int thread_count;
static _Atomic int running;
static _Atomic bool is_over;
static int wake[2];
static void *volatile kept[MOST];

static double
own_cpu(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

__attribute__((noinline)) void
truth_burn(double seconds)
{
    const double end = own_cpu() + seconds;
    while (own_cpu() < end) {
        for (volatile int i = 0; i < 20000; i++) {
        }
    }
}

// NOLINTNEXTLINE(misc-no-recursion)
__attribute__((noinline)) void
truth_nest(int depth, void (*leaf)(void *arg), void *arg)
{
    if (depth > 0) {
        truth_nest(depth - 1, leaf, arg);
    } else {
        leaf(arg);
    }
    __asm__ volatile(""); /* no tail call */
}

typedef struct thread_args {
    int depth;
    bool holds_back;
} thread_args_t;

static thread_args_t args[MOST];

static void
burn_until_over(void *unused)
{
    (void)unused;
    atomic_fetch_add(&running, 1);
    while (!atomic_load(&is_over)) {
        for (volatile int i = 0; i < 20000; i++) {
        }
    }
}

static void *
run_burner(void *arg)
{
    const thread_args_t *own = arg;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPROF);
    pthread_sigmask(own->holds_back ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
    truth_nest(own->depth, burn_until_over, NULL);
    return NULL;
}

static void
sleep_until_over(void *unused)
{
    struct pollfd fd = { .fd = wake[0], .events = POLLIN };
    (void)unused;
    atomic_fetch_add(&running, 1);
    (void)poll(&fd, 1, -1);
}

static void *
run_sleeper(void *arg)
{
    truth_nest(((thread_args_t *)arg)->depth, sleep_until_over, NULL);
    return NULL;
}

static void *(*start_routine)(void *);

static void
start_thread(void *arg)
{
    if (pthread_create(&threads[thread_count], NULL, start_routine, arg) != 0) {
        abort();
    }
    thread_count++;
}

/* From as many depths as threads: each has another creator. */
static void
start_threads(int count, bool holds_back, void *(*routine)(void *))
{
    start_routine = routine;
    const int before = thread_count;
    for (int i = 0; i < count; i++) {
        args[before + i] = (thread_args_t){ i, holds_back };
        truth_nest(i, start_thread, &args[before + i]);
    }
    while (atomic_load(&running) < before + count) {
        sched_yield();
    }
}

void
truth_start_burners(int count, bool holds_back)
{
    start_threads(count, holds_back, run_burner);
}

void
truth_start_sleepers(int count)
{
    if (pipe(wake) != 0) {
        abort();
    }
    start_threads(count, false, run_sleeper);
    const struct timespec moment = { .tv_nsec = 20000000 };
    nanosleep(&moment, NULL); /* they are in their calls soon */
}

void
truth_stop(void)
{
    atomic_store(&is_over, true);
    if (wake[1] != 0) {
        close(wake[1]);
    }
    for (int i = 0; i < thread_count; i++) {
        pthread_join(threads[i], NULL);
    }
    thread_count = 0;
}

static pthread_mutex_t fought_over = PTHREAD_MUTEX_INITIALIZER;

static pid_t fighter;
static _Atomic bool is_wanted;
static sem_t is_held;
static sem_t is_handed_over;

static void
await(sem_t *sem)
{
    while (sem_wait(sem) != 0) {
    }
}

/* Holds the mutex until the other thread sleeps for it. */
static void
hold(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&fought_over);
    sem_post(&is_held);
    while (!atomic_load(&is_wanted) || thread_state(fighter) != 'S') {
        sched_yield();
    }
    pthread_mutex_unlock(&fought_over);
}

static void
want(void *unused)
{
    (void)unused;
    atomic_store(&is_wanted, true);
    pthread_mutex_lock(&fought_over);
    atomic_store(&is_wanted, false);
    pthread_mutex_unlock(&fought_over);
}

static void *
fight(void *arg)
{
    fighter = gettid();
    for (int i = 0; i < *(int *)arg; i++) {
        await(&is_held);
        truth_nest(i % 32, want, NULL);
        sem_post(&is_handed_over);
    }
    return NULL;
}

void
truth_contend(int rounds)
{
    pthread_t other;
    if (sem_init(&is_held, 0, 0) != 0 || sem_init(&is_handed_over, 0, 0) != 0 ||
        pthread_create(&other, NULL, fight, &rounds) != 0) {
        abort();
    }
    for (int i = 0; i < rounds; i++) {
        truth_nest(i % 32, hold, NULL);
        await(&is_handed_over);
    }
    pthread_join(other, NULL);
}

static void
allocate(void *arg)
{
    *(void *volatile *)arg = malloc(MEBIBYTE);
}

void
truth_allocate(int count)
{
    for (int i = 0; i < count && i < MOST; i++) {
        truth_nest(i, allocate, (void *)(uintptr_t)&kept[i]);
    }
}

void
truth_refuse(long call, int error)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = { sizeof(code) / sizeof(*code), code };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC,
                &program) != 0) {
        perror("seccomp");
        _exit(TRUTH_SKIP);
    }
}

void
truth_lose_proc(void)
{
    if (unshare(CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        umount2("/proc", MNT_DETACH) != 0) {
        perror("no /proc");
        _exit(TRUTH_SKIP);
    }
}
