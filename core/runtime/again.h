/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_AGAIN_H
#define EVPROF_RUNTIME_AGAIN_H

/*
 * The threads of a module end with a fork, and so does what it does all the
 * time. In the child the worker begins that again, a second later, unless the
 * child has called exec or a reload there has begun it. For one module of one
 * profiler.
 */

#include <evprof/status.h>

/* Sets the function that is called on the worker of each child that is forked
 * from now on; NULL: none. In the hooks `init` and `fini` of the module.
 * EVPROF_ENOMEM. */
int evprof_again_in_child(void (*begin)(void *ctx), void *ctx,
                          evprof_error_t *err);

/* Ends it: nothing begins any more, and a call that still waits does not delay
 * the end of the worker. */
void evprof_again_end(void);

#endif
