/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_LEARN_OBJECTS_H
#define EVPROF_RUNTIME_LEARN_OBJECTS_H

/*
 * The worker learns of objects that were loaded while samples are taken:
 * compiling a large plugin's tables would keep the drainer from its rings.
 * Between begin and end it is asked instead of whoever noticed.
 */
void evprof_learning_begin(void);

/* Ends it: no request comes after this returns, and one that waits runs on the
 * worker at once. */
void evprof_learning_end(void);

/* In the child of a fork, which has no worker. */
void evprof_learning_fork_child(void);

#endif
