/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_LEARN_OBJECTS_H
#define EVPROF_RUNTIME_LEARN_OBJECTS_H

/*
 * While samples are taken, the worker learns of newly loaded objects, not the
 * thread that notices them: compiling the tables of a large plugin would keep
 * the drainer from its rings. Begin and end enclose the time in which samples
 * are taken.
 */
void evprof_learning_begin(void);

/* Ends it: no request comes after this returns, and one that waits runs on the
 * worker at once. */
void evprof_learning_end(void);

/* In the child of a fork, which has no worker. */
void evprof_learning_fork_child(void);

#endif
