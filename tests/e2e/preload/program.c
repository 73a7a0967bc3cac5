/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: program WHAT...
 * A program that links nothing of evprof and does what servers do.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static double
burn(double seconds)
{
    volatile double sum = 0;
    clock_t end = clock() + (clock_t)(seconds * CLOCKS_PER_SEC);
    while (clock() < end) {
        for (int i = 1; i < 1000; i++) {
            sum += 1.0 / i;
        }
    }
    return sum;
}

static void *
contend(void *arg)
{
    for (int i = 0; i < 20; i++) {
        pthread_mutex_lock(&mutex);
        burn(0.005);
        pthread_mutex_unlock(&mutex);
    }
    return arg;
}

static void
run_threads(void)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, contend, NULL);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void
end_by(int number)
{
    signal(number, SIG_DFL);
    raise(number);
}

typedef void handler_fn(int);
typedef handler_fn *set_fn(int, handler_fn *);

set_fn bsd_signal; /* <signal.h> has it for old programs only */

/* As programs do that clean up before a signal ends them, by each call that
 * libc has for it; they find what was there before, and what libc refuses is
 * refused. */
static void
clean_up_at_signals(void)
{
    static set_fn *const calls[] = { signal, bsd_signal, ssignal, sysv_signal,
                                     __sysv_signal };
    struct sigaction ours = { .sa_handler = end_by };
    struct sigaction before;
    if (sigaction(SIGPROF, &ours, &before) != 0 ||
        before.sa_handler != SIG_DFL) {
        puts("another handler was there");
    }
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        errno = 0;
        if (calls[i](SIGPROF, SIG_ERR) != SIG_ERR || errno != EINVAL) {
            printf("call %zu takes SIG_ERR\n", i);
        }
        if (calls[i](SIGPROF, end_by) != end_by) {
            printf("another handler was there for call %zu\n", i);
        }
    }
    if (sigset(SIGPROF, end_by) != end_by ||
        sigset(SIGPROF, SIG_HOLD) != end_by ||
        sigset(SIGPROF, end_by) != SIG_HOLD ||
        sigset(SIGPROF, end_by) != end_by) {
        puts("the signal was not held back");
    }
    if (sigignore(SIGPROF) != 0 || sysv_signal(SIGPROF, end_by) != SIG_IGN) {
        puts("the signal was not ignored");
    }
}

/* Waits for one of each, in any order: none of them ends it. */
static void
await_signals(void)
{
    static const int numbers[] = { SIGWINCH, SIGTTIN, SIGALRM, SIGTSTP,
                                   SIGINT };
    sigset_t set;
    int got = 0;
    sigemptyset(&set);
    for (size_t i = 0; i < 5; i++) {
        sigaddset(&set, numbers[i]);
    }
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    puts("ready");
    fflush(stdout);
    for (size_t i = 0; i < 6; i++) {
        sigwait(&set, &got);
        sigdelset(&set, got);
    }
}

/* As programs do that show a title: the environment is written over. */
static void
write_over_environment(void)
{
    for (char **at = environ; *at != NULL; at++) {
        memset(*at, 'x', strlen(*at));
    }
}

static void
print_preload(void)
{
    const char *list = getenv("LD_PRELOAD");
    printf("LD_PRELOAD=%s\n", list != NULL ? list : "");
    fflush(stdout);
}

/* Says its process and waits for the end of its input. */
static void
serve(void)
{
    char byte;
    printf("%d\n", (int)getpid());
    fflush(stdout);
    while (read(0, &byte, 1) > 0) {
    }
}

/* Says its process, and at the first byte of its input, as programs do that
 * become daemons, closes all descriptors, and the number of the next file. */
static void
serve_and_close(void)
{
    char byte;
    printf("%d\n", (int)getpid());
    fflush(stdout);
    if (read(0, &byte, 1) == 1) {
        for (int fd = 3; fd < 1000; fd++) {
            close(fd);
        }
        printf("%d\n", open("/dev/null", O_RDONLY | O_CLOEXEC));
        fflush(stdout);
    }
    while (read(0, &byte, 1) > 0) {
    }
}

/* Each way that a program has to run another image: in its own place, or in a
 * child that it waits for. */
static void
run_image(const char *way, char *path)
{
    const bool is_env = strcmp(path, "/usr/bin/env") == 0;
    char env[] = "env";
    char burn_too[] = "burn";
    char unset[] = "-u";
    char none[] = "NONE";
    char *list[] = { path, is_env ? unset : env, is_env ? none : burn_too,
                     NULL };
    char command[4096];
    pid_t child = 0;
    (void)snprintf(command, sizeof(command), "%s %s %s", path, list[1],
                   list[2]);
    const char *leaf = strrchr(path, '/') + 1;
    if (strcmp(way, "execl") == 0) {
        execl(path, path, list[1], list[2], (char *)NULL);
    } else if (strcmp(way, "execle") == 0) {
        execle(path, path, list[1], list[2], (char *)NULL, environ);
    } else if (strcmp(way, "execlp") == 0) {
        execlp(leaf, path, list[1], list[2], (char *)NULL);
    } else if (strcmp(way, "execvp") == 0) {
        execvp(leaf, list);
    } else if (strcmp(way, "fexecve") == 0) {
        fexecve(open(path, O_RDONLY | O_CLOEXEC), list, environ);
    } else if (strcmp(way, "execveat") == 0) {
        execveat(AT_FDCWD, path, list, environ, 0);
    } else if (strcmp(way, "spawn") == 0) {
        posix_spawn(&child, path, NULL, NULL, list, environ);
    } else if (strcmp(way, "spawnp") == 0) {
        posix_spawnp(&child, leaf, NULL, NULL, list, environ);
    } else if (strcmp(way, "vfork") == 0) {
        child = vfork(); // NOLINT: programs do
        if (child == 0) {
            execl(path, path, list[1], list[2], (char *)NULL);
            _exit(127);
        }
    } else if (strcmp(way, "system") == 0) {
        exit(system(command) != 0); // NOLINT: programs do
    }
    int status = 1;
    waitpid(child, &status, 0);
    exit(status != 0);
}

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *what = argv[i];
        if (strcmp(what, "burn") == 0) {
            burn(0.3);
        } else if (strcmp(what, "long") == 0) {
            burn(1.6);
        } else if (strcmp(what, "threads") == 0) {
            run_threads();
        } else if (strcmp(what, "handler") == 0) {
            clean_up_at_signals();
        } else if (strcmp(what, "limit") == 0) {
            /* As programs do that want no more files from now on. */
            setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 3, 3 });
        } else if (strcmp(what, "signals") == 0) {
            await_signals();
        } else if (strcmp(what, "title") == 0) {
            write_over_environment();
        } else if (strcmp(what, "env") == 0) {
            print_preload();
        } else if (strcmp(what, "daemon") == 0) {
            if (fork() != 0) {
                _exit(0);
            }
            setsid();
        } else if (strcmp(what, "child") == 0) {
            pid_t pid = fork();
            if (pid == 0) {
                _exit(0);
            }
            waitpid(pid, NULL, 0);
        } else if (strcmp(what, "exec") == 0) {
            char again[] = "env";
            char then[] = "burn";
            execv(argv[0], (char *[]){ argv[0], again, then, NULL });
        } else if (strcmp(what, "relink") == 0) {
            /* As programs do that want a library in front of them. */
            const char *list = getenv("LD_PRELOAD");
            if (list == NULL || strstr(list, "libm.so.6") == NULL) {
                setenv("LD_PRELOAD", "libm.so.6", 1);
                execv(argv[0], argv);
            }
            print_preload();
        } else if (strcmp(what, "other") == 0) {
            char other[] = "/usr/bin/env";
            execv(other, (char *[]){ other, NULL });
        } else if (strcmp(what, "by") == 0 && i + 2 < argc) {
            char other[] = "/usr/bin/env";
            run_image(argv[i + 1],
                      strcmp(argv[i + 2], "other") == 0 ? other : argv[0]);
        } else if (strcmp(what, "noexec") == 0) {
            char none[] = "./none";
            execv(none, (char *[]){ none, NULL });
        } else if (strcmp(what, "quit") == 0) {
            _exit(5);
        } else if (strcmp(what, "abort") == 0) {
            abort();
        } else if (strcmp(what, "term") == 0) {
            raise(SIGTERM);
        } else if (strcmp(what, "serve") == 0) {
            serve();
        } else if (strcmp(what, "close") == 0) {
            serve_and_close();
        } else {
            return atoi(what);
        }
    }
    return 0;
}
