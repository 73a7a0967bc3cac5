/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: process WHAT
 * A program that does what a process may do behind a library's back. What has
 * to wait for the library waits for the end of its input.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <mqueue.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* INPUT: its input, where it has no standard streams. */
enum { FILES = 32, INPUT = 9 };

static void
await_end_of_input(int fd)
{
    char byte;
    while (read(fd, &byte, 1) > 0) {
    }
}

static void *
end_last(void *arg)
{
    await_end_of_input(STDIN_FILENO);
    puts("last");
    return arg;
}

/* main() leaves by pthread_exit(), and another thread ends the program. */
static void
leave_main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, end_last, NULL);
    pthread_exit(NULL);
}

static bool
are_there(const int *fds)
{
    struct stat st;
    int found = 0;
    for (int i = 0; i < FILES; i++) {
        found += fstat(fds[i], &st) == 0 && S_ISREG(st.st_mode);
    }
    return found == FILES;
}

/* Closes descriptors that it knows nothing of, and has files of its own under
 * their numbers; true: a forked child has them all. */
static bool
use_numbers_again(void)
{
    int fds[FILES];
    int status = 1;
    await_end_of_input(STDIN_FILENO);
    closefrom(3);
    for (int i = 0; i < FILES; i++) {
        fds[i] = open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    }
    pid_t child = fork();
    if (child == 0) {
        _exit(are_there(fds) ? 0 : 1);
    }
    waitpid(child, &status, 0);
    return status == 0 && are_there(fds);
}

/* Runs without its standard streams; true: nothing can be read from them or
 * written to them when the library has opened its port. */
static bool
lack_streams(void)
{
    char byte = 0;
    await_end_of_input(INPUT);
    for (int fd = 0; fd < 3; fd++) {
        if (write(fd, &byte, 1) >= 0 || errno != EBADF ||
            read(fd, &byte, 1) >= 0 || errno != EBADF) {
            return false;
        }
    }
    return true;
}

/* What only a process with one thread may do, here and in a forked child. */
static void
leave_users(void)
{
    pid_t child = fork();
    int failed = unshare(CLONE_NEWUSER);
    printf("%d\n", failed == 0 ? 0 : errno);
    fflush(stdout);
    if (child == 0) {
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

/* Is ended by a filter for a call that it does not make itself: to remove a
 * file, or to look at one by its name. Then asks for the port. */
static void
enter_sandbox(void)
{
    enum { CALLS = 4 };
    static const unsigned calls[CALLS] = { SYS_unlinkat, SYS_newfstatat,
#ifdef SYS_unlink
                                           SYS_unlink, SYS_lstat
#endif
    };
    struct sock_filter code[2 * CALLS + 2] = { BPF_STMT(
        BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)) };
    unsigned short len = 1;
    for (int i = 0; i < CALLS && calls[i] != 0; i++) {
        code[len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                                   calls[i], 0, 1);
        code[len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
                                                   SECCOMP_RET_KILL_PROCESS);
    }
    code[len++] =
        (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    const struct sock_fprog program = { .len = len, .filter = code };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
    kill(getpid(), SIGUSR1);
}

/* A child that libc's fork handlers know nothing of, and that is number 1 of a
 * namespace as its parent is, makes a call that our thread goes away for. */
static bool
unshare_as_first(void)
{
    int status = 1;
    long child = syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(unshare(0) == 0 ? 0 : 1);
    }
    return child < 0 ||
           (waitpid((pid_t)child, &status, 0) == child && status == 0);
}

/* Where the system lets it have namespaces. */
static bool
have_its_parents_number(void)
{
    int status = 0;
    if (unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) {
        return true;
    }
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(unshare_as_first() ? 0 : 1);
    }
    waitpid(child, &status, 0);
    return status == 0;
}

/* Has its children in another namespace from now on, and no threads itself. */
static bool
move_children(void)
{
    return unshare(CLONE_NEWUSER | CLONE_NEWPID) == 0;
}

/* True: a message in a queue that was there before the port is announced to us,
 * or the system has no queues. */
static bool
hear_of_message(void)
{
    const struct timespec limit = { .tv_sec = 10 };
    struct mq_attr attributes = { .mq_maxmsg = 1, .mq_msgsize = 1 };
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
                              .sigev_signo = SIGUSR2 };
    char name[32];
    sigset_t set;
    (void)snprintf(name, sizeof(name), "/process-%d", (int)getpid());
    mqd_t queue = mq_open(name, O_RDWR | O_CREAT, 0600, &attributes);
    if (queue < 0) {
        return true;
    }
    mq_unlink(name);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    mq_notify(queue, &event);
    await_end_of_input(STDIN_FILENO);
    return mq_send(queue, "", 1, 0) == 0 &&
           sigtimedwait(&set, NULL, &limit) == SIGUSR2;
}

/* Each way to run nothing is refused by the kernel. */
static bool
run_nothing(void)
{
    char name[] = "nothing";
    char *argv[] = { name, NULL };
    const char *volatile none = NULL;
    return execve(none, argv, environ) < 0 && errno == EFAULT &&
           execv(none, argv) < 0 && errno == EFAULT &&
           execve("", argv, environ) < 0 && errno == ENOENT;
}

int
main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    bool is_right = true;
    if (strcmp(what, "leave") == 0) {
        leave_main();
    } else if (strcmp(what, "numbers") == 0) {
        is_right = use_numbers_again();
    } else if (strcmp(what, "streams") == 0) {
        is_right = lack_streams();
    } else if (strcmp(what, "wait") == 0) {
        await_end_of_input(STDIN_FILENO);
    } else if (strcmp(what, "users") == 0) {
        leave_users();
    } else if (strcmp(what, "number") == 0) {
        is_right = have_its_parents_number();
    } else if (strcmp(what, "children") == 0) {
        is_right = move_children();
    } else if (strcmp(what, "queue") == 0) {
        is_right = hear_of_message();
    } else if (strcmp(what, "nothing") == 0) {
        is_right = run_nothing();
    } else if (strcmp(what, "sandbox") == 0) {
        enter_sandbox();
        await_end_of_input(STDIN_FILENO);
        _exit(6);
    } else if (strcmp(what, "quit") == 0) {
        await_end_of_input(STDIN_FILENO);
        _exit(5);
    }
    return is_right ? 0 : 1;
}
