/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_SAMPLE_PROC_H
#define EVPROF_SAMPLE_PROC_H

/*
 * /proc/self/task: which threads the kernel has, and the files of one. A /proc
 * that was mounted for another pid namespace has other numbers in its names
 * than gettid() gives; they are translated here by the line NSpid, so that the
 * rest of the library only knows kernel ids of its own namespace. Any thread;
 * not in handlers. All keep errno.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A sorted list of kernel ids, from malloc. */
typedef struct evprof_tids {
    pid_t *items;
    size_t count;
    size_t cap;
} evprof_tids_t;

/* Adds one at the end. False: out of memory. */
bool evprof_tids_add(evprof_tids_t *tids, pid_t tid);

/* Sorts them by number, for evprof_tids_has(). */
void evprof_tids_sort(evprof_tids_t *tids);

/* Whether the sorted list has this one. */
bool evprof_tids_has(const evprof_tids_t *tids, pid_t tid);

/* Frees the list; it is empty afterwards. */
void evprof_tids_free(evprof_tids_t *tids);

/* All threads of the process. EVPROF_EIO: /proc is not there, or it does not
 * show this process; EVPROF_ENOMEM. */
int evprof_proc_list(evprof_tids_t *out);

/*
 * Reads a file of the directory of a thread as a string; its length, or a
 * negative errno: -ENOENT when the thread or /proc is gone, -EACCES where the
 * process may not read it.
 */
ssize_t evprof_proc_read(pid_t tid, const char *name, char *out, size_t size);

/*
 * Between these two the directory is kept open, which makes reading faster by a
 * third. May be nested, and be called by several threads.
 */
void evprof_proc_hold(void);

/* Ends one evprof_proc_hold(); the last one closes the directory. Keeps errno.
 */
void evprof_proc_let_go(void);

/* Whether no /proc shows this process; and a sentence that says so. */
bool evprof_proc_is_missing(void);
extern const char evprof_proc_missing_text[]
    __attribute__((visibility("hidden")));

/* The number of links of the directory of all threads; 0: not there. */
size_t evprof_proc_links(void);

#endif
