/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ends of a process that no destructor sees: _exit, and exec, which puts
 * another image in its place. Profiles for files are written before either. A
 * program that executes its own file again, as servers do for an upgrade, keeps
 * its profiler: the environment gets back what the constructor took out of it.
 *
 * All of this may run in a child of vfork, on its parent's memory, and in a
 * handler: nothing is allocated, and nothing kept is changed.
 */
#include "adapters/preload/ends.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <evprof/export.h>

#include "adapters/preload/files.h"
#include "core/base/self.h"
#include "core/interpose/real.h"

#define LIMIT_NS (INT64_C(2) * 1000 * 1000 * 1000)
#define MOST_VARIABLES 1024u

typedef int execve_fn(const char *, char *const[], char *const[]);

static evprof_real_t real_execve = EVPROF_REAL(execve, NULL);
static evprof_real_t real_execvpe = EVPROF_REAL(execvpe, NULL);

static const char *const names[] = { "LD_PRELOAD", "EVPROF_LISTEN",
                                     "EVPROF_CONF", "EVPROF_FILES" };
enum { NAMES = sizeof(names) / sizeof(names[0]) };

static struct {
    char *variables[NAMES]; /* "NAME=value", or NULL */
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
    ssize_t len = readlink(EVPROF_SELF("exe"), own.path, sizeof(own.path) - 1);
    own.path[len > 0 ? len : 0] = '\0';
    (void)evprof_real_find(&real_execve);
    (void)evprof_real_find(&real_execvpe);
}

/* ---- Itself ---- */

/* By its path: the file behind it may be a new one. */
static bool
is_itself(const char *file)
{
    char resolved[PATH_MAX];
    const char *name = strrchr(own.path, '/');
    if (name == NULL || own.variables[0] == NULL) {
        return false;
    }
    if (strchr(file, '/') == NULL) {
        return strcmp(file, name + 1) == 0;
    }
    return strcmp(file, own.path) == 0 || (realpath(file, resolved) != NULL &&
                                           strcmp(resolved, own.path) == 0);
}

static bool
is_variable(const char *entry, const char *name)
{
    size_t len = strlen(name);
    return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

/* Fills `out` with the environment and our variables in their first form. */
static void
restore(char *const environment[], char **out)
{
    size_t count = 0;
    for (; *environment != NULL; environment++) {
        size_t i = 0;
        while (i < NAMES && (own.variables[i] == NULL ||
                             !is_variable(*environment, names[i]))) {
            i++;
        }
        if (i == NAMES) {
            out[count++] = *environment;
        }
    }
    for (size_t i = 0; i < NAMES; i++) {
        if (own.variables[i] != NULL) {
            out[count++] = own.variables[i];
        }
    }
    out[count] = NULL;
}

static int
replace(evprof_real_t *real, const char *file, char *const argv[],
        char *const environment[])
{
    execve_fn *call = (execve_fn *)evprof_real(real);
    char *restored[MOST_VARIABLES + NAMES + 1];
    size_t count = 0;
    while (environment != NULL && environment[count] != NULL) {
        count++;
    }
    if (environment != NULL && count < MOST_VARIABLES && is_itself(file)) {
        restore(environment, restored);
        environment = restored;
    }
    bool has_ended = evprof_preload_files_end(LIMIT_NS);
    int result = call(file, argv, environment);
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
