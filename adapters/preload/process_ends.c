/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ends of a process that no destructor sees: _exit, and exec, which puts
 * another image in its place. Profiles for files are written before either, and
 * the file of a socket is removed before the first.
 * libc's execl() and its like do not come by the public execve(), so each name
 * has a wrapper; system() and popen() take the environment as it is and need
 * none.
 *
 * All of this may run in a child of vfork, on its parent's memory, and in a
 * handler: nothing is allocated, and nothing kept is changed.
 */
#include "adapters/preload/process_ends.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <evprof/export.h>

#include "adapters/preload/environment.h"
#include "adapters/preload/files.h"
#include "adapters/preload/next_image.h"
#include "adapters/preload/own_image.h"
#include "core/interpose/real.h"
#include "core/runtime/service.h"

#define LIMIT_NS (INT64_C(2) * 1000 * 1000 * 1000)

/* What is to run, and how; what a way has no use for is 0. */
typedef struct image {
    evprof_image_run_fn *run;
    int folder;
    const char *file;
    int flags;
    char *const *argv;
    pid_t *child;
    const posix_spawn_file_actions_t *actions;
    const posix_spawnattr_t *attributes;
} image_t;

typedef int exec_fn(const char *, char *const[], char *const[]);
typedef int fexecve_fn(int, char *const[], char *const[]);
typedef int execveat_fn(int, const char *, char *const[], char *const[], int);
typedef int spawn_fn(pid_t *, const char *, const posix_spawn_file_actions_t *,
                     const posix_spawnattr_t *, char *const[], char *const[]);

static evprof_real_t real_execve = EVPROF_REAL(execve, NULL);
static evprof_real_t real_execvpe = EVPROF_REAL(execvpe, NULL);
static evprof_real_t real_fexecve = EVPROF_REAL(fexecve, NULL);
static evprof_real_t real_execveat = EVPROF_REAL(execveat, NULL);
static evprof_real_t real_spawn = EVPROF_REAL(posix_spawn, NULL);
static evprof_real_t real_spawnp = EVPROF_REAL(posix_spawnp, NULL);

void
evprof_preload_ends_begin(void)
{
    static evprof_real_t *const all[] = { &real_execve,  &real_execvpe,
                                          &real_fexecve, &real_execveat,
                                          &real_spawn,   &real_spawnp };
    evprof_preload_image_begin();
    evprof_preload_next_begin();
    evprof_real_find_all(all, sizeof(all) / sizeof(all[0]));
}

/* ---- The ways ---- */

static int
run_execve(const void *data, char *const environment[])
{
    const image_t *image = data;
    exec_fn *call = (exec_fn *)evprof_real(&real_execve);
    return call(image->file, image->argv, environment);
}

static int
run_execvpe(const void *data, char *const environment[])
{
    const image_t *image = data;
    exec_fn *call = (exec_fn *)evprof_real(&real_execvpe);
    return call(image->file, image->argv, environment);
}

static int
run_fexecve(const void *data, char *const environment[])
{
    const image_t *image = data;
    fexecve_fn *call = (fexecve_fn *)evprof_real(&real_fexecve);
    return call(image->folder, image->argv, environment);
}

/* glibc has a function for it since 2.34, which is the call and no more. */
static int
run_execveat(const void *data, char *const environment[])
{
    const image_t *image = data;
    execveat_fn *call = (execveat_fn *)atomic_load_explicit(
        &real_execveat.address, memory_order_relaxed);
    return call != NULL ? call(image->folder, image->file, image->argv,
                               environment, image->flags)
                        : (int)syscall(SYS_execveat, image->folder, image->file,
                                       image->argv, environment, image->flags);
}

static int
call_spawn(evprof_real_t *real, const image_t *image, char *const environment[])
{
    spawn_fn *call = (spawn_fn *)evprof_real(real);
    return call(image->child, image->file, image->actions, image->attributes,
                image->argv, environment);
}

static int
run_spawn(const void *data, char *const environment[])
{
    return call_spawn(&real_spawn, data, environment);
}

static int
run_spawnp(const void *data, char *const environment[])
{
    return call_spawn(&real_spawnp, data, environment);
}

static bool
is_own(const image_t *image)
{
    return evprof_preload_is_own_image(image->folder, image->file,
                                       image->flags);
}

/* Runs it with our variables where it is the program's own or follows it. */
static int
run(const image_t *image, char *const environment[], bool own, bool follows)
{
    return environment != NULL && (own || follows)
               ? evprof_preload_run_restored(image->run, image, environment,
                                             own)
               : image->run(image, environment);
}

static bool
has_sanitizer(char *const environment[])
{
    return environment != NULL &&
           evprof_preload_has_sanitizer(
               evprof_preload_value(environment, "LD_PRELOAD"));
}

static int
replace(const image_t *image, char *const environment[])
{
    int saved = errno;
    bool has_ended = evprof_preload_files_end(LIMIT_NS);
    bool own = is_own(image);
    bool follows =
        !own && !has_sanitizer(environment) &&
        evprof_preload_may_follow(image->folder, image->file, image->flags,
                                  image->run == run_execvpe);
    errno = saved;
    int result = run(image, environment, own, follows);
    saved = errno;
    if (has_ended) {
        evprof_preload_files_resume();
    }
    errno = saved;
    return result;
}

static int
replace_by(evprof_image_run_fn *way, const char *file, char *const argv[],
           char *const environment[])
{
    const image_t image = {
        .run = way, .folder = AT_FDCWD, .file = file, .argv = argv
    };
    return replace(&image, environment);
}

/* ---- Arguments in a row ---- */

/* How many arguments there are behind the first, which NULL ends. */
static size_t
count_rest(const char *first, va_list *args)
{
    va_list left;
    size_t count = 0;
    va_copy(left, *args);
    while (first != NULL && va_arg(left, char *) != NULL) {
        count++;
    }
    va_end(left);
    return count;
}

/* Writes them all to `out`, with the NULL at their end, which it takes. */
static char **
collect(char **out, const char *first, va_list *args)
{
    size_t count = 0;
    for (const char *at = first; at != NULL; at = va_arg(*args, char *)) {
        out[count++] = (char *)(uintptr_t)at;
    }
    out[count] = NULL;
    return out;
}

/* As libc has it, on the stack of the caller: in a child of vfork what is
 * allocated would stay with the parent. */
#define COLLECT(first, args)                                                   \
    collect(                                                                   \
        __builtin_alloca((count_rest((first), (args)) + 2) * sizeof(char *)),  \
        (first), (args))

/* ---- The wrappers ---- */

EVPROF_API int
execve(const char *path, char *const argv[], char *const environment[])
{
    return replace_by(run_execve, path, argv, environment);
}

EVPROF_API int
execv(const char *path, char *const argv[])
{
    return replace_by(run_execve, path, argv, environ);
}

EVPROF_API int
execvpe(const char *file, char *const argv[], char *const environment[])
{
    return replace_by(run_execvpe, file, argv, environment);
}

EVPROF_API int
execvp(const char *file, char *const argv[])
{
    return replace_by(run_execvpe, file, argv, environ);
}

EVPROF_API int
execl(const char *path, const char *first, ...)
{
    va_list args;
    va_start(args, first);
    char **argv = COLLECT(first, &args);
    va_end(args);
    return replace_by(run_execve, path, argv, environ);
}

EVPROF_API int
execlp(const char *file, const char *first, ...)
{
    va_list args;
    va_start(args, first);
    char **argv = COLLECT(first, &args);
    va_end(args);
    return replace_by(run_execvpe, file, argv, environ);
}

EVPROF_API int
execle(const char *path, const char *first, ...)
{
    va_list args;
    va_start(args, first);
    char **argv = COLLECT(first, &args);
    char *const *environment = va_arg(args, char *const *);
    va_end(args);
    return replace_by(run_execve, path, argv, environment);
}

EVPROF_API int
fexecve(int fd, char *const argv[], char *const environment[])
{
    const image_t image = { .run = run_fexecve,
                            .folder = fd,
                            .file = "",
                            .flags = AT_EMPTY_PATH,
                            .argv = argv };
    return replace(&image, environment);
}

EVPROF_API int
execveat(int folder, const char *path, char *const argv[],
         char *const environment[], int flags)
{
    const image_t image = { .run = run_execveat,
                            .folder = folder,
                            .file = path,
                            .flags = flags,
                            .argv = argv };
    return replace(&image, environment);
}

/* A process that starts another goes on, and so do its files. */
EVPROF_API int
posix_spawn(pid_t *child, const char *path,
            const posix_spawn_file_actions_t *actions,
            const posix_spawnattr_t *attributes, char *const argv[],
            char *const environment[])
{
    const image_t image = { run_spawn, AT_FDCWD, path,    0,
                            argv,      child,    actions, attributes };
    return run(&image, environment, is_own(&image), false);
}

EVPROF_API int
posix_spawnp(pid_t *child, const char *file,
             const posix_spawn_file_actions_t *actions,
             const posix_spawnattr_t *attributes, char *const argv[],
             char *const environment[])
{
    const image_t image = { run_spawnp, AT_FDCWD, file,    0,
                            argv,       child,    actions, attributes };
    return run(&image, environment, is_own(&image), false);
}

EVPROF_API _Noreturn void
_exit(int status)
{
    (void)evprof_preload_files_end(LIMIT_NS);
    evprof_service_quick_end();
    for (;;) {
        (void)syscall(SYS_exit_group, status);
    }
}

EVPROF_API _Noreturn void
_Exit(int status)
{
    _exit(status);
}
