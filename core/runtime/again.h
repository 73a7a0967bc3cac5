/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVPROF_RUNTIME_AGAIN_H
#define EVPROF_RUNTIME_AGAIN_H

/*
 * What a module does all the time ends with a fork, as its threads do. In the
 * child the worker begins it again, a second later, when the child has not
 * called exec. For one module of one profiler.
 */

#include <evprof/status.h>

/* Has `begin` called on the worker of each child from now on; NULL: no longer.
 * In the hooks `init` and `fini` of the module. EVPROF_ENOMEM. */
int evprof_again_in_child(void (*begin)(void *ctx), void *ctx,
                          evprof_error_t *err);

/* Nothing begins any more, and what waits to begin delays no end of the
 * worker. */
void evprof_again_end(void);

#endif
