/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_THREAD_STATE_H
#define TESTS_THREAD_STATE_H

#include <stdio.h>
#include <string.h>
#include <sys/types.h>

/* The kernel's letter for the state of a thread of this process, 'S' for one
 * that sleeps, as while it waits for a lock; '?': there is no such thread. */
static inline char
thread_state(pid_t tid)
{
    char path[64];
    char text[256] = "";
    (void)snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)tid);
    FILE *file = fopen(path, "re");
    size_t len = file == NULL ? 0 : fread(text, 1, sizeof(text) - 1, file);
    if (file != NULL) {
        (void)fclose(file);
    }
    text[len] = '\0';
    /* The name of the thread, in parentheses before it, may hold anything. */
    const char *name_end = strrchr(text, ')');
    return name_end != NULL && name_end[1] == ' ' ? name_end[2] : '?';
}

#endif
