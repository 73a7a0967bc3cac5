/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ends of a process that no destructor sees: _exit, and exec, which puts
 * another image in its place. Profiles for files are written before either. A
 * program that executes its own file again, as servers do for an upgrade, keeps
 * its profiler: the environment gets back what the constructor took out of it,
 * in front of what the program has put there since.
 *
 * All of this may run in a child of vfork, on its parent's memory, and in a
 * handler: nothing is allocated, and nothing kept is changed.
 */
#include "adapters/preload/process_ends.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <evprof/export.h>

#include "adapters/preload/environment.h"
#include "adapters/preload/files.h"
#include "core/base/path.h"
#include "core/base/self.h"
#include "core/interpose/real.h"

#define LIMIT_NS (INT64_C(2) * 1000 * 1000 * 1000)

typedef int execve_fn(const char *, char *const[], char *const[]);

static evprof_real_t real_execve = EVPROF_REAL(execve, NULL);
static evprof_real_t real_execvpe = EVPROF_REAL(execvpe, NULL);

static const char *const names[] = { "LD_PRELOAD", "EVPROF_LISTEN",
                                     "EVPROF_CONF", "EVPROF_FILES" };
enum { PRELOAD, NAMES = sizeof(names) / sizeof(names[0]) };

static struct {
    char *variables[NAMES]; /* "NAME=value", or NULL */
    char *library;          /* our entry of LD_PRELOAD, or NULL */
    char path[PATH_MAX];    /* of the program */
} own;

void
evprof_preload_ends_begin(void)
{
    for (size_t i = 0; i < NAMES; i++) {
        const char *value = secure_getenv(names[i]);
        if (value != NULL &&
            asprintf(&own.variables[i], "%s=%s", names[i], value) < 0) {
            own.variables[i] = NULL;
        }
    }
    own.library = evprof_preload_own_entry(secure_getenv(names[PRELOAD]));
    ssize_t len = readlink(EVPROF_SELF("exe"), own.path, sizeof(own.path) - 1);
    own.path[len > 0 ? len : 0] = '\0';
    (void)evprof_real_find(&real_execve);
    (void)evprof_real_find(&real_execvpe);
}

/* ---- Itself ---- */

/* Whether `file` is what lies at the program's own path now: after an upgrade
 * that is a new file. */
static bool
is_itself(const char *file)
{
    struct stat its;
    struct stat ours;
    if (own.library == NULL ||
        strcmp(evprof_path_leaf(file), evprof_path_leaf(own.path)) != 0) {
        return false;
    }
    return strchr(file, '/') == NULL ||
           (stat(file, &its) == 0 && stat(own.path, &ours) == 0 &&
            its.st_dev == ours.st_dev && its.st_ino == ours.st_ino);
}

/* The value of a variable in an environment, or NULL. */
static char *
value_of(char *const environment[], const char *name)
{
    size_t len = strlen(name);
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, name, len) == 0 &&
            (*environment)[len] == '=') {
            return *environment + len + 1;
        }
    }
    return NULL;
}

/* "LD_PRELOAD=ours:theirs" at `out`: what the program has preloaded since stays
 * behind our library. */
static void
put_preload(char *out, const char *theirs)
{
    char *at = stpcpy(out, "LD_PRELOAD=");
    at = stpcpy(at, own.library);
    at = stpcpy(at, ":");
    (void)stpcpy(at, theirs);
}

/* Fills `list` with the environment and what it lacks of our variables; `text`
 * has room for the list of libraries. */
static void
restore(char *const environment[], char **list, char *text)
{
    char *theirs = value_of(environment, names[PRELOAD]);
    bool is_merged = theirs != NULL && !evprof_preload_has_own(theirs);
    size_t count = 0;
    for (size_t i = 0; environment[i] != NULL; i++) {
        bool is_list =
            theirs != NULL && environment[i] + strlen("LD_PRELOAD=") == theirs;
        if (!is_list || !is_merged) {
            list[count++] = environment[i];
        }
    }
    if (is_merged) {
        put_preload(text, theirs);
        list[count++] = text;
    }
    for (size_t i = 0; i < NAMES; i++) {
        if (own.variables[i] != NULL &&
            value_of(environment, names[i]) == NULL) {
            list[count++] = own.variables[i];
        }
    }
    list[count] = NULL;
}

/* Calls with the restored environment. Its memory is mapped: a handler's stack
 * may be small, and malloc may be what it interrupted. */
static int
call_itself(execve_fn *call, const char *file, char *const argv[],
            char *const environment[])
{
    const char *theirs = value_of(environment, names[PRELOAD]);
    size_t count = 0;
    while (environment[count] != NULL) {
        count++;
    }
    size_t list_size = (count + NAMES + 2) * sizeof(char *);
    size_t size = list_size + strlen(own.library) + sizeof("LD_PRELOAD=:") +
                  (theirs == NULL ? 0 : strlen(theirs));
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return call(file, argv, environment);
    }
    void *list = memory;
    restore(environment, list, memory + list_size);
    int result = call(file, argv, list);
    int saved = errno;
    (void)munmap(memory, size);
    errno = saved;
    return result;
}

static int
replace(evprof_real_t *real, const char *file, char *const argv[],
        char *const environment[])
{
    execve_fn *call = (execve_fn *)evprof_real(real);
    bool has_ended = evprof_preload_files_end(LIMIT_NS);
    int result = environment != NULL && is_itself(file)
                     ? call_itself(call, file, argv, environment)
                     : call(file, argv, environment);
    int saved = errno;
    if (has_ended) {
        evprof_preload_files_resume();
    }
    errno = saved;
    return result;
}

/* ---- The wrappers ---- */

EVPROF_API int
execve(const char *path, char *const argv[], char *const environment[])
{
    return replace(&real_execve, path, argv, environment);
}

EVPROF_API int
execv(const char *path, char *const argv[])
{
    return replace(&real_execve, path, argv, environ);
}

EVPROF_API int
execvpe(const char *file, char *const argv[], char *const environment[])
{
    return replace(&real_execvpe, file, argv, environment);
}

EVPROF_API int
execvp(const char *file, char *const argv[])
{
    return replace(&real_execvpe, file, argv, environ);
}

EVPROF_API _Noreturn void
_exit(int status)
{
    (void)evprof_preload_files_end(LIMIT_NS);
    for (;;) {
        (void)syscall(SYS_exit_group, status);
    }
}

EVPROF_API _Noreturn void
_Exit(int status)
{
    _exit(status);
}
