/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that executes its own file again, as servers do for an upgrade,
 * keeps its profiler: the environment gets back what the constructor took out
 * of it, in front of what the program has put there since.
 *
 * All of this may run in a child of vfork, on its parent's memory, and in a
 * handler: nothing is allocated, and nothing kept is changed.
 */
#include "adapters/preload/own_image.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/preload/environment.h"
#include "core/base/path.h"
#include "core/base/self.h"

static const char *const names[] = { "LD_PRELOAD", "EVPROF_LISTEN",
                                     "EVPROF_CONF", "EVPROF_FILES" };
enum { PRELOAD, NAMES = sizeof(names) / sizeof(names[0]) };

static struct {
    char *variables[NAMES]; /* "NAME=value", or NULL */
    char *entry;            /* our entry of LD_PRELOAD, or NULL */
    char *alone;            /* "LD_PRELOAD=" and that, or NULL */
    char path[PATH_MAX];    /* of the program */
} own;

/* What LD_PRELOAD has of ours. A name without a folder is found by a path that
 * the program may not leave to what it runs: the place is taken instead. */
static char *
find_library(void)
{
    Dl_info info;
    char *entry = evprof_preload_own_entry(secure_getenv(names[PRELOAD]));
    if (entry != NULL && strchr(entry, '/') == NULL &&
        dladdr(&own, &info) != 0 && info.dli_fname != NULL &&
        info.dli_fname[0] == '/') {
        free(entry);
        entry = strdup(info.dli_fname);
    }
    return entry;
}

static char *
join_alone(void)
{
    char *text;
    return asprintf(&text, "%s=%s", names[PRELOAD], own.entry) < 0 ? NULL
                                                                   : text;
}

void
evprof_preload_image_begin(void)
{
    own.entry = find_library();
    own.alone = own.entry == NULL ? NULL : join_alone();
    for (size_t i = 0; i < NAMES; i++) {
        const char *value = secure_getenv(names[i]);
        if (value != NULL &&
            asprintf(&own.variables[i], "%s=%s", names[i], value) < 0) {
            own.variables[i] = NULL;
        }
    }
    ssize_t len = readlink(EVPROF_SELF("exe"), own.path, sizeof(own.path) - 1);
    own.path[len > 0 ? len : 0] = '\0';
}

bool
evprof_preload_is_own_image(int folder, const char *file, int flags)
{
    struct stat its;
    struct stat ours;
    if (file == NULL) {
        return false; /* the kernel refuses it */
    }
    if (own.entry == NULL ||
        (file[0] != '\0' &&
         strcmp(evprof_path_leaf(file), evprof_path_leaf(own.path)) != 0)) {
        return false;
    }
    if (file[0] != '\0' && strchr(file, '/') == NULL) {
        return true;
    }
    return fstatat(folder, file, &its, flags) == 0 &&
           stat(own.path, &ours) == 0 && its.st_dev == ours.st_dev &&
           its.st_ino == ours.st_ino;
}

/* "LD_PRELOAD=ours:theirs" at `out`: what the program has preloaded since stays
 * behind our library, except for a sanitizer, which must be the first. */
static void
put_preload(char *out, const char *theirs)
{
    const bool is_behind = evprof_preload_has_sanitizer(theirs);
    char *at = stpcpy(out, "LD_PRELOAD=");
    at = stpcpy(at, is_behind ? theirs : own.entry);
    at = stpcpy(at, ":");
    (void)stpcpy(at, is_behind ? own.entry : theirs);
}

/* Fills `list` with the environment and what it lacks of our variables; `text`
 * has room for the list of libraries. Other libraries that are not in the
 * environment any more were taken out of it for what comes next, or the program
 * itself has written over them. */
static void
restore(char *const environment[], bool is_own, char **list, char *text)
{
    const char *theirs = evprof_preload_value(environment, names[PRELOAD]);
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
        char *variable = i == PRELOAD && !is_own ? own.alone : own.variables[i];
        if (variable != NULL &&
            evprof_preload_value(environment, names[i]) == NULL) {
            list[count++] = variable;
        }
    }
    list[count] = NULL;
}

/* The restored environment is on the stack, as arguments in a row are in libc:
 * in a child of vfork what is mapped or allocated would stay with the parent,
 * and malloc may be what a handler has interrupted. */
int
evprof_preload_run_restored(evprof_image_run_fn *run, const void *image,
                            char *const environment[], bool is_own)
{
    const char *theirs = evprof_preload_value(environment, names[PRELOAD]);
    size_t count = 0;
    while (environment[count] != NULL) {
        count++;
    }
    size_t text_size = strlen(own.entry) + sizeof("LD_PRELOAD=:") +
                       (theirs == NULL ? 0 : strlen(theirs));
    char **list = __builtin_alloca((count + NAMES + 2) * sizeof(char *));
    restore(environment, is_own, list, __builtin_alloca(text_size));
    return run(image, list);
}
